//! The commands, a file each.

mod bid;
mod cancel;
mod completions;
mod create;
mod join;
mod leader;
mod leave;
mod list;
mod man;
mod member;
mod pass;
mod show;
mod start;
mod status;
mod wait;
mod watch;

pub(crate) use create::{ROUND_TIMEOUT_MS, RoundTimeout, limit_keys, read_item, read_round_timeout};
pub(crate) use status::{deadline, holders};

use agora::auction::message::{Ack, Summary};
use agora::id::AuctionId;
use clap::Subcommand;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::bench;
use crate::events::spec_json;
use crate::failure::Failure;
use crate::options::{Cli, Settings};
use crate::output::Printer;
use crate::run;
use crate::session::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the nodes, the leader, and how far each is
    Status(status::Args),
    /// Set up an auction, as its auctioneer
    #[command(override_usage = "agora-cli create --item I --min-bid A --rounds R --bidders B [OPTIONS]")]
    Create(create::Args),
    /// List the auctions
    List(list::Args),
    /// Show one auction whole: bids as far as disclosed, and standings
    Show(show::Args),
    /// Become a bidder of an auction
    Join(join::Args),
    /// Be a bidder no more, before the auction starts
    Leave(leave::Args),
    /// Start an auction whose bidders are there, as its auctioneer
    Start(start::Args),
    /// End an auction without a winner, as its auctioneer
    Cancel(cancel::Args),
    /// Bid in the open round
    Bid(bid::Args),
    /// Do not bid in the open round
    Pass(pass::Args),
    /// Wait until an auction has come so far
    Wait(wait::Args),
    /// Follow one auction until it ends, or all until ctrl-c
    Watch(watch::Args),
    /// Play an auction by a script: its auctioneer and its bidders
    #[command(after_help = run::EXAMPLES)]
    Run(run::Args),
    /// Tell who counts, and change it (with --cluster-size)
    #[command(subcommand, after_help = member::EXAMPLES)]
    Member(member::Args),
    /// Hand the leadership over
    #[command(subcommand, after_help = leader::EXAMPLES)]
    Leader(leader::Args),
    /// Measure how many bids a cluster takes, and how fast
    #[command(after_help = bench::EXAMPLES)]
    Bench(bench::Args),
    /// Print what a shell needs to complete commands and flags
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::Args),
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man(man::Args),
    /// A process of bench's
    #[command(hide = true)]
    BenchWorker,
}

/// Runs the command.
pub(crate) async fn run(cli: Cli, printer: Printer) -> Result<(), Failure> {
    // What needs no cluster needs no settings.
    match &cli.command {
        Command::Completions(args) => return completions::run(args),
        Command::Man(args) => return man::run(args),
        Command::BenchWorker => return bench::work(),
        _ => {}
    }
    let settings = cli.global.settings()?;
    match cli.command {
        Command::Run(args) => run::run(args, settings, printer).await,
        Command::Bench(args) => bench::run(args, settings, printer).await,
        command => one_shot(command, settings, printer).await,
    }
}

async fn one_shot(command: Command, settings: Settings, printer: Printer) -> Result<(), Failure> {
    let session = Session::connect(settings, printer).await?;
    match command {
        Command::Status(args) => status::run(args, &session).await,
        Command::Create(args) => create::run(args, &session).await,
        Command::List(args) => list::run(args, &session).await,
        Command::Show(args) => show::run(args, &session).await,
        Command::Join(args) => join::run(args, &session).await,
        Command::Leave(args) => leave::run(args, &session).await,
        Command::Start(args) => start::run(args, &session).await,
        Command::Cancel(args) => cancel::run(args, &session).await,
        Command::Bid(args) => bid::run(args, &session).await,
        Command::Pass(args) => pass::run(args, &session).await,
        Command::Wait(args) => wait::run(args, &session).await,
        Command::Watch(args) => watch::run(args, &session).await,
        Command::Member(args) => member::run(args, &session).await,
        Command::Leader(args) => leader::run(args, &session).await,
        Command::Run(_) | Command::Bench(_) | Command::Completions(_) | Command::Man(_) | Command::BenchWorker => {
            Ok(())
        }
    }
}

/// An AUCTION argument.
pub(crate) fn auction(text: &str) -> Result<AuctionId, String> {
    Uuid::parse_str(text).map(AuctionId).map_err(|_| "an auction is named by its UUID".into())
}

/// Tells that it is done.
fn print_done(session: &Session, auction: AuctionId, ack: &Ack, done: &str) -> Result<(), Failure> {
    session.printer.print(
        || {
            let mut object = Map::new();
            object.insert("auction".into(), json!(auction));
            object.insert("participant".into(), json!(session.participant()));
            object.insert("seq".into(), json!(ack.receipt.seq));
            put_durability(&mut object, ack);
            Value::Object(object)
        },
        |_| format!("{done} {auction} as {}", session.name()),
    )
}

/// What an acknowledgement rests on.
fn put_durability(object: &mut Map<String, Value>, ack: &Ack) {
    object.insert("durability".into(), json!(ack.durability));
    object.insert("disk".into(), json!(ack.disk));
}

/// One auction, as `list` and `show` begin.
pub(crate) fn summary_json(summary: &Summary) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("auction".into(), json!(summary.auction));
    object.insert("auctioneer".into(), json!(summary.auctioneer));
    object.insert("state".into(), json!(summary.phase));
    object.insert("round".into(), json!(summary.round));
    object.insert("bidders".into(), json!(summary.bidders));
    object.insert("seq".into(), json!(summary.last));
    object.extend(spec_json(&summary.spec));
    object
}
