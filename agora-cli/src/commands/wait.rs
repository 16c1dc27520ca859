//! `wait`: until an auction has come so far; also where it came so far before.

use agora::auction::message::Phase;
use agora::client::event::{Event, What};
use agora::client::fold::View;
use agora::id::{AuctionId, Round, Seq};
use tokio::time::timeout_at;

use super::status::deadline;
use crate::events::{self, Names};
use crate::failure::Failure;
use crate::session::Session;

/// Which auction, and how far.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The auction's UUID
    #[arg(value_name = "AUCTION", value_parser = super::auction)]
    auction: AuctionId,
    /// How far: ready-check, started, round=N or completed
    #[arg(long, value_name = "STATE", value_parser = until, env = "AGORA_UNTIL", hide_env = true)]
    until: Until,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    ReadyCheck,
    Started,
    Round(Round),
    Completed,
}

fn until(text: &str) -> Result<Until, String> {
    let round = |text: &str| text.parse().ok().filter(|round| *round > 0).map(|round| Until::Round(Round(round)));
    match text {
        "ready-check" => Some(Until::ReadyCheck),
        "started" => Some(Until::Started),
        "completed" => Some(Until::Completed),
        _ => text.strip_prefix("round=").and_then(round),
    }
    .ok_or_else(|| "one of ready-check, started, round=N (N from 1) and completed".into())
}

impl Until {
    const fn is_met(self, what: &What) -> bool {
        match (self, what) {
            (Self::ReadyCheck, What::ReadyCheck { .. })
            | (Self::Started, What::Started)
            | (Self::Completed, What::Ended { .. }) => true,
            (Self::Round(wanted), What::RoundStarted { round, .. }) => wanted.0 == round.0,
            _ => false,
        }
    }
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    let end = deadline(session.timeout());
    let last = session.find(args.auction, Some(session.timeout())).await?.last;
    match timeout_at(end, wait(&args, last, session)).await {
        Ok(Ok(event)) => events::print(session.printer, &event, &Names::new()),
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(Failure::timeout("the auction did not come so far in time")),
    }
}

/// `last` is the event up to which all has happened already.
async fn wait(args: &Args, last: Seq, session: &Session) -> Result<Event, Failure> {
    let mut events = session.follow(args.auction).await;
    let mut view: Option<View> = None;
    // A ready check is taken back when a bidder leaves: what counts is whether one is out, or led to the start.
    let mut check = None;
    while let Some(event) = events.next().await {
        let event = event?;
        match &mut view {
            Some(view) => view.apply(&event),
            None => view = View::begin(&event),
        }
        let (seq, is_met) = (event.head.seq, args.until.is_met(&event.what));
        if let What::Cancelled { reason } = event.what {
            return Err(Failure::cancelled(reason));
        }
        if is_met && args.until != Until::ReadyCheck {
            return Ok(event);
        }
        if is_met {
            check = Some(event);
        } else if view.as_ref().is_some_and(|view| !view.has_minimum()) {
            check = None;
        }
        let started = view.as_ref().is_some_and(|view| view.phase != Phase::Waiting);
        if (started || seq >= last)
            && let Some(check) = check.take()
        {
            return Ok(check);
        }
    }
    Err(Failure::fault("the auction is over and never came so far"))
}
