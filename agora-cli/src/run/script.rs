//! A script that was checked.

use std::path::PathBuf;
use std::time::Duration;

use agora::auction::event::Spec;

use super::strategy::Strategy;

/// An auction and its bidders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    /// As given.
    pub(crate) path: PathBuf,
    /// Where programs run.
    pub(crate) folder: PathBuf,
    pub(crate) spec: Spec,
    /// All bidders, in order; their names differ.
    pub(crate) bidders: Vec<Bidder>,
}

/// A bidder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bidder {
    pub(crate) name: String,
    pub(crate) plan: Plan,
}

/// How a bidder decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// A rule that knows every round's move.
    Strategy(Strategy),
    /// A program decides.
    Exec(Program),
}

/// What a bidder does in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Move {
    /// As written.
    Bid(String),
    Pass,
}

/// A program that bids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// The program and its arguments; at least the program.
    pub(crate) command: Vec<String>,
    /// How long it may take for a round; without it, as long as the round takes.
    pub(crate) time_limit: Option<Duration>,
    /// The line of the script that names it.
    pub(crate) line: usize,
}
