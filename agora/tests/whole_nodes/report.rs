//! What one run has seen.

use std::collections::BTreeMap;

use crate::queue::Micros;

/// What one run has seen.
#[derive(Debug, Default, Clone)]
pub(crate) struct Report {
    pub hash: u64,
    /// LIVE-1 demanded something.
    pub live: u64,
    pub time: Micros,
    pub datagrams: u64,
    pub elections: u64,
    pub acknowledged: u64,
    pub bids: u64,
    pub results: u64,
    /// Amounts of others that were told, each after its round.
    pub amounts: u64,
    pub lost_branches: u64,
    /// Requests of a history that lost.
    pub given_up: u64,
    pub faults: BTreeMap<&'static str, u64>,
}

impl Report {
    /// What is added up over many runs.
    pub(crate) fn figures(&self) -> [(&'static str, u64); 9] {
        [
            ("with-liveness", self.live),
            ("elections", self.elections),
            ("acknowledged", self.acknowledged),
            ("bids", self.bids),
            ("results", self.results),
            ("amounts-disclosed", self.amounts),
            ("branches-lost", self.lost_branches),
            ("given-up", self.given_up),
            ("datagrams", self.datagrams),
        ]
    }
}
