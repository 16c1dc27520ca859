//! `show`: one auction whole, as far as it is disclosed to this participant.

use agora::auction::message::Summary;
use agora::client::fold::View;
use agora::id::AuctionId;
use serde_json::{Map, Value, json};

use super::list::state;
use super::summary_json;
use crate::events::{Names, put_participant, spec_text, standings_json};
use crate::failure::Failure;
use crate::output::{Colour, Printer, short};
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
    let shown = session.client.show(args.auction, Some(session.timeout())).await?;
    let view = shown.ok_or_else(|| Failure::not_found(args.auction))?;
    session.printer.print(|| json(args.auction, &view), |printer| text(printer, args.auction, &view))
}

fn json(auction: AuctionId, view: &View) -> Value {
    let names = Names::new();
    let mut object = summary_json(&Summary {
        auction,
        auctioneer: view.auctioneer,
        spec: view.spec.clone(),
        phase: view.phase,
        round: view.round,
        bidders: u32::try_from(view.bidders.len()).unwrap_or(u32::MAX),
        last: view.last,
    });
    object.insert("participants".into(), json!(view.bidders));
    object.insert("bids".into(), view.bids.iter().map(bid_json).collect());
    object.insert("standings".into(), standings_json(&view.standings, &names));
    if let Some((winner, total)) = &view.winner {
        object.insert("winner".into(), json!(winner));
        object.insert("total".into(), json!(total));
        object.insert("price".into(), json!(view.price));
    }
    if let Some(reason) = &view.reason {
        object.insert("reason".into(), json!(reason));
    }
    Value::Object(object)
}

fn bid_json(bid: &agora::client::fold::Bid) -> Value {
    let mut object = Map::new();
    object.insert("round".into(), json!(bid.round));
    object.insert("seq".into(), json!(bid.seq));
    put_participant(&mut object, bid.participant, &Names::new());
    if bid.pass {
        object.insert("pass".into(), true.into());
    }
    if let Some(amount) = bid.amount {
        object.insert("amount".into(), json!(amount));
    }
    Value::Object(object)
}

fn text(printer: Printer, auction: AuctionId, view: &View) -> String {
    let (colour, state) = state(view.phase);
    let title = printer.paint(Colour::Bold, &view.spec.item);
    let state = printer.paint(colour, state);
    let mut lines = vec![format!("{title}  {state}"), format!("{auction}  {}", spec_text(&view.spec))];
    if let Some(reason) = &view.reason {
        lines.push(format!("cancelled: {reason}"));
    }
    let mut round = None;
    for bid in &view.bids {
        if round != Some(bid.round) {
            round = Some(bid.round);
            lines.push(format!("round {}", bid.round));
        }
        let amount = match (bid.pass, bid.amount) {
            (true, _) => "passes".into(),
            (false, Some(amount)) => amount.to_string(),
            (false, None) => "sealed".into(),
        };
        lines.push(format!("  {:>5}  {}  {amount:>12}", bid.seq, short(bid.participant)));
    }
    if !view.standings.is_empty() {
        lines.push("standings".into());
    }
    for line in &view.standings {
        let total = line.total.map_or_else(|| "sealed".into(), |total| total.to_string());
        let won = view.winner.as_ref().is_some_and(|(winner, _)| *winner == line.participant);
        lines.push(format!("         {}  {total:>12}{}", short(line.participant), if won { "  wins" } else { "" }));
    }
    lines.join("\n")
}
