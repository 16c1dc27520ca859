//! How an auction ends, and what is asked of its events and of a node, on the wire.

use serde::{Deserialize, Serialize};

use super::bidding::{Head, Page};
use super::call::{Ack, Call, Deny};
use crate::amount::Amount;
use crate::auction::refusal::Refusal;
use crate::heartbeat::message::Session;
use crate::id::{AuctionId, Epoch, Index, Member, NodeId, ParticipantId, Seq};
use crate::replicator::message::{Order, Peer, Standing};

/// How an auction ended, and what a session asks of its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// To the winner.
    #[serde(rename = "AUCTION_WINNER")]
    Winner(Ending),
    /// To every other bidder.
    #[serde(rename = "AUCTION_LOSER")]
    Loser(Ending),
    /// To the auctioneer and to those who watch.
    #[serde(rename = "AUCTION_RESULT")]
    Result(Ending),
    /// It has no result.
    #[serde(rename = "AUCTION_CANCEL")]
    Cancel {
        /// Which, and which event.
        head: Head,
        /// Why.
        reason: String,
    },
    /// The auctioneer → leader: *end it without a winner.*
    #[serde(rename = "AUCTION_CANCEL_REQUEST")]
    CancelRequest {
        /// Who and which.
        call: Call,
        /// Where.
        auction: AuctionId,
        /// Why, for people; `None` is told as `BY_AUCTIONEER`.
        reason: Option<String>,
    },
    /// Leader → client.
    #[serde(rename = "AUCTION_CANCEL_ACK")]
    CancelAck(Ack),
    /// Leader → client.
    #[serde(rename = "AUCTION_CANCEL_DENY")]
    CancelDeny(Deny),
    /// Client → leader: send the events after this one, and from now on push new ones to this session.
    #[serde(rename = "AUCTION_EVENTS_REQUEST")]
    EventsRequest {
        /// Who asks, from where.
        session: Session,
        /// Of which auction; `None`: of all that are created from now on.
        auction: Option<AuctionId>,
        /// After which event.
        after: Seq,
        /// The epoch of the leader from which that one came; absent where none has. A leader whose log does not have
        /// that event of that epoch answers AUCTION_CANCEL, `superseded`: after a partition, the log went on without
        /// it.
        held: Option<Epoch>,
    },
    /// Leader → client, after what it sends in answer: this is the last event that there is.
    #[serde(rename = "AUCTION_EVENTS_RESPONSE")]
    EventsResponse {
        /// Of which auction.
        auction: AuctionId,
        /// In which this was committed state.
        epoch: Epoch,
        /// The last event; `None`: no such auction.
        last: Option<Seq>,
    },
    /// Client → any node: *what do you know?*
    #[serde(rename = "STATUS_REQUEST")]
    StatusRequest {
        /// Who asks.
        session: Session,
        /// Repeated in the response.
        read: u64,
    },
    /// The answer; not a read of committed state.
    #[serde(rename = "STATUS_RESPONSE")]
    StatusResponse {
        /// The request's.
        read: u64,
        /// What the node knows.
        status: Box<Status>,
    },
    /// An operator's client → leader: other members, or another leader. Asked again until it is done or refused.
    #[serde(rename = "CLUSTER_ORDER_REQUEST")]
    OrderRequest {
        /// Who asks.
        session: Session,
        /// Repeated in the response.
        read: u64,
        /// What.
        order: Order,
    },
    /// How far it is.
    #[serde(rename = "CLUSTER_ORDER_RESPONSE")]
    OrderResponse {
        /// The request's.
        read: u64,
        /// How far.
        answer: OrderAnswer,
    },
}

/// How far an operator's order is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderAnswer {
    /// It is so, and committed.
    Done,
    /// It was begun, or something else has to end first: ask again.
    UnderWay,
    /// It cannot be.
    Refused(Refusal),
}

/// An auction's result. Paged; the pages carry the standings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Which, and which event.
    pub head: Head,
    /// Who won; nobody, if nobody bid.
    pub winner: Option<ParticipantId>,
    /// The winner's total.
    pub total: Option<Amount>,
    /// What the winner pays (or is paid).
    pub price: Option<Amount>,
    /// The standings, best first.
    pub page: Page,
}

/// What a node knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Who answers.
    pub node: NodeId,
    /// What it is.
    pub standing: Standing,
    /// The highest epoch that it has promised.
    pub epoch: Epoch,
    /// Whom it follows, or itself.
    pub leader: Option<NodeId>,
    /// It leads and serves.
    pub serving: bool,
    /// It leads and hears a quorum.
    pub hears_quorum: bool,
    /// Its commit index.
    pub commit: Index,
    /// Its last entry.
    pub last: Index,
    /// The members.
    pub members: Vec<Member>,
    /// While it leads: how far the others are.
    pub peers: Vec<Peer>,
    /// Auctions: waiting, active, completed, cancelled.
    pub auctions: [u32; 4],
    /// FATE-1: requests received, accepted, refused, repeated, answered with no outcome.
    pub fates: [u64; 5],
}
