//! The prototype: amounts are broadcast before the round closes.

use agora::auction::message::{Bidding, Outcome};
use agora::id::Seq;
use agora::wire::Message;

use crate::cluster::{Cluster, somebody};
use crate::house::{House, Plan};
use crate::stranger::{Stranger, session};

/// Found nowhere else in a datagram.
const SECRET: &str = "12345.678901";

/// A watcher sees the order of the bids, and not one byte of their amounts before the round is over.
#[tokio::test]
async fn no_datagram_tells_an_amount_before_its_round_is_over() {
    let cluster = Cluster::of_size(3).await;
    let mut house = House::open(&cluster, &Plan::of(1, 2)).await;
    let leader = cluster.leader().await;
    let mut watcher = Stranger::new().await;
    let session = session(somebody(), watcher.cookie(leader.address).await);
    let (auction, after, held) = (Some(house.auction), Seq(0), None);
    let ask = Message::Outcome(Outcome::EventsRequest { session, auction, after, held });
    watcher.send(leader.address, &ask).await;
    let bid = |message: &Message| match message {
        Message::Bidding(Bidding::Broadcast { participant, amount, .. }) => Some((*participant, *amount)),
        _ => None,
    };
    house.bid(0, 1, SECRET).await;
    assert_eq!(watcher.hear("the bid", bid).await, (house.bidders[0].participant(), None));
    // Asking again for everything tells no more.
    watcher.send(leader.address, &ask).await;
    assert_eq!(watcher.hear("the bid again", bid).await, (house.bidders[0].participant(), None));
    assert!(!tells(&watcher), "the round is open");

    house.bid(1, 1, "2").await;
    watcher
        .hear("the end of the round", |message| match message {
            Message::Bidding(Bidding::RoundComplete { .. }) => Some(()),
            _ => None,
        })
        .await;
    assert!(tells(&watcher), "the round is over");
    house.verify().await;
}

fn tells(watcher: &Stranger) -> bool {
    watcher.heard.iter().any(|datagram| datagram.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes()))
}
