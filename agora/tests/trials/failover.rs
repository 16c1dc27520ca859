//! The prototype: after a second leader's death it never recovers; past 64 KiB of state its replication stops, and half of
//! the acknowledged bids are lost with the leader.

use std::collections::BTreeSet;

use agora::auction::message::Phase;
use agora::client::Client;
use agora::client::message::Action;
use agora::config::Mode;
use agora::id::{AuctionId, Round};
use agora::replicator::message::Peer;

use crate::cluster::{Cluster, PATIENCE, somebody, until};
use crate::house::{House, Plan, amount, done};

/// More than the 89 that stop the prototype's replication.
const WAITING: usize = 200;
/// More than its 1,230 bids.
const ROUNDS: u32 = 150;
const BIDDERS: u32 = 10;

#[tokio::test]
async fn a_second_leader_may_die_and_with_five_nodes_nothing_is_lost() {
    let mut cluster = Cluster::of_size(5).await;
    let mut house = House::open(&cluster, &Plan::of(3, 2)).await;
    for round in 1..=3 {
        house.bid(0, round, "10").await;
        if round < 3 {
            let leader = cluster.leader().await.node.uuid;
            cluster.kill(leader).await;
        }
        house.bid(1, round, "11").await;
    }
    house.verify().await;
}

#[tokio::test]
async fn leaders_may_die_down_to_the_last_server_without_a_cluster_size() {
    let mut cluster = Cluster::of(3, Mode::Reachable).await;
    let mut house = House::open(&cluster, &Plan::of(3, 2)).await;
    for round in 1..=3 {
        house.bid(0, round, "10").await;
        let left = cluster.nodes.len();
        if left > 1 {
            // All that are there are in the view: who is not, need not hold what is acknowledged.
            until("the view is closed", async || {
                house.auctioneer.status(Some(PATIENCE)).await.expect("a status").members.len() == left
            })
            .await;
            let leader = cluster.leader().await.node.uuid;
            cluster.kill(leader).await;
        }
        house.bid(1, round, "11").await;
    }
    house.verify().await;
}

/// Ids of the auctions in this state.
async fn listed(client: &Client, phase: Phase) -> BTreeSet<AuctionId> {
    let listing = client.list(Some(phase), Some(PATIENCE)).await.expect("a list");
    let ids: BTreeSet<_> = listing.auctions.iter().map(|summary| summary.auction).collect();
    assert_eq!(ids.len(), listing.auctions.len(), "each once");
    ids
}

/// Every round's bids at once, from all bidders.
async fn history(cluster: &Cluster) -> House {
    let mut house = House::open(cluster, &Plan::of(ROUNDS, BIDDERS)).await;
    for round in 1..=ROUNDS {
        let bids = (0..BIDDERS).zip(&house.bidders).map(|(place, bidder)| {
            let (bidder, written) = (bidder.clone(), format!("{}.5", 10 + (place * 7 + round * 5) % 11));
            let action = house.bidding(&written);
            tokio::spawn(async move { (done(&bidder, action).await.1, bidder.participant(), written) })
        });
        for bid in bids.collect::<Vec<_>>() {
            let (seq, who, written) = bid.await.expect("no panic");
            house.book.insert(seq, (Round(round), who, amount(&written)));
        }
    }
    house
}

async fn a_long_history_is_whole_through_a_joiner_and_the_leader_s_death(mode: Mode) {
    let mut cluster = Cluster::of(3, mode).await;
    let client = cluster.client(somebody()).await;
    let created = (0..WAITING).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { done(&client, Action::Create(Plan::of(1, 2).spec())).await.0 })
    });
    let mut waiting = BTreeSet::new();
    for auction in created.collect::<Vec<_>>() {
        waiting.insert(auction.await.expect("no panic"));
    }
    assert_eq!(waiting.len(), WAITING);
    let house = history(&cluster).await;
    house.verify().await;
    assert_eq!(house.book.len(), (ROUNDS * BIDDERS) as usize);

    cluster.join(4).await;
    let commit = client.status(Some(PATIENCE)).await.expect("a status").commit;
    until("the joiner holds all of it", async || {
        let status = client.status(Some(PATIENCE)).await.expect("a status");
        let joiner = cluster.nodes[3].handle.uuid;
        let holds = |peer: &Peer| peer.node.uuid == joiner && peer.index >= commit;
        // Without a cluster size the highest rank comes to lead.
        status.node.uuid == joiner || status.peers.iter().any(holds)
    })
    .await;

    let leader = cluster.leader().await.node.uuid;
    cluster.kill(leader).await;
    assert_eq!(listed(&client, Phase::Waiting).await, waiting);
    assert_eq!(listed(&client, Phase::Completed).await, BTreeSet::from([house.auction]));
    house.verify().await;
    let mut after = House::open(&cluster, &Plan::of(1, 2)).await;
    after.bid(0, 1, "10").await;
    after.bid(1, 1, "11").await;
    after.verify().await;
}

#[tokio::test]
async fn with_a_cluster_size_a_long_history_is_whole_through_a_joiner_and_the_leader_s_death() {
    a_long_history_is_whole_through_a_joiner_and_the_leader_s_death(Mode::Majority(3)).await;
}

#[tokio::test]
async fn without_one_a_long_history_is_whole_through_a_joiner_and_the_leader_s_death() {
    a_long_history_is_whole_through_a_joiner_and_the_leader_s_death(Mode::Reachable).await;
}
