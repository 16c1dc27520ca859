//! ORDER-1: every participant of an auction sees the same events in the same order, without gaps: those of the log.

use std::collections::BTreeMap;

use agora::auction::event::Event;
use agora::client::event::{Event as Told, What};
use agora::id::AuctionId;

use super::fold::Auction;
use super::oracle::{Ended, Stream};
use super::{Logs, Oracle, Violation};
use crate::schedule::Promise;

/// What a client is told of an auction whose history has lost.
const SUPERSEDED: &str = "superseded";

/// In the end: every stream tells the history of one log, and all of it if it has ended.
pub(crate) fn check(logs: &Logs, oracle: &Oracle, promise: Promise) -> Result<(), Violation> {
    let branches: Vec<BTreeMap<AuctionId, Auction>> = match promise {
        Promise::OneLog => logs.longest().map(super::log::Log::auctions).into_iter().collect::<Result<_, _>>()?,
        Promise::Branches => logs.lives().iter().map(super::log::Log::auctions).collect::<Result<_, _>>()?,
    };
    for stream in &oracle.streams {
        let mut histories = branches.iter().map(|auctions| auctions.get(&stream.auction));
        let mut wrong = None;
        let fits = histories.any(|history| match differs(stream, history, promise) {
            Some(what) => {
                wrong.get_or_insert(what);
                false
            }
            None => true,
        });
        if !fits && let Some(what) = wrong {
            let Stream { participant, auction, .. } = stream;
            return Err(Violation::new("ORDER-1", format!("{participant} is told of {auction}: {what}")));
        }
    }
    Ok(())
}

/// What is wrong with a stream, if this is the history that it tells.
fn differs(stream: &Stream, history: Option<&Auction>, promise: Promise) -> Option<String> {
    let mut told = stream.events.as_slice();
    let mut cut_off = false;
    if promise == Promise::Branches
        && let Some((last, before)) = told.split_last()
        && matches!(&last.what, What::Cancelled { reason } if reason == SUPERSEDED)
    {
        (told, cut_off) = (before, true);
    }
    if stream.end == Some(Ended::NotFound) {
        if promise == Promise::OneLog {
            return Some("there is none".into());
        }
        cut_off = true;
    }
    let events = history.map_or(&[][..], |history| &history.events);
    for (place, event) in told.iter().enumerate() {
        let known = events.get(place);
        if event.head.seq.0 != place as u64 + 1 || !known.is_some_and(|known| tells(event, known)) {
            return Some(format!("{event:?}, as event {}, but committed is {known:?}", place + 1));
        }
    }
    let whole = told.len() == events.len() || cut_off || stream.end.is_none();
    (!whole).then(|| format!("{} events of {}", told.len(), events.len()))
}

/// Whether this tells that.
fn tells(told: &Told, event: &Event) -> bool {
    match (&told.what, event) {
        (What::Created { auctioneer, spec }, Event::AuctionCreated { auctioneer: a, spec: s, .. }) => {
            auctioneer == a && *spec == **s
        }
        (What::Joined { participant }, Event::ParticipantJoined { participant: p, .. })
        | (What::Left { participant }, Event::ParticipantLeft { participant: p, .. }) => participant == p,
        (What::ReadyCheck { .. }, Event::ReadyCheck { .. })
        | (What::Started, Event::AuctionStarted { .. })
        | (What::Ended { .. }, Event::AuctionCompleted { .. }) => true,
        (What::RoundStarted { round, .. }, Event::RoundStarted { round: r, .. })
        | (What::RoundCompleted { round, .. }, Event::RoundCompleted { round: r, .. }) => round == r,
        (
            What::Bid { round, participant, pass: false, amount },
            Event::BidAccepted { round: r, participant: p, amount: a, .. },
        ) => round == r && participant == p && amount.is_none_or(|amount| amount == *a),
        (What::Bid { round, participant, pass: true, .. }, Event::Passed { round: r, participant: p, .. }) => {
            round == r && participant == p
        }
        (What::Cancelled { reason }, Event::AuctionCancelled { reason: r, .. }) => reason == r,
        _ => false,
    }
}
