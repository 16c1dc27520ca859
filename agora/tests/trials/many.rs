//! Much of everything. The prototype: past 89 waiting auctions, whose state did not fit a datagram, nothing is replicated.

use std::collections::BTreeSet;

use agora::auction::message::Phase;
use agora::client::Events;
use agora::client::event::What;
use agora::client::message::Action;
use agora::id::AuctionId;
use tokio::task::JoinSet;

use crate::cluster::{Cluster, PATIENCE, somebody, within};
use crate::house::{Plan, done};

/// So many requests at a time.
const AT_ONCE: usize = 250;

/// Asks all of this of the leader, a few hundred at a time; the auctions that it was done in.
async fn all(client: &agora::client::Client, mut actions: impl Iterator<Item = Action>) -> BTreeSet<AuctionId> {
    let (mut under_way, mut done_in) = (JoinSet::new(), BTreeSet::new());
    loop {
        for action in actions.by_ref().take(AT_ONCE - under_way.len()) {
            let client = client.clone();
            under_way.spawn(async move { done(&client, action).await.0 });
        }
        let Some(auction) = under_way.join_next().await else { return done_in };
        assert!(done_in.insert(auction.expect("a client that goes on")), "each once");
    }
}

#[tokio::test]
async fn ten_thousand_auctions_are_listed_each_once() {
    const AUCTIONS: usize = 10_000;
    let cluster = Cluster::of_size(1).await;
    let client = cluster.client(somebody()).await;
    let spec = Plan::of(1, 1).spec();
    let created = all(&client, std::iter::repeat_n(Action::Create(spec), AUCTIONS)).await;
    let list = async |state| client.list(state, Some(PATIENCE)).await.expect("an answer").auctions;
    let listed: Vec<_> = list(None).await.into_iter().map(|summary| summary.auction).collect();
    assert_eq!(listed, created.into_iter().collect::<Vec<_>>(), "in the order of their ids");
    let cancelled: Vec<_> = listed.iter().copied().step_by(100).collect();
    all(&client, cancelled.iter().map(|&auction| Action::Cancel { auction, reason: None })).await;
    let listed: Vec<_> = list(Some(Phase::Cancelled)).await.into_iter().map(|summary| summary.auction).collect();
    assert_eq!(listed, cancelled);
    assert_eq!(list(Some(Phase::Waiting)).await.len(), AUCTIONS - cancelled.len());
}

#[tokio::test]
async fn a_participant_takes_part_in_a_hundred_auctions_through_the_leader_s_death() {
    let mut cluster = Cluster::of_size(3).await;
    let (auctioneer, bidder) = (cluster.client(somebody()).await, cluster.client(somebody()).await);
    let spec = Plan::of(1, 1).spec();
    let auctions = all(&auctioneer, std::iter::repeat_n(Action::Create(spec), 100)).await;
    let mut followed = Vec::new();
    for &auction in &auctions {
        followed.push((auction, bidder.follow(auction).await));
    }
    all(&bidder, auctions.iter().map(|&auction| Action::Join(auction))).await;
    for (_, events) in &mut followed {
        until(events, |what| matches!(what, What::RoundStarted { .. })).await;
    }
    let leader = cluster.leader().await.node.uuid;
    cluster.kill(leader).await;
    let bid = |&auction: &AuctionId| Action::Bid { auction, round: None, amount: Some("7".into()) };
    all(&bidder, auctions.iter().map(bid)).await;
    for (auction, events) in &mut followed {
        let won = until(events, |what| matches!(what, What::Ended { .. })).await;
        let What::Ended { winner, .. } = won else { unreachable!() };
        assert_eq!(winner, Some(bidder.participant()), "{auction:?}");
    }
}

async fn until(events: &mut Events, wanted: impl Fn(&What) -> bool) -> What {
    within("the event", async {
        loop {
            let event = events.next().await.expect("it goes on").expect("the auction");
            if wanted(&event.what) {
                return event.what;
            }
        }
    })
    .await
}
