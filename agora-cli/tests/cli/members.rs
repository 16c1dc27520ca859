//! `member` and `leader`: an operator at work.

use serde_json::{Value, json};

use crate::driver::{Cluster, User};

/// The UUIDs of those in this state, as `member list` tells.
fn nodes(user: &User, state: &str) -> Vec<String> {
    let listed = user.json(&["member", "list"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let of = |line: &Value| line["node"].as_str().expect("a UUID").to_owned();
    let mut nodes: Vec<_> = listed.lines().iter().filter(|line| line["state"] == state).map(of).collect();
    nodes.sort();
    nodes
}

/// Waits until this node observes.
pub(crate) fn observes(user: &User, node: &str) {
    // Each look is a process of its own: a thousand of them take far longer than any node does.
    assert!((0..1_000).any(|_| nodes(user, "observer") == [node]), "{:?}", user.json(&["member", "list"]));
}

#[test]
fn a_lost_member_is_replaced_and_its_successor_makes_a_majority() {
    let mut cluster = Cluster::of(3);
    let user = User::new(cluster.broadcast_port);
    let status = user.json(&["status", "--wait", "3"]).line();
    let leader = status["leader"].as_str().expect("a leader").to_owned();
    let members = nodes(&user, "member");
    let (lost, other) = match members.iter().filter(|node| **node != leader).collect::<Vec<_>>()[..] {
        [one, other] => (one.clone(), other.clone()),
        _ => panic!("{members:?}"),
    };
    cluster.kill(&json!(lost));
    let successor = cluster.join();
    observes(&user, &successor);
    let replaced = user.json(&["member", "replace", &lost, &successor]).line();
    assert_eq!(replaced, json!({"added": successor, "removed": lost}));
    assert_eq!(user.json(&["member", "replace", &lost, &successor]).line(), replaced, "the same again is the same");
    let mut wanted = vec![leader, other.clone(), successor];
    wanted.sort();
    assert_eq!(nodes(&user, "member"), wanted);
    // Of the new three, the founders alone would be no majority.
    cluster.kill(&json!(other));
    let create = ["create", "--item", "Vase", "--min-bid", "1", "--rounds", "1", "--bidders", "1"];
    user.json(&create).line();
}

#[test]
fn the_leadership_goes_where_it_is_sent() {
    let cluster = Cluster::of(3);
    let user = User::new(cluster.broadcast_port);
    let before = user.json(&["status", "--wait", "3"]).line();
    let lowest = nodes(&user, "member").remove(0);
    let transferred = user.json(&["leader", "transfer", "--to", &lowest]).line();
    assert_eq!(transferred["leader"], json!(lowest));
    assert!(transferred["epoch"].as_u64() > before["epoch"].as_u64() || before["leader"] == json!(lowest));
    let text = user.runs(&["leader", "transfer", "--to", &lowest]);
    assert_eq!(text.stdout, format!("{lowest} leads, in epoch {}\n", transferred["epoch"]), "it leads already");
    let next = user.json(&["leader", "transfer"]).line();
    assert_ne!(next["leader"], json!(lowest));
}

#[test]
fn what_cannot_be_says_why() {
    let mut cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let leader = user.json(&["status", "--wait", "1"]).line()["leader"].as_str().expect("a leader").to_owned();
    let nobody = "00000000-0000-0000-0000-000000000001";
    let refused = |arguments: &[&str], text: &str| {
        let ended = user.runs(arguments);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(3), text), "{arguments:?}");
    };
    let not_here = "refused: NOT_FOUND: no such node is there, as a member or as an observer that holds the log\n";
    refused(&["member", "add", nobody], not_here);
    refused(&["leader", "transfer", "--to", nobody], not_here);
    refused(&["leader", "transfer"], not_here);
    refused(&["member", "remove", &leader], "refused: BAD_REQUEST: that is the only member\n");
    let observer = cluster.join();
    observes(&user, &observer);
    refused(&["leader", "transfer", "--to", &observer], not_here);
    user.json(&["member", "add", &observer]).line();
    refused(&["member", "remove", &leader], "refused: BAD_REQUEST: that node leads; transfer the leadership first\n");
    let table = user.runs(&["member", "list"]).stdout;
    let words: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["NODE", "STATE", "LOG"]);
    assert!(
        words[1..].iter().any(|row| row[0] == leader && row[1] == "member" && row.ends_with(&["leads"])),
        "{table}"
    );
    assert!(words[1..].iter().any(|row| row[0] == observer && row[1] == "member"), "{table}");
    for arguments in [&["member"][..], &["member", "add"], &["member", "add", "x"], &["leader"]] {
        assert_eq!(user.runs(arguments).code, Some(2), "{arguments:?}");
    }
}
