//! What an event does to an auction: the same on every node, in every client, in every test.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::event::{Event, MAX_BIDDERS, Spec};
use super::message::Phase;
use super::state::{Auction, Bidder, Standing};
use crate::amount::Amount;
use crate::id::{AuctionId, ParticipantId, Round, Seq};
use crate::time::At;

/// The places of an auction that nobody has joined, shared by all of them.
static NOBODY: LazyLock<Arc<BTreeMap<ParticipantId, usize>>> = LazyLock::new(Arc::default);

/// Applies the auction's next event and numbers it: returns its seq.
///
/// Total: an event that does not fit (another auction's, a bid in a closed round, …) changes nothing, gets no number and
/// returns `None`. [`decide`](super::decide::decide) and [`tick`](super::decide::tick) make only events that fit.
pub fn apply(state: &mut Option<Auction>, event: &Event) -> Option<Seq> {
    let Some(auction) = state else {
        let Event::AuctionCreated { auction: id, auctioneer, spec } = event else { return None };
        *state = Some(created(*id, *auctioneer, spec));
        return Some(Seq(1));
    };
    if auction.id != event.auction() {
        return None;
    }
    if matches!(event, Event::AuctionArchived { .. }) {
        return archive(state);
    }
    if !auction.change(event) {
        return None;
    }
    auction.seq = auction.seq.next();
    Some(auction.seq)
}

/// An auction that is over leaves. That has the number after its last event, which nobody is told.
fn archive(auction: &mut Option<Auction>) -> Option<Seq> {
    auction.take_if(|auction| auction.is_over()).map(|auction| auction.seq.next())
}

/// The auction right after its event `seq`, from its events, the first one first; `None` if there is no such event.
pub fn state_at<'a>(events: impl IntoIterator<Item = &'a Event>, seq: Seq) -> Option<Auction> {
    let mut auction = None;
    for event in events {
        if apply(&mut auction, event) == Some(seq) {
            return auction;
        }
    }
    None
}

fn created(id: AuctionId, auctioneer: ParticipantId, spec: &Arc<Spec>) -> Auction {
    Auction {
        id,
        auctioneer,
        spec: Arc::clone(spec),
        phase: Phase::Waiting,
        round: Round(0),
        open: false,
        seq: Seq(1),
        deadline: None,
        bidders: Vec::new(),
        places: Arc::clone(&NOBODY),
        silent: 0,
    }
}

impl Auction {
    /// Whether the event fits; if so, it is done.
    fn change(&mut self, event: &Event) -> bool {
        match *event {
            Event::AuctionCreated { .. } | Event::AuctionArchived { .. } => false,
            Event::ParticipantJoined { participant, .. } => self.join(participant),
            Event::ParticipantLeft { participant, .. } => self.leave(participant),
            Event::ReadyCheck { deadline, .. } => self.check_ready(deadline),
            Event::AuctionStarted { .. } => self.enter(Phase::Waiting, Phase::Active),
            Event::RoundStarted { round, deadline, .. } => self.open_round(round, deadline),
            Event::BidAccepted { round, participant, amount, .. } => self.bid(round, participant, amount),
            Event::Passed { round, participant, .. } => self.pass(round, participant),
            Event::RoundCompleted { round, .. } => self.close_round(round),
            Event::AuctionCompleted { .. } => {
                !self.open && self.round == Round(self.spec.rounds) && self.enter(Phase::Active, Phase::Completed)
            }
            Event::AuctionCancelled { .. } => {
                let fits = self.enter(Phase::Waiting, Phase::Cancelled) || self.enter(Phase::Active, Phase::Cancelled);
                self.open &= !fits;
                fits
            }
        }
    }

    fn enter(&mut self, from: Phase, to: Phase) -> bool {
        let fits = self.phase == from;
        if fits {
            self.phase = to;
            self.deadline = None;
        }
        fits
    }

    fn join(&mut self, id: ParticipantId) -> bool {
        let room = self.bidders.len() < usize::try_from(MAX_BIDDERS).unwrap_or(usize::MAX);
        let fits = self.phase == Phase::Waiting && room && !self.is_participant(id);
        if fits {
            Arc::make_mut(&mut self.places).insert(id, self.bidders.len());
            let (total, standing) = (Amount::ZERO, Standing::None);
            self.bidders.push(Bidder { id, total, reached: None, bids: 0, standing });
        }
        fits
    }

    fn leave(&mut self, id: ParticipantId) -> bool {
        let Some(place) = self.places.get(&id).copied().filter(|_| self.phase == Phase::Waiting) else { return false };
        self.bidders.remove(place);
        let places = Arc::make_mut(&mut self.places);
        places.remove(&id);
        places.values_mut().filter(|other| **other > place).for_each(|other| *other -= 1);
        if !self.has_minimum() {
            self.deadline = None;
        }
        true
    }

    fn check_ready(&mut self, deadline: At) -> bool {
        let fits = self.phase == Phase::Waiting;
        if fits {
            self.deadline = Some(deadline);
        }
        fits
    }

    fn open_round(&mut self, round: Round, deadline: Option<At>) -> bool {
        let fits =
            self.phase == Phase::Active && !self.open && round == self.round.next() && round <= Round(self.spec.rounds);
        if fits {
            self.round = round;
            self.open = true;
            self.deadline = deadline;
            self.silent = self.bidders.len();
            for bidder in &mut self.bidders {
                bidder.standing = Standing::None;
            }
        }
        fits
    }

    fn close_round(&mut self, round: Round) -> bool {
        let fits = self.takes_bids(round);
        if fits {
            self.open = false;
            self.deadline = None;
        }
        fits
    }

    fn bid(&mut self, round: Round, who: ParticipantId, amount: Amount) -> bool {
        let seq = self.seq.next();
        self.choose(round, who, |bidder| {
            let Some(total) = bidder.total.checked_add(amount) else { return false };
            if total != bidder.total || bidder.reached.is_none() {
                bidder.reached = Some(seq);
            }
            bidder.total = total;
            bidder.bids += 1;
            bidder.standing = Standing::Bid(amount, seq);
            true
        })
    }

    fn pass(&mut self, round: Round, who: ParticipantId) -> bool {
        let seq = self.seq.next();
        self.choose(round, who, |bidder| {
            bidder.standing = Standing::Passed(seq);
            true
        })
    }

    /// Lets a bidder that is still silent do something in the open round.
    fn choose(&mut self, round: Round, who: ParticipantId, act: impl FnOnce(&mut Bidder) -> bool) -> bool {
        let open = self.takes_bids(round);
        let fits = self.bidder_mut(who).is_some_and(|bidder| open && bidder.standing == Standing::None && act(bidder));
        if fits {
            self.silent -= 1;
        }
        fits
    }

    fn takes_bids(&self, round: Round) -> bool {
        self.phase == Phase::Active && self.open && self.round == round
    }
}
