//! What replicators say to each other.

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::id::{Epoch, FoundingId, Index, NodeId, Position, Probe};
use crate::time::At;

/// On the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Leader → followers: entries, or none when idle.
    #[serde(rename = "STATE_REPLICATE")]
    Replicate {
        /// Whose log.
        founding: FoundingId,
        /// In which the sender leads.
        epoch: Epoch,
        /// Repeated by the acknowledgement.
        probe: Probe,
        /// The entry before the first of `entries`; it must match.
        previous: Position,
        /// In order, as many as fit a datagram.
        entries: Vec<Entry>,
        /// The leader's commit index.
        commit: Index,
        /// Leadership time now.
        at: At,
    },
    /// Follower → leader: everything up to `index`, the last entry that the *acknowledged message* verified, is held.
    #[serde(rename = "STATE_REPLICATE_ACK")]
    ReplicateAck {
        /// Whose log.
        founding: FoundingId,
        /// The message's.
        epoch: Epoch,
        /// The message's.
        probe: Probe,
        /// The last entry that it verified.
        index: Index,
    },
    /// To a sender in a lower epoch: it is fenced by this promise.
    #[serde(rename = "STATE_REPLICATE_DENY")]
    ReplicateDeny {
        /// Whose log.
        founding: FoundingId,
        /// The promise that fences.
        promise: Epoch,
    },
    /// Follower → leader: the previous entry does not match; or candidate → holder of a newer log: *send from here*.
    #[serde(rename = "STATE_REPLICATION_REQUEST")]
    ReplicationRequest {
        /// Whose log.
        founding: FoundingId,
        /// The leader's, or the one that the candidate stands for.
        epoch: Epoch,
        /// The probe that did not match; 0 from a candidate.
        probe: Probe,
        /// Send what follows this entry.
        after: Position,
    },
    /// Holder → candidate: a piece of the log that the candidate adopts.
    #[serde(rename = "STATE_REPLICATION_RESPONSE")]
    ReplicationResponse {
        /// Whose log.
        founding: FoundingId,
        /// The one that the candidate stands for.
        epoch: Epoch,
        /// The entry before the first of `entries`.
        previous: Position,
        /// In order, as many as fit a datagram.
        entries: Vec<Entry>,
    },
    /// Holder → whoever lacks what it has no longer whole: a piece of its snapshot.
    #[serde(rename = "STATE_SNAPSHOT")]
    Snapshot {
        /// Whose log.
        founding: FoundingId,
        /// The leader's, or the one that the candidate stands for.
        epoch: Epoch,
        /// Where the snapshot ends; with the entry there it is whole.
        base: Position,
        /// The entry of the snapshot before the first of `entries`; 0 before all.
        previous: Index,
        /// In order, as many as fit a datagram.
        entries: Vec<Entry>,
        /// Nothing more comes unless asked for.
        asks: bool,
    },
    /// Receiver of a snapshot → its holder: *go on from here*.
    #[serde(rename = "STATE_SNAPSHOT_REQUEST")]
    SnapshotRequest {
        /// Whose log.
        founding: FoundingId,
        /// The leader's, or the one that the candidate stands for.
        epoch: Epoch,
        /// Of which snapshot.
        base: Position,
        /// The last entry that is here.
        after: Index,
    },
    /// Candidate → members: *promise me this epoch* (or, with `dry`, *would you?*).
    #[serde(rename = "LEADER_ELECTION_COORDINATION_REQUEST")]
    PromiseRequest {
        /// Whose log.
        founding: FoundingId,
        /// The epoch that the candidate stands for.
        epoch: Epoch,
        /// Only asked: nothing is written by either side.
        dry: bool,
        /// The epoch whose leader ordered it to stand; who hears that leader accepts.
        transfer: Option<Epoch>,
        /// How much of the log that it adopts the candidate has fetched: more is progress.
        progress: Index,
    },
    /// The answer: the promise, with the end of the log that it protects.
    #[serde(rename = "LEADER_ACK_RESPONSE")]
    PromiseResponse {
        /// Whose log.
        founding: FoundingId,
        /// The epoch asked for.
        epoch: Epoch,
        /// As asked.
        dry: bool,
        /// Whether it is (or would be) promised.
        granted: bool,
        /// The sender's highest promise; above `epoch`, where that is why it is not granted.
        promise: Epoch,
        /// The last entry of the sender's log.
        last: Position,
        /// The sender's commit index.
        commit: Index,
        /// The largest leadership time that the sender has seen.
        at: At,
    },
    /// Leader → the member that shall lead: *stand, now.*
    #[serde(rename = "LEADER_TRANSFER")]
    Transfer {
        /// Whose log.
        founding: FoundingId,
        /// The epoch that ends with it.
        epoch: Epoch,
        /// An operator ordered it: the member does not hand on to a higher rank by itself.
        stays: bool,
    },
    /// A member that stops → its leader: *leave me out of the view* (mode `reachable`), so that no bid waits for it.
    #[serde(rename = "MEMBER_LEAVE")]
    Leave {
        /// Whose log.
        founding: FoundingId,
        /// The leader's.
        epoch: Epoch,
    },
    /// The leader of a log with more → the leader of one with less, and that one → its view: *set your log aside and
    /// return as newcomers* (mode `reachable`, after a partition).
    #[serde(rename = "LEADER_SUPERSEDED")]
    Superseded {
        /// The log that ends.
        founding: FoundingId,
        /// The epoch whose leader (and view) gives up.
        epoch: Epoch,
        /// Who goes on.
        winner: NodeId,
    },
}

impl Message {
    /// Whose log it is about.
    pub const fn founding(&self) -> FoundingId {
        match self {
            Self::Replicate { founding, .. }
            | Self::ReplicateAck { founding, .. }
            | Self::ReplicateDeny { founding, .. }
            | Self::ReplicationRequest { founding, .. }
            | Self::ReplicationResponse { founding, .. }
            | Self::Snapshot { founding, .. }
            | Self::SnapshotRequest { founding, .. }
            | Self::PromiseRequest { founding, .. }
            | Self::PromiseResponse { founding, .. }
            | Self::Transfer { founding, .. }
            | Self::Leave { founding, .. }
            | Self::Superseded { founding, .. } => *founding,
        }
    }
}
