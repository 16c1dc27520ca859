//! What happens in an auction, and what a participant may ask for. An auction *is* its events.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::id::{AuctionId, Index, ParticipantId, RequestId, Round};
use crate::time::At;

/// How an auction is set up; the flags of `agora-cli create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// What is sold: 1 to [`MAX_ITEM`] bytes, no control characters.
    pub item: String,
    /// Which bid wins.
    pub rule: Rule,
    /// When amounts are shown.
    pub disclosure: Disclosure,
    /// The lowest bid that is accepted (with a rule that seeks the lowest: the highest).
    pub limit: Amount,
    /// Rounds, 1 to [`MAX_ROUNDS`].
    pub rounds: u32,
    /// Bidders that must have joined before it can start, 1 to [`MAX_BIDDERS`]; the auctioneer is not one.
    pub bidders: u32,
    /// A round's length in milliseconds of leadership; `None`: it waits for all.
    pub round_timeout_ms: Option<u64>,
    /// Who starts it.
    pub start: Start,
}

/// At most so many bytes of item or reason: an event with its entry stays well inside one datagram.
pub const MAX_ITEM: usize = 200;
/// At most so many rounds.
pub const MAX_ROUNDS: u32 = 10_000;
/// At most so many bidders an auction.
pub const MAX_BIDDERS: u32 = 10_000;

/// Which bid wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rule {
    /// The highest total over all rounds, which is paid.
    #[serde(rename = "highest")]
    Highest,
    /// The lowest total, which is paid, among those who bid in the most rounds: tenders, tasks for robots.
    #[serde(rename = "lowest")]
    Lowest,
    /// The highest total; what is paid is the second-highest (Vickrey, Journal of Finance 16, 1961).
    #[serde(rename = "second-price")]
    SecondPrice,
}

/// When amounts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Disclosure {
    /// When their round is complete.
    #[serde(rename = "sealed")]
    Sealed,
    /// At once.
    #[serde(rename = "open")]
    Open,
    /// With the result.
    #[serde(rename = "secret")]
    Secret,
}

/// Who starts an auction once its minimum of bidders is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Start {
    /// The auctioneer, when asked.
    #[serde(rename = "confirm")]
    Confirm,
    /// It starts by itself.
    #[serde(rename = "auto")]
    Auto,
}

/// What can be asked of the auctions. Who asks, and when, comes beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Set up an auction; the asker is its auctioneer.
    Create {
        /// Derived from the request.
        auction: AuctionId,
        /// As asked.
        spec: Spec,
    },
    /// Become a bidder.
    Join(AuctionId),
    /// Be a bidder no more, while it is waiting.
    Leave(AuctionId),
    /// The auctioneer confirms the start.
    Start(AuctionId),
    /// The auctioneer ends it without a winner.
    Cancel {
        /// Which.
        auction: AuctionId,
        /// Why, in the auctioneer's words: 1 to [`MAX_ITEM`] bytes, no control characters.
        reason: Option<String>,
    },
    /// Bid in a round; without one, in the open one.
    Bid {
        /// Where.
        auction: AuctionId,
        /// When.
        round: Option<Round>,
        /// How much.
        amount: Amount,
    },
    /// Do not bid in a round; without one, in the open one.
    Pass {
        /// Where.
        auction: AuctionId,
        /// When.
        round: Option<Round>,
    },
}

/// What happened: decided by the leader, the same everywhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// An auction waits for bidders.
    AuctionCreated {
        /// Which.
        auction: AuctionId,
        /// Whose.
        auctioneer: ParticipantId,
        /// How. Shared, because it is longer than all other events, and they are kept by the million.
        spec: Arc<Spec>,
    },
    /// A bidder more.
    ParticipantJoined {
        /// Where.
        auction: AuctionId,
        /// Who.
        participant: ParticipantId,
    },
    /// A bidder less. Below the minimum, a ready check and its deadline are taken back.
    ParticipantLeft {
        /// Where.
        auction: AuctionId,
        /// Who.
        participant: ParticipantId,
    },
    /// The minimum of bidders is there: the auctioneer is asked whether to start.
    ReadyCheck {
        /// Where.
        auction: AuctionId,
        /// Cancelled then, unless confirmed.
        deadline: At,
    },
    /// It runs.
    AuctionStarted {
        /// Which.
        auction: AuctionId,
    },
    /// Bids of this round are taken.
    RoundStarted {
        /// Where.
        auction: AuctionId,
        /// Which.
        round: Round,
        /// Who is silent then has passed.
        deadline: Option<At>,
    },
    /// A bid binds. The amount is private until the disclosure opens it.
    BidAccepted {
        /// Where.
        auction: AuctionId,
        /// When.
        round: Round,
        /// Who.
        participant: ParticipantId,
        /// How much.
        amount: Amount,
    },
    /// A participant does not bid in this round.
    Passed {
        /// Where.
        auction: AuctionId,
        /// When.
        round: Round,
        /// Who.
        participant: ParticipantId,
    },
    /// All have bid or passed, or the time is over. Who is silent has passed. It carries no bids: the fold has them.
    RoundCompleted {
        /// Where.
        auction: AuctionId,
        /// Which.
        round: Round,
    },
    /// The last round is complete. Winner and totals follow from the fold.
    AuctionCompleted {
        /// Which.
        auction: AuctionId,
    },
    /// It will have no winner.
    AuctionCancelled {
        /// Which.
        auction: AuctionId,
        /// A code such as `START_TIMEOUT`, or the auctioneer's words.
        reason: String,
    },
    /// It is over, and leaves the state: nobody asks for it any more, or there is no room. No participant is told.
    AuctionArchived {
        /// Which.
        auction: AuctionId,
    },
}

impl Event {
    /// The auction that it belongs to.
    pub const fn auction(&self) -> AuctionId {
        match self {
            Self::AuctionCreated { auction, .. }
            | Self::ParticipantJoined { auction, .. }
            | Self::ParticipantLeft { auction, .. }
            | Self::ReadyCheck { auction, .. }
            | Self::AuctionStarted { auction }
            | Self::RoundStarted { auction, .. }
            | Self::BidAccepted { auction, .. }
            | Self::Passed { auction, .. }
            | Self::RoundCompleted { auction, .. }
            | Self::AuctionCompleted { auction }
            | Self::AuctionCancelled { auction, .. }
            | Self::AuctionArchived { auction } => *auction,
        }
    }
}

/// Whose request, and which: the key under which it takes effect at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestKey {
    /// Who asks.
    pub participant: ParticipantId,
    /// Chosen by its client, kept on every retry.
    pub request: RequestId,
}

/// What one entry of the log holds: everything that followed from one command, atomically.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The request that it answers; `None` for what a passed deadline caused.
    pub key: Option<RequestKey>,
    /// What happened, in order; empty for a refusal or for a repeat of what stands.
    pub events: Vec<Event>,
    /// How the request is answered, now and on every retry.
    pub answer: Option<Answer>,
    /// Answers that entries up to this one gave are forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Index>,
}

/// The one answer that a request has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Done.
    Done(Receipt),
    /// Refused, for good: `RequestRefused`.
    Refused(super::refusal::Refusal),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Where.
    pub auction: AuctionId,
    /// The event that tells it, as its auction numbers events; for a repeated bid, that of the bid that stands.
    pub seq: crate::id::Seq,
    /// For a bid or pass: the round.
    pub round: Option<Round>,
    /// For a bid: the amount that stands.
    pub amount: Option<Amount>,
}
