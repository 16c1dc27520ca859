//! What any state machine on the log is told, and wants done.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;

use super::archive::{FromArchive, ToArchive};
use crate::id::{Epoch, Index};
use crate::replicator::message::{Entry, Order, Ordered, Situation};
use crate::time::At;
use crate::wire::Message;

/// What the replicator tells the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromLog {
    /// This node leads in `epoch`; its EpochStarted was handed over before this.
    Leading {
        /// The epoch.
        epoch: Epoch,
        /// Leadership time now.
        at: At,
        /// How many proposals may be under way.
        room: usize,
    },
    /// It does not lead any more.
    Deposed,
    /// In log order, each once: entries of the machine ([`Body::Events`](crate::replicator::message::Body::Events)), and
    /// those in which the log speaks of itself.
    Committed(Entry),
    /// The log was replaced whole, as this node had fallen far behind: what was folded until now is void. What is
    /// committed comes again, from the first entry that still matters.
    Reset,
    /// So many proposals may follow those under way.
    Credit {
        /// How many.
        room: usize,
        /// Whether a quorum is heard.
        quorum: bool,
    },
    /// This proposal and all later ones were refused; the sequencer numbers an epoch's proposals from 1.
    Refused {
        /// Its epoch.
        epoch: Epoch,
        /// The first one refused.
        number: u64,
    },
    /// What is committed now is at least as new as when this was asked for.
    ReadReady {
        /// The read's.
        ticket: u64,
    },
    /// How far an operator's order is.
    Ordered {
        /// The order's.
        ticket: u64,
        /// How far.
        answer: Ordered,
    },
    /// Where this node stands, whenever it changes.
    Situation(Box<Situation>),
}

/// What the machine wants of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToLog {
    /// To the sequencer: put this in order.
    Propose {
        /// In which this node leads.
        epoch: Epoch,
        /// Opaque to everyone but the machine.
        events: Bytes,
    },
    /// To the sequencer: what was refused is forgotten, and what comes next does not rest on it.
    Rebuilt {
        /// In which this node leads.
        epoch: Epoch,
    },
    /// To the replicator: these entries matter no more. Without them, the fold of what was committed until now is the same,
    /// and so is all that can follow. A machine that never says so has its log kept whole.
    Obsolete(Vec<Index>),
    /// To the replicator: tell me when a quorum has shown that this node still led after this.
    Read {
        /// Repeated in [`FromLog::ReadReady`].
        ticket: u64,
    },
    /// To the replicator: carry out an operator's order, and tell how far it is.
    Order {
        /// Repeated in [`FromLog::Ordered`].
        ticket: u64,
        /// What.
        order: Order,
    },
}

/// All that a machine is told. `A` is what its program asks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<A = Infallible> {
    /// From the replicator.
    Log(FromLog),
    /// From the archive.
    Archive(FromArchive),
    /// From the transport: a message that no other concern owns.
    Client {
        /// The datagram's source address.
        from: SocketAddr,
        /// What it says.
        message: Message,
    },
    /// From the program that runs the node.
    Asked {
        /// Repeated in [`Output::Answer`].
        ticket: u64,
        /// What.
        ask: A,
    },
}

impl Input {
    /// The same, for a machine that its program asks something.
    pub fn widen<A>(self) -> Input<A> {
        match self {
            Self::Log(news) => Input::Log(news),
            Self::Archive(news) => Input::Archive(news),
            Self::Client { from, message } => Input::Client { from, message },
            Self::Asked { ask, .. } => match ask {},
        }
    }
}

/// All that a machine can want done. `B` is what it answers its program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<B = Infallible> {
    /// To the sequencer and the replicator.
    Log(ToLog),
    /// To the archive.
    Archive(ToArchive),
    /// To the transport: to a client's address.
    Send(SocketAddr, Message),
    /// To the transport: to each of these. It is encoded once.
    SendToEach(Vec<SocketAddr>, Message),
    /// To discovery: tell this address who leads.
    Redirect(SocketAddr),
    /// To discovery: this node serves now; tell these clients.
    Announce(Vec<SocketAddr>),
    /// To the program that asked. Each ticket is answered once, in any order, or never.
    Answer {
        /// The question's.
        ticket: u64,
        /// What.
        answer: B,
    },
}
