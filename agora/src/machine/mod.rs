//! The seam between the log and what it is a log *of*: any state machine can stand in the auction manager's place.
//!
//! Discovery, heartbeat, election, sequencer and replicator know nothing of auctions. What they need of the state machine
//! on top is a [`Machine`]: a [`Protocol`] that takes [`FromLog`] and says [`ToLog`]. The auction manager is one; a
//! service's own is started with [`Builder::machine`](crate::node::Builder::machine).
//!
//! ```text
//!   program ── ask ──▶ ┌─────────┐ ── Propose, Rebuilt ──▶ sequencer ──▶ ┌────────────┐
//!   program ◀─ answer  │ Machine │ ── Read ────────────────────────────▶ │ replicator │
//!   clients ◀─────────▶└─────────┘ ◀─ Leading, Committed, Credit … ───── └────────────┘
//! ```
//!
//! # What a machine does
//!
//! - It is a fold of [`FromLog::Committed`]: every node hears the same entries in the same order, each once, and whatever
//!   it knows for certain it knows from them. A node begins with an empty one, and a node whose log ends (mode
//!   `reachable`, after a partition) begins again with another.
//! - Between [`FromLog::Leading`] and [`FromLog::Deposed`] it may propose, in the epoch that it was told, as many entries
//!   as it was given room for, each of at most [`MAX_EVENTS`](crate::replicator::message::MAX_EVENTS) bytes. A proposal is an entry only when it is committed: so answers wait for that.
//! - On [`FromLog::Deposed`] the fate of everything proposed and not committed is open: it may be committed by the next
//!   leader, or never. Whoever asked asks again under the same name, and the fold keeps names that it has seen, so that
//!   nothing takes effect twice.
//! - On [`FromLog::Refused`] it forgets that proposal and all later ones, and says [`ToLog::Rebuilt`] before it proposes
//!   again.
//! - What it no longer needs of the log it may call obsolete ([`ToLog::Obsolete`]), and keep elsewhere if it likes
//!   ([`ToArchive`]); on [`FromLog::Reset`] it begins anew.
//!
//! [`Nothing`] is the smallest: it proposes nothing, and its cluster only elects a leader. `examples/counter.rs` is one
//! with all of the above.

pub mod archive;
pub mod message;

use std::convert::Infallible;

pub use archive::{FromArchive, Lines, ToArchive};
pub use message::{FromLog, Input, Output, ToLog};

use crate::config::Settings;
use crate::cookie::Cookies;
use crate::id::Member;
use crate::protocol::Protocol;
use crate::time::Timestamp;

/// A state machine on the log.
///
/// The least that one is: `Input<Ask>` for its input, `Output<Answer>` for its output, and `hears` and `says` that hand
/// through what they are given.
pub trait Machine: Protocol<Input: Send + 'static, Output: Unpin + 'static> + Unpin + 'static {
    /// What the program that runs the node asks of it; see [`NodeHandle::ask`](crate::node::NodeHandle::ask).
    type Ask: Send + 'static;
    /// What it answers.
    type Answer: Send + 'static;
    /// What an entry says to those who follow the log; see [`NodeHandle::committed`](crate::node::NodeHandle::committed).
    type Event: Send + 'static;

    /// The input that this is; `None` for what it does not take.
    fn hears(input: Input<Self::Ask>) -> Option<Self::Input>;

    /// Where this goes; `None` for what is nobody's but an observer's.
    fn says(output: Self::Output) -> Option<Output<Self::Answer>>;

    /// What the bytes of an entry mean; `None` for none of its own.
    fn reads(events: &[u8]) -> Option<Self::Event>;
}

/// What a machine is made with, once per incarnation of its node.
#[derive(Debug)]
pub struct Seat<'a> {
    /// Its node.
    pub me: Member,
    /// The node's settings.
    pub settings: &'a Settings,
    /// What discovery gives to clients.
    pub cookies: Cookies,
    /// For randomness of its own; differs from incarnation to incarnation.
    pub seed: u64,
    /// The node's clock now.
    pub now: Timestamp,
    /// Whether its log is on disk.
    pub on_disk: bool,
    /// Whether there is an archive.
    pub archives: bool,
}

/// The machine of a cluster that only elects a leader: it proposes nothing and answers nobody.
///
/// Discovery finds the nodes, heartbeat notices which are gone, election says who should lead; the replicator, whose log
/// then holds leaderships and members only, keeps the promises that make a leadership unique.
///
/// What that guarantees: no two nodes ever lead in the same epoch, and epochs only grow. What it does not: that a leader
/// learns at once that another one leads. One that is cut off or stopped for a while believes itself leader until its
/// failure timeout has passed. So whatever a leader does outside carries its epoch's number, and whoever is asked refuses
/// a lower number than it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nothing;

impl Protocol for Nothing {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, _now: Timestamp, _input: Input, _out: &mut Vec<Output>) {}

    fn fire(&mut self, _now: Timestamp, _out: &mut Vec<Output>) {}

    fn deadline(&self) -> Option<Timestamp> {
        None
    }
}

impl Machine for Nothing {
    type Ask = Infallible;
    type Answer = Infallible;
    type Event = Infallible;

    fn hears(input: Input) -> Option<Input> {
        Some(input)
    }

    fn says(output: Output) -> Option<Output> {
        Some(output)
    }

    fn reads(_events: &[u8]) -> Option<Infallible> {
        None
    }
}
