//! What the manager is told by its neighbours, and wants done.

use std::net::SocketAddr;

use super::bidding::Bidding;
use super::lobby::Lobby;
use super::outcome::Outcome;
use crate::auction::view::Shown;
use crate::heartbeat::message::ClientBeat;
use crate::id::{AuctionId, Epoch, Index, Seq};
use crate::machine::{FromArchive, FromLog, ToArchive, ToLog};

/// What the manager is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// From the transport: a client's message.
    Lobby(SocketAddr, Lobby),
    /// From the transport: a client's message.
    Bidding(SocketAddr, Bidding),
    /// From the transport: a client's message.
    Outcome(SocketAddr, Outcome),
    /// From the transport: a client's HEART_BEAT.
    HeartBeat {
        /// Where it came from.
        from: SocketAddr,
        /// Repeated in the answer.
        number: u64,
        /// Who, and what it follows.
        beat: ClientBeat,
    },
    /// From the replicator.
    Log(FromLog),
    /// From the archive.
    Archive(FromArchive),
}

impl From<FromLog> for Input {
    fn from(news: FromLog) -> Self {
        Self::Log(news)
    }
}

/// What the manager wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To a client's address.
    Lobby(SocketAddr, Lobby),
    /// To a client's address.
    Bidding(SocketAddr, Bidding),
    /// To a client's address.
    Outcome(SocketAddr, Outcome),
    /// An event, to each of these addresses.
    Shown(Vec<SocketAddr>, Shown),
    /// To a client's address: HEART_BEAT_ACK.
    HeartBeatAck {
        /// To whom.
        to: SocketAddr,
        /// The heartbeat's number.
        number: u64,
        /// In which this node leads.
        epoch: Epoch,
        /// The last event of each auction that it follows.
        last: Vec<(AuctionId, Seq)>,
    },
    /// To the archive.
    Archive(ToArchive),
    /// To the sequencer and the replicator. What is proposed is an encoded
    /// [`Decision`](crate::auction::event::Decision).
    Log(ToLog),
    /// To discovery: tell this address who leads (this node does not serve, or the cookie is stale).
    Redirect(SocketAddr),
    /// To discovery: this node serves now; tell these clients.
    Announce(Vec<SocketAddr>),
    /// To nobody in the node, but to whoever watches the manager: a decision has taken effect here.
    Applied {
        /// Where.
        index: Index,
        /// What was decided.
        decision: crate::auction::event::Decision,
    },
}

impl From<ToLog> for Output {
    fn from(wish: ToLog) -> Self {
        Self::Log(wish)
    }
}
