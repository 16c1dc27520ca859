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

    /// A seat is told. Bidders are told of their auctions' ends at any time: that is not what the fresh seat was shown.
    pub(super) fn event(&mut self, ticket: Ticket, event: &Event) {
        let Ticket { lot, about: About::Witness, .. } = ticket else { return };
        match self.views.get_mut(&lot) {
            Some(view) => view.apply(event),
            None => self.views.extend(View::begin(event).map(|view| (lot, view))),
        }
        if event.what.is_last()
            && let Some(view) = self.views.remove(&lot)
            && let Some(kept) = self.kept.remove(&lot)
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

#[cfg(test)]
mod tests {
    use agora::auction::event::{Disclosure, Rule, Spec, Start};
    use agora::auction::message::{Head, Line};
    use agora::client::event::{Side, What};
    use agora::id::{AuctionId, ParticipantId, Seq};
    use agora::time::At;
    use uuid::Uuid;

    use super::super::lot::Record;
    use super::*;

    const AUCTION: AuctionId = AuctionId(Uuid::from_u128(7));

    fn who(number: u32) -> ParticipantId {
        ParticipantId(Uuid::from_u128(u128::from(number) + 1))
    }

    /// A round of two bidders, as it is shown.
    fn shown() -> Vec<What> {
        let spec = Spec {
            item: "bench 3".into(),
            rule: Rule::Highest,
            disclosure: Disclosure::Sealed,
            limit: amount(3, 0, 0),
            rounds: 1,
            bidders: 2,
            round_timeout_ms: None,
            start: Start::Auto,
        };
        let bid = |bidder| What::Bid { round: Round(1), participant: who(bidder), pass: false, amount: None };
        let line = |bidder| Line { participant: who(bidder), amount: Some(amount(3, bidder, 1)), total: None };
        let total = (0..2).map(|bidder| amount(3, bidder, 1)).max();
        vec![
            What::Created { auctioneer: who(9), spec },
            What::RoundStarted { round: Round(1), remaining: None },
            bid(1),
            bid(0),
            What::RoundCompleted { round: Round(1), lines: vec![line(0), line(1)] },
            What::Ended { side: Side::Aside, winner: Some(who(1)), total, price: total, lines: Vec::new() },
        ]
    }

    fn verified(record: Record, shown: Vec<What>) -> Verified {
        told(record, shown.into_iter().map(|what| (About::Witness, what)))
    }

    /// `shown` says whom it is shown.
    fn told(record: Record, shown: impl IntoIterator<Item = (About, What)>) -> Verified {
        let bidders = (0..2).map(|bidder| (who(bidder), bidder)).collect();
        let (mut witness, commands) = Witness::begin(vec![Kept { id: AUCTION, lot: 3, rounds: 1, bidders, record }]);
        assert_eq!(commands.len(), 1);
        for ((about, what), seq) in shown.into_iter().zip(1..) {
            let head = Head { auction: AUCTION, epoch: 1, seq: Seq(seq), at: At(0) };
            witness.event(Ticket { lot: 3, bidder: 0, about }, &Event { head, what });
        }
        witness.end()
    }

    #[test]
    fn what_is_as_acknowledged_is_neither_lost_nor_wrong() {
        let found = verified(vec![(1, 1, Seq(3)), (1, 0, Seq(4))], shown());
        assert_eq!(found, Verified { auctions: 1, bids: 2, ..Verified::default() });
    }

    #[test]
    fn what_is_missing_or_otherwise_is_noticed() {
        let both = || vec![(1, 1, Seq(3)), (1, 0, Seq(4))];
        let mut without = shown();
        without.remove(3);
        assert_eq!(verified(both(), without).lost, 1);
        assert_eq!(verified(vec![(1, 1, Seq(4))], shown()).wrong, 1, "another number");
        let mut otherwise = shown();
        if let What::RoundCompleted { lines, .. } = &mut otherwise[4] {
            lines[0].amount = Some(Amount::MAX);
        }
        assert_eq!(verified(both(), otherwise).wrong, 1, "another amount");
        let mut otherwise = shown();
        if let What::Ended { total, .. } = &mut otherwise[5] {
            *total = None;
        }
        assert_eq!(verified(both(), otherwise).wrong, 1, "another result");
        let mut unended = shown();
        unended.pop();
        assert_eq!(verified(both(), unended), Verified { unseen: 1, ..Verified::default() });
    }

    #[test]
    fn a_bidder_who_is_told_of_the_end_meanwhile_ends_nothing() {
        let end = What::Cancelled { reason: "the bench is over".into() };
        let mut shown: Vec<_> = shown().into_iter().map(|what| (About::Witness, what)).collect();
        shown.insert(2, (About::Events, end));
        let found = told(vec![(1, 1, Seq(4)), (1, 0, Seq(5))], shown);
        assert_eq!(found, Verified { auctions: 1, bids: 2, ..Verified::default() });
    }

    #[test]
    fn an_end_without_its_beginning_is_not_an_auction_that_was_seen() {
        let end = What::Cancelled { reason: "the bench is over".into() };
        assert_eq!(verified(vec![(1, 1, Seq(3))], vec![end]), Verified { unseen: 1, ..Verified::default() });
    }
}
