//! Where no broadcast reaches: nodes that name one meet all through it.

use std::net::SocketAddr;

use agora::config::{Mode, Settings};
use agora::node::{NodeHandle, Options};
use agora::transport::free_broadcast_port;

use uuid::Uuid;

use super::{builder, in_time, leader, spawn};

/// A node of a cluster of three that hears no broadcast, and is told where these are.
fn cut_off(id: u64, join: &[SocketAddr]) -> NodeHandle {
    let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
    let mut options = Options::new(settings);
    options.reach.join = join.iter().map(ToString::to_string).collect();
    let node = builder(id, 0).options(options).id(Uuid::from_u64_pair(1, id));
    spawn(node.loopback(free_broadcast_port().expect("a free port")))
}

async fn bound(node: &NodeHandle) -> SocketAddr {
    in_time(node.bound()).await.expect("it runs")
}

#[tokio::test]
async fn who_names_the_same_node_goes_on_without_it() {
    let hub = cut_off(3, &[]);
    let at = bound(&hub).await;
    let [one, two] = [1, 2].map(|id| cut_off(id, &[at]));
    for node in [&hub, &one, &two] {
        in_time(node.ready()).await.expect("it runs");
        leader(&mut node.events(), hub.uuid).await;
    }
    hub.kill();
    for node in [&one, &two] {
        leader(&mut node.events(), two.uuid).await;
    }
}

#[tokio::test]
async fn a_node_that_names_the_lowest_of_three_is_heard_by_all() {
    let hub = cut_off(1, &[]);
    let at = bound(&hub).await;
    let [two, three] = [2, 3].map(|id| cut_off(id, &[at]));
    for node in [&hub, &two, &three] {
        leader(&mut node.events(), three.uuid).await;
    }
    let newcomer = cut_off(4, &[bound(&two).await]);
    in_time(newcomer.ready()).await.expect("the leader is two steps away");
    leader(&mut newcomer.events(), three.uuid).await;
}
