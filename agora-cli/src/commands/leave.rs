//! `leave`: be a bidder no more, before the auction starts.

use agora::client::message::Action;
use agora::id::AuctionId;

use super::print_done;
use crate::failure::Failure;
use crate::session::Session;

/// Which auction.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The auction's UUID
    #[arg(value_name = "AUCTION", value_parser = super::auction)]
    auction: AuctionId,
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    let ack = session.submit(Action::Leave(args.auction)).await?;
    print_done(session, args.auction, &ack, "left")
}
