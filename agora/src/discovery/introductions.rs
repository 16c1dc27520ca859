//! Addresses that others told: where no broadcast reaches, whoever names one node meets all through it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::time::Timestamp;

/// At most so many: more than a cluster has members.
const MAX_INTRODUCED: usize = 32;
/// An address that has not answered so many questions is given up, until it is told again.
const MAX_MISSED: u32 = 20;

/// The addresses to ask directly.
#[derive(Debug, Default)]
pub(super) struct Introductions {
    /// How many questions in a row each has not answered.
    told: BTreeMap<SocketAddr, u32>,
    /// Who asked this node by itself, and when last: it need not be asked.
    asks: BTreeMap<SocketAddr, Timestamp>,
}

impl Introductions {
    /// An address that somebody told; whether it is news.
    pub(super) fn told(&mut self, address: SocketAddr) -> bool {
        let news = !self.told.contains_key(&address) && self.told.len() < MAX_INTRODUCED;
        if news {
            self.told.insert(address, 0);
        }
        news
    }

    /// A question came from there.
    pub(super) fn asked(&mut self, now: Timestamp, address: SocketAddr) {
        self.heard(address);
        if self.asks.len() >= MAX_INTRODUCED && !self.asks.contains_key(&address) {
            let longest = self.asks.iter().min_by_key(|(_, at)| **at).map(|(address, _)| *address);
            longest.map(|longest| self.asks.remove(&longest));
        }
        self.asks.insert(address, now);
    }

    /// Something came from there.
    pub(super) fn heard(&mut self, address: SocketAddr) {
        if let Some(missed) = self.told.get_mut(&address) {
            *missed = 0;
        }
    }

    /// Whom to ask now: those that have not asked within `lately`.
    pub(super) fn due(&mut self, now: Timestamp, lately: Duration) -> Vec<SocketAddr> {
        let asks = &self.asks;
        let quiet = |address: &SocketAddr| asks.get(address).is_none_or(|at| now.since(*at) > lately);
        let mut ask = Vec::new();
        self.told.retain(|address, missed| {
            if !quiet(address) {
                return true;
            }
            *missed += 1;
            let goes_on = *missed <= MAX_MISSED;
            if goes_on {
                ask.push(*address);
            }
            goes_on
        });
        ask
    }
}
