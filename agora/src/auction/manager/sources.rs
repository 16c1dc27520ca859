//! How many refusals a source address has had put into the log: participants cost nothing to invent, an address that
//! answers does. Soft state of the leader.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::time::Timestamp;

/// More refusals of one address than this within [`WINDOW`] are not put into the log. An address is one socket, so that
/// clients on one machine, or behind one translator, do not starve each other.
pub(crate) const MAX_REFUSALS: u32 = 1_024;

/// A count begins anew after so long.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// At most so many addresses are counted, about 1 MB; while the table is full of recent ones, others are refused too.
pub(crate) const MAX_SOURCES: usize = 10_000;

/// Refusals by address, each since the start of its window.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    refusals: BTreeMap<SocketAddr, (Timestamp, u32)>,
}

impl Sources {
    /// Counts a refusal of `from`; `false` if it is one too many.
    pub(crate) fn count(&mut self, now: Timestamp, from: SocketAddr) -> bool {
        if !self.refusals.contains_key(&from) && self.refusals.len() >= MAX_SOURCES {
            self.refusals.retain(|_, (since, _)| now.since(*since) < WINDOW);
            if self.refusals.len() >= MAX_SOURCES {
                return false;
            }
        }
        let (since, count) = self.refusals.entry(from).or_insert((now, 0));
        if now.since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        let admitted = *count < MAX_REFUSALS;
        *count += u32::from(admitted);
        admitted
    }
}
