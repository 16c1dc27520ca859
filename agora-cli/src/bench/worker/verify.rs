//! What a fresh session is shown of an auction, against what was acknowledged.

use std::collections::BTreeMap;

use agora::amount::Amount;
use agora::auction::message::Phase;
use agora::client::event::Event;
use agora::client::fold::View;
use agora::client::message::Command;
use agora::id::Round;

use super::hall::{Kept, amount};
use super::ticket::{About, Ticket};
use crate::bench::talk::Verified;

/// The auctions that are looked at, as far as they were shown.
#[derive(Debug)]
pub(super) struct Witness {
    kept: BTreeMap<u32, Kept>,
    views: BTreeMap<u32, View>,
    verified: Verified,
}

impl Witness {
    /// What a fresh seat is told to follow.
    pub(super) fn begin(kept: Vec<Kept>) -> (Self, Vec<Command>) {
        let follow = |kept: &Kept| Command::Follow {
            ticket: Ticket::of(kept.lot, 0, About::Witness),
            auction: Some(kept.id),
            room: usize::MAX,
        };
        let commands = kept.iter().map(follow).collect();
        let kept = kept.into_iter().map(|kept| (kept.lot, kept)).collect();
        (Self { kept, views: BTreeMap::new(), verified: Verified::default() }, commands)
    }

    /// Whether all were shown whole.
    pub(super) fn is_done(&self) -> bool {
        self.kept.is_empty()
    }

    pub(super) fn event(&mut self, lot: u32, event: &Event) {
        match self.views.get_mut(&lot) {
            Some(view) => view.apply(event),
            None => self.views.extend(View::begin(event).map(|view| (lot, view))),
        }
        if event.what.is_last()
            && let (Some(kept), Some(view)) = (self.kept.remove(&lot), self.views.remove(&lot))
        {
            self.compare(&kept, &view);
        }
    }

    /// Patience is over. What was not shown is unseen.
    pub(super) fn end(self) -> Verified {
        Verified { unseen: self.kept.len() as u64, ..self.verified }
    }

    fn compare(&mut self, kept: &Kept, view: &View) {
        let shown: BTreeMap<_, _> =
            view.bids.iter().filter_map(|bid| Some(((bid.round, *kept.bidders.get(&bid.participant)?), bid))).collect();
        self.verified.auctions += 1;
        for (round, bidder, seq) in &kept.record {
            self.verified.bids += 1;
            let wanted = amount(kept.lot, *bidder, *round);
            match shown.get(&(Round(*round), *bidder)) {
                None => self.verified.lost += 1,
                // An amount is not shown where the auction was ended before its round was.
                Some(bid) if bid.seq == *seq && bid.amount.is_none_or(|amount| amount == wanted) => {}
                Some(_) => self.verified.wrong += 1,
            }
        }
        if view.phase == Phase::Completed && view.winner.and_then(|(_, total)| total) != most(kept) {
            self.verified.wrong += 1;
        }
    }
}

/// The highest total, by what was acknowledged.
fn most(kept: &Kept) -> Option<Amount> {
    let total = |bidder: &u32| {
        (1..=kept.rounds).try_fold(Amount::ZERO, |sum, round| sum.checked_add(amount(kept.lot, *bidder, round)))
    };
    kept.bidders.values().filter_map(total).max()
}
