//! One-shot commands, each its own process, on a cluster.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::driver::{Cluster, User};

/// An auction of one user who is auctioneer `default` and bidders `alice` and `bob`.
fn created(user: &User, flags: &[&str]) -> String {
    let create = ["create", "--item", "Painting", "--min-bid", "10.00", "--rounds", "2", "--bidders", "2"];
    let created = user.json(&[&create[..], flags].concat()).line();
    created["auction"].as_str().expect("an id").to_owned()
}

fn started(user: &User, flags: &[&str]) -> String {
    let auction = created(user, flags);
    for name in ["alice", "bob"] {
        let joined = user.json(&["--as", name, "join", &auction]).line();
        assert_eq!(joined["auction"], json!(auction));
    }
    user.json(&["start", &auction]).line();
    auction
}

#[test]
fn an_auction_by_hand_from_create_to_result() {
    let cluster = Cluster::of(3);
    let user = User::new(cluster.broadcast_port);
    assert_eq!(user.json(&["status", "--wait", "3"]).line()["nodes"].as_array().map(Vec::len), Some(3));
    let auction = created(&user, &[]);
    let listed = user.json(&["list"]).line();
    let expected = json!({"auction": auction, "item": "Painting", "state": "waiting", "rule": "highest", "round": 0,
        "rounds": 2, "bidders": 0, "min-bidders": 2, "min-bid": "10"});
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&listed[key], value, "{key}");
    }
    for name in ["alice", "bob"] {
        user.json(&["--as", name, "join", &auction]).line();
    }
    assert_eq!(user.json(&["wait", &auction, "--until", "ready-check"]).line()["event"], "ready-check");
    user.json(&["start", &auction]).line();
    assert_eq!(user.json(&["wait", &auction, "--until", "round=1"]).line()["round"], 1);

    let bid = user.json(&["--as", "alice", "bid", &auction, "12.50"]).line();
    assert_eq!((&bid["round"], &bid["amount"], &bid["durability"]), (&json!(1), &json!("12.5"), &json!("quorum")));
    assert_eq!(bid["disk"], false);
    let sealed = user.json(&["--as", "bob", "show", &auction]).line();
    assert_eq!(sealed["bids"][0]["seq"], bid["seq"]);
    assert!(sealed["bids"][0].get("amount").is_none(), "the round is open: {sealed}");
    assert_eq!(user.json(&["--as", "alice", "show", &auction]).line()["bids"][0]["amount"], "12.5");

    user.json(&["--as", "bob", "pass", &auction, "--round", "1"]).line();
    user.json(&["--as", "alice", "pass", &auction, "--round", "2"]).line();
    user.json(&["--as", "bob", "bid", &auction, "11"]).line();
    let end = user.json(&["wait", &auction, "--until", "completed"]).line();
    assert_eq!((&end["event"], &end["total"]), (&json!("auction-result"), &json!("12.5")));
    let shown = user.json(&["show", &auction]).line();
    assert_eq!(shown["winner"], bid["participant"]);
    assert_eq!(shown["bids"][0]["amount"], "12.5");
    assert_eq!(user.json(&["list", "--state", "active"]).stdout, "");

    let watched = user.json(&["--as", "bob", "watch", &auction]);
    assert_eq!(watched.code, Some(0));
    let numbers: Vec<_> = watched.lines().iter().filter_map(|line| line["seq"].as_u64()).collect();
    assert_eq!(numbers, (1..=shown["seq"].as_u64().expect("a number")).collect::<Vec<_>>());
    assert_eq!(watched.lines().last().expect("a line")["event"], "auction-lost");
}

