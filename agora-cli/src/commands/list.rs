//! `list`: the auctions, as committed.

use agora::auction::message::{Phase, Summary};
use clap::ValueEnum;
use serde_json::Value;

use super::summary_json;
use crate::failure::Failure;
use crate::output::{Colour, Printer};
use crate::session::Session;

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
    for summary in &listing.auctions {
        session.printer.print(|| Value::Object(summary_json(summary)), |printer| text(printer, summary))?;
    }
    Ok(())
}

fn text(printer: Printer, summary: &Summary) -> String {
    let Summary { auction, spec, phase, round, bidders, .. } = summary;
    let item: String = spec.item.chars().take(14).collect();
    let (colour, state) = state(*phase);
    let state = printer.column(colour, state, 10);
    format!("{auction}  {state} {round:>2}/{:<2} {bidders:>2}/{:<2}  {item}", spec.rounds, spec.bidders)
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
