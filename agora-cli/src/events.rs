//! Events of auctions as lines: JSON for programs, aligned text for people.

use std::collections::BTreeMap;

use agora::amount::Amount;
use agora::auction::event::{Disclosure, Rule, Spec};
use agora::auction::message::Line;
use agora::client::event::{Event, Side, What};
use agora::client::message::Leader;
use agora::config::format_duration;
use agora::id::ParticipantId;
use serde_json::{Map, Value, json};
use std::time::Duration;

use crate::commands::limit_keys;
use crate::failure::Failure;
use crate::output::{Colour, Printer, short};
use crate::table::{Align, Table, cut};

/// Columns of the text: seq and event.
const SEQ: usize = 4;
const EVENT: usize = 19;
/// Before them, where several auctions are followed: the first digits of the auction's UUID.
const WHICH: usize = 8;
/// A table of more bidders than this is cut short in text.
const MAX_LINES: usize = 20;
/// A name in a table that is longer than this is cut.
const MAX_NAME: usize = 20;

/// Names of participants, where they are known.
pub(crate) type Names = BTreeMap<ParticipantId, String>;

/// Prints an event, once.
pub(crate) fn print(printer: Printer, event: &Event, names: &Names) -> Result<(), Failure> {
    printer.print(|| to_json(event, names), |printer| to_text(printer, event, names))
}

/// Prints an event among those of other auctions, once: its auction comes first.
pub(crate) fn print_among(printer: Printer, event: &Event, names: &Names) -> Result<(), Failure> {
    printer.print(
        || to_json(event, names),
        |printer| {
            let auction: String = event.head.auction.to_string().chars().take(WHICH).collect();
            let text = to_text(printer, event, names);
            let rows = text.lines().enumerate();
            let rows =
                rows.map(|(row, text)| format!("{:WHICH$} {text}", if row == 0 { auction.as_str() } else { "" }));
            rows.collect::<Vec<_>>().join("\n")
        },
    )
}

/// Prints a change of the leader.
pub(crate) fn print_leader(printer: Printer, leader: Option<Leader>) -> Result<(), Failure> {
    printer.print(
        || match leader {
            Some(leader) => {
                json!({"event": "leader", "epoch": leader.epoch.number, "leader": leader.node.uuid})
            }
            None => json!({"event": "leader", "leader": null}),
        },
        |printer| {
            let text = match leader {
                Some(leader) => format!("{} in epoch {}", leader.node.uuid, leader.epoch.number),
                None => "not heard; looking for another".into(),
            };
            line(printer, None, "leader", Colour::Dim, &text)
        },
    )
}

/// One line of text: number, event, what it tells.
pub(crate) fn line(printer: Printer, seq: Option<u64>, event: &str, colour: Colour, text: &str) -> String {
    let seq = seq.map(|seq| seq.to_string()).unwrap_or_default();
    let text = format!("{seq:>SEQ$}  {}{text}", printer.column(colour, event, EVENT));
    text.trim_end().into()
}

/// The event's name in output.
pub(crate) const fn name(what: &What) -> &'static str {
    match what {
        What::Created { .. } => "auction-created",
        What::Joined { .. } => "participant-joined",
        What::Left { .. } => "participant-left",
        What::ReadyCheck { .. } => "ready-check",
        What::Started => "auction-started",
        What::RoundStarted { .. } => "round-started",
        What::Bid { .. } => "bid",
        What::RoundCompleted { .. } => "round-completed",
        What::Ended { side: Side::Won, .. } => "auction-won",
        What::Ended { side: Side::Lost, .. } => "auction-lost",
        What::Ended { side: Side::Aside, .. } => "auction-result",
        What::Cancelled { .. } => "auction-cancelled",
    }
}

