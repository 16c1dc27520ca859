//! What election says on the wire, and to its neighbours.

use serde::{Deserialize, Serialize};

use crate::id::{Epoch, NodeId, Rank};
use crate::replicator::message::Situation;
use crate::time::Timestamp;

/// On the wire. The promise (LEADER_ELECTION_COORDINATION_REQUEST, LEADER_ACK_RESPONSE) is the replicator's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// To every higher rank, by one that hears no leader: *will you lead?*
    #[serde(rename = "LEADER_ELECTION_REQUEST")]
    Request {
        /// The sender's place in the bully order.
        rank: Rank,
        /// The sender's promise: an answerer that leads in a lower epoch has lost it.
        promise: Epoch,
    },
    /// From an eligible higher rank: *I stand; wait for me.*
    #[serde(rename = "LEADER_ELECTION_RESPONSE")]
    Response {
        /// The sender's place in the bully order.
        rank: Rank,
    },
}

/// What election is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// From the transport.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: Message,
    },
    /// From heartbeat: a heartbeat sent at `sent` was answered under `epoch`.
    Heard {
        /// By whom.
        leader: NodeId,
        /// Under which epoch.
        epoch: Epoch,
        /// When the heartbeat left.
        sent: Timestamp,
    },
    /// From heartbeat: the leader does not answer.
    Suspect(NodeId),
    /// From heartbeat: this node is late itself, and may miss what its leader says.
    Late,
    /// From the replicator, whenever any of it changes: where this node stands.
    Situation(Box<Situation>),
    /// From the replicator: the take-over that election asked for ended without leadership.
    TakeOverFailed,
    /// From the replicator: another candidate, or this node's own take-over, made progress; waits start over.
    Progress,
    /// From the replicator: the leader of this epoch orders this node to stand in its place, now.
    StandInstead(Epoch),
    /// From the replicator: this node led, and a higher promise fences it. It stands above it unless that epoch's
    /// leader shows within a failure timeout.
    Fenced(Epoch),
}

/// What election wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send to a node.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        message: Message,
    },
    /// To the replicator: try to lead. Refused unless the promise still is the one named.
    TakeOver {
        /// The promise that election saw.
        promise: Epoch,
        /// The epoch whose leader ordered it, if one did.
        transfer: Option<Epoch>,
        /// Fewer than a quorum of the last view may do: the removal time has passed without a leader (mode
        /// `reachable` only).
        alone: bool,
    },
}
