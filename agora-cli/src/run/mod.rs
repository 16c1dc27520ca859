//! `run`: an auction by a script. The whole script is checked before anything is sent; then every role is a client of
//! its own, over the network like anyone else.
//!
//! ```text
//!   script.toml ─ check ─▶ Script ─▶ play ─▶ auctioneer ── create, confirm the start ──▶ cluster
//!                                      │                ◀─ events, printed once ────────
//!                                      └──▶ bidders: a fixed list each, or a program (exec)
//! ```

mod bidder;
mod check;
mod exec;
mod fixed;
mod local;
mod play;
mod result;
mod script;
mod toml_reader;

use std::path::PathBuf;

use crate::failure::Failure;
use crate::options::Settings;
use crate::output::Printer;

/// What to play, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The script, in TOML
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
    /// First start N nodes inside this process, on loopback and in memory
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=i64::from(local::MAX_NODES)), env = "AGORA_LOCAL", hide_env = true)]
    local: Option<u8>,
    /// With --local: end the leading node, as a crash would, in round R, once a
    /// bid of that round is acknowledged
    #[arg(long, value_name = "leader@R", value_parser = crash, requires = "local", env = "AGORA_CRASH", hide_env = true)]
    crash: Option<u32>,
}

fn crash(text: &str) -> Result<u32, String> {
    let round = text.strip_prefix("leader@").and_then(|round| round.parse().ok());
    round.filter(|round| *round > 0).ok_or_else(|| "`leader@R`, with a round from 1".into())
}

/// Runs it.
pub(crate) async fn run(args: Args, settings: Settings, printer: Printer) -> Result<(), Failure> {
    let script = check::read(&args.script, &check::Place { local: args.local.is_some(), crash: args.crash })?;
    if let (Some(_), Some(count @ ..3)) = (args.crash, args.local) {
        return Err(Failure::usage(format!(
            "--crash with --local {count} would leave no majority: it takes 3 or more"
        )));
    }
    // Programs that cannot be started are mistakes in the script, found before anything is sent.
    let programs = exec::start_all(&script)?;
    let Some(count) = args.local else { return play::play(&script, programs, &settings, printer, None).await };
    let mut nodes = local::Nodes::start(count, settings.cluster())?;
    let settings = settings.on_loopback(nodes.broadcast_port());
    let crash = args.crash.map(|round| play::Crash { round, nodes: &nodes });
    let result = play::play(&script, programs, &settings, printer, crash).await;
    nodes.stop().await;
    result
}
