//! `--print-config`: what is in force, as a file.

use agora::config::{Interval, Mode};
use agora::node::Options;

use crate::failure::Failure;
use crate::settings::Settings;

/// TOML that `--config` reads back to the same options.
pub(crate) fn print(options: &Options, set: &Settings) -> Result<String, Failure> {
    let settings = &options.settings;
    let interval = |duration| Some(Interval(duration));
    let all = Settings {
        bind: Some(options.bind),
        advertise: options.advertise,
        join: Some(options.reach.join.clone()),
        broadcast_port: Some(options.reach.broadcast_port),
        broadcast_address: Some(options.reach.broadcast_addresses.clone()),
        cluster: Some(settings.cluster.clone()),
        cluster_size: match settings.mode {
            Mode::Majority(size) => Some(size),
            Mode::Reachable => None,
        },
        id: options.id,
        priority: Some(settings.priority),
        preset: Some(set.preset.unwrap_or_default()),
        heart_beat_interval: interval(settings.heart_beat_interval),
        heart_beat_timeout: interval(settings.heart_beat_timeout),
        max_missed_heart_beats: Some(settings.max_missed_heart_beats),
        member_replace_after: interval(settings.member_replace_after),
        replication_interval: interval(settings.replication_interval),
        election_timeout_interval: interval(settings.election_timeout_interval),
        discovery_window: interval(settings.discovery_window),
        auction_start_timeout: interval(settings.auction_start_timeout),
        auction_retention: interval(settings.auction_retention),
        max_auctions: Some(settings.max_auctions),
        max_bidders: Some(settings.max_bidders),
        data_dir: options.data_dir.clone(),
        output: Some(set.output.unwrap_or_default()),
        http: None,
        secret_file: None,
    };
    toml::to_string(&all).map_err(|error| Failure::fault(error.to_string()))
}
