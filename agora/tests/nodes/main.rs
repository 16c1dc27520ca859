//! Whole nodes in this process, on loopback.

mod archive;
mod disk;
mod embedding;
mod introductions;
mod machine;
mod network;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use agora::auction::protocol::Manager;
use agora::config::{Mode, Settings};
use agora::discovery::message::Message as Discovery;
use agora::machine::Machine;
use agora::node::{BuildError, Builder, Ending, Events, Node, NodeEvent, NodeFault, NodeHandle};
use agora::transport::{Count, Way, free_broadcast_port};
use agora::wire::Message;
use tokio::task::LocalSet;
use uuid::Uuid;

use network::Cut;

/// Far longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn alone(id: u64) -> Builder<Manager> {
    builder(id, free_broadcast_port().expect("a free port"))
}

fn builder(id: u64, broadcast_port: u16) -> Builder<Manager> {
    Node::builder().id(Uuid::from_u64_pair(1, id)).loopback(broadcast_port)
}

fn spawn<M: Machine>(builder: Builder<M>) -> NodeHandle<M> {
    builder.build().expect("settings that can be").spawn()
}

/// Nodes of one cluster, a majority of which commits.
fn three() -> [NodeHandle; 3] {
    let port = free_broadcast_port().expect("a free port");
    let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
    [1, 2, 3].map(|id| spawn(builder(id, port).settings(settings.clone())))
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("in time")
}

async fn until<T>(events: &mut Events, wanted: impl Fn(&NodeEvent) -> Option<T>) -> T {
    let mut seen = Vec::new();
    let found = async {
        while let Some(event) = events.next().await {
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

/// The place of the node that leads first, of those that run.
async fn leading<M: Machine>(nodes: &[NodeHandle<M>; 3]) -> usize {
    let leads = |place: usize| {
        let mut events = nodes[place].events();
        async move {
            while let Some(event) = events.next().await {
                if matches!(event, NodeEvent::Leader { is_self: true, .. }) {
                    return place;
                }
            }
            std::future::pending().await
        }
    };
    in_time(async { tokio::select!(place = leads(0) => place, place = leads(1) => place, place = leads(2) => place) })
        .await
}

async fn leader(events: &mut Events, wanted: Uuid) {
    until(events, |event| match event {
        NodeEvent::Leader { leader, .. } if *leader == Some(wanted) => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_node_on_a_thread_of_its_own_serves_and_stops() {
    let node = spawn(alone(1));
    let mut events = node.events();
    in_time(node.ready()).await.expect("it runs");
    assert_eq!(node.shutdown().await, Ending::Stopped);
    until(&mut events, |event| (*event == NodeEvent::Stopped).then_some(())).await;
    assert_eq!(events.next().await, None, "nothing comes after the end");
}

#[tokio::test]
async fn a_node_whose_handle_is_dropped_hands_over_and_ends() {
    let [one, two, three] = three();
    for node in [&one, &two, &three] {
        in_time(node.ready()).await.expect("it runs");
    }
    drop(three);
    leader(&mut one.events(), two.uuid).await;
}

#[tokio::test]
async fn a_killed_node_says_no_goodbye_and_its_address_is_free() {
    let node = spawn(alone(1));
    let mut events = node.events();
    let address = until(&mut events, |event| match event {
        NodeEvent::Bound { address } => Some(*address),
        _ => None,
    })
    .await;
    node.kill();
    assert_eq!(node.ended().await, Ending::Killed);
    while let Some(event) = events.next().await {
        assert_ne!(event, NodeEvent::Stopped);
    }
    let again = spawn(alone(1).bind(address));
    assert_eq!(in_time(again.ready()).await, Ok(address));
}

#[test]
fn settings_that_cannot_be_are_refused_before_anything_is_started() {
    let settings = Settings { mode: Mode::Majority(0), ..Settings::lan() };
    let refused = alone(1).settings(settings).build().expect_err("no node of none");
    assert!(matches!(&refused, BuildError::Invalid(invalid) if invalid.key == "cluster-size"), "{refused:?}");
}

#[tokio::test]
async fn a_tap_that_panics_ends_the_node_with_a_fault() {
    let node = spawn(alone(1).tap(Arc::new(|_, _, _| panic!("on purpose"))));
    assert_eq!(node.ended().await, Ending::Fault(NodeFault::ActorEnded("transport")));
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
            let nodes = [1, 2].map(|id| {
                let seen = Arc::clone(&incarnations);
                let node = builder(id, port).net(cut.net()).tap(Arc::new(move |way, _, message: &Message| {
                    if let (Way::Out, Message::Discovery(Discovery::Request { node: Some(about), .. })) = (way, message)
                    {
                        let mut seen = seen.lock().expect("no panic before");
                        if !seen.contains(&about.member.node) {
                            seen.push(about.member.node);
                        }
                    }
                }));
                node.build().expect("settings that can be").spawn_local()
            });
            for node in &nodes {
                leader(&mut node.events(), node.uuid).await;
            }
            let [low, high] = &nodes;
            let mut events = low.events();
            cut.set_open(true);
            leader(&mut events, high.uuid).await;
            in_time(low.ready()).await.expect("it runs");
            let of_low =
                incarnations.lock().expect("no panic before").iter().filter(|node| node.uuid == low.uuid).count();
            assert_eq!(of_low, 2);
            assert!(low.counters.get(Count::Sent) > 0);
            assert_eq!(low.shutdown().await, Ending::Stopped);
        })
        .await;
}
