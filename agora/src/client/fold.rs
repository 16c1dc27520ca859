//! An auction as a participant or watcher sees it: the fold of the events that it was told.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::{Event, What};
use crate::amount::Amount;
use crate::auction::event::Spec;
use crate::auction::message::{Line, Phase};
use crate::id::{ParticipantId, Round, Seq};

/// An auction, as far as disclosed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Whose.
    pub auctioneer: ParticipantId,
    /// How it was set up.
    pub spec: Spec,
    /// Where it stands.
    pub phase: Phase,
    /// The open round, or the last; 0 before the first.
    pub round: Round,
    /// Whether bids of that round are taken.
    pub open: bool,
    /// Until the deadline of the ready check that is out, or of the open round, as of when its event was sent.
    pub remaining: Option<Duration>,
    /// In order of joining.
    pub bidders: Vec<ParticipantId>,
    /// All bids and passes, in order.
    pub bids: Vec<Bid>,
    /// The totals, best first, as of the last complete round; without totals while they are not disclosed.
    pub standings: Vec<Line>,
    /// Who won, and the total.
    pub winner: Option<(ParticipantId, Option<Amount>)>,
    /// What the winner pays (or is paid).
    pub price: Option<Amount>,
    /// Why it was cancelled.
    pub reason: Option<String>,
    /// The last event.
    pub last: Seq,
}

/// A bid or pass that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bid {
    /// Its event.
    pub seq: Seq,
    /// When.
    pub round: Round,
    /// Who.
    pub participant: ParticipantId,
    /// It is a pass.
    pub pass: bool,
    /// How much, as far as disclosed.
    pub amount: Option<Amount>,
}

impl View {
    /// What an auction's first event tells; `None` for all other events.
    pub fn begin(event: &Event) -> Option<Self> {
        let What::Created { auctioneer, spec } = &event.what else { return None };
        Some(Self {
            auctioneer: *auctioneer,
            spec: spec.clone(),
            phase: Phase::Waiting,
            round: Round(0),
            open: false,
            remaining: None,
            bidders: Vec::new(),
            bids: Vec::new(),
            standings: Vec::new(),
            winner: None,
            price: None,
            reason: None,
            last: event.head.seq,
        })
    }

    /// Folds the events of one auction, in order; `None` unless they begin with its first.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let mut view = Self::begin(events.next()?)?;
        for event in events {
            view.apply(event);
        }
        Some(view)
    }

    /// Adds the next event.
    pub fn apply(&mut self, event: &Event) {
        self.last = event.head.seq;
        if !matches!(event.what, What::Bid { .. } | What::Joined { .. } | What::Left { .. }) {
            self.remaining = None;
        }
        match &event.what {
            What::Created { .. } => {}
            What::ReadyCheck { remaining } => self.remaining = Some(*remaining),
            What::Joined { participant } => self.bidders.push(*participant),
            What::Left { participant } => {
                self.bidders.retain(|bidder| bidder != participant);
                if !self.has_minimum() {
                    self.remaining = None;
                }
            }
            What::Started => self.phase = Phase::Active,
            What::RoundStarted { round, remaining } => {
                self.round = *round;
                self.open = true;
                self.remaining = *remaining;
            }
            What::Bid { round, participant, pass, amount } => {
                let (seq, round, participant) = (event.head.seq, *round, *participant);
                self.bids.push(Bid { seq, round, participant, pass: *pass, amount: *amount });
            }
            What::RoundCompleted { round, lines } => {
                self.open = false;
                self.disclose(*round, lines);
                self.standings.clone_from(lines);
            }
            What::Ended { winner, total, price, lines, .. } => {
                self.phase = Phase::Completed;
                self.open = false;
                self.winner = winner.map(|winner| (winner, *total));
                self.price = *price;
                self.standings.clone_from(lines);
            }
            What::Cancelled { reason } => {
                self.phase = Phase::Cancelled;
                self.open = false;
                self.reason = Some(reason.clone());
            }
        }
    }

    /// Whether as many bidders are there as the auction needs; else no ready check is out.
    pub fn has_minimum(&self) -> bool {
        u32::try_from(self.bidders.len()).is_ok_and(|joined| joined >= self.spec.bidders)
    }

    /// A complete round opens the amounts of its bids.
    fn disclose(&mut self, round: Round, lines: &[Line]) {
        let amounts: BTreeMap<_, _> = lines.iter().filter_map(|line| Some((line.participant, line.amount?))).collect();
        for bid in self.bids.iter_mut().rev().take_while(|bid| bid.round >= round) {
            if bid.round == round && !bid.pass && bid.amount.is_none() {
                bid.amount = amounts.get(&bid.participant).copied();
            }
        }
    }
}
