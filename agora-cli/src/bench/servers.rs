//! What the nodes use of this machine, where they are on it, and the workers beside them.

use std::net::SocketAddr;

use super::proc::{self, Thread};
use super::real;

/// Whose processes.
#[derive(Debug, Clone)]
pub(super) enum Servers {
    /// These.
    Pids(Vec<u32>),
    /// Threads of this one.
    Here,
    /// Not all of them are on this machine, or may be looked at.
    Unknown(String),
}

/// What processes used up to a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// None, if one of them could not be read.
    cpu_us: Option<u64>,
    threads: Vec<Thread>,
    memory: u64,
}

/// What they used between two.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    pub(super) cpu_us: Option<u64>,
    /// Of the busiest thread: how much of the time it ran, and how much it could have and did not.
    pub(super) ran: f64,
    pub(super) waited: f64,
    /// Bytes, at the end.
    pub(super) memory: u64,
}

impl Servers {
    /// Those named; else those that are bound to the addresses.
    pub(super) fn find(pids: &[u32], addresses: &[SocketAddr]) -> Self {
        if let Some(pid) = pids.iter().find(|pid| proc::cpu_us(**pid).is_none()) {
            return Self::Unknown(format!("process {pid} cannot be read"));
        }
        if !pids.is_empty() {
            return Self::Pids(pids.to_vec());
        }
        let mut found = Vec::new();
        for address in addresses {
            match proc::bound(*address) {
                Some(pid) => found.push(pid),
                None => return Self::Unknown(format!("{address} is no process of this machine that may be looked at")),
            }
        }
        found.sort_unstable();
        found.dedup();
        if found.is_empty() { Self::Unknown("no node answered".into()) } else { Self::Pids(found) }
    }

    /// What they have used so far.
    pub(super) fn read(&self) -> Reading {
        match self {
            Self::Pids(pids) => read(pids),
            Self::Here => {
                let pid = std::process::id();
                // All but the main thread, which is the bench's.
                let (own, threads): (Vec<_>, Vec<_>) =
                    proc::threads(pid).into_iter().partition(|thread| thread.id == pid);
                let own = own.first().map_or(0, |thread| thread.ran / 1_000);
                Reading {
                    cpu_us: proc::cpu_us(pid).map(|all| all.saturating_sub(own)),
                    threads,
                    memory: proc::memory(pid).unwrap_or(0),
                }
            }
            Self::Unknown(_) => Reading::default(),
        }
    }
}

/// What these have used so far.
pub(super) fn read(pids: &[u32]) -> Reading {
    Reading {
        cpu_us: pids.iter().map(|pid| proc::cpu_us(*pid)).sum(),
        threads: pids.iter().flat_map(|pid| proc::threads(*pid)).collect(),
        memory: pids.iter().filter_map(|pid| proc::memory(*pid)).sum(),
    }
}

impl Reading {
    /// What was used since `before`, `wall_us` ago.
    pub(super) fn since(&self, before: &Self, wall_us: u64) -> Usage {
        let wall = real(wall_us.max(1)) * 1_000.0;
        let share = |thread: &Thread| {
            let then = before.threads.iter().find(|then| then.id == thread.id);
            let (ran, waited) = then.map_or((0, 0), |then| (then.ran, then.waited));
            let part = |now: u64, then: u64| real(now.saturating_sub(then)) / wall;
            (part(thread.ran, ran), part(thread.waited, waited))
        };
        let busiest = self.threads.iter().map(share).max_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1)));
        let (ran, waited) = busiest.unwrap_or_default();
        let cpu_us = self.cpu_us.zip(before.cpu_us).map(|(now, then)| now.saturating_sub(then));
        Usage { cpu_us, ran, waited, memory: self.memory }
    }
}
