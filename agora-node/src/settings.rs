//! Every setting once: as a flag, as an environment variable, as a key of the file.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use agora::config::{Interval, Preset};
use clap::Args;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::output::Format;
use crate::values;

/// What is set at one level of precedence; nothing, where the level is silent.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Where the UDP socket binds; on loopback, the node keeps to this machine [default: 0.0.0.0:0]
    #[arg(long, value_name = "ADDR", env = "AGORA_BIND", hide_env = true, help_heading = NETWORK, value_parser = values::address)]
    #[serde(deserialize_with = "values::file::address")]
    pub(crate) bind: Option<SocketAddr>,

    /// Where others reach this node, if not where it is bound
    #[arg(long, value_name = "ADDR", env = "AGORA_ADVERTISE", hide_env = true, help_heading = NETWORK, value_parser = values::address)]
    #[serde(deserialize_with = "values::file::address")]
    pub(crate) advertise: Option<SocketAddr>,

    /// A node to join, host:port, where no broadcast reaches it (repeatable)
    #[arg(long, value_name = "ADDR", env = "AGORA_JOIN", hide_env = true, value_delimiter = ',', help_heading = NETWORK, value_parser = values::trimmed)]
    pub(crate) join: Option<Vec<String>>,

    /// Where nodes and clients meet; nodes of one machine share it [default: 12345]
    #[arg(long, value_name = "P", env = "AGORA_BROADCAST_PORT", hide_env = true, help_heading = NETWORK, value_parser = values::port)]
    #[serde(deserialize_with = "values::file::port")]
    pub(crate) broadcast_port: Option<u16>,

    /// Broadcast to this address only (repeatable) [default: all interfaces]
    #[arg(long, value_name = "IP", env = "AGORA_BROADCAST_ADDRESS", hide_env = true, value_delimiter = ',', help_heading = NETWORK, value_parser = values::ip)]
    #[serde(deserialize_with = "values::file::ips")]
    pub(crate) broadcast_address: Option<Vec<Ipv4Addr>>,

    /// The cluster's name; clusters of different names share a network [default: agora]
    #[arg(long, value_name = "NAME", env = "AGORA_CLUSTER", hide_env = true, help_heading = CLUSTER)]
    pub(crate) cluster: Option<String>,

    /// A majority of N nodes commits, and survives any partition. Without it any number of nodes serves, down to the
    /// last one
    #[arg(long, value_name = "N", env = "AGORA_CLUSTER_SIZE", hide_env = true, help_heading = CLUSTER, value_parser = values::size)]
    #[serde(deserialize_with = "values::file::size")]
    pub(crate) cluster_size: Option<u8>,

    /// The node's UUID, its rank in elections [default: random]
    #[arg(long, value_name = "UUID", env = "AGORA_ID", hide_env = true, help_heading = CLUSTER, value_parser = values::id)]
    #[serde(deserialize_with = "values::file::id")]
    pub(crate) id: Option<Uuid>,

    /// Ranks above the UUID; the highest leads [default: 0]
    #[arg(long, value_name = "N", env = "AGORA_PRIORITY", hide_env = true, help_heading = CLUSTER, value_parser = values::number::<u32>)]
    #[serde(deserialize_with = "values::file::number")]
    pub(crate) priority: Option<u32>,

    /// Where the intervals start from: lan or classic [default: lan]
    #[arg(long, value_name = "NAME", env = "AGORA_PRESET", hide_env = true, help_heading = TIMING)]
    pub(crate) preset: Option<Preset>,

    /// How often a follower asks whether the leader is there [lan: 50ms, classic: 20s]
    #[arg(long, value_name = "D", env = "AGORA_HEART_BEAT_INTERVAL", hide_env = true, help_heading = TIMING)]
    pub(crate) heart_beat_interval: Option<Interval>,

    /// Silence after which a follower is failed [lan: 1s, classic: 60s]
    #[arg(long, value_name = "D", env = "AGORA_HEART_BEAT_TIMEOUT", hide_env = true, help_heading = TIMING)]
    pub(crate) heart_beat_timeout: Option<Interval>,

    /// Unanswered heartbeats that are tolerated [default: 2]
    #[arg(long, value_name = "N", env = "AGORA_MAX_MISSED_HEART_BEATS", hide_env = true, help_heading = TIMING, value_parser = values::number::<u32>)]
    #[serde(deserialize_with = "values::file::number")]
    pub(crate) max_missed_heart_beats: Option<u32>,

    /// Silence after which an observer takes a member's place (with
    /// --cluster-size) [default: 60s]
    #[arg(long, value_name = "D", env = "AGORA_MEMBER_REPLACE_AFTER", hide_env = true, help_heading = TIMING)]
    pub(crate) member_replace_after: Option<Interval>,

    /// How often an idle leader replicates [lan: 50ms, classic: 5s]
    #[arg(long, value_name = "D", env = "AGORA_REPLICATION_INTERVAL", hide_env = true, help_heading = TIMING)]
    pub(crate) replication_interval: Option<Interval>,

    /// How long an election waits for a higher rank [lan: 50ms, classic: 3s]
    #[arg(long, value_name = "D", env = "AGORA_ELECTION_TIMEOUT_INTERVAL", hide_env = true, help_heading = TIMING)]
    pub(crate) election_timeout_interval: Option<Interval>,

    /// How long a starting node listens before it may found a cluster [lan: 500ms, classic: 8s]
    #[arg(long, value_name = "D", env = "AGORA_DISCOVERY_WINDOW", hide_env = true, help_heading = TIMING)]
    pub(crate) discovery_window: Option<Interval>,

    /// How long an auctioneer has to confirm the start [default: 60s]
    #[arg(long, value_name = "D", env = "AGORA_AUCTION_START_TIMEOUT", hide_env = true, help_heading = AUCTIONS)]
    pub(crate) auction_start_timeout: Option<Interval>,

    /// How long a finished auction is kept, if there is room [default: 24h]
    #[arg(long, value_name = "D", env = "AGORA_AUCTION_RETENTION", hide_env = true, help_heading = AUCTIONS)]
    pub(crate) auction_retention: Option<Interval>,

    /// For one more, the auction that finished first goes [default: 100000]
    #[arg(long, value_name = "N", env = "AGORA_MAX_AUCTIONS", hide_env = true, help_heading = AUCTIONS, value_parser = values::number::<usize>)]
    #[serde(deserialize_with = "values::file::number")]
    pub(crate) max_auctions: Option<usize>,

    /// Above so many an auction refuses further bidders [default: 10000]
    #[arg(long, value_name = "N", env = "AGORA_MAX_BIDDERS", hide_env = true, help_heading = AUCTIONS, value_parser = values::number::<u32>)]
    #[serde(deserialize_with = "values::file::number")]
    pub(crate) max_bidders: Option<u32>,

    /// Keep the log in this directory, and live on with it when started again
    /// [default: in memory]
    #[arg(long, value_name = "DIR", env = "AGORA_DATA_DIR", hide_env = true, help_heading = CLUSTER)]
    pub(crate) data_dir: Option<PathBuf>,

    /// Events on stdout: text, or json, an object a line [default: text]
    #[arg(long, value_name = "FORMAT", env = "AGORA_OUTPUT", hide_env = true, help_heading = PROGRAM)]
    #[serde(deserialize_with = "values::file::format")]
    pub(crate) output: Option<Format>,

    // Known, so that they are refused by name until they exist.
    #[arg(long, value_name = "ADDR", env = "AGORA_HTTP", hide_env = true, hide = true)]
    pub(crate) http: Option<String>,
    #[arg(long, value_name = "FILE", env = "AGORA_SECRET_FILE", hide_env = true, hide = true)]
    pub(crate) secret_file: Option<PathBuf>,
}

