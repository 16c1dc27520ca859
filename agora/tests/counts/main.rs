//! What a bid costs in things that can be counted, and so do not depend on the machine's speed: datagrams, bytes, system
//! calls, allocations and memory. Three real nodes and their clients in this process, on loopback.
//!
//! How many bids share a datagram, or a turn, depends on how the system runs the threads: where all is slow, they share more.
//! The ceilings are a quarter to a half above the most that was seen, alone and with both processors kept busy by others.

mod net;

use std::alloc::System;
use std::sync::Arc;
use std::time::Duration;

use agora::amount::Amount;
use agora::auction::event::{Disclosure, Rule, Spec, Start};
use agora::client::event::What;
use agora::client::message::{Action, Reply};
use agora::client::{Client, ClientConfig};
use agora::config::{Mode, Settings};
use agora::id::{AuctionId, ParticipantId};
use agora::node::{Node, NodeEvent, NodeHandle};
use agora::transport::free_broadcast_port;
use stats_alloc::{INSTRUMENTED_SYSTEM, Stats, StatsAlloc};
use tokio::task::JoinSet;
use uuid::Uuid;

use net::{Counting, Traffic};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PATIENCE: Duration = Duration::from_secs(60);
/// 256 bids are under way: each bidder bids in all auctions at a time.
const AUCTIONS: u32 = 32;
const BIDDERS: u32 = 8;
const ROUNDS: u32 = 24;
/// Auctions that wait for bidders.
const WAITING: usize = 2_000;

fn spec(bidders: u32) -> Spec {
    Spec {
        item: "Painting".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Sealed,
        limit: Amount::parse("10").expect("an amount"),
        rounds: ROUNDS,
        bidders,
        round_timeout_ms: None,
        start: Start::Auto,
    }
}

async fn done(client: &Client, action: Action) -> AuctionId {
    match client.submit(action, Some(PATIENCE)).await {
        Ok(Reply::Done(ack)) => ack.receipt.auction,
        other => panic!("{other:?}"),
    }
}

struct Cluster {
    nodes: Vec<(NodeHandle, Arc<Traffic>)>,
    port: u16,
}

impl Cluster {
    async fn start() -> Self {
        let port = free_broadcast_port().expect("a free port");
        let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
        let node = |id| {
            let traffic = Arc::new(Traffic::default());
            let builder = Node::builder().id(Uuid::from_u64_pair(1, id)).loopback(port).settings(settings.clone());
            let node = builder.net(Counting(Arc::clone(&traffic))).build().expect("settings that can be").spawn();
            (node, traffic)
        };
        let nodes: Vec<_> = [1, 2, 3].map(node).into();
        for (node, _) in &nodes {
            tokio::time::timeout(PATIENCE, node.ready()).await.expect("in time").expect("it runs");
        }
        Self { nodes, port }
    }

    async fn client(&self, number: u32) -> Client {
        let participant = ParticipantId(Uuid::from_u64_pair(2, number.into()));
        let config = ClientConfig {
            broadcast_port: self.port,
            bind: ([127, 0, 0, 1], 0).into(),
            ..ClientConfig::new(participant)
        };
        Client::connect(config).await.expect("loopback")
    }

    /// What the node that leads has sent and received.
    async fn leader(&self) -> &Traffic {
        let mut events = self.nodes[0].0.events();
        let leads = async {
            loop {
                if let NodeEvent::Leader { leader: Some(leader), .. } = events.next().await.expect("it runs") {
                    return leader;
                }
            }
        };
        let leader = tokio::time::timeout(PATIENCE, leads).await.expect("in time");
        &self.nodes.iter().find(|(node, _)| node.uuid == leader).expect("one of them").1
    }
}

/// Bids in every round, as soon as it begins, until the auction is over.
async fn bid(client: Client, auction: AuctionId) {
    let mut events = client.follow(auction).await;
    done(&client, Action::Join(auction)).await;
    while let Some(event) = events.next().await {
        if let What::RoundStarted { round, .. } = event.expect("it goes on").what {
            let amount = Some(format!("{}.25", 10 + round.0));
            done(&client, Action::Bid { auction, round: Some(round), amount }).await;
        }
    }
}

fn live(stats: Stats) -> usize {
    stats.bytes_allocated - stats.bytes_deallocated
}

fn each(count: usize, of: usize) -> f64 {
    let small = |count| f64::from(u32::try_from(count).expect("less than four thousand millions"));
    small(count) / small(of)
}

/// What a count must not exceed.
fn ceiling(what: &str, counted: f64, most: f64) {
    println!("{what}: {counted:.2}, {most} at most");
    assert!(counted > 0.0, "{what}: nothing was counted");
    assert!(counted <= most, "{what}: {counted:.2}, and {most} at most");
}

#[tokio::test]
async fn a_bid_and_a_waiting_auction_cost_no_more_than_they_did() {
    let cluster = Cluster::start().await;
    let leader = cluster.leader().await;
    let auctioneer = cluster.client(0).await;
    let mut bidders = Vec::new();
    for number in 1..=BIDDERS {
        bidders.push(cluster.client(number).await);
    }
    let mut auctions = Vec::new();
    for _ in 0..AUCTIONS {
        auctions.push(done(&auctioneer, Action::Create(spec(BIDDERS))).await);
    }

    let (traffic, memory) = (leader.so_far(), ALLOCATOR.stats());
    let mut all = JoinSet::new();
    for auction in &auctions {
        for bidder in &bidders {
            all.spawn(bid(bidder.clone(), *auction));
        }
    }
    tokio::time::timeout(PATIENCE, all.join_all()).await.expect("in time");
    let (traffic, after) = (leader.so_far().since(traffic), ALLOCATOR.stats());

    // Seen at most: 3.2, 0.39, 1,580, 73 and 617; the aims are 4, 1, none, none and 150.
    let bids = (AUCTIONS * BIDDERS * ROUNDS) as usize;
    let count = |count: u64| each(usize::try_from(count).expect("small"), bids);
    ceiling("datagrams of the leader for a bid", count(traffic.datagrams_in + traffic.datagrams_out), 4.0);
    ceiling("calls of the leader's socket for a bid", count(traffic.calls), 0.6);
    ceiling("bytes that the leader sends for a bid", count(traffic.bytes_out), 2_000.0);
    let allocations = after.allocations - memory.allocations;
    ceiling("allocations for a bid, of all nodes and clients", each(allocations, bids), 100.0);
    let held = live(after) - live(memory);
    ceiling("bytes that a node holds of a bid", each(held, bids * cluster.nodes.len()), 700.0);

    let before = live(ALLOCATOR.stats());
    let mut all = JoinSet::new();
    for _ in 0..WAITING {
        let auctioneer = auctioneer.clone();
        all.spawn(async move { done(&auctioneer, Action::Create(spec(2))).await });
    }
    tokio::time::timeout(PATIENCE, all.join_all()).await.expect("in time");
    // Seen: 984; the aim is 1,024.
    let held = live(ALLOCATOR.stats()) - before;
    ceiling("bytes that a node holds of a waiting auction", each(held, WAITING * cluster.nodes.len()), 1_024.0);
}