/// An event as a JSON object.
pub(crate) fn to_json(event: &Event, names: &Names) -> Value {
    let mut object = Map::new();
    object.insert("event".into(), name(&event.what).into());
    object.insert("auction".into(), json!(event.head.auction));
    object.insert("seq".into(), json!(event.head.seq));
    match &event.what {
        What::Created { auctioneer, spec } => {
            object.insert("auctioneer".into(), json!(auctioneer));
            object.extend(spec_json(spec));
        }
        What::Joined { participant } | What::Left { participant } => put_participant(&mut object, *participant, names),
        What::ReadyCheck { remaining } => {
            object.insert("remaining-ms".into(), millis(*remaining));
        }
        What::Started => {}
        What::RoundStarted { round, remaining } => {
            object.insert("round".into(), json!(round));
            object.insert("remaining-ms".into(), remaining.map_or(Value::Null, millis));
        }
        What::Bid { round, participant, pass, amount } => {
            object.insert("round".into(), json!(round));
            put_participant(&mut object, *participant, names);
            if *pass {
                object.insert("pass".into(), true.into());
            }
            if let Some(amount) = amount {
                object.insert("amount".into(), json!(amount));
            }
        }
        What::RoundCompleted { round, lines } => {
            object.insert("round".into(), json!(round));
            let bids = lines.iter().filter(|line| line.amount.is_some());
            object.insert("bids".into(), bids.map(|line| amount_json(line, "amount", line.amount, names)).collect());
            object.insert("standings".into(), standings_json(lines, names));
        }
        What::Ended { winner, total, price, lines, .. } => {
            object.insert("winner".into(), json!(winner));
            if let Some(name) = winner.and_then(|winner| names.get(&winner)) {
                object.insert("winner-name".into(), json!(name));
            }
            object.insert("total".into(), json!(total));
            object.insert("price".into(), json!(price));
            object.insert("standings".into(), standings_json(lines, names));
        }
        What::Cancelled { reason } => {
            object.insert("reason".into(), json!(reason));
        }
    }
    Value::Object(object)
}

/// How an auction was set up, under the names of `create`'s flags.
pub(crate) fn spec_json(spec: &Spec) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("item".into(), json!(spec.item));
    object.insert("rule".into(), json!(spec.rule));
    object.insert("disclosure".into(), json!(spec.disclosure));
    object.insert("rounds".into(), json!(spec.rounds));
    object.insert("min-bidders".into(), json!(spec.bidders));
    object.insert(limit_keys(spec.rule).0.into(), json!(spec.limit));
    let timeout = spec.round_timeout_ms.map_or_else(|| "none".into(), |ms| format_duration(Duration::from_millis(ms)));
    object.insert("round-timeout".into(), timeout.into());
    object.insert("start".into(), json!(spec.start));
    object
}

/// Participants and totals, best first.
pub(crate) fn standings_json(lines: &[Line], names: &Names) -> Value {
    lines.iter().map(|line| amount_json(line, "total", line.total, names)).collect()
}

fn amount_json(line: &Line, key: &str, amount: Option<Amount>, names: &Names) -> Value {
    let mut object = Map::new();
    put_participant(&mut object, line.participant, names);
    object.insert(key.into(), json!(amount));
    Value::Object(object)
}

/// `participant`, and `name` where it is known.
pub(crate) fn put_participant(object: &mut Map<String, Value>, participant: ParticipantId, names: &Names) {
    if let Some(name) = names.get(&participant) {
        object.insert("name".into(), json!(name));
    }
    object.insert("participant".into(), json!(participant));
}

