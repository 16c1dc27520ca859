//! `list`: the auctions, as committed.

use agora::auction::message::{Phase, Summary};
use clap::ValueEnum;
use serde_json::Value;

use super::summary_json;
use crate::failure::Failure;
use crate::output::{Colour, Printer};
use crate::session::Session;
use crate::table::{Align, Cell, Table};

/// Which auctions.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those in this state: waiting, active, completed or cancelled
    #[arg(long, value_enum, value_name = "STATE", hide_possible_values = true, env = "AGORA_STATE", hide_env = true)]
    state: Option<State>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Waiting,
    Active,
    Completed,
    Cancelled,
}

impl From<State> for Phase {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Active => Self::Active,
            State::Completed => Self::Completed,
            State::Cancelled => Self::Cancelled,
        }
    }
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    let listing = session.client.list(args.state.map(Phase::from), Some(session.timeout())).await?;
    if listing.auctions.is_empty() {
        session.printer.note("no auctions");
        return Ok(());
    }
    session.printer.say(|printer| text(printer, listing.auctions.clone()))?;
    for summary in &listing.auctions {
        session.printer.print(|| Value::Object(summary_json(summary)), |_| String::new())?;
    }
    Ok(())
}

/// For people the ones that they can do something about come first.
fn text(printer: Printer, mut auctions: Vec<Summary>) -> String {
    let place = |phase| match phase {
        Phase::Active => 0,
        Phase::Waiting => 1,
        Phase::Completed => 2,
        Phase::Cancelled => 3,
    };
    auctions.sort_by(|one, other| (place(one.phase), &one.spec.item).cmp(&(place(other.phase), &other.spec.item)));
    let columns = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Left];
    let mut table = Table::headed(columns, ["AUCTION", "STATE", "ROUND", "BIDDERS", "ITEM"]);
    for Summary { auction, spec, phase, round, bidders, .. } in auctions {
        let (colour, state) = state(phase);
        table.row([
            auction.into(),
            Cell::from(state).coloured(colour),
            format!("{round}/{}", spec.rounds).into(),
            format!("{bidders}/{}", spec.bidders).into(),
            spec.item.into(),
        ]);
    }
    table.lines(printer).join("\n")
}

/// How people are shown a state.
pub(super) const fn state(phase: Phase) -> (Colour, &'static str) {
    match phase {
        Phase::Waiting => (Colour::Dim, "waiting"),
        Phase::Active => (Colour::Bold, "active"),
        Phase::Completed => (Colour::Green, "completed"),
        Phase::Cancelled => (Colour::Red, "cancelled"),
    }
}
