//! `run --local`: a whole auction on a cluster inside the process.

use serde_json::{Value, json};

use crate::driver::{Ended, User};

const PAINTING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scripts/painting.toml");

fn runs(flags: &[&str]) -> Ended {
    User::new(9).json(&[&["run", PAINTING], flags].concat())
}

/// The hand calculation in the script's comment.
fn assert_result(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let last = ended.lines().pop().expect("a last line");
    assert_eq!(last["event"], "result");
    assert_eq!(last["item"], "Painting");
    assert_eq!(last["winner"], "bob");
    assert_eq!(last["total"], "45.75");
    let standings: Vec<_> =
        last["standings"].as_array().expect("a list").iter().map(|line| json!([line["name"], line["total"]])).collect();
    assert_eq!(standings, [json!(["bob", "45.75"]), json!(["carol", "25"]), json!(["alice", "22.5"])]);
}

/// The events with a number, each auction's own: without gaps, the three kinds of result sharing the last.
fn assert_numbers(lines: &[Value]) {
    let numbers: Vec<_> = lines.iter().filter_map(|line| line["seq"].as_u64()).collect();
    let last = numbers.iter().copied().max().expect("numbered events");
    let (ends, others): (Vec<_>, Vec<_>) = numbers.into_iter().partition(|seq| *seq == last);
    assert_eq!(others, (1..last).collect::<Vec<_>>());
    assert_eq!(ends.len(), 4, "the auctioneer and three bidders are told the result");
}

#[test]
fn the_painting_goes_to_whom_a_hand_calculation_says() {
    let ended = runs(&["--local", "3"]);
    assert_result(&ended);
    assert_numbers(&ended.lines());
}

#[test]
fn no_amount_of_a_sealed_round_is_printed_before_the_round_is_complete() {
    let ended = runs(&["--local", "1"]);
    assert_result(&ended);
    assert!(ended.lines().iter().filter(|line| line["event"] == "bid").all(|line| line.get("amount").is_none()));
}

#[test]
fn the_auction_survives_its_leader() {
    let ended = runs(&["--local", "3", "--crash", "leader@2"]);
    assert_result(&ended);
    let lines = ended.lines();
    assert_numbers(&lines);
    let crash = lines.iter().position(|line| line["event"] == "crash").expect("the crash is told");
    assert_eq!(lines[crash]["round"], 2);
    let next = lines[crash..].iter().find(|line| line["event"] == "leader" && !line["leader"].is_null());
    assert_ne!(next.expect("another leader")["leader"], lines[crash]["node"]);
}

#[test]
fn a_crash_needs_nodes_of_its_own() {
    let ended = User::new(9).json(&["run", PAINTING, "--crash", "leader@2"]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(ended.error()["error"], "usage");
    let ended = runs(&["--local", "2", "--crash", "leader@2"]);
    assert_eq!(ended.code, Some(2), "no majority would be left");
}
