//! SEAL-1: no amount of a sealed round leaves the leader for a participant before ROUND_COMPLETE. All auctions of the
//! simulator are sealed.

use agora::auction::event::{Decision, Event};
use agora::auction::message::Bidding;
use agora::id::ParticipantId;

use super::{Shadow, Violation};

/// A manager applies a decision: remembers which rounds it completes.
pub(crate) fn applied(shadow: &mut Shadow, decision: &Decision) {
    for event in &decision.events {
        if let Event::RoundCompleted { auction, round } = event {
            shadow.complete.insert((*auction, *round));
        }
    }
}

/// A manager sends to a client.
pub(crate) fn sent(shadow: &Shadow, to: Option<ParticipantId>, message: &Bidding) -> Result<(), Violation> {
    let open = match message {
        Bidding::Broadcast { participant, amount: Some(_), .. } if Some(*participant) == to => return Ok(()),
        Bidding::Broadcast { head, round, amount: Some(_), .. } => (head.auction, *round),
        Bidding::RoundComplete { head, round, .. } => (head.auction, *round),
        _ => return Ok(()),
    };
    if shadow.complete.contains(&open) {
        return Ok(());
    }
    Err(Violation::new("SEAL-1", format!("{:?} tells {to:?} early: {message:?}", shadow.me.node)))
}
