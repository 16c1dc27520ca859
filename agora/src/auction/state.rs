//! What the rules know of one auction: a fold of its events, without their history.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::Spec;
use super::message::{Phase, Summary};
use crate::amount::Amount;
use crate::id::{AuctionId, ParticipantId, Round, Seq};
use crate::time::At;

/// One auction, after some of its events. Made and changed by [`apply`](super::apply::apply) only.
///
/// Finding a bidder takes logarithmic time, everything else that a bid needs constant time; a clone copies one flat list
/// of bidders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auction {
    pub(super) id: AuctionId,
    pub(super) auctioneer: ParticipantId,
    pub(super) spec: Arc<Spec>,
    pub(super) phase: Phase,
    pub(super) round: Round,
    pub(super) open: bool,
    pub(super) seq: Seq,
    pub(super) deadline: Option<At>,
    pub(super) bidders: Vec<Bidder>,
    /// Where in `bidders`. Shared between clones until somebody joins.
    pub(super) places: Arc<BTreeMap<ParticipantId, usize>>,
    /// How many bidders have neither bid nor passed in this round.
    pub(super) silent: usize,
}

/// A bidder's place in an auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bidder {
    /// Who.
    pub id: ParticipantId,
    /// The sum of all its bids, the open round's too.
    pub total: Amount,
    /// The bid that brought it to that total; `None`: it has not bid at all.
    ///
    /// A later bid of 0 does not change the total, so it does not move this: among equal totals the earlier one stays
    /// the better one. A first bid of 0 sets it: who bids nothing has bid.
    pub reached: Option<Seq>,
    /// In how many rounds it has bid.
    pub bids: u32,
    /// What it did in this round.
    pub standing: Standing,
}

/// What a bidder did in the open round, or in the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing; once the round is complete, that is a pass.
    None,
    /// It bid; the event that tells it.
    Bid(Amount, Seq),
    /// It passed; the event that tells it.
    Passed(Seq),
}

impl Auction {
    /// Its name.
    pub const fn id(&self) -> AuctionId {
        self.id
    }

    /// Who created it.
    pub const fn auctioneer(&self) -> ParticipantId {
        self.auctioneer
    }

    /// How it was set up.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Where it stands.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The open round, or the last; 0 before the first.
    pub const fn round(&self) -> Round {
        self.round
    }

    /// Whether bids of [`round`](Self::round) are taken.
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Whether it has no further events that anybody is told.
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Completed | Phase::Cancelled)
    }

    /// Its last event.
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// When the ready check or the round ends; acted on by [`tick`](super::decide::tick).
    pub const fn deadline(&self) -> Option<At> {
        self.deadline
    }

    /// All bidders, in order of joining.
    pub fn bidders(&self) -> &[Bidder] {
        &self.bidders
    }

    /// A bidder, if it has joined.
    pub fn bidder(&self, who: ParticipantId) -> Option<&Bidder> {
        self.places.get(&who).and_then(|&place| self.bidders.get(place))
    }

    /// Whether it is the auctioneer or a bidder.
    pub fn is_participant(&self, who: ParticipantId) -> bool {
        who == self.auctioneer || self.places.contains_key(&who)
    }

    /// The auctioneer and all bidders, in order of joining.
    pub fn participants(&self) -> impl Iterator<Item = ParticipantId> + '_ {
        std::iter::once(self.auctioneer).chain(self.bidders.iter().map(|bidder| bidder.id))
    }

    /// Whether the minimum of bidders has joined.
    pub fn has_minimum(&self) -> bool {
        self.bidders.len() >= usize::try_from(self.spec.bidders).unwrap_or(usize::MAX)
    }

    /// Its line in a list.
    pub fn summary(&self) -> Summary {
        Summary {
            auction: self.id,
            auctioneer: self.auctioneer,
            spec: (*self.spec).clone(),
            phase: self.phase,
            round: self.round,
            bidders: u32::try_from(self.bidders.len()).unwrap_or(u32::MAX),
            last: self.seq,
        }
    }

    pub(super) fn bidder_mut(&mut self, who: ParticipantId) -> Option<&mut Bidder> {
        self.places.get(&who).and_then(|&place| self.bidders.get_mut(place))
    }
}
