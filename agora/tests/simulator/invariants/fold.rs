//! An auction folded from its committed events, by rules written a second time, for the simulator alone.

use std::collections::{BTreeMap, BTreeSet};

use agora::auction::event::{Event, Rule};
use agora::id::{Index, ParticipantId, Round};

use super::Violation;

/// An auction, as its committed events tell.
#[derive(Debug, Default)]
pub(crate) struct Auction {
    /// All its events: number `seq` is at `seq - 1`.
    pub events: Vec<Event>,
    /// Which rule, and its limit.
    rule: Option<(Rule, u64)>,
    /// Who is in.
    bidders: BTreeSet<ParticipantId>,
    /// Who bid in which round, and how much.
    bids: BTreeMap<(Round, ParticipantId), u64>,
    /// Sums, and the entry at which each was reached.
    totals: BTreeMap<ParticipantId, (u64, Index)>,
    /// It has its result.
    pub complete: bool,
    /// It has none.
    cancelled: bool,
    /// It is not kept any more.
    pub archived: bool,
}

impl Auction {
    /// Takes the next event in.
    pub(crate) fn apply(&mut self, index: Index, event: &Event) -> Result<(), Violation> {
        if let Event::AuctionArchived { .. } = event {
            if self.archived || !(self.complete || self.cancelled) {
                return Err(Violation::new("WIN-1", format!("{event:?} before the auction was over, or again")));
            }
            self.archived = true;
            return Ok(());
        }
        if self.complete || self.cancelled {
            return Err(Violation::new("WIN-1", format!("{event:?} after the auction was over")));
        }
        match event {
            Event::AuctionCreated { spec, .. } => {
                self.rule = Some((spec.rule, spec.limit.to_string().parse().unwrap_or(0)));
            }
            Event::ParticipantJoined { participant, .. } if !self.bidders.insert(*participant) => {
                return Err(Violation::new("ONCE-1", format!("{participant} joined twice")));
            }
            Event::ParticipantLeft { participant, .. } if !self.bidders.remove(participant) => {
                return Err(Violation::new("ONCE-1", format!("{participant} left and was not in")));
            }
            Event::BidAccepted { participant, .. } if !self.bidders.contains(participant) => {
                return Err(Violation::new("ONCE-1", format!("{participant} bid and was not in")));
            }
            Event::BidAccepted { round, participant, amount, .. } => {
                let amount = amount.to_string().parse().unwrap_or(0);
                if let Some(earlier) = self.bids.insert((*round, *participant), amount) {
                    let what = format!("{participant} bid {earlier}, then {amount} in round {round}");
                    return Err(Violation::new("ONCE-1", what));
                }
                let total = self.totals.entry(*participant).or_insert((0, index));
                if amount > 0 {
                    *total = (total.0 + amount, index);
                }
            }
            Event::AuctionCompleted { .. } => self.complete = true,
            Event::AuctionCancelled { .. } => self.cancelled = true,
            _ => {}
        }
        self.events.push(event.clone());
        Ok(())
    }

    /// Who wins, with which total, at which price. Among equals who reached the total first.
    pub(crate) fn best(&self) -> Option<(ParticipantId, u64, u64)> {
        let (rule, limit) = self.rule?;
        let rounds = |who: &ParticipantId| self.bids.keys().filter(|(_, bidder)| bidder == who).count() as u64;
        let mut order: Vec<_> = self.totals.iter().collect();
        order.sort_by_key(|(who, (total, reached))| match rule {
            Rule::Highest | Rule::SecondPrice => (u64::MAX - total, 0, *reached),
            Rule::Lowest => (u64::MAX - rounds(who), *total, *reached),
        });
        let (winner, (total, _)) = *order.first()?;
        let price = match rule {
            Rule::Highest | Rule::Lowest => *total,
            Rule::SecondPrice => order.get(1).map_or(0, |(_, (second, _))| *second).max(limit * rounds(winner)),
        };
        Some((*winner, *total, price))
    }
}