const NETWORK: &str = "Network";
const CLUSTER: &str = "Cluster";
const TIMING: &str = "Timing";
const AUCTIONS: &str = "Auctions";
pub(crate) const PROGRAM: &str = "Program";

impl Settings {
    /// What is set here, and below it what `lower` sets.
    pub(crate) fn above(self, lower: Self) -> Self {
        Self {
            bind: self.bind.or(lower.bind),
            advertise: self.advertise.or(lower.advertise),
            join: self.join.or(lower.join),
            broadcast_port: self.broadcast_port.or(lower.broadcast_port),
            broadcast_address: self.broadcast_address.or(lower.broadcast_address),
            cluster: self.cluster.or(lower.cluster),
            cluster_size: self.cluster_size.or(lower.cluster_size),
            id: self.id.or(lower.id),
            priority: self.priority.or(lower.priority),
            preset: self.preset.or(lower.preset),
            heart_beat_interval: self.heart_beat_interval.or(lower.heart_beat_interval),
            heart_beat_timeout: self.heart_beat_timeout.or(lower.heart_beat_timeout),
            max_missed_heart_beats: self.max_missed_heart_beats.or(lower.max_missed_heart_beats),
            member_replace_after: self.member_replace_after.or(lower.member_replace_after),
            replication_interval: self.replication_interval.or(lower.replication_interval),
            election_timeout_interval: self.election_timeout_interval.or(lower.election_timeout_interval),
            discovery_window: self.discovery_window.or(lower.discovery_window),
            auction_start_timeout: self.auction_start_timeout.or(lower.auction_start_timeout),
            auction_retention: self.auction_retention.or(lower.auction_retention),
            max_auctions: self.max_auctions.or(lower.max_auctions),
            max_bidders: self.max_bidders.or(lower.max_bidders),
            data_dir: self.data_dir.or(lower.data_dir),
            output: self.output.or(lower.output),
            http: self.http.or(lower.http),
            secret_file: self.secret_file.or(lower.secret_file),
        }
    }
}
