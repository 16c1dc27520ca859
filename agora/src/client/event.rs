//! The events that participants and watchers of an auction are told, whole: what the wire cuts into pages is put
//! together again.

use std::time::Duration;

use crate::amount::Amount;
use crate::auction::event::Spec;
use crate::auction::message::{Bidding, Ending, Head, Line, Outcome, Page};
use crate::id::{ParticipantId, Round};

/// An event of an auction: where it stands among the others, and what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which auction, and its number there.
    pub head: Head,
    /// What it tells.
    pub what: What,
}

/// What an event tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// An auction waits for bidders.
    Created {
        /// Whose.
        auctioneer: ParticipantId,
        /// How.
        spec: Spec,
    },
    /// A bidder more.
    Joined {
        /// Who.
        participant: ParticipantId,
    },
    /// A bidder less. Below the minimum, a ready check is taken back.
    Left {
        /// Who.
        participant: ParticipantId,
    },
    /// The auctioneer is asked whether to start.
    ReadyCheck {
        /// Cancelled after this time.
        remaining: Duration,
    },
    /// It runs.
    Started,
    /// Bids of this round are taken.
    RoundStarted {
        /// From 1.
        round: Round,
        /// It ends after this time, at the latest.
        remaining: Option<Duration>,
    },
    /// A participant has bid or passed.
    Bid {
        /// When.
        round: Round,
        /// Who.
        participant: ParticipantId,
        /// It passed.
        pass: bool,
        /// How much, as far as disclosed to this client.
        amount: Option<Amount>,
    },
    /// A round is complete.
    RoundCompleted {
        /// From 1.
        round: Round,
        /// The bids and totals, as far as disclosed.
        lines: Vec<Line>,
    },
    /// It has its result. All participants are told under the same number.
    Ended {
        /// What it is to this client.
        side: Side,
        /// Who won; nobody, if nobody bid.
        winner: Option<ParticipantId>,
        /// The winner's total.
        total: Option<Amount>,
        /// What the winner pays (or is paid).
        price: Option<Amount>,
        /// The standings, best first.
        lines: Vec<Line>,
    },
    /// It has none.
    Cancelled {
        /// Why.
        reason: String,
    },
}

/// What a result is to this client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It won.
    Won,
    /// It bid, and did not win.
    Lost,
    /// It is the auctioneer, or watches.
    Aside,
}

impl What {
    /// Whether nothing follows it.
    pub const fn is_last(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Cancelled { .. })
    }
}

/// An event message: whole, or a page of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The event; of a paged one, with this page's lines only.
    pub(super) event: Event,
    /// Which page, of how many.
    pub(super) page: (u16, u16),
}

impl Piece {
    /// The event in a message to participants; `None` for all other messages.
    pub(super) fn of_bidding(message: Bidding) -> Option<Self> {
        let whole = |head, what| Some(Self { event: Event { head, what }, page: (1, 1) });
        match message {
            Bidding::Created { head, auctioneer, spec } => whole(head, What::Created { auctioneer, spec }),
            Bidding::Joined { head, participant } => whole(head, What::Joined { participant }),
            Bidding::Left { head, participant } => whole(head, What::Left { participant }),
            Bidding::ReadyCheck { head, remaining_ms } => {
                whole(head, What::ReadyCheck { remaining: Duration::from_millis(remaining_ms) })
            }
            Bidding::Start { head } => whole(head, What::Started),
            Bidding::RoundStart { head, round, remaining_ms } => {
                whole(head, What::RoundStarted { round, remaining: remaining_ms.map(Duration::from_millis) })
            }
            Bidding::Broadcast { head, round, participant, pass, amount } => {
                whole(head, What::Bid { round, participant, pass, amount })
            }
            Bidding::RoundComplete { head, round, page } => {
                Some(Self::paged(head, page, |lines| What::RoundCompleted { round, lines }))
            }
            Bidding::Submit(_) | Bidding::SubmitRetransmit(_) | Bidding::Ack(_) | Bidding::Deny(_) => None,
        }
    }

    /// The event in a message about an end; `None` for all other messages.
    pub(super) fn of_outcome(message: Outcome) -> Option<Self> {
        let (ending, side) = match message {
            Outcome::Winner(ending) => (ending, Side::Won),
            Outcome::Loser(ending) => (ending, Side::Lost),
            Outcome::Result(ending) => (ending, Side::Aside),
            Outcome::Cancel { head, reason } => {
                return Some(Self { event: Event { head, what: What::Cancelled { reason } }, page: (1, 1) });
            }
            Outcome::EventsRequest { .. }
            | Outcome::EventsResponse { .. }
            | Outcome::CancelRequest { .. }
            | Outcome::CancelAck(_)
            | Outcome::CancelDeny(_)
            | Outcome::StatusRequest { .. }
            | Outcome::StatusResponse { .. }
            | Outcome::OrderRequest { .. }
            | Outcome::OrderResponse { .. } => return None,
        };
        let Ending { head, winner, total, price, page } = ending;
        Some(Self::paged(head, page, |lines| What::Ended { side, winner, total, price, lines }))
    }

    fn paged(head: Head, page: Page, what: impl FnOnce(Vec<Line>) -> What) -> Self {
        Self { event: Event { head, what: what(page.lines) }, page: (page.number, page.of) }
    }
}
