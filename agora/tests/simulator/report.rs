//! What one run has seen.

use std::collections::BTreeMap;

use crate::queue::Micros;

/// What one run has seen.
#[derive(Debug, Default, Clone)]
pub(crate) struct Report {
    /// The trace's hash.
    pub hash: u64,
    /// Simulated time.
    pub time: Micros,
    /// Leaderships that served.
    pub elections: u64,
    /// Requests that were too old to tell.
    pub expired: u64,
    /// Orders that an operator gave.
    pub orders: u64,
    /// Members added or removed with `--cluster-size`.
    pub member_changes: u64,
    /// How often a log was compacted.
    pub compactions: u64,
    /// How often one was replaced by a snapshot.
    pub snapshots: u64,
    /// Requests acknowledged to clients.
    pub acknowledged: u64,
    /// Bids among them.
    pub bids: u64,
    /// Requests refused for good.
    pub refused: u64,
    /// Auctions whose result a client received.
    pub results: u64,
    /// Datagrams sent.
    pub datagrams: u64,
    /// Faults carried out, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Liveness was demanded.
    pub live: u64,
}

impl Report {
    /// What is added up over many runs.
    pub(crate) fn figures(&self) -> [(&'static str, u64); 12] {
        [
            ("with-liveness", self.live),
            ("elections", self.elections),
            ("orders", self.orders),
            ("member-changes", self.member_changes),
            ("compactions", self.compactions),
            ("snapshots", self.snapshots),
            ("acknowledged", self.acknowledged),
            ("bids", self.bids),
            ("refused", self.refused),
            ("expired", self.expired),
            ("results", self.results),
            ("datagrams", self.datagrams),
        ]
    }
}
