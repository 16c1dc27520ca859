//! Checks a script whole: every mistake is told with its line, all at once, before anything is sent.

use std::path::Path;

use agora::amount::Amount;
use agora::auction::event::{Disclosure, MAX_BIDDERS, MAX_ROUNDS, Rule, Spec, Start};
use agora::config::file::LARGEST;
use agora::config::parse_duration;
use toml::de::{DeTable, DeValue};

use super::script::{Bidder, Move, Plan, Program, Script};
use super::toml_reader::{Found, Mistakes, Reader, kind, place};
use crate::commands::{ROUND_TIMEOUT_MS, RoundTimeout, read_item, read_round_timeout};
use crate::failure::Failure;

/// The longest name of a bidder: it is a column of the output.
const MAX_NAME: usize = 32;

/// What else must fit the script.
pub(super) struct Place {
    /// Nobody but the script's own can take part.
    pub(super) local: bool,
    /// The round of `--crash`.
    pub(super) crash: Option<u32>,
}

/// Reads and checks a script.
pub(super) fn read(path: &Path, place: &Place) -> Result<Script, Failure> {
    let name = path.display().to_string();
    let unreadable = |reason: String| Failure::file(format!("{name}: {reason}"));
    let length = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if length > LARGEST {
        return Err(unreadable(format!("{length} bytes are more than the {LARGEST} of any script")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let mut mistakes = Mistakes::new(&text);
    let found = check(&text, place, &mut mistakes);
    match found {
        Some((spec, bidders)) if mistakes.is_empty() => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok(Script { path: path.into(), folder: folder.into(), spec, bidders })
        }
        _ => Err(Failure::file(mistakes.report(&name))),
    }
}

fn check(text: &str, place: &Place, mistakes: &mut Mistakes<'_>) -> Option<(Spec, Vec<Bidder>)> {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        mistakes.note(error.span().map_or(0, |span| span.start), error.message().replace('\n', ", "));
    }
    if !errors.is_empty() {
        // What could be recovered of broken TOML would only bring false mistakes.
        return None;
    }
    let mut reader = Reader::new(document.get_ref(), 0);
    let auction = reader.required("auction", mistakes);
    let bidders = reader.required("bidder", mistakes);
    reader.refuse_others(mistakes);
    let spec = auction.and_then(|found| check_auction(found, mistakes));
    let rounds = spec.as_ref().map(|(spec, _)| spec.rounds);
    let bidders = bidders.map(|found| check_bidders(found, rounds, mistakes));
    let ((spec, bidders_at), bidders) = (spec?, bidders?);
    check_together(&spec, bidders_at, &bidders, place, mistakes);
    Some((spec, bidders))
}

/// The auction, and where it says how many bidders it waits for.
fn check_auction(found: Found<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<(Spec, usize)> {
    let (value, at) = found;
    let Some(table) = value.as_table() else {
        mistakes.note(at, format!("`auction` is a table, written [auction], not {}", kind(value)));
        return None;
    };
    let mut reader = Reader::new(table, at);
    let item = reader.required_string("item", mistakes, read_item);
    let limit = reader.required_string("min-bid", mistakes, read_amount);
    let rounds = reader.count("rounds", MAX_ROUNDS, mistakes);
    let bidders_at = reader.optional("bidders").map_or(at, |(_, at)| at);
    let bidders = reader.count("bidders", MAX_BIDDERS, mistakes);
    let rule = reader.string("rule", mistakes, |text| one_of(text, &[("highest", Rule::Highest)]));
    let disclosures = [("sealed", Disclosure::Sealed), ("open", Disclosure::Open), ("secret", Disclosure::Secret)];
    let disclosure = reader.string("disclosure", mistakes, |text| one_of(text, &disclosures));
    let round_timeout = reader.string("round-timeout", mistakes, read_round_timeout);
    let start =
        reader.string("start", mistakes, |text| one_of(text, &[("confirm", Start::Confirm), ("auto", Start::Auto)]));
    reader.refuse_others(mistakes);
    let spec = Spec {
        item: item?,
        rule: rule.unwrap_or(Rule::Highest),
        disclosure: disclosure.unwrap_or(Disclosure::Sealed),
        limit: limit?,
        rounds: rounds?,
        bidders: bidders?,
        round_timeout_ms: round_timeout.unwrap_or(RoundTimeout(Some(ROUND_TIMEOUT_MS))).0,
        start: start.unwrap_or(Start::Confirm),
    };
    Some((spec, bidders_at))
}

fn check_bidders((value, at): Found<'_, '_>, rounds: Option<u32>, mistakes: &mut Mistakes<'_>) -> Vec<Bidder> {
    let Some(array) = value.as_array() else {
        mistakes.note(at, format!("`bidder` is a list of tables, each written [[bidder]], not {}", kind(value)));
        return Vec::new();
    };
    if array.is_empty() {
        mistakes.note(at, "there is no [[bidder]]");
    }
    let mut bidders: Vec<Bidder> = Vec::new();
    for entry in array {
        let at = place(entry);
        let Some(table) = entry.get_ref().as_table() else {
            mistakes.note(at, format!("a bidder is a table, written [[bidder]], not {}", kind(entry.get_ref())));
            continue;
        };
        let mut reader = Reader::new(table, at);
        let name_at = reader.optional("name").map_or(at, |(_, at)| at);
        let name = reader.required_string("name", mistakes, read_name);
        if let Some(name) = &name
            && bidders.iter().any(|other| other.name == *name)
        {
            mistakes.note(name_at, format!("there is another bidder named `{name}`"));
        }
        let plan = check_plan(&mut reader, rounds, mistakes);
        reader.refuse_others(mistakes);
        if let (Some(name), Some(plan)) = (name, plan) {
            bidders.push(Bidder { name, plan });
        }
    }
    bidders
}

fn check_plan(reader: &mut Reader<'_, '_>, rounds: Option<u32>, mistakes: &mut Mistakes<'_>) -> Option<Plan> {
    let bids = reader.optional("bids");
    let exec = reader.optional("exec");
    let limit_at = reader.optional("time-limit").map(|(_, at)| at);
    let time_limit =
        reader.string("time-limit", mistakes, |text| parse_duration(text).map_err(|error| error.to_string()));
    if let Some((_, at)) = reader.optional("strategy") {
        mistakes.note(at, "`strategy` is not there yet: write `bids` or `exec`");
        return None;
    }
    if let (Some(at), None) = (limit_at, exec) {
        mistakes.note(at, "`time-limit` is for a bidder with `exec`");
    }
    match (bids, exec) {
        (Some(found), None) => check_moves(found, rounds, mistakes).map(Plan::Moves),
        (None, Some(found)) => {
            let line = mistakes.line(found.1);
            let command = check_command(found, mistakes)?;
            Some(Plan::Exec(Program { command, time_limit, line }))
        }
        (Some(_), Some((_, at))) => {
            mistakes.note(at, "a bidder has either `bids` or `exec`");
            None
        }
        (None, None) => {
            mistakes.note(reader.start, "`bids` or `exec` is missing: how does it bid?");
            None
        }
    }
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

/// What only shows when auction and bidders are seen together.
fn check_together(spec: &Spec, at: usize, bidders: &[Bidder], place: &Place, mistakes: &mut Mistakes<'_>) {
    let (wanted, there) = (spec.bidders as usize, bidders.len());
    if place.local && wanted > there && mistakes.is_empty() {
        mistakes.note(
            at,
            format!("`bidders` is {wanted}, but the script has {there}, and with --local nobody else can join"),
        );
    }
    if spec.start == Start::Auto && wanted < there {
        mistakes.note(
            at,
            format!("with `start = \"auto\"` it starts with {wanted} bidders, before all {there} have joined"),
        );
    }
    if let Some(round) = place.crash.filter(|round| *round > spec.rounds) {
        mistakes.note(at, format!("--crash leader@{round}: there are only {} rounds", spec.rounds));
    }
}

fn read_amount(text: &str) -> Result<Amount, String> {
    Amount::parse(text).map_err(|error| error.to_string())
}

fn read_name(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if length == 0 || length > MAX_NAME || text.chars().any(char::is_control) {
        return Err(format!("a name has 1 to {MAX_NAME} characters, no control characters"));
    }
    if text == "auctioneer" {
        return Err("that is the auctioneer's name".into());
    }
    Ok(text.into())
}

fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("`{text}` is not one of {}", names.join(", "))
    })
}
