//! Nodes at work, on loopback.

use agora::transport::free_broadcast_port;
use serde_json::{Value, json};

use crate::program::{Node, command, run};

const LOW: &str = "00000000-0000-4000-8000-000000000001";
const HIGH: &str = "00000000-0000-4000-8000-000000000002";

fn port() -> u16 {
    free_broadcast_port().expect("a free port")
}

#[test]
fn a_node_alone_is_bound_leads_is_ready_and_stops_when_asked() {
    let mut node = Node::start(port(), &["--id", LOW]);
    let bound = node.await_event("bound");
    assert_eq!(bound["node"], LOW);
    assert!(bound["address"].as_str().is_some_and(|address| address.starts_with("127.0.0.1:")), "{bound}");
    assert_eq!(
        node.await_event("leader"),
        json!({ "event": "leader", "node": LOW, "epoch": 1, "leader": LOW, "self": true })
    );
    let ready = node.await_event("ready");
    assert_eq!(
        ready,
        json!({
            "event": "ready", "node": LOW, "address": bound["address"], "http": null, "cluster": "agora",
            "standing": "member"
        })
    );
    node.terminate();
    assert_eq!(
        node.await_event("leader"),
        json!({ "event": "leader", "node": LOW, "epoch": 1, "leader": null, "self": false })
    );
    assert_eq!(node.await_event("stopped"), json!({ "event": "stopped", "node": LOW }));
    let (status, stderr) = node.wait();
    assert_eq!(status.code(), Some(0));
    assert_eq!(stderr.lines().filter(|line| line.contains("WARN")).count(), 1, "{stderr}");
}

#[test]
fn two_of_two_find_each_other_and_the_higher_one_leads() {
    let port = port();
    let mut nodes = [LOW, HIGH].map(|id| Node::start(port, &["--id", id, "--cluster-size", "2"]));
    for node in &mut nodes {
        assert_eq!(node.await_event("leader")["leader"], HIGH);
        node.await_event("ready");
        assert!(node.seen().contains(&"member"));
    }
    let [mut low, mut high] = nodes;
    high.kill();
    let lost = low.await_event("leader");
    assert_eq!((&lost["leader"], &lost["self"]), (&Value::Null, &json!(false)));
    low.terminate();
    let (status, stderr) = low.wait();
    assert_eq!(status.code(), Some(0));
    assert!(stderr.contains("WARN") && stderr.contains("--cluster-size 2"), "{stderr}");
}

#[test]
fn a_leader_that_hands_over_says_that_it_leads_no_more_and_a_follower_that_stops_does_not() {
    let port = port();
    let mut nodes = [LOW, HIGH].map(|id| Node::start(port, &["--id", id, "--cluster-size", "2"]));
    for node in &mut nodes {
        node.await_event("ready");
    }
    let [mut low, mut high] = nodes;
    // On a busy machine the lower one may lead for a moment.
    while high.last_of("leader")["self"] != true {
        high.await_event("leader");
    }
    high.terminate();
    high.await_event("stopped");
    assert_eq!((&high.last_of("leader")["leader"], &high.last_of("leader")["self"]), (&Value::Null, &json!(false)));
    assert_eq!(high.wait().0.code(), Some(0));
    while low.last_of("leader")["leader"] != Value::Null {
        low.await_event("leader");
    }
    let before = low.seen().len();
    low.terminate();
    low.await_event("stopped");
    assert!(!low.seen()[before..].contains(&"leader"), "{:?}", low.events());
}

#[test]
fn joining_by_address_needs_no_broadcast() {
    let mut first = Node::start(port(), &["--id", HIGH]);
    let address = first.await_event("bound")["address"].as_str().expect("an address").to_string();
    first.await_event("ready");
    let mut second = Node::start(port(), &["--id", LOW, "--join", &address]);
    assert_eq!(second.await_event("leader")["leader"], HIGH);
    second.await_event("ready");
}

#[test]
fn joining_by_address_works_over_ipv6() {
    let mut first = Node::start_at("[::1]:0", &["--id", HIGH]);
    let address = first.await_event("bound")["address"].as_str().expect("an address").to_string();
    first.await_event("ready");
    let mut second = Node::start_at("[::1]:0", &["--id", LOW, "--join", &address]);
    assert_eq!(second.await_event("leader")["leader"], HIGH);
    second.await_event("ready");
}

#[test]
fn a_node_of_another_size_is_refused_with_exit_2() {
    let port = port();
    let mut first = Node::start(port, &["--id", HIGH]);
    first.await_event("ready");
    let second = Node::start(port, &["--id", LOW, "--cluster-size", "3"]);
    let (status, stderr) = second.wait();
    assert_eq!(status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("\"error\":\"configuration\"") && stderr.contains("cluster-size"), "{stderr}");
    assert!(
        stderr.contains("; start this node without --cluster-size to join it, or under another --cluster"),
        "{stderr}"
    );
}

#[test]
fn a_node_of_another_size_is_told_which_one_is_wanted() {
    let port = port();
    let mut first = Node::start(port, &["--id", HIGH, "--cluster-size", "1"]);
    first.await_event("ready");
    let (_, stderr) = Node::start(port, &["--id", LOW, "--cluster-size", "5"]).wait();
    assert!(stderr.contains("; start this node with --cluster-size 1 to join it, or under another"), "{stderr}");
}

#[test]
fn a_node_whose_id_already_runs_ends_with_exit_1() {
    let port = port();
    let mut first = Node::start(port, &["--id", HIGH]);
    first.await_event("ready");
    let second = Node::start(port, &["--id", HIGH]);
    let (status, stderr) = second.wait();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("already runs"), "{stderr}");
}

#[test]
fn an_address_that_cannot_be_bound_ends_with_exit_1_and_the_reason() {
    let mut first = Node::start(port(), &[]);
    let address = first.await_event("bound")["address"].as_str().expect("an address").to_string();
    let (status, _, stderr) = run(&mut command(&["--bind", &address, "--cluster-size", "1"]));
    assert_eq!(status, 1);
    assert!(stderr.starts_with(&format!("error: cannot bind {address}: ")), "{stderr}");
}
