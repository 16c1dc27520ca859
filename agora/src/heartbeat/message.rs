//! What heartbeat says on the wire, and to its neighbours.

use serde::{Deserialize, Serialize};

use crate::id::{AuctionId, Epoch, NodeId, ParticipantId, Seq};
use crate::time::Timestamp;

/// On the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Follower or client → leader: *are you there?*
    #[serde(rename = "HEART_BEAT")]
    HeartBeat {
        /// Counts up by one; the acknowledgement repeats it.
        number: u64,
        /// From a client: who it is and what it follows.
        client: Option<ClientBeat>,
    },
    /// Leader → follower or client: *yes, in this epoch.* A leader that hears no quorum does not answer.
    #[serde(rename = "HEART_BEAT_ACK")]
    HeartBeatAck {
        /// The heartbeat's.
        number: u64,
        /// In which the answering node leads.
        epoch: Epoch,
        /// To a client: the last event of each auction that it follows, so that a lost last event is noticed.
        last: Vec<(AuctionId, Seq)>,
    },
}

/// The client's part of a HEART_BEAT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientBeat {
    /// Whose session.
    pub session: Session,
    /// The auctions that it follows, with the last event that it holds of each; at most [`MAX_FOLLOWED`].
    pub follows: Vec<(AuctionId, Seq)>,
}

/// At most so many auctions in one HEART_BEAT: more go into further ones (about 30 bytes each, one datagram).
pub const MAX_FOLLOWED: usize = 32;

/// One run of a client: addresses and subscriptions belong to it, not to the participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub participant: ParticipantId,
    /// Random, so that two programs of one participant are told apart.
    pub session: u64,
    /// What this node's last LEADER_DETAILS gave to this address; 0 before. It shows that the address receives what
    /// is sent to it; without it, no answer is larger than its request.
    pub cookie: u64,
}

/// What heartbeat is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// From the replicator: whom to beat from now on; `None` for nobody (no leader, or this node leads).
    Follow(Option<NodeId>),
    /// From the transport: a HEART_BEAT_ACK.
    Acked {
        /// Who sent it.
        from: NodeId,
        /// Which heartbeat it answers.
        number: u64,
        /// In which epoch.
        epoch: Epoch,
    },
    /// From the transport: more waits in the socket than is taken at a time, and answers may be among it.
    Behind,
}

/// What heartbeat wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send to a node.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        message: Message,
    },
    /// To replicator and election: my heartbeat, sent at `sent`, was answered under `epoch`.
    Heard {
        /// By whom.
        leader: NodeId,
        /// Under which epoch.
        epoch: Epoch,
        /// When the heartbeat left, not when the answer came.
        sent: Timestamp,
    },
    /// To election: more than the tolerated heartbeats went unanswered. Once per silence.
    Suspect(NodeId),
    /// To replicator and election: this node is late itself, so that the leader's silence may be none.
    Late,
}
