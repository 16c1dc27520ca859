//! WIN-1: one winner per auction, the same at every participant, equal to a fold of the log.

use std::collections::BTreeMap;

use agora::amount::Amount;
use agora::auction::event::Event;
use agora::auction::message::Phase;
use agora::client::event::{Side, What};
use agora::client::fold::View;
use agora::id::{AuctionId, ParticipantId};

use super::fold::Auction;
use super::{Logs, Oracle, Violation};
use crate::schedule::Promise;

/// A winner, the total and the price.
type Winner = Option<(ParticipantId, u64, u64)>;

/// In the end: what each was told is the fold's; so is what is shown, down to the last bid.
pub(crate) fn check(logs: &Logs, oracle: &Oracle, promise: Promise) -> Result<(), Violation> {
    let branches: Vec<BTreeMap<AuctionId, Auction>> = match promise {
        Promise::OneLog => logs.longest().map(super::log::Log::auctions).into_iter().collect::<Result<_, _>>()?,
        Promise::Branches => logs.lives().iter().map(super::log::Log::auctions).collect::<Result<_, _>>()?,
    };
    for stream in &oracle.streams {
        let Some(What::Ended { side, winner, total, price, .. }) = stream.events.last().map(|event| &event.what) else {
            continue;
        };
        let told = result(*winner, *total, *price);
        let right = branches.iter().any(|auctions| auctions.get(&stream.auction).is_some_and(|one| one.best() == told));
        if !right || (*side == Side::Won) != (*winner == Some(stream.participant)) {
            let (who, auction) = (stream.participant, stream.auction);
            let fold: Vec<Winner> = branches.iter().filter_map(|one| Some(one.get(&auction)?.best())).collect();
            let what = format!("{who} is told that {auction} ended with {told:?} ({side:?}); the fold says {fold:?}");
            return Err(Violation::new("WIN-1", what));
        }
    }
    for (auction, view) in &oracle.shown {
        let shown = view.as_ref();
        let right = branches
            .iter()
            .any(|auctions| auctions.get(auction).is_some_and(|one| shown.is_some_and(|it| shows(it, one))));
        if !right {
            return Err(Violation::new("WIN-1", format!("{auction} is shown as {view:?}, which no log tells")));
        }
    }
    Ok(())
}

fn result(winner: Option<ParticipantId>, total: Option<Amount>, price: Option<Amount>) -> Winner {
    Some((winner?, whole(total?), whole(price?)))
}

/// All amounts here are whole.
fn whole(amount: Amount) -> u64 {
    amount.to_string().parse().unwrap_or(0)
}

/// Whether a view shows this auction: its bids in order, and its result.
fn shows(view: &View, auction: &Auction) -> bool {
    let bids = auction.events.iter().filter_map(|event| match event {
        Event::BidAccepted { round, participant, amount, .. } => Some((*round, *participant, Some(*amount))),
        Event::Passed { round, participant, .. } => Some((*round, *participant, None)),
        _ => None,
    });
    let complete = view.phase == Phase::Completed;
    let bids: Vec<_> = bids.collect();
    let same = bids.len() == view.bids.len()
        && bids.iter().zip(&view.bids).all(|((round, participant, amount), shown)| {
            let right = shown.amount.is_none_or(|shown| Some(shown) == *amount);
            (shown.round, shown.participant, shown.pass) == (*round, *participant, amount.is_none()) && right
        });
    let (winner, total) = view.winner.unzip();
    same && complete == auction.complete
        && (!complete || result(winner, total.flatten(), view.price) == auction.best())
        && view.last.0 == auction.events.len() as u64
}
