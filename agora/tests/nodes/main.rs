//! Whole nodes in this process, on loopback.

mod network;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use agora::config::{Mode, Settings};
use agora::discovery::message::Message as Discovery;
use agora::node::{Edge, Ending, Node, NodeEvent, NodeFault, NodeHandle, Options};
use agora::transport::{Count, Way, free_broadcast_port};
use agora::wire::Message;
use tokio::task::LocalSet;
use uuid::Uuid;

use network::Cut;

/// Far longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn options(id: u64) -> Options {
    let mut options = Options::loopback(Settings::lan(), free_broadcast_port().expect("a free port"));
    options.id = Some(Uuid::from_u64_pair(1, id));
    options
}

async fn until<T>(node: &mut NodeHandle, wanted: impl Fn(&NodeEvent) -> Option<T>) -> T {
    let mut seen = Vec::new();
    let found = async {
        while let Some(event) = node.events.next().await {
            if let Some(found) = wanted(&event) {
                return found;
            }
            seen.push(event);
        }
        panic!("the node has ended")
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.unwrap_or_else(|_| panic!("only {seen:?}"))
}

async fn leader(node: &mut NodeHandle, wanted: Uuid) {
    until(node, |event| match event {
        NodeEvent::Leader { leader, .. } if *leader == Some(wanted) => Some(()),
        _ => None,
    })
    .await;
}

async fn ready(node: &mut NodeHandle) {
    until(node, |event| matches!(event, NodeEvent::Ready { .. }).then_some(())).await;
}

#[tokio::test]
async fn a_node_on_a_thread_of_its_own_serves_and_stops() {
    let mut node = Node::spawn(options(1));
    ready(&mut node).await;
    assert_eq!(node.shutdown().await, Ending::Stopped);
    until(&mut node, |event| (*event == NodeEvent::Stopped).then_some(())).await;
    assert_eq!(node.events.next().await, None, "nothing comes after the end");
}

#[tokio::test]
async fn a_node_whose_handle_is_dropped_hands_over_and_ends() {
    let port = free_broadcast_port().expect("a free port");
    let mut three = [1, 2, 3].map(|id| {
        let mut options = options(id);
        options.settings.mode = Mode::Majority(3);
        options.reach.broadcast_port = port;
        Node::spawn(options)
    });
    for node in &mut three {
        ready(node).await;
    }
    let [mut one, two, three] = three;
    let next = two.uuid;
    drop(three);
    leader(&mut one, next).await;
}

#[tokio::test]
async fn a_killed_node_says_no_goodbye_and_its_address_is_free() {
    let mut options = options(1);
    let mut node = Node::spawn(options.clone());
    let address = until(&mut node, |event| match event {
        NodeEvent::Bound { address } => Some(*address),
        _ => None,
    })
    .await;
    node.kill();
    assert_eq!(node.ended().await, Ending::Killed);
    while let Some(event) = node.events.next().await {
        assert_ne!(event, NodeEvent::Stopped);
    }
    options.bind = address;
    let mut again = Node::spawn(options);
    ready(&mut again).await;
}

#[tokio::test]
async fn settings_that_cannot_be_are_a_fault_at_once() {
    let mut options = options(1);
    options.settings.mode = Mode::Majority(0);
    match Node::spawn(options).ended().await {
        Ending::Fault(NodeFault::Settings(invalid)) => assert_eq!(invalid.key, "cluster-size"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_tap_that_panics_ends_the_node_with_a_fault() {
    let mut options = options(1);
    options.tap = Some(Arc::new(|_, _, _| panic!("on purpose")));
    assert_eq!(Node::spawn(options).ended().await, Ending::Fault(NodeFault::ActorEnded("transport")));
}

/// Two nodes that cannot hear each other found a log each. Once they can, one of the logs ends, and its node begins
/// anew as another incarnation, on the same socket.
#[tokio::test]
async fn a_node_whose_log_ends_returns_as_a_newcomer_of_the_other_log() {
    LocalSet::new()
        .run_until(async {
            let cut = Cut::open(false);
            let port = free_broadcast_port().expect("a free port");
            let incarnations = Arc::new(Mutex::new(Vec::new()));
            let mut nodes = [1, 2].map(|id| {
                let mut options = options(id);
                options.reach.broadcast_port = port;
                let seen = Arc::clone(&incarnations);
                options.tap = Some(Arc::new(move |way, _, message: &Message| {
                    if let (Way::Out, Message::Discovery(Discovery::Request { node: Some(about), .. })) = (way, message)
                    {
                        let mut seen = seen.lock().expect("no panic before");
                        if !seen.contains(&about.member.node) {
                            seen.push(about.member.node);
                        }
                    }
                }));
                Node::start(options, Edge { net: cut.net(), ..Edge::system() })
            });
            for node in &mut nodes {
                let uuid = node.uuid;
                leader(node, uuid).await;
            }
            cut.set_open(true);
            let [low, high] = &mut nodes;
            leader(low, high.uuid).await;
            ready(low).await;
            let of_low =
                incarnations.lock().expect("no panic before").iter().filter(|node| node.uuid == low.uuid).count();
            assert_eq!(of_low, 2);
            assert!(low.counters.get(Count::Sent) > 0);
            assert_eq!(low.shutdown().await, Ending::Stopped);
        })
        .await;
}
