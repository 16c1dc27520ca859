//! What the replicator says on the wire, and to its neighbours.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::discovery::message::About;
use crate::id::{Epoch, FoundingId, Index, Member, NodeId, Position, Probe};
use crate::time::{At, Timestamp};

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

/// The beginning of a log, up to its base: the entries that still matter, in order, the one at the base the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Everything up to here is committed, and in it as far as it matters.
    pub base: Position,
    /// The entries.
    pub kept: Arc<Vec<Entry>>,
}

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
    /// From discovery: what another node told of itself.
    Found(About),
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
        events: Vec<u8>,
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
    Situation(Situation),
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

/// What an operator wants of the members or the leader; nodes by their UUIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// An observer becomes a member (`--cluster-size` only).
    Add(Uuid),
    /// A member becomes an observer (`--cluster-size` only).
    Remove(Uuid),
    /// Another member leads.
    Transfer {
        /// Who led when this was ordered first.
        from: Uuid,
        /// Who shall; `None`: the highest that can.
        to: Option<Uuid>,
    },
}

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordered {
    /// It is so, and committed.
    Done,
    /// Ask again.
    UnderWay,
    /// It cannot be.
    Refused(Unfit),
}

/// Why an order cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// In mode `reachable` the members follow from who is there.
    Reachable,
    /// No such member, or no such observer that is heard.
    NotHere,
    /// The member is not heard.
    Unheard,
    /// A former life of that node is a member: it has to be removed first.
    FormerLife,
    /// There are as many members as there may be.
    Full,
    /// The leader does not remove itself.
    Leads,
    /// There is no other member.
    Last,
    /// Without that member, no majority would be heard.
    NoMajority,
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

/// Why a log ends on a node that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEnd {
    /// It never began: not all of its founding members held the list in time. Nothing was acknowledged.
    Unfounded,
    /// After a partition another history has won (mode `reachable`): what only this one acknowledged is lost.
    Superseded,
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
