//! `show`: one auction whole, as far as it is disclosed to this participant.

use agora::auction::message::{Phase, Summary};
use agora::client::fold::{Bid, View};
use agora::id::{AuctionId, ParticipantId};
use serde_json::{Map, Value, json};

use super::list::state;
use super::summary_json;
use crate::events::{Names, millis, put_participant, rounded, spec_text, standings_json};
use crate::failure::Failure;
use crate::output::{Colour, Printer, short};
use crate::session::Session;
use crate::table::{Align, Cell, Table};

/// Before the rows of a table.
const INDENT: usize = 2;
/// More bidders than these are not named in a line.
const MAX_NAMES: usize = 5;

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
    session
        .printer
        .print(|| json(args.auction, &view), |printer| text(printer, args.auction, &view, session.participant()))
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
    if let Some(remaining) = view.remaining {
        object.insert("remaining-ms".into(), millis(remaining));
    }
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

fn bid_json(bid: &Bid) -> Value {
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

fn text(printer: Printer, auction: AuctionId, view: &View, own: ParticipantId) -> String {
    let (colour, state) = state(view.phase);
    let title = printer.paint(Colour::Bold, &view.spec.item);
    let mut lines = vec![
        format!("{title}  {}", printer.paint(colour, state)),
        auction.to_string(),
        spec_text(&view.spec),
        format!("auctioneer {}", call(view.auctioneer, own)),
    ];
    lines.push(how_far(view, own));
    let mut round = None;
    let mut bids = Vec::new();
    for bid in &view.bids {
        if round != Some(bid.round) {
            push_bids(&mut lines, &mut bids, printer);
            round = Some(bid.round);
            lines.push(format!("round {}", bid.round));
        }
        bids.push((bid, call(bid.participant, own)));
    }
    push_bids(&mut lines, &mut bids, printer);
    if !view.standings.is_empty() {
        lines.push("standings".into());
    }
    let mut table = Table::new([Align::Left, Align::Point, Align::Left]).indented(INDENT);
    for line in &view.standings {
        let total = line.total.map_or_else(|| "not shown".into(), |total| total.to_string());
        let won = view.winner.as_ref().is_some_and(|(winner, _)| *winner == line.participant);
        let wins = match view.price.filter(|_| won) {
            Some(price) if Some(price) != line.total => format!("wins, pays {price}"),
            _ if won => "wins".into(),
            _ => String::new(),
        };
        let wins = Cell::from(wins).coloured(Colour::Green);
        table.row([call(line.participant, own).into(), total.into(), wins]);
    }
    lines.extend(table.lines(printer));
    lines.join("\n")
}

/// The bids of a round, under each other.
fn push_bids(lines: &mut Vec<String>, bids: &mut Vec<(&Bid, String)>, printer: Printer) {
    let mut table = Table::new([Align::Left, Align::Point, Align::Left]).indented(INDENT);
    for (bid, who) in bids.drain(..) {
        let amount = match (bid.pass, bid.amount) {
            (true, _) => "passes".into(),
            (false, Some(amount)) => amount.to_string(),
            (false, None) => "sealed".into(),
        };
        let event = Cell::from(format!("event {}", bid.seq)).coloured(Colour::Dim);
        table.row([who.into(), amount.into(), event]);
    }
    lines.extend(table.lines(printer));
}

/// A participant, marked where it is the one who asks.
fn call(participant: ParticipantId, own: ParticipantId) -> String {
    let you = if participant == own { " (you)" } else { "" };
    format!("{}{you}", short(participant))
}

/// What the auction waits for, or how it ended.
fn how_far(view: &View, own: ParticipantId) -> String {
    let left = view.remaining.map(|remaining| format!(", {} left", rounded(remaining))).unwrap_or_default();
    let list = |who: &[ParticipantId]| {
        let more = if who.len() > MAX_NAMES { ", …" } else { "" };
        let names: Vec<_> = who.iter().take(MAX_NAMES).map(|who| call(*who, own)).collect();
        format!("{}{more}", names.join(", "))
    };
    match (view.phase, &view.reason) {
        (Phase::Waiting, _) => {
            let (joined, wanted) = (view.bidders.len(), view.spec.bidders);
            let who = if joined == 0 { String::new() } else { format!(": {}", list(&view.bidders)) };
            match view.remaining {
                Some(_) => format!("to be started by its auctioneer{left}; {joined} bidders{who}"),
                None => format!("{joined} of {wanted} bidders have joined{who}"),
            }
        }
        (Phase::Active, _) => {
            let has_bid = |who: &&ParticipantId| {
                !view.bids.iter().rev().any(|bid| bid.round == view.round && bid.participant == **who)
            };
            let silent: Vec<_> = view.bidders.iter().filter(has_bid).copied().collect();
            format!("round {} of {}{left}; still to bid: {}", view.round, view.spec.rounds, list(&silent))
        }
        (Phase::Completed, _) => match view.winner {
            Some((winner, _)) => format!("{} wins", call(winner, own)),
            None => "nobody wins: there was no bid".into(),
        },
        (Phase::Cancelled, reason) => format!("cancelled: {}", reason.as_deref().unwrap_or_default()),
    }
}
