//! The flags of `agora-cli`, and where their values come from: flag, environment, file, default.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use agora::client::ClientConfig;
use agora::config::{file, parse_duration};
use agora::id::{ParticipantId, RequestId};
use agora::node::BROADCAST_PORT;
use clap::{Args, Parser};
use serde::Deserialize;
use uuid::Uuid;

use crate::commands::Command;
use crate::failure::Failure;
use crate::identity::{self, Identity};
use crate::output::Format;

const EXAMPLES: &str = "\
Examples:
  agora-cli run docs/scripts/painting.toml --local 3
  agora-cli create --item Painting --min-bid 10 --rounds 3 --bidders 2
  agora-cli --as alice join AUCTION
  agora-cli --as alice bid AUCTION 12.50
  agora-cli --output json watch AUCTION

Every flag is also an environment variable: AGORA_TIMEOUT=20s for --timeout.

Exit codes: 0 done, 1 fault, 2 bad usage or file, 3 refused, 4 no leader found,
5 auction cancelled, 6 sent and outcome unknown, 130 ctrl-c";

/// Take part in auctions of an Agora cluster.
#[derive(Debug, Parser)]
#[command(name = "agora-cli", version, after_help = EXAMPLES, max_term_width = 80, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The flags of all commands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster and identity")]
pub(crate) struct Global {
    /// Take settings from a TOML file with keys named like these flags
    #[arg(long, global = true, value_name = "FILE", env = "AGORA_CONFIG", hide_env = true)]
    config: Option<PathBuf>,
    /// Ask this node too, where no broadcast reaches it (repeatable)
    #[arg(long, global = true, value_name = "ADDR", env = "AGORA_JOIN", hide_env = true, value_delimiter = ',', value_parser = trimmed::<String>)]
    join: Vec<String>,
    /// The cluster's name [default: agora]
    #[arg(long, global = true, value_name = "NAME", env = "AGORA_CLUSTER", hide_env = true)]
    cluster: Option<String>,
    /// The nodes' broadcast port [default: 12345]
    #[arg(long, global = true, value_name = "P", env = "AGORA_BROADCAST_PORT", hide_env = true)]
    broadcast_port: Option<u16>,
    /// Broadcast to this address only (repeatable) [default: all interfaces]
    #[arg(
        long,
        global = true,
        value_name = "IP",
        env = "AGORA_BROADCAST_ADDRESS",
        hide_env = true,
        value_delimiter = ',',
        value_parser = trimmed::<Ipv4Addr>
    )]
    broadcast_address: Vec<Ipv4Addr>,
    /// Be the participant of this name [default: default]
    #[arg(long = "as", global = true, value_name = "NAME", conflicts_with = "identity")]
    as_name: Option<String>,
    /// Be the participant in this file, made on first use
    #[arg(long, global = true, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Give up after this time, such as 250ms, 20s or 2m [default: 10s; run and
    /// watch: never]
    #[arg(long, global = true, value_name = "D", env = "AGORA_TIMEOUT", hide_env = true, value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Repeat the request of this id: nothing is done twice
    #[arg(long, global = true, value_name = "UUID", env = "AGORA_REQUEST", hide_env = true)]
    pub(crate) request: Option<Uuid>,
    /// How results are written: text for people, json for programs
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        hide_possible_values = true,
        env = "AGORA_OUTPUT",
        hide_env = true
    )]
    output: Option<Format>,
}

/// What `--config` may hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    join: Option<Vec<String>>,
    cluster: Option<String>,
    broadcast_port: Option<u16>,
    broadcast_address: Option<Vec<Ipv4Addr>>,
    r#as: Option<String>,
    identity: Option<PathBuf>,
    timeout: Option<agora::config::Interval>,
    request: Option<Uuid>,
    output: Option<Format>,
}

/// The settings, as they hold.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    cluster: String,
    join: Vec<String>,
    broadcast_port: u16,
    broadcast_addresses: Vec<Ipv4Addr>,
    identity: identity::Which,
    /// As asked for; one-shot commands and long ones have different defaults.
    pub(crate) timeout: Option<Duration>,
    pub(crate) request: Option<RequestId>,
}

