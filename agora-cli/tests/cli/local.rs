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

#[test]
fn a_trace_shows_who_told_whom_and_a_crashed_node_tells_nobody() {
    let ended = runs(&["--local", "3", "--crash", "leader@2", "--trace"]);
    assert_result(&ended);
    let lines = ended.lines();
    let nodes: Vec<_> = lines.iter().filter(|line| line["event"] == "node").collect();
    assert_eq!(nodes.iter().map(|node| &node["name"]).collect::<Vec<_>>(), ["node-1", "node-2", "node-3"]);
    let crash = lines.iter().position(|line| line["event"] == "crash").expect("the crash is told");
    let crashed = nodes.iter().find(|node| node["node"] == lines[crash]["node"]).expect("one of the three");
    let tells = |line: &Value, from: &Value, message: &str| {
        line["event"] == "message" && line["from"] == *from && line["message"] == message
    };
    let crashed = &crashed["name"];
    assert!(lines[..crash].iter().any(|line| tells(line, &json!("alice"), "BID_SUBMIT") && line["to"] == *crashed));
    assert!(lines[..crash].iter().any(|line| tells(line, crashed, "STATE_REPLICATE") && line["to"] != *crashed));
    assert!(lines[..crash].iter().any(|line| tells(line, crashed, "BID_ACK") && line["to"] == "alice"));
    // What it sent before its end may be printed a little later; a later result of an auction cannot be its own.
    let result = lines.iter().find(|line| line["message"] == "AUCTION_RESULT").expect("the result is sent");
    assert_ne!(result["from"], *crashed);
}

#[test]
fn a_trace_is_of_nodes_of_ones_own() {
    let ended = User::new(9).json(&["run", PAINTING, "--trace"]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(ended.error()["error"], "usage");
}
