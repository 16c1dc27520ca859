//! The prototype: a bid can be changed after others were seen, the auctioneer bids, and a silent bidder blocks the round
//! for as long as anybody waited.

use std::time::Duration;

use agora::auction::event::Start;
use agora::auction::message::Phase;
use agora::auction::refusal::Code;
use agora::client::message::Action;
use agora::id::{AuctionId, Round};
use uuid::Uuid;

use crate::cluster::{Cluster, somebody};
use crate::house::{House, Plan, done, refused};

fn bid(auction: AuctionId, round: u32, amount: &str) -> Action {
    Action::Bid { auction, round: Some(Round(round)), amount: Some(amount.into()) }
}

#[tokio::test]
async fn who_may_not_bid_is_refused_and_the_auction_goes_on() {
    let cluster = Cluster::of_size(3).await;
    let mut house = House::open(&cluster, &Plan::of(2, 2)).await;
    let auction = house.auction;
    let stranger = cluster.client(somebody()).await;
    let nowhere = AuctionId(Uuid::from_u64_pair(3, 3));

    assert_eq!(refused(&stranger, bid(auction, 1, "50")).await, Code::NotParticipant);
    assert_eq!(refused(&stranger, Action::Join(auction)).await, Code::NotOpen, "it runs");
    assert_eq!(refused(&stranger, bid(nowhere, 1, "50")).await, Code::NotFound);
    assert_eq!(refused(&house.auctioneer, bid(auction, 1, "50")).await, Code::IsAuctioneer);
    assert_eq!(refused(&house.auctioneer, Action::Join(auction)).await, Code::IsAuctioneer);
    assert_eq!(refused(&house.bidders[0], Action::Join(auction)).await, Code::AlreadyJoined);
    assert_eq!(refused(&house.bidders[0], bid(auction, 2, "50")).await, Code::WrongRound);
    assert_eq!(refused(&house.bidders[0], bid(auction, 0, "50")).await, Code::WrongRound);
    house.bid(0, 1, "10").await;
    house.bid(1, 1, "11").await;
    assert_eq!(refused(&house.bidders[0], bid(auction, 1, "50")).await, Code::RoundClosed);
    house.bid(0, 2, "10").await;
    house.bid(1, 2, "11").await;
    house.verify().await;
    assert_eq!(refused(&house.bidders[0], bid(auction, 2, "50")).await, Code::NotOpen, "it is over");
    house.verify().await;
}

#[tokio::test]
async fn a_bid_binds() {
    let cluster = Cluster::of_size(3).await;
    let mut house = House::open(&cluster, &Plan::of(1, 2)).await;
    let stands = house.bid(0, 1, "10").await;
    let pass = Action::Bid { auction: house.auction, round: Some(Round(1)), amount: None };
    assert_eq!(refused(&house.bidders[0], bid(house.auction, 1, "99")).await, Code::AlreadyBid);
    assert_eq!(refused(&house.bidders[0], bid(house.auction, 1, "9")).await, Code::AlreadyBid);
    assert_eq!(refused(&house.bidders[0], pass).await, Code::AlreadyBid);
    assert_eq!(done(&house.bidders[0], bid(house.auction, 1, "10.0")).await.1, stands, "the same again is the same");
    house.bid(1, 1, "11").await;
    house.verify().await;
}

#[tokio::test]
async fn a_silent_bidder_holds_nobody_up_and_may_come_back() {
    let cluster = Cluster::of_size(3).await;
    // Long enough for whoever does bid in it, on a busy machine.
    let plan = Plan { round_timeout: Some(Duration::from_secs(3)), ..Plan::of(2, 2) };
    let mut house = House::open(&cluster, &plan).await;
    house.bid(0, 1, "10").await;
    house.until_round(2).await;
    assert_eq!(refused(&house.bidders[1], bid(house.auction, 1, "50")).await, Code::RoundClosed, "late");
    house.bid(0, 2, "10").await;
    house.bid(1, 2, "19").await;
    house.verify().await;
}

#[tokio::test]
async fn an_auction_that_nobody_bids_in_ends_without_a_winner() {
    let cluster = Cluster::of_size(1).await;
    let plan = Plan { round_timeout: Some(Duration::from_millis(50)), ..Plan::of(2, 2) };
    let view = House::open(&cluster, &plan).await.until_completed().await;
    assert_eq!((view.bids, view.winner), (vec![], None));
}

#[tokio::test]
async fn only_the_auctioneer_starts_it_and_not_before_the_bidders_are_there() {
    let cluster = Cluster::of_size(3).await;
    let plan = Plan { start: Start::Confirm, ..Plan::of(1, 2) };
    let (auctioneer, first) = (cluster.client(somebody()).await, cluster.client(somebody()).await);
    let mut house = House::among(auctioneer, vec![first], &plan).await;
    assert_eq!(refused(&house.auctioneer, Action::Start(house.auction)).await, Code::NotReady);
    house.bidders.push(cluster.client(somebody()).await);
    done(&house.bidders[1], Action::Join(house.auction)).await;
    let stranger = cluster.client(somebody()).await;
    assert_eq!(refused(&house.bidders[0], Action::Start(house.auction)).await, Code::NotAuctioneer);
    assert_eq!(refused(&stranger, Action::Start(house.auction)).await, Code::NotAuctioneer);
    assert_eq!(refused(&house.bidders[0], bid(house.auction, 1, "10")).await, Code::NotOpen, "it has not begun");
    assert_eq!(house.show().await.phase, Phase::Waiting);
    done(&house.auctioneer, Action::Start(house.auction)).await;
    assert_eq!(refused(&house.auctioneer, Action::Start(house.auction)).await, Code::NotOpen, "it runs");
    house.bid(0, 1, "10").await;
    house.bid(1, 1, "11").await;
    house.verify().await;
}
