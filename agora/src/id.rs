//! Names and numbers, a type each, so that two integers that mean different things cannot be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

macro_rules! number_newtype {
    ($(#[$doc:meta])* $name:ident($number:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $number);

        impl $name {
            /// The number after this one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_newtype!(
    /// Who takes part in auctions, as auctioneer or bidder; kept in an identity file by the client.
    ParticipantId
);
uuid_newtype!(
    /// An auction: derived from the request that created it, so that every retry names the same one.
    AuctionId
);
uuid_newtype!(
    /// A request: chosen once by the client and kept on every retry. Unique per participant.
    RequestId
);
uuid_newtype!(
    /// A founding of a replicated log. Logs of two foundings have nothing in common.
    FoundingId
);
number_newtype!(
    /// A place in the replicated log, from 1. `Index(0)` is the place before the first entry.
    Index(u64)
);
number_newtype!(
    /// A place among the events of one auction that all its participants are shown, from 1, without gaps.
    Seq(u64)
);
number_newtype!(
    /// A round of an auction, from 1.
    Round(u32)
);
number_newtype!(
    /// The running number of STATE_REPLICATE messages of one leadership, repeated by their acknowledgements.
    Probe(u64)
);

impl AuctionId {
    /// The auction that `request` of `participant` creates.
    pub fn derive(participant: ParticipantId, request: RequestId) -> Self {
        Self(Uuid::new_v5(&participant.0, request.0.as_bytes()))
    }
}

/// A node: its UUID ranks in elections, its incarnation votes.
///
/// The incarnation is random, made and lost together with the log: a node that lost its log is a newcomer, never a
/// voter that forgot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId {
    /// The name that survives.
    pub uuid: Uuid,
    /// The life of the log.
    pub incarnation: u64,
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04x}", &self.uuid.to_string()[..8], self.incarnation & 0xffff)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}

/// A node's place in the bully order: `--priority` first, then the UUID as a 128-bit number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rank {
    /// As configured; higher leads.
    pub priority: u32,
    /// The node's UUID.
    pub uuid: Uuid,
}

/// A node that counts: one line of the member list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// Which node.
    pub node: NodeId,
    /// Its configured priority.
    pub priority: u32,
}

impl Member {
    /// Its place in the bully order.
    pub const fn rank(&self) -> Rank {
        Rank { priority: self.priority, uuid: self.node.uuid }
    }
}

/// One leadership: totally ordered, unique, because it names its leader.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// Raised by every candidate above all that it has seen.
    pub number: u64,
    /// Who leads in it.
    pub leader: NodeId,
}

impl Epoch {
    /// Below every epoch in which a node leads.
    pub const NONE: Self = Self { number: 0, leader: NodeId { uuid: Uuid::nil(), incarnation: 0 } };
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:?}", self.number, self.leader)
    }
}

/// An entry's identity: the epoch it was appended in, and where. Ordered epoch first, never by length alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The epoch of its leader.
    pub epoch: Epoch,
    /// The place in the log.
    pub index: Index,
}

impl Default for Position {
    fn default() -> Self {
        Self::START
    }
}

impl Position {
    /// Before the first entry.
    pub const START: Self = Self { epoch: Epoch::NONE, index: Index(0) };
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:?}", self.index.0, self.epoch)
    }
}
