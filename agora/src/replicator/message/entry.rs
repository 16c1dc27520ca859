//! What the replicated log holds, in memory, on the wire and on disk.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::chunks::{self, Indexed};
use crate::id::{Epoch, FoundingId, Index, Member, Position};
use crate::time::At;

/// At most so many bytes of events in one entry: with everything around it, it fits a datagram.
pub const MAX_EVENTS: usize = 900;
/// At most so many members: a list with everything around it fits a datagram.
pub const MAX_MEMBERS: usize = 24;
/// With `--cluster-size`, at most so many members.
pub const MAX_VOTERS: usize = 15;

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// Entry 1: the cluster's first member list.
    #[serde(rename = "F")]
    Founded {
        /// Random; names this log.
        founding: FoundingId,
        /// The founding members.
        members: Vec<Member>,
    },
    /// The first entry of every leadership. It names the members: in mode `reachable` the new view, else the same
    /// list as before.
    #[serde(rename = "S")]
    EpochStarted {
        /// From here on.
        members: Vec<Member>,
    },
    /// A changed member list.
    #[serde(rename = "M")]
    Members(Vec<Member>),
    /// What the state machine decided for one command: opaque bytes here.
    #[serde(rename = "E")]
    Events(Bytes),
}

impl Body {
    /// The member list that holds from this entry on, if it names one.
    pub fn members(&self) -> Option<&[Member]> {
        match self {
            Self::Founded { members, .. } | Self::EpochStarted { members } | Self::Members(members) => Some(members),
            Self::Events(_) => None,
        }
    }
}

/// One line of the replicated log: everything that follows from one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The epoch of the leader that appended it, and where.
    pub position: Position,
    /// Leadership time when it was appended.
    pub at: At,
    /// What.
    pub body: Body,
}

impl Indexed for Entry {
    fn index(&self) -> Index {
        self.position.index
    }
}

/// Entries in order.
pub type Chunks = chunks::Chunks<Entry>;

/// The beginning of a log, up to its base: the entries that still matter, in order, the one at the base the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Everything up to here is committed, and in it as far as it matters.
    pub base: Position,
    /// The entries.
    pub kept: Chunks,
}

/// What a log on disk must hold, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The highest promise.
    Promise(Epoch),
    /// An entry at the end.
    Append(Entry),
    /// Everything from this index on is gone.
    Cut(Index),
    /// The log, without what matters no more: of use for room and time only, so nothing has to wait for it.
    Compact {
        /// Up to its new base.
        snapshot: Snapshot,
        /// All that follows.
        rest: Vec<Entry>,
    },
    /// The log is this snapshot, and what it was is gone.
    Install(Snapshot),
}
