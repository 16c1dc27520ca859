//! `bench`: a load generator. Bidders bid as fast as asked, or as fast as goes, and what that took is told.
//!
//! ```text
//!   bench ── starts, Go, Measure ──▶ worker ── bids, over UDP like any client ──▶ nodes: elsewhere, or --local in here
//!     │  ◀─ samples, sums ────────── (1…)   ◀─ acknowledgements, events ───────
//!     ├── /proc ─▶ what nodes and workers use
//!     └── table, JSON, HTML
//! ```
//!
//! - **What a bid is.** Auctions are sealed, without a round's time limit. A bidder bids once a round; a round ends when
//!   all have bid; where an auction ends, the next one begins, which was set up before. A bid counts once it is
//!   acknowledged *and* every bidder of its auction was told of it by an event, in order: each bidder is a session with a
//!   socket of its own, and what it is told is checked against the acknowledgement.
//! - **Who plays them.** Workers: processes of this program (the hidden `bench-worker`), which drive the client protocol
//!   of the library without a task for each session. One is enough until it needs most of a processor; then, unless
//!   `--workers` says how many, the auctions are spread over more. At the end it is told what stood in the way: clients,
//!   nodes, both, or only the pace that was asked for.
//! - **Latency** counts from when a bid should have been made. In a closed loop (`--in-flight`) that is when it was; in an
//!   open loop (`--rate`) it is the time by the rate, also where the client was late or no bidder free: a stall is paid by
//!   every bid that it delayed (no coordinated omission). Bids of the measured time count however late they end; those
//!   that never end, with the time that they waited.
//! - **Nothing lost.** At the end, a fresh session is shown some auctions whole, and each acknowledged bid must be there,
//!   under its number and with its amount, and the totals must be right. Else the exit code is 1.

mod conduct;
mod crew;
mod failover;
mod figures;
mod limit;
mod proc;
mod report;
mod servers;
mod show;
mod talk;
mod worker;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agora::auction::event::{MAX_BIDDERS, MAX_ROUNDS};
use agora::config::parse_duration;

use self::talk::Pace;
use crate::failure::Failure;
use crate::local;
use crate::options::Settings;
use crate::output::Printer;

pub(crate) use self::worker::run as work;

pub(crate) const EXAMPLES: &str = "\
Examples:
  agora-cli bench --local 3
  agora-cli bench --auctions 64 --bidders 8 --in-flight 256 --duration 30s
  agora-cli bench --rate 5000 --report bench.html
  agora-cli bench --local 3 --rate 2000 --duration 1m --kill-leader-every 10s";

/// Bids under way, unless told otherwise.
const IN_FLIGHT: u32 = 256;
/// A session may follow 1,024 auctions; each may have its successor set up already.
const MAX_AUCTIONS_OF_A_BIDDER: u32 = 500;
/// The nodes keep so many subscriptions.
const MAX_SUBSCRIPTIONS: u64 = 250_000;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Auctions at a time
    #[arg(long, value_name = "A", default_value = "64", value_parser = clap::value_parser!(u32).range(1..=100_000), env = "AGORA_AUCTIONS", hide_env = true)]
    auctions: u32,
    /// Bidders of an auction
    #[arg(long, value_name = "B", default_value = "8", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_BIDDERS)), env = "AGORA_BIDDERS", hide_env = true)]
    bidders: u32,
    /// Rounds of an auction; where one ends, the next begins
    #[arg(long, value_name = "R", default_value = "200", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_ROUNDS)), env = "AGORA_ROUNDS", hide_env = true)]
    rounds: u32,
    /// Sessions, a multiple of B, among which the auctions are dealt out
    /// [default: as few as can be: everybody bids in all auctions]
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u32).range(1..=100_000), env = "AGORA_PARTICIPANTS", hide_env = true)]
    participants: Option<u32>,
    /// Closed loop: so many bids under way [default: 256, or as many as can be]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), conflicts_with = "rate", env = "AGORA_IN_FLIGHT", hide_env = true)]
    in_flight: Option<u32>,
    /// Open loop: so many bids a second, whatever becomes of them
    #[arg(long, value_name = "R", value_parser = rate, env = "AGORA_RATE", hide_env = true)]
    rate: Option<f64>,
    /// How long is measured
    #[arg(long, value_name = "D", default_value = "10s", value_parser = parse_duration, env = "AGORA_DURATION", hide_env = true)]
    duration: Duration,
    /// Bid so long before that
    #[arg(long, value_name = "D", default_value = "2s", value_parser = parse_duration, env = "AGORA_WARM_UP", hide_env = true)]
    warm_up: Duration,
    /// First start N nodes inside this process, on loopback and in memory
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=i64::from(local::MAX_NODES)), env = "AGORA_LOCAL", hide_env = true)]
    local: Option<u8>,
    /// With --local, of 3 or more: end the leading node so often, as a crash
    /// would, and start another in its place
    #[arg(long, value_name = "D", requires = "local", value_parser = parse_duration, env = "AGORA_KILL_LEADER_EVERY", hide_env = true)]
    kill_leader_every: Option<Duration>,
    /// A node's process on this machine (repeatable) [default: found by the
    /// addresses that answer]
    #[arg(
        long,
        value_name = "PID",
        conflicts_with = "local",
        value_delimiter = ',',
        env = "AGORA_PID",
        hide_env = true
    )]
    pid: Vec<u32>,
    /// Client processes [default: one, and more where one is not enough]
    #[arg(long, value_name = "W", value_parser = clap::value_parser!(u32).range(1..=64), env = "AGORA_WORKERS", hide_env = true)]
    workers: Option<u32>,
    /// Write a page with plots, which needs nothing else
    #[arg(long, value_name = "FILE", env = "AGORA_REPORT", hide_env = true)]
    report: Option<PathBuf>,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| (0.1..=10_000_000.0).contains(rate));
    rate.ok_or_else(|| "bids a second, from 0.1 to 10000000".into())
}

