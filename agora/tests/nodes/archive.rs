//! Finished auctions leave: the log gets smaller, who comes late is given a snapshot, and with a data directory what has
//! left can still be asked for.

use std::time::Duration;

use agora::auction::message::Phase;
use agora::auction::transcript;
use agora::client::message::Action;
use agora::config::{Mode, Settings};
use agora::disk::{ARCHIVE, LOG};
use agora::id::{AuctionId, ParticipantId, Position, Seq};
use agora::node::{NodeHandle, Told};
use agora::transport::free_broadcast_port;

use crate::disk::{Folder, bid, done, kill, participant, spec};
use crate::{PATIENCE, builder, in_time};

/// Auctions leave as soon as they are over, answers are forgotten soon, and little is worth a compaction.
fn settings(mode: Mode) -> Settings {
    Settings {
        mode,
        auction_retention: Duration::ZERO,
        request_retention: Duration::from_secs(3),
        log_tail: 16,
        ..Settings::lan()
    }
}

fn start(folder: &Folder, port: u16, number: u64, mode: Mode) -> NodeHandle {
    let node = builder(number, port).settings(settings(mode)).data_dir(folder.of(number));
    node.build().expect("a directory of its own").spawn()
}

/// The last event of what [`played`] plays: created, two join, started; two rounds, each of its start, two bids and its end;
/// and completed.
const LAST: Seq = Seq(13);

/// An auction that is over.
async fn played(node: &NodeHandle, who: [ParticipantId; 3]) -> AuctionId {
    let client = async |who| node.client(who).await.expect("a client");
    let (auctioneer, alice, bob) = (client(who[0]).await, client(who[1]).await, client(who[2]).await);
    let (auction, _) = done(&auctioneer, Action::Create(spec())).await;
    done(&alice, Action::Join(auction)).await;
    done(&bob, Action::Join(auction)).await;
    for amount in ["10", "20"] {
        done(&alice, bid(auction, amount)).await;
        done(&bob, bid(auction, "7")).await;
    }
    auction
}

#[tokio::test]
async fn what_has_left_is_shown_and_listed_from_the_archive_also_by_the_next_life() {
    let (folder, port) = (Folder::new(), free_broadcast_port().expect("a free port"));
    let mut node = start(&folder, port, 1, Mode::Majority(1));
    in_time(node.ready()).await.expect("it runs");
    let mut auctions = Vec::new();
    for number in 0..5 {
        auctions.push(played(&node, [10, 20, 30].map(|who| participant(who + number))).await);
    }
    let auctioneer = node.client(participant(1)).await.expect("a client");
    let (waiting, _) = done(&auctioneer, Action::Create(spec())).await;
    let mut all = [&auctions[..], &[waiting]].concat();
    all.sort_unstable();
    auctions.sort_unstable();
    for life in 0..2 {
        let client = node.client(participant(1)).await.expect("a client");
        let list = async |phase| client.list(phase, Some(PATIENCE)).await.expect("an answer").auctions;
        let ids = async |phase| list(phase).await.into_iter().map(|summary| summary.auction).collect::<Vec<_>>();
        assert_eq!(ids(None).await, all, "life {life}");
        assert_eq!(ids(Some(Phase::Completed)).await, auctions);
        assert_eq!(ids(Some(Phase::Waiting)).await, [waiting]);
        assert!(ids(Some(Phase::Cancelled)).await.is_empty());
        for auction in &auctions {
            let view = client.show(*auction, Some(PATIENCE)).await.expect("an answer").expect("the auction");
            assert_eq!(
                (view.phase, view.bids.len(), view.standings[0].total.map(|total| total.to_string())),
                (Phase::Completed, 4, Some("30".to_owned()))
            );
            let hex = auction.0.to_string();
            let file = folder.of(1).join(ARCHIVE).join(&hex[..2]).join(format!("{hex}.jsonl"));
            let text = std::fs::read_to_string(file).expect("the transcript");
            let lines = transcript::read(&text).expect("it is whole");
            assert_eq!((lines.len() as u64, lines.last().map(|line| line.seq)), (LAST.0, Some(LAST)));
        }
        kill(vec![node]).await;
        node = start(&folder, port, 1, Mode::Majority(1));
        in_time(node.ready()).await.expect("it runs");
    }
    kill(vec![node]).await;
}

#[tokio::test]
async fn a_log_that_was_compacted_is_smaller_and_who_comes_late_holds_the_same() {
    let (folder, port) = (Folder::new(), free_broadcast_port().expect("a free port"));
    let one = start(&folder, port, 1, Mode::Reachable);
    in_time(one.ready()).await.expect("it runs");
    let client = one.client(participant(1)).await.expect("a client");
    let (waiting, _) = done(&client, Action::Create(spec())).await;
    let (mut sizes, mut number) = (vec![0], 0);
    let shrank = async {
        while sizes.is_sorted() {
            number += 10;
            played(&one, [10, 20, 30].map(|who| participant(who + number))).await;
            sizes.push(std::fs::metadata(folder.of(1).join(LOG)).expect("the log").len());
        }
    };
    in_time(shrank).await;
    let two = start(&folder, port, 2, Mode::Reachable);
    in_time(two.ready()).await.expect("it runs");
    // Its log is what was kept.
    let mut committed = two.committed(Position::START);
    let mut skipped = false;
    let seen = async {
        loop {
            match committed.next().await.expect("it runs") {
                Told::Skipped => skipped = true,
                Told::Event { event, .. } if event.events.iter().any(|event| event.auction() == waiting) => return,
                Told::Event { .. } => {}
                Told::OtherLog => panic!("there is one log"),
            }
        }
    };
    in_time(seen).await;
    // Alone, it goes on with all that was left.
    kill(vec![one]).await;
    let client = two.client(participant(1)).await.expect("a client");
    let view = client.show(waiting, Some(PATIENCE)).await.expect("an answer").expect("the auction");
    assert_eq!(view.phase, Phase::Waiting);
    played(&two, [1, 2, 3].map(participant)).await;
    let rest = async {
        while !skipped {
            skipped = matches!(committed.next().await, Some(Told::Skipped));
        }
    };
    in_time(rest).await;
    kill(vec![two]).await;
}
