//! WIN-1: one winner per auction, the same at every participant, equal to a fold of the log.

use agora::auction::message::{Ending, Outcome};
use agora::id::ParticipantId;
use agora::wire::Message;

use super::fold::Auction;
use super::{Ledger, Violation};

/// A client received a message; a result must be the fold's.
pub(crate) fn received(ledger: &Ledger, participant: ParticipantId, message: &Message) -> Result<(), Violation> {
    let (ending, won): (&Ending, Option<bool>) = match message {
        Message::Outcome(Outcome::Winner(ending)) => (ending, Some(true)),
        Message::Outcome(Outcome::Loser(ending)) => (ending, Some(false)),
        Message::Outcome(Outcome::Result(ending)) => (ending, None),
        _ => return Ok(()),
    };
    let folded = ledger.auctions.get(&ending.head.auction).filter(|auction| auction.complete).map(Auction::best);
    let whole = |amount: agora::amount::Amount| amount.to_string().parse().unwrap_or(0);
    let sums = ending.total.map(whole).zip(ending.price.map(whole));
    let told = ending.winner.zip(sums).map(|(winner, (total, price))| (winner, total, price));
    let right = folded == Some(told) && won.is_none_or(|won| won == (ending.winner == Some(participant)));
    if right {
        return Ok(());
    }
    Err(Violation::new("WIN-1", format!("{participant} is told {message:?}, but the fold says {folded:?}")))
}
