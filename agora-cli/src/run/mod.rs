//! `run`: an auction by a script. The whole script is checked before anything is sent; then every role is a client of
//! its own, over the network like anyone else.
//!
//! ```text
//!   script.toml ─ check ─▶ Script ─▶ play ─▶ auctioneer ── create, confirm the start ──▶ cluster
//!                                      │                ◀─ events, printed once ────────
//!                                      └──▶ bidders: a strategy each, or a program (exec)
//! ```
//!
//! With `--only` some of the roles are played, and the others by other processes (`cast`).

mod bidder;
mod cast;
mod check;
mod exec;
mod planned;
mod play;
mod result;
mod script;
mod show;
mod strategy;
mod toml_reader;
mod trace;

use std::path::PathBuf;

use agora::id::AuctionId;

use self::cast::Cast;
use self::play::Play;
use self::show::Crash;
use self::trace::{Roles, Trace};
use crate::commands::auction;
use crate::failure::Failure;
use crate::local;
use crate::options::{Settings, trimmed};
use crate::output::Printer;

pub(crate) const EXAMPLES: &str = "\
Examples:
  agora-cli run docs/scripts/painting.toml --local 3 --crash leader@2
  agora-cli run painting.toml --only auctioneer --only alice
  agora-cli run painting.toml --auction AUCTION --only bob --only carol";

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
    /// With --local: print the messages between the nodes and the clients, as
    /// arrows
    #[arg(long, requires = "local", env = "AGORA_TRACE", hide_env = true)]
    trace: bool,
    /// Play this role only: a bidder's name, or `auctioneer` (repeatable)
    /// [default: all]
    #[arg(long, value_name = "NAME", env = "AGORA_ONLY", hide_env = true, value_delimiter = ',', value_parser = trimmed::<String>)]
    only: Vec<String>,
    /// Bid in this auction, which is there, instead of creating one
    #[arg(long, value_name = "AUCTION", value_parser = auction, env = "AGORA_AUCTION", hide_env = true, conflicts_with = "local")]
    auction: Option<AuctionId>,
    /// Play each role as the participant in DIR/NAME.toml, made on first use
    /// [default: a fresh one]
    #[arg(long, value_name = "DIR", env = "AGORA_IDENTITIES", hide_env = true)]
    identities: Option<PathBuf>,
}

fn crash(text: &str) -> Result<u32, String> {
    let round = text.strip_prefix("leader@").and_then(|round| round.parse().ok());
    round.filter(|round| *round > 0).ok_or_else(|| "`leader@R`, with a round from 1".into())
}

/// Runs it.
pub(crate) async fn run(args: Args, settings: Settings, printer: Printer) -> Result<(), Failure> {
    let cast = Cast { only: args.only, auction: args.auction, identities: args.identities };
    let place = check::Place { cast: &cast, local: args.local.is_some(), crash: args.crash };
    let script = check::read(&args.script, &place)?;
    cast.check()?;
    if let (Some(_), Some(count @ ..3)) = (args.crash, args.local) {
        return Err(Failure::usage(format!(
            "--crash with --local {count} would leave no majority: it takes 3 or more"
        )));
    }
    // Programs that cannot be started are mistakes in the script, found before anything is sent.
    let programs = exec::start_all(&script, &cast)?;
    let roles = Roles::default();
    let play = |settings| Play { script: &script, cast: &cast, settings, printer, roles: &roles };
    let Some(count) = args.local else {
        return play(&settings).run(programs, None).await?.tell(printer, &script);
    };
    let (trace, seeing) = args.trace.then(Trace::start).unzip();
    let mut nodes =
        local::Nodes::start(count, settings.cluster(), |number| trace.as_ref().map(|trace| trace.tap(number)))?;
    // Only the nodes are seen from now on: what is seen ends with them.
    drop(trace);
    let handles = nodes.handles();
    let shown = async {
        match seeing {
            Some(seeing) => seeing.print(handles, roles.clone(), printer).await,
            None => Ok(()),
        }
    };
    let settings = settings.on_loopback(nodes.broadcast_port());
    let played = async {
        let crash = args.crash.map(|round| Crash { round, nodes: &nodes });
        let outcome = play(&settings).run(programs, crash).await;
        nodes.stop().await;
        outcome
    };
    let (outcome, shown) = tokio::join!(played, shown);
    shown?;
    outcome?.tell(printer, &script)
}
