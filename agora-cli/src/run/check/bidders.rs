//! The bidders of a script: who each is, and how it decides.

use agora::amount::Amount;
use agora::config::file::nearest;
use agora::config::parse_duration;
use toml::de::DeValue;

use super::super::cast::{AUCTIONEER, Cast};
use super::super::script::{Bidder, Move, Plan, Program};
use super::super::strategy::Strategy;
use super::super::toml_reader::{Found, Mistakes, Reader, kind, place};
use super::{one_of, read_amount};
use crate::identity;

/// The longest name of a bidder: it is a column of the output.
const MAX_NAME: usize = 32;

/// The bidders, as far as they can be read.
pub(super) fn check_bidders(
    (value, at): Found<'_, '_>,
    rounds: Option<u32>,
    cast: &Cast,
    mistakes: &mut Mistakes<'_>,
) -> Vec<Bidder> {
    let Some(array) = value.as_array() else {
        mistakes.note(at, format!("`bidder` is a list of tables, each written [[bidder]], not {}", kind(value)));
        return Vec::new();
    };
    if array.is_empty() {
        mistakes.note(at, "there is no [[bidder]]");
    }
    let mut bidders: Vec<Bidder> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for entry in array {
        let at = place(entry);
        let Some(table) = entry.get_ref().as_table() else {
            mistakes.note(at, format!("a bidder is a table, written [[bidder]], not {}", kind(entry.get_ref())));
            continue;
        };
        let mut reader = Reader::new(table, at);
        let name = check_name(&mut reader, &names, cast, mistakes);
        names.extend(name.clone());
        let plan = check_plan(&mut reader, rounds, mistakes);
        reader.refuse_others(mistakes);
        if let (Some(name), Some(plan)) = (name, plan) {
            bidders.push(Bidder { name, plan });
        }
    }
    for wanted in cast.only.iter().filter(|wanted| *wanted != AUCTIONEER && !names.contains(wanted)) {
        let meant = nearest(wanted, names.iter().map(String::as_str));
        let hint = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        mistakes.note(at, format!("--only {wanted}: there is no bidder of this name{hint}"));
    }
    bidders
}

fn check_name(
    reader: &mut Reader<'_, '_>,
    others: &[String],
    cast: &Cast,
    mistakes: &mut Mistakes<'_>,
) -> Option<String> {
    let at = reader.optional("name").map(|(_, at)| at);
    let name = reader.required_string("name", mistakes, read_name)?;
    let at = at.unwrap_or(reader.start);
    if others.contains(&name) {
        mistakes.note(at, format!("there is another bidder named `{name}`"));
    }
    if cast.identities.is_some() && !identity::fits(&name) {
        mistakes.note(at, format!("with --identities a name becomes a file's: {}", identity::FITTING));
    }
    Some(name)
}

fn check_plan(reader: &mut Reader<'_, '_>, rounds: Option<u32>, mistakes: &mut Mistakes<'_>) -> Option<Plan> {
    let (bids, strategy, exec) = (reader.optional("bids"), reader.optional("strategy"), reader.optional("exec"));
    let limit_at = reader.optional("time-limit").map(|(_, at)| at);
    let time_limit =
        reader.string("time-limit", mistakes, |text| parse_duration(text).map_err(|error| error.to_string()));
    if let (Some(at), None) = (limit_at, exec) {
        mistakes.note(at, "`time-limit` is for a bidder with `exec`");
    }
    match (bids, strategy, exec) {
        (Some(found), None, None) => {
            check_moves(found, rounds, mistakes).map(|moves| Plan::Strategy(Strategy::Fixed(moves)))
        }
        (None, Some(found), None) => check_strategy(found, rounds, mistakes).map(Plan::Strategy),
        (None, None, Some(found)) => {
            let line = mistakes.line(found.1);
            let command = check_command(found, mistakes)?;
            Some(Plan::Exec(Program { command, time_limit, line }))
        }
        (None, None, None) => {
            mistakes.note(reader.start, "`bids`, `strategy` or `exec` is missing: how does it bid?");
            None
        }
        _ => {
            mistakes.note(reader.start, "a bidder has one of `bids`, `strategy` and `exec`");
            None
        }
    }
}

