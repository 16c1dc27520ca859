//! What the replicator is told by its neighbours, and wants done.

use bytes::Bytes;

use super::entry::{Entry, Record};
use super::orders::{Order, Ordered};
use super::situation::Situation;
use super::wire::Message;
use crate::discovery::message::About;
use crate::id::{Epoch, Index, NodeId, Position};
use crate::time::{At, Timestamp};

/// What the replicator is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// From the transport.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: Message,
    },
    /// From the transport: a node's HEART_BEAT. Answered here, so that a dead replicator is a dead leader.
    HeartBeat {
        /// Who sent it.
        from: NodeId,
        /// Repeated in the answer.
        number: u64,
    },
    /// From heartbeat: a heartbeat of this node, sent at `sent`, was answered under `epoch`.
    Heard {
        /// By whom.
        leader: NodeId,
        /// Under which epoch.
        epoch: Epoch,
        /// When the heartbeat left.
        sent: Timestamp,
    },
    /// From heartbeat: this node is late itself, and may miss what its leader says.
    Late,
    /// From discovery: what another node told of itself.
    Found(Box<About>),
    /// From discovery: the window in which nobody founds is over.
    WindowClosed,
    /// From election: try to lead; see [`crate::election::message::Output::TakeOver`].
    TakeOver {
        /// The promise that election saw.
        promise: Epoch,
        /// The epoch whose leader ordered it.
        transfer: Option<Epoch>,
        /// Fewer than a quorum may do (mode `reachable`).
        alone: bool,
    },
    /// From the sequencer: append.
    Propose {
        /// In which the number counts.
        epoch: Epoch,
        /// Only the next one is taken.
        number: u64,
        /// Opaque.
        events: Bytes,
    },
    /// From the sequencer: proposals are taken again, from `next` on.
    Rebuilt {
        /// In which this node leads.
        epoch: Epoch,
        /// The next proposal's number.
        next: u64,
    },
    /// From the manager: these entries, which it was told are committed, matter no more: without them the fold of the log
    /// is the same.
    Obsolete(Vec<Index>),
    /// From the manager: tell me when a quorum has acknowledged a probe sent from now on.
    Read {
        /// Repeated in [`Output::ReadReady`].
        ticket: u64,
    },
    /// From the host: what is committed here after `after`?
    Show {
        /// Repeated in [`Output::Shown`].
        ticket: u64,
        /// The last entry that is known.
        after: Position,
        /// At most so many entries.
        most: usize,
    },
    /// From the manager: an operator's order.
    Order {
        /// Repeated in [`Output::Ordered`].
        ticket: u64,
        /// What.
        order: Order,
    },
    /// From the disk: everything up to this write is durable.
    Flushed(u64),
    /// From the host: hand the leadership over, or leave the view, and stop.
    Stop,
}

/// What the replicator wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send to a node.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        message: Message,
    },
    /// Send a HEART_BEAT_ACK to a node.
    HeartBeatAck {
        /// To whom.
        to: NodeId,
        /// The heartbeat's number.
        number: u64,
        /// In which this node leads.
        epoch: Epoch,
    },
    /// To the disk: make this durable, then say [`Input::Flushed`] with the number.
    Write {
        /// Counts up by one.
        ticket: u64,
        /// What.
        record: Record,
        /// What is committed: of use to a node that lives on, and nothing rests on it.
        commit: Index,
    },
    /// To heartbeat: whom to beat.
    Follow(Option<NodeId>),
    /// To election, discovery, manager and host, whenever it changes in a way that they act on.
    Situation(Box<Situation>),
    /// To election; see [`crate::election::message::Input`].
    TakeOverFailed,
    /// To election.
    Progress,
    /// To election.
    StandInstead(Epoch),
    /// To election.
    Fenced(Epoch),
    /// To the manager: this node leads in `epoch` and its EpochStarted is committed (that entry came before this).
    Leading {
        /// The epoch.
        epoch: Epoch,
        /// Leadership time now.
        at: At,
        /// How many proposals may be under way.
        room: usize,
    },
    /// To the manager: this node does not lead any more. What it proposed and is not committed is undecided.
    Deposed,
    /// To the manager, in log order, each entry once: it is committed.
    Committed(Entry),
    /// To the manager: this log was replaced whole. What it has folded is void; what is committed comes again, from the
    /// first entry that still matters.
    Reset,
    /// To the manager: so many proposals may be made from now on, beyond those under way. 0 while no quorum is heard
    /// or the leadership is handed over.
    Credit {
        /// How many.
        room: usize,
        /// Whether a quorum is heard (else refuse with `NO_QUORUM`).
        quorum: bool,
    },
    /// To the manager: proposal `number` of `epoch` and all later ones were not appended, and none will be until
    /// [`Input::Rebuilt`].
    Refused {
        /// Its epoch.
        epoch: Epoch,
        /// The first one refused.
        number: u64,
    },
    /// To the manager: what is committed now is at least as new as when `ticket` was handed in.
    ReadReady {
        /// The read's.
        ticket: u64,
    },
    /// To the manager: how far an operator's order is.
    Ordered {
        /// The order's.
        ticket: u64,
        /// How far.
        answer: Ordered,
    },
    /// To the host: entries that are committed here.
    Shown {
        /// The question's.
        ticket: u64,
        /// In log order, without those that matter no more, none as long as there are none; `None`: this log does not hold
        /// the entry that they should follow.
        entries: Option<Vec<Entry>>,
    },
    /// To the host: this log has ended; begin again with a new incarnation and no log.
    ReturnAsNewcomer(LogEnd),
    /// To the host: stopped cleanly.
    Stopped,
    /// To the host: a fault of the system. The node must end.
    Fault(Fault),
}

/// A fault after which a node acknowledges nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A leader asked to cut an entry that is known to be committed.
    #[error("asked to cut a committed entry at index {}", .0.0)]
    CutBelowCommit(Index),
}

/// Why a log ends on a node that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEnd {
    /// It never began: not all of its founding members held the list in time. Nothing was acknowledged.
    Unfounded,
    /// After a partition another history has won (mode `reachable`): what only this one acknowledged is lost.
    Superseded,
}
