//! Finding and setting up auctions, on the wire.

use serde::{Deserialize, Serialize};

use super::call::{Ack, Call, Deny};
use crate::auction::event::Spec;
use crate::heartbeat::message::Session;
use crate::id::{AuctionId, Epoch, Index, ParticipantId, Round, Seq};

/// Finding and setting up auctions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lobby {
    /// Client → leader.
    #[serde(rename = "AUCTION_CREATE_REQUEST")]
    CreateRequest {
        /// Who and which.
        call: Call,
        /// How.
        spec: Spec,
    },
    /// Leader → client.
    #[serde(rename = "AUCTION_CREATE_ACK")]
    CreateAck(Ack),
    /// Leader → client.
    #[serde(rename = "AUCTION_CREATE_DENY")]
    CreateDeny(Deny),
    /// Client → leader: a page of the auctions.
    #[serde(rename = "AUCTION_LIST_REQUEST")]
    ListRequest {
        /// Who asks.
        session: Session,
        /// Repeated in the response.
        read: u64,
        /// Only those in this state.
        state: Option<Phase>,
        /// Only this one (`show`).
        auction: Option<AuctionId>,
        /// Only those after this one, in the order of their ids.
        after: Option<AuctionId>,
    },
    /// Leader → client: as many as fit a datagram.
    #[serde(rename = "AUCTION_LIST_RESPONSE")]
    ListResponse {
        /// The request's.
        read: u64,
        /// In which this was committed state.
        epoch: Epoch,
        /// As of which entry.
        commit: Index,
        /// In the order of their ids.
        auctions: Vec<Summary>,
        /// There are more after the last.
        more: bool,
    },
    /// Client → leader.
    #[serde(rename = "AUCTION_JOIN_REQUEST")]
    JoinRequest {
        /// Who and which.
        call: Call,
        /// Where.
        auction: AuctionId,
    },
    /// Leader → client.
    #[serde(rename = "AUCTION_JOIN_ACK")]
    JoinAck(Ack),
    /// Leader → client.
    #[serde(rename = "AUCTION_JOIN_DENY")]
    JoinDeny(Deny),
    /// Client → leader: *I bid no more*, while it is waiting.
    #[serde(rename = "AUCTION_LEAVE_REQUEST")]
    LeaveRequest {
        /// Who and which.
        call: Call,
        /// Where.
        auction: AuctionId,
    },
    /// Leader → client.
    #[serde(rename = "AUCTION_LEAVE_ACK")]
    LeaveAck(Ack),
    /// Leader → client.
    #[serde(rename = "AUCTION_LEAVE_DENY")]
    LeaveDeny(Deny),
    /// The auctioneer → leader: *start*.
    #[serde(rename = "AUCTION_READY_CONFIRM")]
    ReadyConfirm {
        /// Who and which.
        call: Call,
        /// Where.
        auction: AuctionId,
    },
    /// Leader → client.
    #[serde(rename = "AUCTION_READY_CONFIRM_ACK")]
    ReadyConfirmAck(Ack),
    /// Leader → client.
    #[serde(rename = "AUCTION_READY_CONFIRM_DENY")]
    ReadyConfirmDeny(Deny),
}

/// The state of an auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// For bidders, or for the auctioneer's confirmation.
    Waiting,
    /// Rounds run.
    Active,
    /// It has its result.
    Completed,
    /// It has none.
    Cancelled,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Which.
    pub auction: AuctionId,
    /// Whose.
    pub auctioneer: ParticipantId,
    /// How it was set up.
    pub spec: Spec,
    /// Where it stands.
    pub phase: Phase,
    /// The open round, or the last; 0 before the first.
    pub round: Round,
    /// How many have joined.
    pub bidders: u32,
    /// Its last event.
    pub last: Seq,
}
