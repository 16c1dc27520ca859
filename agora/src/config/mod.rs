//! The settings of a node, under the names of their configuration keys, the presets that fill them, and what both
//! binaries need to read them: durations with units, and TOML files whose errors name the line.

mod duration;
#[cfg(feature = "actors")]
pub mod file;
mod preset;
mod validate;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use duration::{DurationError, Interval, format_duration, parse_duration};
pub use preset::{Preset, UnknownPreset};
pub use validate::Invalid;

use serde::{Deserialize, Serialize};

/// When an entry counts as committed, and who may take over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Mode {
    /// `--cluster-size N`: a majority of N members. Survives any partition; refuses to serve below a majority.
    Majority(u8),
    /// Without that flag: all servers of the current view. Serves down to the last server.
    Reachable,
}

/// Timing and limits of a node. The durations carry the names of their configuration keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The cluster's name; datagrams of other clusters are dropped.
    pub cluster: String,
    /// See [`Mode`].
    pub mode: Mode,
    /// This node's priority in elections, above its UUID.
    pub priority: u32,
    /// `heart-beat-interval`: a follower's HEART_BEAT to its leader.
    pub heart_beat_interval: Duration,
    /// `heart-beat-timeout`: silence after which a follower is failed.
    pub heart_beat_timeout: Duration,
    /// `member-replace-after`: silence after which a member is replaced by an observer (`--cluster-size` only).
    pub member_replace_after: Duration,
    /// `max-missed-heart-beats`: unanswered heartbeats that are tolerated.
    pub max_missed_heart_beats: u32,
    /// `replication-interval`: an idle leader's STATE_REPLICATE.
    pub replication_interval: Duration,
    /// `election-timeout-interval`: how long an election waits for a higher rank's answer.
    pub election_timeout_interval: Duration,
    /// `discovery-window`: how long a starting node listens before it may found a cluster.
    pub discovery_window: Duration,
    /// `auction-start-timeout`: how long an auctioneer has to confirm the start.
    pub auction_start_timeout: Duration,
    /// `auction-retention`: how long a finished auction is kept, in time of leadership.
    pub auction_retention: Duration,
    /// `max-auctions`: above it, the auction that finished first is archived before its time; where none is finished, new
    /// ones are refused with `BUSY`.
    pub max_auctions: usize,
    /// How long the answer of a request is kept for repeats of it, in time of leadership.
    pub request_retention: Duration,
    /// At most so many answers are kept.
    pub max_requests: usize,
    /// So many committed entries are left in the log at least, whatever has become of them, so that a node that is a little
    /// behind needs no snapshot; and no fewer that matter no more are worth a compaction.
    pub log_tail: usize,
    /// `max-bidders`: above it, an auction refuses further ones with `FULL`.
    pub max_bidders: u32,
}

impl Settings {
    /// The default: failover well under a second on a local network.
    pub fn lan() -> Self {
        Self {
            cluster: "agora".into(),
            mode: Mode::Reachable,
            priority: 0,
            heart_beat_interval: Duration::from_millis(50),
            heart_beat_timeout: Duration::from_secs(1),
            member_replace_after: Duration::from_secs(60),
            max_missed_heart_beats: 2,
            replication_interval: Duration::from_millis(50),
            election_timeout_interval: Duration::from_millis(50),
            discovery_window: Duration::from_millis(500),
            auction_start_timeout: Duration::from_secs(60),
            auction_retention: Duration::from_secs(24 * 60 * 60),
            max_auctions: 100_000,
            request_retention: Duration::from_secs(60),
            max_requests: 1_000_000,
            log_tail: 8_192,
            max_bidders: crate::auction::event::MAX_BIDDERS,
        }
    }

    /// For machines that are side by side and not overloaded: failover in a tenth of a second.
    ///
    /// A leader is suspected after 45 ms of silence. Where processes stand still for longer, as on machines that are shared or
    /// swap, that deposes leaders that are well.
    pub fn fast() -> Self {
        Self {
            heart_beat_interval: Duration::from_millis(15),
            heart_beat_timeout: Duration::from_millis(500),
            replication_interval: Duration::from_millis(15),
            election_timeout_interval: Duration::from_millis(15),
            discovery_window: Duration::from_millis(300),
            ..Self::lan()
        }
    }

    /// The values that the Python prototype documents.
    pub fn classic() -> Self {
        Self {
            heart_beat_interval: Duration::from_secs(20),
            heart_beat_timeout: Duration::from_secs(60),
            replication_interval: Duration::from_secs(5),
            election_timeout_interval: Duration::from_secs(3),
            discovery_window: Duration::from_secs(8),
            ..Self::lan()
        }
    }

    /// `(max-missed-heart-beats + 1) × heart-beat-interval`: silence after which a leader is suspected.
    pub fn failure_timeout(&self) -> Duration {
        self.heart_beat_interval * (self.max_missed_heart_beats + 1)
    }

    /// How often an idle leader is heard by its followers.
    pub fn beat_interval(&self) -> Duration {
        self.replication_interval.min(self.heart_beat_interval)
    }

    /// `heart-beat-timeout`, or four failure timeouts where that is longer: silence after which a member is removed.
    pub fn removal_time(&self) -> Duration {
        self.heart_beat_timeout.max(self.failure_timeout() * 4)
    }

    /// Two failure timeouts: how long a member that stops waits to be left out, at most.
    pub fn farewell(&self) -> Duration {
        self.failure_timeout() * 2
    }
}
