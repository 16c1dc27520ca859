//! `run` by halves: roles of one script, played by processes of their own.

use std::process::Child;

use serde_json::{Value, json};

use crate::driver::{Cluster, Ended, User, line_until};

const PAINTING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scripts/painting.toml");

/// Starts the auctioneer's half, and returns it with the auction that it created.
fn auctioneer(user: &User, flags: &[&str]) -> (Child, String) {
    let mut child = user.begins(&[&["run", PAINTING, "--only", "auctioneer"], flags].concat());
    let created = line_until(&mut child, |line| line["event"] == "auction-created");
    (child, created["auction"].as_str().expect("an id").to_owned())
}

fn ends(child: Child) -> Ended {
    child.wait_with_output().expect("it ends").into()
}

fn result(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let last = ended.lines().pop().expect("a last line");
    assert_eq!(last["event"], "result", "{ended:?}");
    last
}

#[test]
fn two_processes_play_one_script_between_them() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let (mut first, auction) = auctioneer(&user, &["--only", "alice"]);
    line_until(&mut first, |line| line["event"] == "participant-joined");
    let second = user.json(&["run", PAINTING, "--auction", &auction, "--only", "bob, carol"]);
    let (first, second) = (result(&ends(first)), result(&second));
    for result in [&first, &second] {
        assert_eq!((&result["auction"], &result["total"]), (&json!(auction), &json!("45.75")));
    }
    assert_eq!(second["winner"], "bob");
    let participant = &second["standings"][0]["participant"];
    assert_eq!(&first["winner"], participant, "who is played elsewhere has no name here");
    assert_eq!(first["standings"][2]["name"], "alice");
}

#[test]
fn an_auction_alone_means_all_of_its_bidders() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let (first, auction) = auctioneer(&user, &[]);
    let second = user.json(&["run", PAINTING, "--auction", &auction]);
    assert_eq!(result(&second)["winner"], "bob");
    assert_eq!(result(&ends(first))["total"], "45.75");
    let numbers: Vec<_> = second.lines().iter().filter_map(|line| line["seq"].as_u64()).collect();
    let last = *numbers.last().expect("numbers");
    let each = usize::try_from(last).expect("a few");
    assert_eq!(numbers[..each], (1..=last).collect::<Vec<_>>(), "each event is told once");
}

#[test]
fn identities_are_kept_and_name_those_who_play_elsewhere() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let folder = user.state().join("roles");
    let kept = ["--identities", folder.to_str().expect("UTF-8")];
    // All three are made before the auctioneer looks for them.
    for name in ["alice", "bob", "carol"] {
        let file = folder.join(format!("{name}.toml"));
        user.json(&["--timeout", "10ms", "--identity", file.to_str().expect("UTF-8"), "status"]);
        assert!(file.exists());
    }
    let (first, auction) = auctioneer(&user, &kept);
    let second = user.json(&[&["run", PAINTING, "--auction", &auction][..], &kept].concat());
    assert_eq!(result(&ends(first))["winner"], "bob");
    let bob = std::fs::read_to_string(folder.join("bob.toml")).expect("the identity");
    assert_eq!(bob, format!("participant = {}\n", result(&second)["standings"][0]["participant"]));

    let again = user.json(&[&["run", PAINTING, "--auction", &auction][..], &kept].concat());
    assert_eq!(result(&again), result(&second), "who has played looks back");
    assert!(again.lines().iter().all(|line| line["event"] != "bid-refused"), "{again:?}");
}

#[test]
fn an_auctioneer_that_died_goes_on_with_its_identity() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let folder = user.state().join("roles");
    let kept = ["--identities", folder.to_str().expect("UTF-8")];
    let (mut first, auction) = auctioneer(&user, &kept);
    first.kill().expect("it runs");
    first.wait().expect("it ends");
    let mut bidders = user.begins(&[&["run", PAINTING, "--auction", &auction][..], &kept].concat());
    line_until(&mut bidders, |line| line["event"] == "ready-check");
    let again = user.json(&[&["run", PAINTING, "--auction", &auction, "--only", "auctioneer"][..], &kept].concat());
    assert_eq!(result(&again)["winner"], "bob");
    assert_eq!(result(&ends(bidders))["winner"], "bob");
}

#[test]
fn bidders_that_died_in_a_round_go_on_with_their_identities() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let folder = user.state().join("roles");
    let kept = ["--identities", folder.to_str().expect("UTF-8")];
    let (first, auction) = auctioneer(&user, &kept);
    let half = [&["run", PAINTING, "--auction", &auction, "--only", "alice,bob"][..], &kept].concat();
    let mut second = user.begins(&half);
    let file = folder.join("carol.toml");
    let carol = |command: &[&str]| {
        user.json(&[&["--identity", file.to_str().expect("UTF-8")], command].concat()).line();
    };
    carol(&["join", &auction]);
    carol(&["wait", &auction, "--until", "round=1"]);
    carol(&["bid", &auction, "15", "--round", "1"]);
    // Carol is silent, so the second round stays open.
    line_until(&mut second, |line| line["event"] == "bid" && line["round"] == 2);
    second.kill().expect("it runs");
    second.wait().expect("it ends");
    let second = user.begins(&half);
    carol(&["bid", &auction, "10", "--round", "2"]);
    carol(&["wait", &auction, "--until", "round=3"]);
    carol(&["pass", &auction, "--round", "3"]);
    let (first, second) = (result(&ends(first)), ends(second));
    assert_eq!((&result(&second)["winner"], &first["total"]), (&json!("bob"), &json!("45.75")));
    assert!(second.lines().iter().all(|line| line["event"] != "bid-refused"), "{second:?}");
}

#[test]
fn a_script_that_does_not_fit_the_auction_sends_nothing() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let create = ["create", "--item", "Painting", "--min-bid", "10", "--rounds", "2", "--bidders", "3"];
    let auction = user.json(&create).line()["auction"].as_str().expect("an id").to_owned();
    let ended = user.runs(&["run", PAINTING, "--auction", &auction]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.stderr.replace(PAINTING, "painting.toml"),
        "painting.toml: `rounds` is 3, but the auction has 2\n\
         painting.toml: `round-timeout` is \"5s\", but the auction has \"1m\"\n"
    );
    assert_eq!(user.json(&["show", &auction]).line()["bidders"], 0);
}

#[test]
fn an_auction_that_is_not_there_or_is_over_is_refused() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let ended = user.json(&["run", PAINTING, "--auction", "00000000-0000-0000-0000-000000000001"]);
    assert_eq!((ended.code, &ended.error()["error"]), (Some(3), &json!("NOT_FOUND")));
    let (first, auction) = auctioneer(&user, &[]);
    result(&user.json(&["run", PAINTING, "--auction", &auction]));
    result(&ends(first));
    let late = user.json(&["run", PAINTING, "--auction", &auction]);
    assert_eq!((late.code, &late.error()["error"]), (Some(3), &json!("NOT_OPEN")));
}
