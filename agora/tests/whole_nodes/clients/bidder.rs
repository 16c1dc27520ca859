//! Who bids in every auction that there is; and its twin, who asks the same again.

use agora::client::event::What;
use agora::client::message::{Action, Reply};
use agora::id::{AuctionId, Round};
use tokio::task::spawn_local;

use super::Asker;
use crate::schedule::MILLI;

pub(super) async fn bid(asker: &Asker) {
    let (mut seen, mut tasks) = (0, Vec::new());
    loop {
        let (auctions, closing) = {
            let board = &asker.run.lock().board;
            (board.auctions[seen..].to_vec(), board.closing)
        };
        seen += auctions.len();
        if closing {
            break;
        }
        for auction in auctions {
            let asker = asker.clone();
            tasks.push(spawn_local(async move { bid_in(&asker, auction).await }));
        }
        asker.pause(20 * MILLI, 200 * MILLI).await;
    }
    for task in tasks {
        // One that panicked is noticed as a panic.
        let _ = task.await;
    }
}

async fn bid_in(asker: &Asker, auction: AuctionId) {
    if !matches!(asker.submit(Action::Join(auction)).await, Some(Reply::Done(_))) {
        return;
    }
    if asker.chance(50) {
        asker.submit(Action::Leave(auction)).await;
    }
    let mut stream = asker.follow(auction).await;
    while let Some(event) = stream.next().await {
        let What::RoundStarted { round, .. } = event.what else { continue };
        asker.pause(0, 300 * MILLI).await;
        asker.submit(bidding(asker, auction, round)).await;
        if asker.chance(100) {
            asker.submit(bidding(asker, auction, round)).await;
        }
    }
}

fn bidding(asker: &Asker, auction: AuctionId, round: Round) -> Action {
    let amount = match asker.between(0, 19) {
        0 => None,
        1 => Some("-5".into()),
        2 => Some("5".into()),
        _ => Some(asker.between(10, 1_000).to_string()),
    };
    let round = if asker.chance(50) { round.next() } else { round };
    Action::Bid { auction, round: Some(round), amount }
}

/// Two clients with one id: the second asks what the first has asked, sometimes for another amount.
pub(super) async fn repeat(asker: &Asker) {
    let mut seen = 0;
    let mut tasks = Vec::new();
    loop {
        let (requests, closing) = {
            let board = &asker.run.lock().board;
            (board.asked[seen..].to_vec(), board.closing)
        };
        seen += requests.len();
        for (request, mut action) in requests {
            if asker.chance(500) {
                continue;
            }
            if let Action::Bid { amount: amount @ Some(_), .. } = &mut action
                && asker.chance(300)
            {
                *amount = Some("77".into());
            }
            let asker = asker.clone();
            tasks.push(spawn_local(async move { asker.repeat(request, action).await }));
        }
        if closing {
            break;
        }
        asker.pause(10 * MILLI, 100 * MILLI).await;
    }
    for task in tasks {
        let _ = task.await;
    }
}
