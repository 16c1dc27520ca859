//! `cancel`: end an auction without a winner.

use agora::auction::event::MAX_ITEM;
use agora::auction::refusal::{Code, Refusal};
use agora::client::message::Action;
use agora::id::AuctionId;

use super::print_done;
use crate::failure::Failure;
use crate::session::Session;

/// Which auction, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The auction's UUID
    #[arg(value_name = "AUCTION", value_parser = super::auction)]
    auction: AuctionId,
    /// What the bidders are told [default: BY_AUCTIONEER]
    #[arg(long, value_name = "T", env = "AGORA_REASON", hide_env = true)]
    reason: Option<String>,
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    // A much longer one would not even fit a datagram, and never be answered.
    if let Some(bytes) = args.reason.as_ref().map(String::len).filter(|bytes| *bytes > MAX_ITEM) {
        let reason = format!("reason has 1 to {MAX_ITEM} bytes, not {bytes}");
        return Err(Failure::refused(&Refusal { code: Code::BadRequest, reason }));
    }
    let ack = session.submit(Action::Cancel { auction: args.auction, reason: args.reason }).await?;
    print_done(session, args.auction, &ack, "cancelled")
}
