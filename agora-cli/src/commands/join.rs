//! `join`: become a bidder of an auction.

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
    let ack = session.submit(Action::Join(args.auction)).await?;
    print_done(session, args.auction, &ack, "joined")
}