fn check_strategy((value, at): Found<'_, '_>, rounds: Option<u32>, mistakes: &mut Mistakes<'_>) -> Option<Strategy> {
    let Some(table) = value.as_table() else {
        let mistake = format!("`strategy` is a table such as {{ kind = \"increment\", … }}, not {}", kind(value));
        mistakes.note(at, mistake);
        return None;
    };
    let mut reader = Reader::new(table, at);
    let kinds = [("fixed", Kind::Fixed), ("increment", Kind::Increment), ("random", Kind::Random)];
    // Without its kind nothing is known of its other keys.
    let strategy = match reader.required_string("kind", mistakes, |text| one_of(text, &kinds))? {
        Kind::Fixed => {
            let found = reader.required("bids", mistakes);
            found.and_then(|found| check_moves(found, rounds, mistakes)).map(Strategy::Fixed)
        }
        Kind::Increment => check_increment(&mut reader, mistakes),
        Kind::Random => check_random(&mut reader, mistakes),
    };
    reader.refuse_others(mistakes);
    strategy
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Fixed,
    Increment,
    Random,
}

fn check_increment(reader: &mut Reader<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Strategy> {
    let start = reader.required_string("start", mistakes, read_amount);
    let step = reader.required_string("step", mistakes, |text| match read_amount(text)? {
        Amount::ZERO => Err("a step of 0 goes nowhere".into()),
        step => Ok(step),
    });
    let limit = reader.required_string("limit", mistakes, read_amount);
    Some(Strategy::Increment { start: start?, step: step?, limit: limit? })
}

/// The bids have as many decimals as the more exact of `min` and `max`, as written.
fn check_random(reader: &mut Reader<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Strategy> {
    let read = |text: &str| read_amount(text).map(|amount| (amount, unit(text)));
    let min = reader.required_string("min", mistakes, read);
    let max = reader.required_string("max", mistakes, read);
    let max_at = reader.optional("max").map_or(reader.start, |(_, at)| at);
    let seed = reader.number("seed", mistakes);
    let ((min, min_unit), (max, max_unit)) = (min?, max?);
    if max < min {
        mistakes.note(max_at, format!("`max` is {max}, less than `min`, which is {min}"));
    }
    let seed = seed.unwrap_or_else(|| identity::fresh().0.as_u64_pair().1);
    Some(Strategy::Random { min, max, unit: min_unit.min(max_unit), seed })
}

/// The value of the last digit of an amount.
fn unit(text: &str) -> Amount {
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let micros = 1_000_000 / 10_u128.pow(u32::try_from(decimals.min(6)).unwrap_or(6));
    Amount::from_micros(micros).unwrap_or(Amount::ZERO)
}

fn check_moves((value, at): Found<'_, '_>, rounds: Option<u32>, mistakes: &mut Mistakes<'_>) -> Option<Vec<Move>> {
    let Some(array) = value.as_array() else {
        mistakes.note(at, format!("`bids` is a list such as [\"10\", \"pass\"], not {}", kind(value)));
        return None;
    };
    if let Some(rounds) = rounds
        && array.len() > rounds as usize
    {
        mistakes.note(at, format!("{} bids are more than the {rounds} rounds", array.len()));
    }
    let moves: Vec<_> = array
        .iter()
        .filter_map(|entry| match entry.get_ref() {
            DeValue::String(text) if text == "pass" => Some(Move::Pass),
            DeValue::String(text) => match read_amount(text) {
                Ok(_) => Some(Move::Bid(text.to_string())),
                Err(mistake) => {
                    mistakes.note(place(entry), format!("`{text}` is neither an amount nor \"pass\": {mistake}"));
                    None
                }
            },
            other => {
                let mistake = format!("a bid is a string such as \"12.50\" or \"pass\", not {}", kind(other));
                mistakes.note(place(entry), mistake);
                None
            }
        })
        .collect();
    Some(moves)
}

fn check_command((value, at): Found<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Vec<String>> {
    let words = value.as_array().map(|array| array.iter().map(|word| word.get_ref().as_str().map(str::to_owned)));
    let words: Option<Vec<String>> = words.and_then(Iterator::collect);
    let words = words.filter(|words| words.first().is_some_and(|program| !program.is_empty()));
    if words.is_none() {
        mistakes.note(at, "`exec` is a program and its arguments, such as [\"python3\", \"carol.py\"]");
    }
    words
}

fn read_name(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if length == 0 || length > MAX_NAME || text.chars().any(char::is_control) {
        return Err(format!("a name has 1 to {MAX_NAME} characters, no control characters"));
    }
    if text == AUCTIONEER {
        return Err("that is the auctioneer's name".into());
    }
    Ok(text.into())
}
