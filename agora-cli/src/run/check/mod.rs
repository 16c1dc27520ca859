//! Checks a script whole: every mistake is told with its line, all at once, before anything is sent.

mod bidders;

use std::path::Path;

use agora::amount::Amount;
use agora::auction::event::{Disclosure, MAX_BIDDERS, MAX_ROUNDS, Rule, Spec, Start};
use agora::config::file::{nearest, read_text};
use toml::de::DeTable;

use self::bidders::check_bidders;
use super::cast::Cast;
use super::script::{Bidder, Script};
use super::toml_reader::{Found, Mistakes, Reader, kind};
use crate::commands::{ROUND_TIMEOUT_MS, RoundTimeout, limit_keys, read_item, read_round_timeout};
use crate::failure::Failure;

/// What else must fit the script.
pub(super) struct Place<'a> {
    /// Who is played.
    pub(super) cast: &'a Cast,
    /// Nobody but the script's own can take part.
    pub(super) local: bool,
    /// The round of `--crash`.
    pub(super) crash: Option<u32>,
}

/// Reads and checks a script.
pub(super) fn read(path: &Path, place: &Place<'_>) -> Result<Script, Failure> {
    let name = path.display().to_string();
    let unreadable = |reason: String| Failure::file(format!("{name}: {reason}"));
    let text = read_text(path, "script").map_err(unreadable)?;
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

fn check(text: &str, place: &Place<'_>, mistakes: &mut Mistakes<'_>) -> Option<(Spec, Vec<Bidder>)> {
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
    let bidders = bidders.map(|found| check_bidders(found, rounds, place.cast, mistakes));
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
    let rounds = reader.count("rounds", MAX_ROUNDS, mistakes);
    let bidders_at = reader.optional("bidders").map_or(at, |(_, at)| at);
    let bidders = reader.count("bidders", MAX_BIDDERS, mistakes);
    let rules = [("highest", Rule::Highest), ("lowest", Rule::Lowest), ("second-price", Rule::SecondPrice)];
    let rule = reader.string("rule", mistakes, |text| one_of(text, &rules)).unwrap_or(Rule::Highest);
    let (key, other_key) = limit_keys(rule);
    let limit = reader.required_string(key, mistakes, read_amount);
    if let Some((_, at)) = reader.optional(other_key) {
        mistakes.note(at, format!("`{other_key}` does not go with this rule: it is `{key}`"));
    }
    let disclosures = [("sealed", Disclosure::Sealed), ("open", Disclosure::Open), ("secret", Disclosure::Secret)];
    let disclosure = reader.string("disclosure", mistakes, |text| one_of(text, &disclosures));
    let round_timeout = reader.string("round-timeout", mistakes, read_round_timeout);
    let start =
        reader.string("start", mistakes, |text| one_of(text, &[("confirm", Start::Confirm), ("auto", Start::Auto)]));
    reader.refuse_others(mistakes);
    let spec = Spec {
        item: item?,
        rule,
        disclosure: disclosure.unwrap_or(Disclosure::Sealed),
        limit: limit?,
        rounds: rounds?,
        bidders: bidders?,
        round_timeout_ms: round_timeout.unwrap_or(RoundTimeout(Some(ROUND_TIMEOUT_MS))).0,
        start: start.unwrap_or(Start::Confirm),
    };
    Some((spec, bidders_at))
}

/// What only shows when auction and bidders are seen together.
fn check_together(spec: &Spec, at: usize, bidders: &[Bidder], place: &Place<'_>, mistakes: &mut Mistakes<'_>) {
    let (wanted, there) = (spec.bidders as usize, bidders.len());
    let played = bidders.iter().filter(|bidder| place.cast.has(&bidder.name)).count();
    if place.local && wanted > played && mistakes.is_empty() {
        mistakes.note(
            at,
            format!(
                "`bidders` is {wanted}, but {played} {} played here, and with --local nobody else can join",
                if played == 1 { "is" } else { "are" }
            ),
        );
    }
    if spec.start == Start::Auto && wanted < there {
        mistakes.note(
            at,
            format!("with `start = \"auto\"` it starts with {wanted} of them, before all {there} have joined"),
        );
    }
    if let Some(round) = place.crash.filter(|round| *round > spec.rounds) {
        mistakes.note(at, format!("--crash leader@{round}: there are only {} rounds", spec.rounds));
    }
}

fn read_amount(text: &str) -> Result<Amount, String> {
    Amount::parse(text).map_err(|error| error.to_string())
}

fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let meant = nearest(text, choices.iter().map(|(name, _)| *name));
        let hint = meant.map(|meant| format!("; did you mean \"{meant}\"?")).unwrap_or_default();
        format!("`{text}` is not one of {}{hint}", names.join(", "))
    })
}
