//! An auction folded from its committed events, by rules written a second time, for the simulator alone.

use std::collections::BTreeMap;

use agora::auction::event::Event;
use agora::id::{Index, ParticipantId, Round};

use super::Violation;

/// An auction, as its committed events tell.
#[derive(Debug, Default)]
pub(crate) struct Auction {
    /// All its events: number `seq` is at `seq - 1`.
    pub events: Vec<Event>,
    /// Who bid in which round, and how much.
    bids: BTreeMap<(Round, ParticipantId), u64>,
    /// Sums, and the entry at which each was reached.
    totals: BTreeMap<ParticipantId, (u64, Index)>,
    /// It has its result.
    pub complete: bool,
}

impl Auction {
    /// Takes the next event in.
    pub(crate) fn apply(&mut self, index: Index, event: &Event) -> Result<(), Violation> {
        if self.complete {
            return Err(Violation::new("WIN-1", format!("{event:?} after the auction was complete")));
        }
        match event {
            Event::BidAccepted { round, participant, amount, .. } => {
                let amount = amount.to_string().parse().unwrap_or(0);
                if let Some(earlier) = self.bids.insert((*round, *participant), amount) {
                    let what = format!("{participant} bid {earlier}, then {amount} in round {round}");
                    return Err(Violation::new("ONCE-1", what));
                }
                let total = self.totals.entry(*participant).or_insert((0, index));
                *total = (total.0 + amount, index);
            }
            Event::AuctionCompleted { .. } => self.complete = true,
            _ => {}
        }
        self.events.push(event.clone());
        Ok(())
    }

    /// Who wins, with which total: the highest; among equals who reached it first.
    pub(crate) fn best(&self) -> Option<(ParticipantId, u64)> {
        self.totals
            .iter()
            .max_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))
            .map(|(participant, (total, _))| (*participant, *total))
    }
}
