//! What nodes tell of themselves: what they wait for, what they are, and what became of their log.

use agora::transport::free_broadcast_port;
use serde_json::{Value, json};

use crate::program::Node;

const LOW: &str = "00000000-0000-4000-8000-000000000001";
const HIGH: &str = "00000000-0000-4000-8000-000000000002";

/// An address that no node on IPv4 can send to.
const NOWHERE: &str = "[::1]:9";

fn port() -> u16 {
    free_broadcast_port().expect("a free port")
}

fn waiting(node: &str, waits_for: &str, here: Option<u8>, needed: u8, reason: &str) -> Value {
    json!({ "event": "waiting", "node": node, "for": waits_for, "here": here, "needed": needed, "reason": reason })
}

#[test]
fn a_node_says_how_many_the_founding_waits_for_and_once_that_a_name_has_no_address() {
    let port = port();
    let start = |id| Node::start(port, &["--id", id, "--cluster-size", "3", "--join", NOWHERE]);
    let mut first = start(LOW);
    let founding = |here: u8| {
        let reason = format!("{here} of 3 nodes here; the cluster is founded by all 3");
        waiting(LOW, "founding", Some(here), 3, &reason)
    };
    assert_eq!(first.await_event("waiting"), founding(1));
    assert_eq!(first.seen(), ["bound", "waiting"]);
    let _second = start(HIGH);
    assert_eq!(first.await_event("waiting"), founding(2));
    assert_eq!(first.seen(), ["bound", "waiting", "waiting"]);
    first.terminate();
    let (_, stderr) = first.wait();
    let warnings: Vec<&str> = stderr.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "it has looked several times by now: {stderr}");
    assert!(warnings[0].contains("--join [::1]:9: no address that this node can send to"), "{stderr}");
}

/// What the node says once it waits for a majority: on a busy machine it may have waited for something else before.
fn await_majority(node: &mut Node) -> Value {
    loop {
        let waiting = node.await_event("waiting");
        if waiting["for"] == "majority" {
            return waiting;
        }
    }
}

#[test]
fn a_node_says_that_the_majority_is_lost_and_one_that_was_restarted_does_not_count() {
    const TOP: &str = "00000000-0000-4000-8000-000000000003";
    let port = port();
    let start = |id| Node::start(port, &["--id", id, "--cluster-size", "3"]);
    let [mut low, mut high, mut top] = [LOW, HIGH, TOP].map(start);
    for node in [&mut low, &mut high, &mut top] {
        assert_eq!(node.await_event("ready")["standing"], "member");
    }
    top.kill();
    let mut restarted = start(TOP);
    assert_eq!(restarted.await_event("ready")["standing"], "observer");
    high.kill();
    let lost = "no leader: 2 of the 3 members must hear each other";
    assert_eq!(await_majority(&mut low), waiting(LOW, "majority", Some(1), 2, &format!("{lost}, 1 here")));
    assert_eq!(await_majority(&mut restarted), waiting(TOP, "majority", Some(1), 2, &format!("{lost}, 1 here")));
    let mut late = start(HIGH);
    assert_eq!(await_majority(&mut late), waiting(HIGH, "majority", None, 2, lost));
}

#[test]
fn a_node_that_is_not_counted_is_ready_as_an_observer() {
    let port = port();
    let mut member = Node::start(port, &["--id", HIGH, "--cluster-size", "1", "--output", "text"]);
    let ready = member.await_line("ready");
    assert!(ready.ends_with("  cluster agora"), "{ready}");
    let mut observer =
        Node::start(port, &["--id", LOW, "--cluster-size", "1", "--discovery-window", "20s", "--output", "text"]);
    let ready = observer.await_line("ready");
    assert!(ready.ends_with("  cluster agora  as an observer: it holds the log and is not counted"), "{ready}");
}

#[test]
fn who_joins_without_a_cluster_size_is_told_when_it_is_counted() {
    let port = port();
    let mut first = Node::start(port, &["--id", HIGH]);
    first.await_event("ready");
    let mut second = Node::start(port, &["--id", LOW]);
    let joined = json!({ "event": "member", "node": LOW, "member": LOW, "state": "joined" });
    while second.await_event("member") != joined {}
    assert_eq!(
        first.await_event("member"),
        json!({ "event": "member", "node": HIGH, "member": LOW, "state": "joined" })
    );
}

/// Two clusters of one name, which meet: of two nodes without a cluster size, each founded while it could not hear the
/// other. The one of the lower rank, and the other.
pub(crate) fn that_founded_apart() -> [Node; 2] {
    let mut high = Node::start(port(), &["--id", HIGH]);
    let address = high.await_event("bound")["address"].as_str().expect("an address").to_string();
    high.await_event("ready");
    high.pause();
    let mut low = Node::start(port(), &["--id", LOW, "--join", &address]);
    low.await_event("ready");
    high.resume();
    [low, high]
}

#[test]
fn a_node_whose_history_is_set_aside_says_so_and_is_ready_again() {
    let [mut low, _high] = that_founded_apart();
    assert_eq!(
        low.await_event("returned"),
        json!({
            "event": "returned", "node": LOW, "cause": "superseded",
            "reason": "its history was set aside for another; what it acknowledged alone meanwhile is lost"
        })
    );
    assert_eq!(low.await_event("leader")["leader"], HIGH);
    low.await_event("ready");
}
