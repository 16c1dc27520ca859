//! What a node tells those who run it.

use std::fmt;
use std::net::SocketAddr;

use thiserror::Error;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::waiting::Waiting;
use crate::config::Mode;
use crate::replicator::message::{Fault, LogEnd, Standing};
use crate::transport::OpenError;

/// Something that happened to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeEvent {
    /// Its sockets are open.
    Bound {
        /// Where others reach it.
        address: SocketAddr,
    },
    /// It leads, or follows and holds the log.
    Ready {
        /// Where others reach it.
        address: SocketAddr,
        /// The cluster that it is in.
        cluster: String,
        /// Whether it counts there; an observer that is counted later is told to have joined.
        standing: Standing,
    },
    /// It has for a second or more neither led nor followed with the log. Told again when it waits for something else.
    Waiting(Waiting),
    /// Its log has ended; it begins again as a newcomer, and will be ready again.
    Returned(LogEnd),
    /// The leader changed, was lost, or this node began or ceased to lead.
    Leader {
        /// The epoch's number.
        epoch: u64,
        /// Who leads, if somebody does.
        leader: Option<Uuid>,
        /// This node leads, and serves.
        is_self: bool,
    },
    /// Something changed about a member.
    Member {
        /// Which.
        member: Uuid,
        /// What it is now.
        state: MemberState,
    },
    /// It ended as asked.
    Stopped,
    /// It ended by itself.
    Fault(NodeFault),
    /// So many events are missing here: this reader was too slow for them.
    Missed(u64),
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberState {
    /// In the member list.
    Joined,
    /// Not in the member list any more.
    Left,
    /// Seen by the leader that it does not answer any more.
    Silent,
    /// Seen by the leader that it answers again.
    Heard,
}

impl fmt::Display for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Silent => "silent",
            Self::Heard => "heard",
        })
    }
}

/// Why a node ended by itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NodeFault {
    /// Its sockets could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its thread or runtime could not be started.
    #[error("cannot start: {0}")]
    Start(String),
    /// Its disk: what was written may not be there.
    #[error("data-dir: cannot write: {0}")]
    Disk(String),
    /// Its log.
    #[error(transparent)]
    Replicator(Fault),
    /// A node of the same UUID runs.
    #[error("a node with this id already runs at {0}")]
    SameUuid(SocketAddr),
    /// A node of the same cluster runs in another mode or size.
    #[error("the node at {address} runs this cluster {}", describe(*.mode))]
    OtherMode {
        /// Where it is.
        address: SocketAddr,
        /// What it runs.
        mode: Mode,
    },
    /// One of its actors is gone: a fault of this program.
    #[error("the {0} ended unexpectedly")]
    ActorEnded(&'static str),
}

fn describe(mode: Mode) -> String {
    match mode {
        Mode::Majority(size) => format!("with cluster-size {size}"),
        Mode::Reachable => "without cluster-size".into(),
    }
}

/// How a node ended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Ending {
    /// As asked, after handing over.
    #[error("the node was stopped")]
    Stopped,
    /// As asked, at once.
    #[error("the node was killed")]
    Killed,
    /// By itself.
    #[error(transparent)]
    Fault(NodeFault),
}

/// A node's events; from [`NodeHandle::events`](super::NodeHandle::events).
///
/// The node never waits for a reader: one that lets more than 1,024 events wait misses the next ones, and is told how
/// many ([`NodeEvent::Missed`]).
#[derive(Debug)]
pub struct Events(pub(super) mpsc::Receiver<NodeEvent>);

impl Events {
    /// The next event; `None` once the node has ended and all is told. May be cancelled without losing one.
    pub async fn next(&mut self) -> Option<NodeEvent> {
        self.0.recv().await
    }
}
