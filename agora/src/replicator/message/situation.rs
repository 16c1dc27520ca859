//! Where a node stands, and who is around it.

use serde::{Deserialize, Serialize};

use crate::id::{Epoch, FoundingId, Index, Member, NodeId, Position};
use crate::time::At;

/// Where a node stands: what its replicator tells the other concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// The highest promise.
    pub promise: Epoch,
    /// The leader that this node follows, or itself while it serves.
    pub leader: Option<NodeId>,
    /// What this node is.
    pub standing: Standing,
    /// It leads, and its EpochStarted is committed.
    pub serving: bool,
    /// It leads and a quorum has acknowledged lately, or it needs none (mode `reachable`).
    pub hears_quorum: bool,
    /// It is a member, knows of an EpochStarted, its log is writable, and it is not stopping: it may stand.
    pub can_stand: bool,
    /// A take-over of its own is under way.
    pub candidate: bool,
    /// The log's founding.
    pub founding: Option<FoundingId>,
    /// The last entry known committed.
    pub commit: Position,
    /// The last entry.
    pub last: Position,
    /// It follows, and has once held all that its leader had committed by then.
    pub caught_up: bool,
    /// The members, by the last list in the log.
    pub members: Vec<Member>,
    /// While it leads: how far the others are.
    pub peers: Vec<Peer>,
    /// The largest leadership time seen.
    pub at: At,
    /// How many auction entries are committed.
    pub decided: u64,
    /// While it has no leader, or leads and hears no quorum: who else is here. Otherwise nobody is counted.
    pub around: Around,
}

/// Other nodes that this one hears, at most 255 of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Around {
    /// How many hold no log.
    pub newcomers: u8,
    /// How many hold one: of those, where this node holds the log itself, only its members.
    pub holders: u8,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Standing {
    /// It holds no log.
    Newcomer,
    /// It holds a log, and does not count.
    Observer,
    /// It counts.
    Member,
}

/// How far another node is, as its leader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Which.
    pub node: NodeId,
    /// The last entry that it acknowledged.
    pub index: Index,
    /// It acknowledged a probe within the failure timeout.
    pub heard: bool,
}