impl Global {
    /// How results are written. Read first, because it decides how mistakes in all the rest are told.
    pub(crate) fn format(&self) -> Result<Format, Failure> {
        Ok(self.output.or(self.file()?.output).unwrap_or_default())
    }

    /// The settings: a flag's or the environment's value, else the file's, else the default.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let file = self.file()?;
        let or = |own: &Vec<String>, file: Option<Vec<String>>| {
            if own.is_empty() { file.unwrap_or_default() } else { own.clone() }
        };
        let addresses = if self.broadcast_address.is_empty() {
            file.broadcast_address.unwrap_or_default()
        } else {
            self.broadcast_address.clone()
        };
        Ok(Settings {
            cluster: self.cluster.clone().or(file.cluster).unwrap_or_else(|| "agora".into()),
            join: or(&self.join, file.join),
            broadcast_port: self.broadcast_port.or(file.broadcast_port).unwrap_or(BROADCAST_PORT),
            broadcast_addresses: addresses,
            identity: which_identity([
                (self.as_name.clone(), self.identity.clone()),
                (std::env::var("AGORA_AS").ok(), std::env::var_os("AGORA_IDENTITY").map(PathBuf::from)),
                (file.r#as, file.identity),
            ])?,
            timeout: self.timeout.or(file.timeout.map(|interval| interval.0)),
            request: self.request.or(file.request).map(RequestId),
        })
    }

    fn file(&self) -> Result<File, Failure> {
        match &self.config {
            Some(path) => Ok(file::read(path)?),
            None => Ok(File::default()),
        }
    }
}

/// The first of flags, environment and file that names an identity.
fn which_identity(sources: [(Option<String>, Option<PathBuf>); 3]) -> Result<identity::Which, Failure> {
    for source in sources {
        return match source {
            (None, None) => continue,
            (Some(_), Some(_)) => Err(Failure::usage("`as` and `identity` name two participants: give one of them")),
            (Some(name), None) => identity::Which::named(&name),
            (None, Some(path)) => Ok(identity::Which::File(path)),
        };
    }
    identity::Which::named("default")
}

impl Settings {
    /// The participant of `--as` or `--identity`, made on first use.
    pub(crate) fn identity(&self) -> Result<Identity, Failure> {
        Identity::load_or_make(&self.identity)
    }

    /// How `participant` reaches the cluster.
    pub(crate) fn client(&self, participant: ParticipantId) -> ClientConfig {
        let mut config = ClientConfig::new(participant);
        config.cluster.clone_from(&self.cluster);
        config.join.clone_from(&self.join);
        config.broadcast_port = self.broadcast_port;
        config.broadcast_addresses.clone_from(&self.broadcast_addresses);
        // Who broadcasts on loopback only needs no other interface.
        let loopback = |address: &Ipv4Addr| address.is_loopback();
        if self.join.is_empty() && !self.broadcast_addresses.is_empty() && self.broadcast_addresses.iter().all(loopback)
        {
            config.bind = (Ipv4Addr::LOCALHOST, 0).into();
        }
        config
    }

    /// The same, for a cluster on loopback that hears broadcasts on `port`.
    pub(crate) fn on_loopback(&self, port: u16) -> Self {
        Self {
            join: Vec::new(),
            broadcast_port: port,
            broadcast_addresses: vec![Ipv4Addr::new(127, 255, 255, 255)],
            ..self.clone()
        }
    }

    /// The name of the cluster.
    pub(crate) fn cluster(&self) -> &str {
        &self.cluster
    }
}

/// An element of a list: in the environment a space may follow the comma.
pub(crate) fn trimmed<T: FromStr>(text: &str) -> Result<T, T::Err> {
    text.trim().parse()
}

/// Whether arguments that could not be understood ask for JSON.
pub(crate) fn wants_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<_> = arguments.filter_map(|argument| argument.into_string().ok()).collect();
    let by_flag = arguments.iter().any(|argument| argument == "--output=json")
        || arguments.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json");
    let text_by_flag = arguments.iter().any(|argument| argument.starts_with("--output"));
    by_flag || (!text_by_flag && std::env::var("AGORA_OUTPUT").is_ok_and(|output| output == "json"))
}
