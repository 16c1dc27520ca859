//! `start`: start an auction whose bidders are there.

use agora::client::message::Action;
use agora::id::AuctionId;
use serde_json::{Value, json};

use super::put_durability;
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
    let ack = session.submit(Action::Start(args.auction)).await?;
    session.printer.print(
        || {
            let mut object = serde_json::Map::new();
            object.insert("auction".into(), json!(args.auction));
            object.insert("participant".into(), json!(session.participant()));
            object.insert("seq".into(), json!(ack.receipt.seq));
            put_durability(&mut object, &ack);
            Value::Object(object)
        },
        |_| format!("started {}", args.auction),
    )
}
