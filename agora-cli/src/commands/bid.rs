//! `bid`: bid in a round.

use agora::amount::Amount;
use agora::auction::message::Ack;
use agora::client::message::Action;
use agora::id::{AuctionId, Round};
use serde_json::{Value, json};

use super::put_durability;
use crate::failure::Failure;
use crate::session::Session;

/// No amount that is written with care is longer; what is longer does not fit a datagram with the rest.
const MAX_AMOUNT: usize = 64;

/// Where and how much.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The auction's UUID
    #[arg(value_name = "AUCTION", value_parser = super::auction)]
    auction: AuctionId,
    /// How much, such as 12.50
    #[arg(value_name = "AMOUNT", value_parser = amount, allow_hyphen_values = true)]
    amount: String,
    /// In this round only [default: the open one]
    #[arg(long, value_name = "N", env = "AGORA_ROUND", hide_env = true)]
    round: Option<u32>,
}

/// What is no amount is refused by the cluster, with a code; only what cannot be sent is refused here.
fn amount(text: &str) -> Result<String, String> {
    if text.len() > MAX_AMOUNT {
        return Err(format!("an amount has at most {MAX_AMOUNT} characters"));
    }
    Ok(text.into())
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    let Args { auction, amount, round } = args;
    let asked = Amount::parse(&amount).ok();
    let action = Action::Bid { auction, round: round.map(Round), amount: Some(amount) };
    let ack = session.submit(action).await?;
    print(&ack, session)?;
    if ack.receipt.amount != asked {
        session.printer.note("that request was given before, with what stands");
    }
    Ok(())
}

/// A bid, or a pass, that stands.
pub(super) fn print(ack: &Ack, session: &Session) -> Result<(), Failure> {
    let receipt = &ack.receipt;
    let round = receipt.round.unwrap_or_default();
    session.printer.print(
        || {
            let mut object = serde_json::Map::new();
            object.insert("auction".into(), json!(receipt.auction));
            object.insert("participant".into(), json!(session.participant()));
            object.insert("round".into(), json!(round));
            object.insert("seq".into(), json!(receipt.seq));
            match receipt.amount {
                Some(amount) => object.insert("amount".into(), json!(amount)),
                None => object.insert("pass".into(), true.into()),
            };
            put_durability(&mut object, ack);
            Value::Object(object)
        },
        |_| match receipt.amount {
            Some(amount) => format!("{amount} stands in round {round}, as event {}", receipt.seq),
            None => format!("passed in round {round}, as event {}", receipt.seq),
        },
    )
}
