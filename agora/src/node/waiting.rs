//! What a node that neither leads nor follows waits for.

use std::fmt;
use std::time::Duration;

use crate::config::{Mode, Settings, format_duration};
use crate::id::Index;
use crate::replicator::message::{Situation, Standing};

/// What a node waits for that neither leads nor follows a leader with the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// For enough nodes to found the cluster (`--cluster-size`).
    Founding {
        /// How many are here, this one among them.
        here: usize,
        /// How many it takes.
        needed: usize,
    },
    /// For the word of a cluster, without which it founds one by itself (mode `reachable`).
    Discovery {
        /// How long it listens.
        window: Duration,
    },
    /// For a majority of the members (`--cluster-size`).
    Majority {
        /// How many are here; a node without a log does not know who they are.
        here: Option<usize>,
        /// How many it takes.
        needed: usize,
        /// Of how many.
        members: usize,
    },
    /// For the outcome of an election.
    Election,
    /// For the log: there is a leader.
    Log,
}

impl Waiting {
    /// What `situation` shows; nothing, where the node leads, or follows with all of the log.
    pub(super) fn seen(situation: &Situation, settings: &Settings) -> Option<Self> {
        if at_work(situation) {
            return None;
        }
        let [newcomers, holders] = [situation.around.newcomers, situation.around.holders].map(usize::from);
        let newcomer = situation.standing == Standing::Newcomer;
        // It founds, or is being founded with.
        let unfounded = if newcomer { holders == 0 } else { situation.commit.index == Index(0) };
        Some(match settings.mode {
            _ if situation.leader.is_some() && !situation.serving => Self::Log,
            Mode::Majority(size) if unfounded => Self::Founding { here: 1 + newcomers + holders, needed: size.into() },
            Mode::Majority(size) => {
                let members = usize::from(size);
                let needed = members / 2 + 1;
                let here = (!newcomer).then_some(holders + counted(situation.standing));
                let enough = here.is_some_and(|here| here >= needed);
                if enough { Self::Election } else { Self::Majority { here, needed, members } }
            }
            Mode::Reachable if newcomer => Self::Discovery { window: settings.discovery_window },
            Mode::Reachable => Self::Election,
        })
    }
}

/// It serves, or follows a leader and holds the log, all of it.
pub(super) fn at_work(situation: &Situation) -> bool {
    let follows = situation.leader.is_some() && situation.caught_up && situation.commit.index > Index(0);
    if situation.serving { situation.hears_quorum } else { situation.standing != Standing::Newcomer && follows }
}

fn counted(standing: Standing) -> usize {
    usize::from(standing == Standing::Member)
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Founding { here, needed } if here < needed => {
                write!(f, "{here} of {needed} nodes here; the cluster is founded by all {needed}")
            }
            Self::Founding { here, needed } => {
                write!(f, "{here} of {needed} nodes here; the one of the highest rank founds the cluster")
            }
            Self::Discovery { window } => write!(
                f,
                "no leader heard; founds a cluster when for {} it hears of none, and of no node of a higher rank",
                format_duration(*window)
            ),
            Self::Majority { here, needed, members } => {
                write!(f, "no leader: {needed} of the {members} members must hear each other")?;
                here.map_or(Ok(()), |here| write!(f, ", {here} here"))
            }
            Self::Election => f.write_str("no leader heard; an election decides"),
            Self::Log => f.write_str("a leader is heard; its log is not all here yet"),
        }
    }
}
