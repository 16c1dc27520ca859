//! What the manager is told by its neighbours, and wants done.

use std::net::SocketAddr;

use super::bidding::Bidding;
use super::lobby::Lobby;
use super::outcome::Outcome;
use crate::heartbeat::message::ClientBeat;
use crate::id::{AuctionId, Epoch, Index, Seq};
use crate::replicator::message::{Entry, Situation};
use crate::time::At;

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
    /// From the replicator: this node leads in `epoch`; its EpochStarted was handed over before this.
    Leading {
        /// The epoch.
        epoch: Epoch,
        /// Leadership time now.
        at: At,
        /// How many proposals may be under way.
        room: usize,
    },
    /// From the replicator: it does not lead any more.
    Deposed,
    /// From the replicator, in log order, each once.
    Committed(Entry),
    /// From the replicator: so many proposals may follow those under way.
    Credit {
        /// How many.
        room: usize,
        /// Whether a quorum is heard.
        quorum: bool,
    },
    /// From the replicator: this proposal and all later ones were refused.
    Refused {
        /// Its epoch.
        epoch: Epoch,
        /// The first one refused.
        number: u64,
    },
    /// From the replicator.
    ReadReady {
        /// The read's.
        ticket: u64,
    },
    /// From the replicator: where this node stands.
    Situation(Situation),
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
    /// To the sequencer: put this in order. The encoded [`Decision`](crate::auction::event::Decision).
    Propose {
        /// In which this node leads.
        epoch: Epoch,
        /// The bytes.
        events: Vec<u8>,
    },
    /// To the sequencer.
    Rebuilt {
        /// In which this node leads.
        epoch: Epoch,
    },
    /// To the replicator.
    Read {
        /// Repeated in [`Input::ReadReady`].
        ticket: u64,
    },
    /// To discovery: tell this address who leads (this node does not serve, or the cookie is stale).
    Redirect(SocketAddr),
    /// To discovery: this node serves now; tell these clients.
    Announce(Vec<SocketAddr>),
    /// To the host: an entry is committed here; for those who embed a node.
    Applied {
        /// Where.
        index: Index,
        /// What was decided.
        decision: crate::auction::event::Decision,
    },
}
