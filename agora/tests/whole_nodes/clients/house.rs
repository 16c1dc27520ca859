//! Who holds auctions, one after another.

use std::time::Duration;

use agora::amount::Amount;
use agora::auction::event::{Disclosure, Rule, Spec, Start};
use agora::client::event::What;
use agora::client::message::{Action, Reply};
use agora::id::AuctionId;

use super::{Asker, Stream};
use crate::schedule::{MILLI, Promise, SECOND};

/// So long it waits for bidders.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn hold(asker: &Asker) {
    let mut held = Vec::new();
    asker.pause(0, SECOND).await;
    while !asker.closing() {
        let spec = spec(asker);
        let confirm = spec.start == Start::Confirm;
        if let Some(Reply::Done(ack)) = asker.submit(Action::Create(spec)).await {
            let auction = ack.receipt.auction;
            asker.run.lock().board.auctions.push(auction);
            let stream = asker.follow(auction).await;
            attend(asker, auction, stream, confirm).await;
            held.push(auction);
        }
        asker.pause(10 * MILLI, 300 * MILLI).await;
    }
    // The history in which one has ended may have been set aside: then it still waits, and nobody else ends it.
    let parts = asker.run.lock().schedule.promise == Promise::Branches;
    for auction in held.into_iter().filter(|_| parts) {
        asker.submit(Action::Cancel { auction, reason: None }).await;
    }
}

async fn attend(asker: &Asker, auction: AuctionId, mut stream: Stream, confirm: bool) {
    let mut started = false;
    loop {
        let event = tokio::select! {
            biased;
            event = stream.next() => event,
            // Nobody comes.
            () = tokio::time::sleep(PATIENCE), if !started => {
                asker.submit(Action::Cancel { auction, reason: Some("nobody came".into()) }).await;
                started = true;
                continue;
            }
        };
        let Some(event) = event else { return };
        match event.what {
            What::ReadyCheck { .. } if confirm && asker.chance(900) => {
                asker.submit(Action::Start(auction)).await;
            }
            What::Started => started = true,
            What::RoundStarted { .. } if asker.chance(40) => {
                asker.submit(Action::Cancel { auction, reason: None }).await;
            }
            _ => {}
        }
    }
}

fn spec(asker: &Asker) -> Spec {
    let any = |of: u64| asker.between(0, of - 1);
    Spec {
        item: "Painting".into(),
        rule: [Rule::Highest, Rule::Lowest, Rule::SecondPrice][usize::try_from(any(3)).unwrap_or(0)],
        disclosure: match any(5) {
            0 => Disclosure::Open,
            1 => Disclosure::Secret,
            _ => Disclosure::Sealed,
        },
        limit: Amount::parse(if asker.chance(500) { "10" } else { "1000" }).expect("an amount"),
        rounds: u32::try_from(asker.between(1, 3)).unwrap_or(1),
        bidders: u32::try_from(asker.between(1, 2)).unwrap_or(1),
        round_timeout_ms: Some(asker.between(600, 1_500)),
        start: if asker.chance(500) { Start::Auto } else { Start::Confirm },
    }
}