pub(crate) fn millis(duration: Duration) -> Value {
    json!(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// What people call a participant.
pub(crate) fn call(participant: ParticipantId, names: &Names) -> String {
    names.get(&participant).cloned().unwrap_or_else(|| short(participant))
}

fn to_text(printer: Printer, event: &Event, names: &Names) -> String {
    let (colour, text) = match &event.what {
        What::Created { spec, .. } => {
            let indent = " ".repeat(SEQ + 2 + EVENT);
            (Colour::Bold, format!("{}\n{indent}{}\n{indent}{}", spec.item, spec_text(spec), event.head.auction))
        }
        What::Joined { participant } | What::Left { participant } => (Colour::Dim, call(*participant, names)),
        What::ReadyCheck { remaining } => (Colour::Dim, format!("{} to confirm the start", rounded(*remaining))),
        What::Started => (Colour::Bold, String::new()),
        What::RoundStarted { round, remaining: Some(remaining) } => {
            (Colour::Bold, format!("round {round}, {} to bid", rounded(*remaining)))
        }
        What::RoundStarted { round, remaining: None } => (Colour::Bold, format!("round {round}")),
        What::Bid { round, participant, pass, amount } => {
            let how = match (pass, amount) {
                (true, _) => "passes".into(),
                (false, Some(amount)) => format!("bids {amount}"),
                (false, None) => "bids".into(),
            };
            (Colour::Dim, format!("{} {how} in round {round}", call(*participant, names)))
        }
        What::RoundCompleted { round, lines } => {
            (Colour::Bold, format!("round {round}{}", table(printer, lines, names)))
        }
        What::Ended { side: Side::Won, total, price, .. } => (Colour::Green, sums("for", *total, *price)),
        What::Ended { side: Side::Lost, .. } => (Colour::Dim, String::new()),
        What::Ended { side: Side::Aside, winner, total, price, lines } => {
            let who = winner.map_or_else(
                || "nobody wins: there was no bid".into(),
                |winner| format!("{} wins {}", call(winner, names), sums("with", *total, *price)).trim_end().to_owned(),
            );
            (Colour::Green, format!("{who}{}", table(printer, lines, names)))
        }
        What::Cancelled { reason } => (Colour::Red, reason.clone()),
    };
    line(printer, Some(event.head.seq.0), name(&event.what), colour, &text)
}

/// How an auction was set up, in a few words.
pub(crate) fn spec_text(spec: &Spec) -> String {
    let plural = |count: u32, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let length = match spec.round_timeout_ms {
        Some(ms) => format!(" of {}", format_duration(Duration::from_millis(ms))),
        None => String::new(),
    };
    let limit = match spec.rule {
        Rule::Highest => format!("from {}", spec.limit),
        Rule::Lowest => format!("up to {}, the lowest wins", spec.limit),
        Rule::SecondPrice => format!("from {}, at the second price", spec.limit),
    };
    let disclosure = match spec.disclosure {
        Disclosure::Sealed => "sealed",
        Disclosure::Open => "open",
        Disclosure::Secret => "secret",
    };
    let (rounds, bidders) = (plural(spec.rounds, "round"), plural(spec.bidders, "bidder"));
    format!("{rounds}{length}, {bidders}, {limit}, {disclosure}")
}

/// The winner's total, and what is paid where that is another sum.
pub(crate) fn sums(word: &str, total: Option<Amount>, price: Option<Amount>) -> String {
    let total_text = total.map_or_else(String::new, |total| format!("{word} {total} in total"));
    match price.filter(|price| Some(*price) != total) {
        Some(price) => format!("{total_text}, pays {price}"),
        None => total_text,
    }
}

/// Bids and totals under an event.
fn table(printer: Printer, lines: &[Line], names: &Names) -> String {
    let mut table = Table::new([Align::Left, Align::Point, Align::Left, Align::Point]).indented(SEQ + 2 + EVENT);
    for line in lines.iter().take(MAX_LINES) {
        let text = |amount: Option<Amount>| amount.map(|amount| amount.to_string()).unwrap_or_default();
        let total = if line.total.is_some() { "total" } else { "" };
        let who = cut(&call(line.participant, names), MAX_NAME);
        table.row([who.into(), text(line.amount).into(), total.into(), text(line.total).into()]);
    }
    let mut rows: Vec<_> = table.lines(printer).into_iter().map(|row| format!("\n{row}")).collect();
    if lines.len() > MAX_LINES {
        rows.push(format!("\n{:indent$}and {} more", "", lines.len() - MAX_LINES, indent = SEQ + 2 + EVENT));
    }
    rows.concat()
}

/// To the tenth of a second; from a minute on, to the second.
pub(crate) fn rounded(duration: Duration) -> String {
    let tenths = (duration.as_millis() + 50) / 100;
    let seconds = (duration.as_millis() + 500) / 1_000;
    match (tenths, tenths % 10, seconds % 60) {
        (..600, 0, _) => format!("{}s", tenths / 10),
        (..600, tenth, _) => format!("{}.{tenth}s", tenths / 10),
        (_, _, 0) => format!("{}m", seconds / 60),
        (_, _, rest) => format!("{}m{rest}s", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_finely_as_people_need_them() {
        let told =
            [0, 49, 950, 5_000, 59_949, 59_950, 61_499, 61_500, 3_600_000].map(Duration::from_millis).map(rounded);
        assert_eq!(told, ["0s", "0s", "1s", "5s", "59.9s", "1m", "1m1s", "1m2s", "60m"]);
    }
}
