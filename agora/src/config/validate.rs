//! Settings that a node would not run well with are refused before it starts.

use std::time::Duration;

use thiserror::Error;

use super::{Mode, Settings, format_duration};
use crate::auction::event::MAX_BIDDERS;

/// A setting that cannot be: which key, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: {reason}")]
pub struct Invalid {
    /// The configuration key.
    pub key: &'static str,
    /// What it is, what it has to be, and why.
    pub reason: String,
}

impl Invalid {
    /// `key` cannot be so, because of `reason`.
    pub fn new(key: &'static str, reason: impl Into<String>) -> Self {
        Self { key, reason: reason.into() }
    }
}

/// Below it, timers and scheduling of a busy machine are of the same order as the interval.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(5);
/// More members would make every commit wait for more machines than it helps against.
const MOST_MEMBERS: u8 = 15;
/// The name is hashed into every datagram; people also have to tell it apart.
const LONGEST_NAME: usize = 64;
/// The failure timeout is this plus one times the interval; more is a typing error.
const MOST_MISSED: u32 = 100;

impl Settings {
    /// Names the first key whose value cannot be.
    pub fn validate(&self) -> Result<(), Invalid> {
        if self.cluster.is_empty() || self.cluster.len() > LONGEST_NAME {
            let length = self.cluster.len();
            return Err(Invalid::new(
                "cluster",
                format!("the name has {length} bytes; 1 to {LONGEST_NAME} are allowed"),
            ));
        }
        if let Mode::Majority(size) = self.mode
            && !(1..=MOST_MEMBERS).contains(&size)
        {
            return Err(Invalid::new("cluster-size", format!("{size} is not within 1 to {MOST_MEMBERS}")));
        }
        for (key, value) in [
            ("heart-beat-interval", self.heart_beat_interval),
            ("replication-interval", self.replication_interval),
            ("election-timeout-interval", self.election_timeout_interval),
            ("discovery-window", self.discovery_window),
        ] {
            at_least(key, value, SHORTEST_INTERVAL, "shorter ones drown in scheduling")?;
        }
        at_least(
            "heart-beat-timeout",
            self.heart_beat_timeout,
            self.heart_beat_interval,
            "a node would be failed before its next heartbeat",
        )?;
        if self.max_missed_heart_beats > MOST_MISSED {
            let missed = self.max_missed_heart_beats;
            return Err(Invalid::new("max-missed-heart-beats", format!("{missed} is more than {MOST_MISSED}")));
        }
        at_least(
            "auction-start-timeout",
            self.auction_start_timeout,
            Duration::from_millis(1),
            "no auction would ever start",
        )?;
        if self.max_auctions == 0 {
            return Err(Invalid::new("max-auctions", "0 would refuse every auction"));
        }
        if !(1..=MAX_BIDDERS).contains(&self.max_bidders) {
            return Err(Invalid::new("max-bidders", format!("{} is not 1 to {MAX_BIDDERS}", self.max_bidders)));
        }
        Ok(())
    }
}

fn at_least(key: &'static str, value: Duration, least: Duration, why: &str) -> Result<(), Invalid> {
    if value >= least {
        return Ok(());
    }
    Err(Invalid::new(key, format!("{} is less than {}: {why}", format_duration(value), format_duration(least))))
}
