//! What a node tells those who run it.

use std::fmt;
use std::net::SocketAddr;

use thiserror::Error;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::config::{Invalid, Mode};
use crate::replicator::message::Fault;
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
    },
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
    /// It was started with a setting that cannot be.
    #[error(transparent)]
    Settings(#[from] Invalid),
    /// Its sockets could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its thread or runtime could not be started.
    #[error("cannot start: {0}")]
    Start(String),
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// As asked, after handing over.
    Stopped,
    /// As asked, at once.
    Killed,
    /// By itself.
    Fault(NodeFault),
}

/// At most so many events wait for a reader; a slower one misses the oldest. The node never waits for it.
pub(super) const WAITING: usize = 1_024;

/// A node's events, from its start on.
#[derive(Debug)]
pub struct Events(pub(super) broadcast::Receiver<NodeEvent>);

impl Events {
    /// The next event; `None` once the node has ended and all is told.
    pub async fn next(&mut self) -> Option<NodeEvent> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(missed)) => log::warn!("{missed} events were missed"),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
