//! Running an auction, on the wire.

use serde::{Deserialize, Serialize};

use super::call::{Ack, Call, Deny};
use crate::amount::Amount;
use crate::auction::event::Spec;
use crate::id::{AuctionId, ParticipantId, Round, Seq};
use crate::time::At;

/// Running an auction. Everything with a [`Head`] goes from the leader to the auction's participants and watchers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bidding {
    /// An auction waits for bidders.
    #[serde(rename = "AUCTION_CREATED")]
    Created {
        /// Which, and which event.
        head: Head,
        /// Whose.
        auctioneer: ParticipantId,
        /// How.
        spec: Spec,
    },
    /// A bidder more.
    #[serde(rename = "PARTICIPANT_JOINED")]
    Joined {
        /// Which, and which event.
        head: Head,
        /// Who.
        participant: ParticipantId,
    },
    /// A bidder less. Below the minimum, a ready check is taken back.
    #[serde(rename = "PARTICIPANT_LEFT")]
    Left {
        /// Which, and which event.
        head: Head,
        /// Who.
        participant: ParticipantId,
    },
    /// The auctioneer is asked whether to start.
    #[serde(rename = "AUCTION_READY_CHECK")]
    ReadyCheck {
        /// Which, and which event.
        head: Head,
        /// Cancelled after so many milliseconds more.
        remaining_ms: u64,
    },
    /// It runs.
    #[serde(rename = "AUCTION_START")]
    Start {
        /// Which, and which event.
        head: Head,
    },
    /// Bids of this round are taken.
    #[serde(rename = "ROUND_START")]
    RoundStart {
        /// Which, and which event.
        head: Head,
        /// From 1.
        round: Round,
        /// It ends after so many milliseconds more, at the latest.
        remaining_ms: Option<u64>,
    },
    /// Client → leader.
    #[serde(rename = "BID_SUBMIT")]
    Submit(Submit),
    /// Client → leader, a retry of the same.
    #[serde(rename = "BID_SUBMIT_RETRANSMIT")]
    SubmitRetransmit(Submit),
    /// Leader → client.
    #[serde(rename = "BID_ACK")]
    Ack(Ack),
    /// Leader → client.
    #[serde(rename = "BID_DENY")]
    Deny(Deny),
    /// A participant has bid or passed; how much, only as far as the disclosure (or its being one's own) allows.
    #[serde(rename = "BID_BROADCAST")]
    Broadcast {
        /// Which, and which event.
        head: Head,
        /// When.
        round: Round,
        /// Who.
        participant: ParticipantId,
        /// It passed.
        pass: bool,
        /// How much.
        amount: Option<Amount>,
    },
    /// A round is complete. Paged; all pages carry the same head.
    #[serde(rename = "ROUND_COMPLETE")]
    RoundComplete {
        /// Which, and which event.
        head: Head,
        /// From 1.
        round: Round,
        /// The bids and totals.
        page: Page,
    },
}

/// A bid, or, without an amount, a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submit {
    /// Who and which.
    pub call: Call,
    /// Where.
    pub auction: AuctionId,
    /// When; without it, in the open round.
    pub round: Option<Round>,
    /// How much, as written by the client; `None` is a pass.
    pub amount: Option<String>,
}

/// What every event message begins with. Messages of one auction are delivered in order of `seq`, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Which auction.
    pub auction: AuctionId,
    /// The number of the epoch in which the sending node leads. With the sender it names the leadership: a subscription
    /// holds for one, and what an earlier one sent late does not count.
    pub epoch: u64,
    /// From 1, without gaps.
    pub seq: Seq,
    /// Leadership time of the entry.
    pub at: At,
}

/// One participant's line in ROUND_COMPLETE or AUCTION_RESULT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who.
    pub participant: ParticipantId,
    /// This round's bid, where one stands and the disclosure opens it (in a result: absent).
    pub amount: Option<Amount>,
    /// The sum of all rounds so far, where the disclosure opens it.
    pub total: Option<Amount>,
}

/// A page of lines: `number` of `of`, from 1; each page is useful alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Which page, from 1.
    pub number: u16,
    /// Of how many.
    pub of: u16,
    /// Best first, as far as totals are open; else in order of joining.
    pub lines: Vec<Line>,
}
