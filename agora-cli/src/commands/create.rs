//! `create`: set up an auction.

use agora::amount::Amount;
use agora::auction::event::{Disclosure, MAX_BIDDERS, MAX_ITEM, MAX_ROUNDS, Rule, Spec, Start};
use agora::client::message::Action;
use agora::config::parse_duration;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::put_durability;
use crate::events::spec_json;
use crate::failure::Failure;
use crate::output::Colour;
use crate::session::Session;

/// A round's length, unless told otherwise.
pub(crate) const ROUND_TIMEOUT_MS: u64 = 60_000;

/// How the auction is set up.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is sold
    #[arg(long, value_name = "I", value_parser = read_item, env = "AGORA_ITEM", hide_env = true)]
    item: String,
    /// The lowest bid that is accepted
    #[arg(long, value_name = "A", value_parser = Amount::parse, env = "AGORA_MIN_BID", hide_env = true)]
    min_bid: Option<Amount>,
    /// With `--rule lowest`, in the place of --min-bid: the highest bid that is
    /// accepted
    #[arg(long, value_name = "A", value_parser = Amount::parse, env = "AGORA_MAX_BID", hide_env = true)]
    max_bid: Option<Amount>,
    /// How many rounds
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_ROUNDS)), env = "AGORA_ROUNDS", hide_env = true)]
    rounds: u32,
    /// How many bidders must be there before it can start
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_BIDDERS)), env = "AGORA_BIDDERS", hide_env = true)]
    bidders: u32,
    /// Which bid wins: highest, the highest total of all rounds; lowest, the
    /// lowest; second-price, the highest, which pays the second-highest
    #[arg(
        long,
        value_enum,
        default_value = "highest",
        hide_possible_values = true,
        env = "AGORA_RULE",
        hide_env = true
    )]
    rule: RuleName,
    /// When amounts are shown: sealed, when their round is complete; open, at once;
    /// secret, with the result
    #[arg(
        long,
        value_enum,
        default_value = "sealed",
        hide_possible_values = true,
        env = "AGORA_DISCLOSURE",
        hide_env = true
    )]
    disclosure: DisclosureName,
    /// A round's length, or `none`
    #[arg(long, value_name = "D", default_value = "60s", value_parser = read_round_timeout, env = "AGORA_ROUND_TIMEOUT", hide_env = true)]
    round_timeout: RoundTimeout,
    /// Who starts it: confirm, the auctioneer when asked; auto, it starts by itself
    #[arg(
        long,
        value_enum,
        default_value = "confirm",
        hide_possible_values = true,
        env = "AGORA_START",
        hide_env = true
    )]
    start: StartName,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RuleName {
    Highest,
    Lowest,
    SecondPrice,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DisclosureName {
    Sealed,
    Open,
    Secret,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StartName {
    Confirm,
    Auto,
}

/// Milliseconds, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoundTimeout(pub(crate) Option<u64>);

/// Reads `--item`.
pub(crate) fn read_item(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > MAX_ITEM || text.chars().any(char::is_control) {
        return Err(format!("an item has 1 to {MAX_ITEM} bytes and no control characters"));
    }
    Ok(text.into())
}

/// Reads `--round-timeout`.
pub(crate) fn read_round_timeout(text: &str) -> Result<RoundTimeout, String> {
    if text == "none" {
        return Ok(RoundTimeout(None));
    }
    let duration = parse_duration(text).map_err(|error| error.to_string())?;
    match u64::try_from(duration.as_millis()) {
        Ok(ms) if ms > 0 => Ok(RoundTimeout(Some(ms))),
        _ => Err("a round takes at least 1ms; `none` is no limit".into()),
    }
}

/// The flag, and the script's key, that names the limit of a rule; then the one that does not.
pub(crate) const fn limit_keys(rule: Rule) -> (&'static str, &'static str) {
    match rule {
        Rule::Highest | Rule::SecondPrice => ("min-bid", "max-bid"),
        Rule::Lowest => ("max-bid", "min-bid"),
    }
}

impl Args {
    fn spec(self) -> Result<Spec, Failure> {
        let rule = match self.rule {
            RuleName::Highest => Rule::Highest,
            RuleName::Lowest => Rule::Lowest,
            RuleName::SecondPrice => Rule::SecondPrice,
        };
        let (key, other_key) = limit_keys(rule);
        let (limit, other) = if key == "min-bid" { (self.min_bid, self.max_bid) } else { (self.max_bid, self.min_bid) };
        let limit = limit.filter(|_| other.is_none()).ok_or_else(|| {
            let rule = self.rule.to_possible_value().map(|rule| rule.get_name().to_owned()).unwrap_or_default();
            Failure::usage(format!("with --rule {rule}, give --{key} A, and no --{other_key}"))
        })?;
        Ok(Spec {
            item: self.item,
            rule,
            disclosure: match self.disclosure {
                DisclosureName::Sealed => Disclosure::Sealed,
                DisclosureName::Open => Disclosure::Open,
                DisclosureName::Secret => Disclosure::Secret,
            },
            limit,
            rounds: self.rounds,
            bidders: self.bidders,
            round_timeout_ms: self.round_timeout.0,
            start: match self.start {
                StartName::Confirm => Start::Confirm,
                StartName::Auto => Start::Auto,
            },
        })
    }
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    let spec = args.spec()?;
    let ack = session.submit(Action::Create(spec.clone())).await?;
    let auction = ack.receipt.auction;
    session.printer.print(
        || {
            let mut object = serde_json::Map::new();
            object.insert("auction".into(), json!(auction));
            object.insert("participant".into(), json!(session.participant()));
            object.insert("seq".into(), json!(ack.receipt.seq));
            object.extend(spec_json(&spec));
            put_durability(&mut object, &ack);
            Value::Object(object)
        },
        |printer| format!("{}  {}", printer.paint(Colour::Bold, &auction.to_string()), spec.item),
    )
}
