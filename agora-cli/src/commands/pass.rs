//! `pass`: do not bid in a round.

use agora::client::message::Action;
use agora::id::{AuctionId, Round};

use super::bid;
use crate::failure::Failure;
use crate::session::Session;

/// Where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The auction's UUID
    #[arg(value_name = "AUCTION", value_parser = super::auction)]
    auction: AuctionId,
    /// In this round only [default: the open one]
    #[arg(long, value_name = "N", env = "AGORA_ROUND", hide_env = true)]
    round: Option<u32>,
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    let Args { auction, round } = args;
    let ack = session.submit(Action::Bid { auction, round: round.map(Round), amount: None }).await?;
    bid::print(&ack, session)
}