/// What is measured, as it holds.
#[derive(Debug, Clone)]
struct Plan {
    auctions: u32,
    bidders: u32,
    rounds: u32,
    /// The auctions are dealt out among so many groups of bidders.
    groups: u32,
    pace: Pace,
    duration: Duration,
    warm_up: Duration,
    kill_every: Option<Duration>,
    workers: Option<u32>,
}

impl Plan {
    fn of(args: &Args) -> Result<Self, Failure> {
        let Args { auctions, bidders, rounds, duration, warm_up, .. } = *args;
        let usage = |reason: String| Err(Failure::usage(reason));
        let seats = u64::from(auctions) * u64::from(bidders);
        if seats > MAX_SUBSCRIPTIONS {
            return usage(format!("{auctions} × {bidders} bidders: the nodes tell {MAX_SUBSCRIPTIONS} at most"));
        }
        let least = auctions.div_ceil(MAX_AUCTIONS_OF_A_BIDDER);
        let groups = match args.participants {
            None => least,
            Some(all) if all % bidders == 0 && (least..=auctions).contains(&(all / bidders)) => all / bidders,
            Some(_) => {
                let (from, to) = (least * bidders, seats);
                return usage(format!("--participants is a multiple of {bidders}, from {from} to {to}"));
            }
        };
        let most = u32::try_from(seats).unwrap_or(u32::MAX);
        let pace = match (args.rate, args.in_flight) {
            (Some(rate), _) => Pace::Rate(rate),
            (None, Some(wanted)) if wanted > most => {
                return usage(format!(
                    "--in-flight {wanted}: {auctions} × {bidders} bidders have at most {most} bids under way"
                ));
            }
            (None, wanted) => Pace::InFlight(wanted.unwrap_or(IN_FLIGHT.min(most))),
        };
        if duration < Duration::from_millis(100) {
            return usage("--duration is 100ms at least".into());
        }
        match (args.kill_leader_every, args.local) {
            (Some(_), Some(local)) if local < 3 => {
                return usage(format!("--kill-leader-every with --local {local} would leave no majority: 3 or more"));
            }
            (Some(every), _) if every < Duration::from_secs(1) || every >= duration => {
                return usage("--kill-leader-every is 1s at least, and less than --duration".into());
            }
            _ => {}
        }
        let (kill_every, workers) = (args.kill_leader_every, args.workers);
        let plan = Self { auctions, bidders, rounds, groups, pace, duration, warm_up, kill_every, workers };
        match plan.most_workers() {
            most if workers.is_some_and(|workers| workers > most) => {
                usage(format!("--workers: at most {most}, for each has an auction, and a bid under way"))
            }
            _ => Ok(plan),
        }
    }

    /// A worker has an auction at least, and a bid under way.
    fn most_workers(&self) -> u32 {
        match self.pace {
            Pace::InFlight(count) => count.min(self.auctions),
            Pace::Rate(_) => self.auctions,
        }
    }
}

/// Runs it.
pub(crate) async fn run(args: Args, settings: Settings, printer: Printer) -> Result<(), Failure> {
    let plan = Plan::of(&args)?;
    // A page that cannot be written is noticed before anything is sent.
    if let Some(path) = &args.report {
        report::touch(path)?;
    }
    let figures = match args.local {
        None => conduct::run(&plan, &settings, None, &args.pid, printer).await?,
        Some(count) => {
            let mut nodes = local::Nodes::start(count, settings.cluster(), |_| None)?;
            let settings = settings.on_loopback(nodes.broadcast_port());
            let figures = conduct::run(&plan, &settings, Some(&nodes), &[], printer).await;
            nodes.stop().await;
            figures?
        }
    };
    if let Some(path) = &args.report {
        report::write(path, &plan, &figures)?;
    }
    show::print(printer, &plan, &figures)?;
    figures.verdict()
}

/// Microseconds since 1970.
fn unix_us(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Now, as workers and their parent tell each other.
#[expect(
    clippy::disallowed_methods,
    reason = "processes of one machine have this clock in common; nothing is decided by it"
)]
fn now_us() -> u64 {
    unix_us(SystemTime::now())
}

/// A number for a plot, a rate or a share.
#[expect(clippy::cast_precision_loss, reason = "for people, and far below 2^52")]
fn real(number: u64) -> f64 {
    number as f64
}
