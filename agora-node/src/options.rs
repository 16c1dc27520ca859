//! From flags, environment, file and preset to what a node is started with.

use agora::config::{Interval, Invalid, Mode, file};
use agora::node::Options;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::settings::Settings;

/// Everything that is set, flag or environment before file.
pub(crate) fn merged(cli: &Cli) -> Result<Settings, Failure> {
    let file = match &cli.config {
        Some(path) => file::read(path)?,
        None => Settings::default(),
    };
    Ok(cli.settings.clone().above(file))
}

/// What a node is started with; refused, with the key and the reason, where it would not run well.
pub(crate) fn options(set: &Settings) -> Result<Options, Invalid> {
    not_yet(set)?;
    let mut settings = set.preset.unwrap_or_default().settings();
    if let Some(cluster) = &set.cluster {
        settings.cluster.clone_from(cluster);
    }
    settings.mode = set.cluster_size.map_or(Mode::Reachable, Mode::Majority);
    settings.priority = set.priority.unwrap_or(settings.priority);
    settings.max_missed_heart_beats = set.max_missed_heart_beats.unwrap_or(settings.max_missed_heart_beats);
    settings.max_auctions = set.max_auctions.unwrap_or(settings.max_auctions);
    settings.max_bidders = set.max_bidders.unwrap_or(settings.max_bidders);
    for (value, set) in [
        (&mut settings.heart_beat_interval, set.heart_beat_interval),
        (&mut settings.heart_beat_timeout, set.heart_beat_timeout),
        (&mut settings.member_replace_after, set.member_replace_after),
        (&mut settings.replication_interval, set.replication_interval),
        (&mut settings.election_timeout_interval, set.election_timeout_interval),
        (&mut settings.discovery_window, set.discovery_window),
        (&mut settings.auction_start_timeout, set.auction_start_timeout),
        (&mut settings.auction_retention, set.auction_retention),
    ] {
        if let Some(Interval(set)) = set {
            *value = set;
        }
    }
    settings.validate()?;

    let mut options = Options::new(settings);
    options.id = set.id;
    options.bind = set.bind.unwrap_or(options.bind);
    options.advertise = set.advertise;
    options.data_dir.clone_from(&set.data_dir);
    options.reach.broadcast_port = set.broadcast_port.unwrap_or(options.reach.broadcast_port);
    options.reach.broadcast_addresses = set.broadcast_address.clone().unwrap_or_default();
    options.reach.join = set.join.clone().unwrap_or_default();
    network(&options)?;
    Ok(options)
}

/// What the interface names and this version lacks.
fn not_yet(set: &Settings) -> Result<(), Invalid> {
    let lacking = [("http", set.http.is_some()), ("secret-file", set.secret_file.is_some())];
    match lacking.into_iter().find(|(_, set)| *set) {
        Some((key, _)) => Err(Invalid::new(key, "not available yet")),
        None => Ok(()),
    }
}

fn network(options: &Options) -> Result<(), Invalid> {
    if options.reach.broadcast_port == 0 {
        return Err(Invalid::new("broadcast-port", "0 is no port where nodes could meet; 1 to 65535 are"));
    }
    if options.id.is_some_and(|id| id.is_nil()) {
        return Err(Invalid::new("id", "the nil UUID stands for clients"));
    }
    if let Some(advertise) = options.advertise
        && (advertise.ip().is_unspecified() || advertise.port() == 0)
    {
        return Err(Invalid::new("advertise", format!("nobody reaches a node at {advertise}")));
    }
    for name in &options.reach.join {
        let port = name.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(1..))) {
            return Err(Invalid::new("join", format!("`{name}` is not host:port, for example 10.0.0.5:4000")));
        }
    }
    Ok(())
}
