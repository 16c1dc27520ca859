//! ORDER-1: every participant of an auction sees the same events in the same order, without gaps: number `seq` at every
//! client is number `seq` of the fold of what is committed.

use agora::auction::decide::SUPERSEDED;
use agora::auction::event::Event;
use agora::auction::message::{Bidding, Head, Outcome};
use agora::id::ParticipantId;
use agora::wire::Message;

use super::{Ledger, Violation};

/// A client received a message; one that tells an event must tell the committed one.
pub(crate) fn received(ledger: &Ledger, participant: ParticipantId, message: &Message) -> Result<(), Violation> {
    let Some(head) = head(message) else { return Ok(()) };
    let known = usize::try_from(head.seq.0.saturating_sub(1))
        .ok()
        .and_then(|place| ledger.auctions.get(&head.auction)?.events.get(place));
    if known.is_some_and(|event| tells(message, event)) {
        return Ok(());
    }
    // Mode `reachable`: that an auction was archived, nobody can tell from another history.
    let archived = ledger.auctions.get(&head.auction).is_some_and(|folded| folded.archived);
    if archived && matches!(message, Message::Outcome(Outcome::Cancel { reason, .. }) if reason == SUPERSEDED) {
        return Ok(());
    }
    Err(Violation::new("ORDER-1", format!("{participant} is told {message:?}, but committed is {known:?}")))
}

/// The head of an event message.
pub(crate) const fn head(message: &Message) -> Option<Head> {
    match message {
        Message::Bidding(
            Bidding::Created { head, .. }
            | Bidding::Joined { head, .. }
            | Bidding::Left { head, .. }
            | Bidding::ReadyCheck { head, .. }
            | Bidding::Start { head }
            | Bidding::RoundStart { head, .. }
            | Bidding::Broadcast { head, .. }
            | Bidding::RoundComplete { head, .. },
        )
        | Message::Outcome(Outcome::Cancel { head, .. }) => Some(*head),
        Message::Outcome(Outcome::Winner(ending) | Outcome::Loser(ending) | Outcome::Result(ending)) => {
            Some(ending.head)
        }
        _ => None,
    }
}

fn tells(message: &Message, event: &Event) -> bool {
    match (message, event) {
        (
            Message::Bidding(Bidding::Created { auctioneer, spec, .. }),
            Event::AuctionCreated { auctioneer: a, spec: s, .. },
        ) => auctioneer == a && *spec == **s,
        (Message::Bidding(Bidding::Joined { participant, .. }), Event::ParticipantJoined { participant: p, .. })
        | (Message::Bidding(Bidding::Left { participant, .. }), Event::ParticipantLeft { participant: p, .. }) => {
            participant == p
        }
        (Message::Bidding(Bidding::ReadyCheck { .. }), Event::ReadyCheck { .. })
        | (Message::Bidding(Bidding::Start { .. }), Event::AuctionStarted { .. })
        | (
            Message::Outcome(Outcome::Winner(_) | Outcome::Loser(_) | Outcome::Result(_)),
            Event::AuctionCompleted { .. },
        ) => true,
        (Message::Bidding(Bidding::RoundStart { round, .. }), Event::RoundStarted { round: r, .. })
        | (Message::Bidding(Bidding::RoundComplete { round, .. }), Event::RoundCompleted { round: r, .. }) => {
            round == r
        }
        (
            Message::Bidding(Bidding::Broadcast { round, participant, pass: false, amount, .. }),
            Event::BidAccepted { round: r, participant: p, amount: a, .. },
        ) => round == r && participant == p && amount.is_none_or(|amount| amount == *a),
        (
            Message::Bidding(Bidding::Broadcast { round, participant, pass: true, .. }),
            Event::Passed { round: r, participant: p, .. },
        ) => round == r && participant == p,
        (Message::Outcome(Outcome::Cancel { reason, .. }), Event::AuctionCancelled { reason: r, .. }) => reason == r,
        _ => false,
    }
}