#[test]
fn a_repeated_request_does_nothing_twice() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let auction = started(&user, &[]);
    let request = "6b1e0c1c-94f8-4c43-9a43-5b3b7b1f0a01";
    let bid = ["--as", "alice", "--request", request, "bid", &auction, "12"];
    let (first, second) = (user.json(&bid).line(), user.json(&bid).line());
    assert_eq!(first, second);
    assert!(user.state().join(format!("agora/alice.toml.requests/{request}.toml")).exists());
    let shown = user.json(&["--as", "alice", "show", &auction]).line();
    assert_eq!(shown["bids"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_identity_is_made_once_and_readable_by_its_user_only() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let auction = created(&user, &[]);
    let joined = user.json(&["--as", "alice", "join", &auction]).line();
    let path = user.state().join("agora/alice.toml");
    let mode = std::fs::metadata(&path).expect("the identity").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let content = std::fs::read_to_string(&path).expect("the identity");
    assert_eq!(content, format!("participant = {}\n", joined["participant"]));
    let ended = user.json(&["--identity", path.to_str().expect("UTF-8"), "join", &auction]);
    assert_eq!(ended.error()["error"], "ALREADY_JOINED");
}

#[test]
fn acknowledged_bids_are_the_same_after_the_leader_is_killed() {
    let cluster = Cluster::of(3);
    let user = User::new(cluster.broadcast_port);
    let status = user.json(&["status", "--wait", "3"]).line();
    let auction = started(&user, &["--disclosure", "open"]);
    let bid = user.json(&["--as", "alice", "bid", &auction, "12.5"]).line();
    cluster.kill(&status["leader"]);
    let next = user.json(&["--as", "bob", "bid", &auction, "13"]).line();
    let shown = user.json(&["show", &auction]).line();
    for (bid, shown) in [bid, next].iter().zip(shown["bids"].as_array().expect("bids")) {
        for key in ["seq", "participant", "amount", "round"] {
            assert_eq!(bid[key], shown[key], "{key}");
        }
    }
    let after = user.json(&["status"]).line();
    assert_ne!(after["leader"], status["leader"]);
}

#[test]
fn a_bidder_leaves_and_the_auctioneer_withdraws_the_auction() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let auction = created(&user, &[]);
    user.json(&["--as", "alice", "join", &auction]).line();
    let left = user.json(&["--as", "alice", "leave", &auction]).line();
    assert_eq!((&left["auction"], &left["seq"]), (&json!(auction), &json!(3)));
    let refused = |arguments: &[&str], code: &str| {
        let ended = user.json(arguments);
        assert_eq!((ended.code, &ended.error()["error"]), (Some(3), &json!(code)), "{arguments:?}");
    };
    refused(&["--as", "alice", "leave", &auction], "NOT_PARTICIPANT");
    refused(&["leave", &auction], "IS_AUCTIONEER");
    refused(&["--as", "alice", "cancel", &auction], "NOT_AUCTIONEER");
    refused(&["cancel", &auction, "--reason", "START_TIMEOUT"], "BAD_REQUEST");
    user.json(&["cancel", &auction, "--reason", "no time"]).line();
    refused(&["cancel", &auction], "NOT_OPEN");
    let watched = user.json(&["watch", &auction]);
    assert_eq!((watched.code, &watched.error()["reason"]), (Some(5), &json!("no time")));
    let events: Vec<_> =
        watched.lines().iter().filter(|line| line["seq"].is_u64()).map(|l| l["event"].clone()).collect();
    assert_eq!(events, ["auction-created", "participant-joined", "participant-left", "auction-cancelled"]);
    assert_eq!(user.json(&["show", &auction]).line()["reason"], "no time");
    assert_eq!(user.json(&["list", "--state", "cancelled"]).line()["auction"], json!(auction));
}

#[test]
fn a_tender_goes_to_the_lowest_and_a_second_price_is_what_is_paid() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let held = |limit: [&str; 4], bids: [&str; 2]| {
        let set_up = ["create", "--item", "Task", "--rounds", "1", "--bidders", "2", "--start", "auto"];
        let created = user.json(&[&set_up[..], &limit].concat()).line();
        assert_eq!((&created[&limit[2][2..]], &created["rule"]), (&json!(limit[3]), &json!(limit[1])));
        let auction = created["auction"].as_str().expect("an id").to_owned();
        for name in ["alice", "bob"] {
            user.json(&["--as", name, "join", &auction]).line();
        }
        for (name, amount) in ["alice", "bob"].into_iter().zip(bids) {
            user.json(&["--as", name, "bid", &auction, amount]).line();
        }
        user.json(&["wait", &auction, "--until", "completed"]).line()
    };
    let tender = held(["--rule", "lowest", "--max-bid", "100"], ["80", "70.5"]);
    assert_eq!((&tender["total"], &tender["price"]), (&json!("70.5"), &json!("70.5")));
    let vickrey = held(["--rule", "second-price", "--min-bid", "1"], ["80", "70.5"]);
    assert_eq!((&vickrey["total"], &vickrey["price"]), (&json!("80"), &json!("70.5")));
    assert_eq!(vickrey["winner"], vickrey["standings"][0]["participant"]);
}

#[test]
fn a_rule_takes_the_limit_that_goes_with_it() {
    let user = User::new(9);
    let set_up = ["create", "--item", "Task", "--rounds", "1", "--bidders", "2"];
    for (flags, wanted) in [
        (&["--rule", "lowest", "--min-bid", "1"][..], "with --rule lowest, give --max-bid A, and no --min-bid"),
        (&["--max-bid", "1"], "with --rule highest, give --min-bid A, and no --max-bid"),
        (&["--min-bid", "1", "--max-bid", "2"], "with --rule highest, give --min-bid A, and no --max-bid"),
        (&[], "with --rule highest, give --min-bid A, and no --max-bid"),
    ] {
        let ended = user.json(&[&set_up[..], flags].concat());
        assert_eq!((ended.code, &ended.error()["reason"]), (Some(2), &json!(wanted)));
    }
}

#[test]
fn a_ready_check_that_was_taken_back_does_not_count() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let auction = created(&user, &[]);
    for name in ["alice", "bob"] {
        user.json(&["--as", name, "join", &auction]).line();
    }
    let wait = |timeout: &str| user.json(&["--timeout", timeout, "wait", &auction, "--until", "ready-check"]);
    let first = wait("10s").line();
    user.json(&["--as", "bob", "leave", &auction]).line();
    assert_eq!(wait("300ms").error()["error"], "timeout", "none is out");
    user.json(&["--as", "carol", "join", &auction]).line();
    let second = wait("10s").line();
    assert!(second["seq"].as_u64() > first["seq"].as_u64(), "{first} {second}");
    user.json(&["start", &auction]).line();
    assert_eq!(wait("10s").line()["seq"], second["seq"], "also where it came so far before");
}
