//! The last line of a run: how the auction ended.

use agora::auction::event::Spec;
use agora::client::event::{Event, What};
use serde_json::{Map, Value, json};

use crate::events::{Names, call, standings_json, sums};
use crate::failure::Failure;
use crate::output::{Colour, Printer};

/// Prints the result of the auction whose last event this is.
pub(super) fn print(printer: Printer, event: &Event, spec: &Spec, names: &Names) -> Result<(), Failure> {
    printer.print(|| to_json(event, spec, names), |printer| to_text(printer, event, spec, names))
}

fn to_json(event: &Event, spec: &Spec, names: &Names) -> Value {
    let mut object = Map::new();
    object.insert("event".into(), "result".into());
    object.insert("auction".into(), json!(event.head.auction));
    object.insert("item".into(), json!(spec.item));
    match &event.what {
        What::Ended { winner, total, price, lines, .. } => {
            object.insert("winner".into(), json!(winner.map(|winner| full(winner, names))));
            object.insert("total".into(), json!(total));
            object.insert("price".into(), json!(price));
            object.insert("standings".into(), standings_json(lines, names));
        }
        What::Cancelled { reason } => {
            object.insert("reason".into(), json!(reason));
        }
        _ => {}
    }
    Value::Object(object)
}

/// A name, or, of one whom the script does not name, the UUID.
fn full(participant: agora::id::ParticipantId, names: &Names) -> String {
    names.get(&participant).cloned().unwrap_or_else(|| participant.to_string())
}

fn to_text(printer: Printer, event: &Event, spec: &Spec, names: &Names) -> String {
    match &event.what {
        What::Ended { winner: Some(winner), total, price, .. } => {
            let text = format!("{} goes to {} {}", spec.item, call(*winner, names), sums("for", *total, *price));
            printer.paint(Colour::Green, text.trim_end())
        }
        What::Cancelled { reason } => printer.paint(Colour::Red, &format!("{} is not sold: {reason}", spec.item)),
        _ => format!("{} is not sold: there was no bid", spec.item),
    }
}
