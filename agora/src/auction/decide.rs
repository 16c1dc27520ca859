//! What follows from a command, or from time: the leader decides it, everybody else applies what was decided.

use std::time::Duration;

use super::event::{Command, Event, MAX_BIDDERS, MAX_ITEM, MAX_ROUNDS, Receipt, Rule, Spec, Start};
use super::message::Phase;
use super::refusal::{Code, Refusal};
use super::state::{Auction, Bidder, Standing};
use crate::amount::{Amount, AmountError};
use crate::config::Settings;
use crate::id::{AuctionId, ParticipantId, Round, Seq};
use crate::time::At;

/// What the rules take from the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long an auctioneer has to confirm the start.
    pub start_timeout: Duration,
    /// At most so many bidders an auction, of the [`MAX_BIDDERS`] that a log may hold.
    pub max_bidders: u32,
}

impl From<&Settings> for Limits {
    fn from(settings: &Settings) -> Self {
        Self { start_timeout: settings.auction_start_timeout, max_bidders: settings.max_bidders.min(MAX_BIDDERS) }
    }
}

/// What a command comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// In order; empty if the command repeats what stands.
    pub events: Vec<Event>,
    /// The answer.
    pub receipt: Receipt,
}

/// Decides `command` of `who` at leadership time `at`, on the auction that it names (`None`: there is none).
///
/// It looks at no deadline: whoever calls it calls [`tick`] on the auction at the same `at` first, and applies what
/// comes of that.
pub fn decide(
    auction: Option<&Auction>,
    command: &Command,
    who: ParticipantId,
    at: At,
    limits: &Limits,
) -> Result<Decided, Refusal> {
    match (command, auction) {
        (Command::Create { auction: id, spec }, found) => create(found, *id, spec, who, limits),
        (Command::Join(_), Some(auction)) => join(auction, who, at, limits),
        (Command::Leave(_), Some(auction)) => leave(auction, who),
        (Command::Start(_), Some(auction)) => start(auction, who, at),
        (Command::Cancel { reason, .. }, Some(auction)) => cancel(auction, who, reason.as_deref()),
        (Command::Bid { round, amount, .. }, Some(auction)) => bid(auction, who, *round, *amount, at),
        (Command::Pass { round, .. }, Some(auction)) => pass(auction, who, *round, at),
        (Command::Join(id) | Command::Leave(id) | Command::Start(id), None) => not_found(*id),
        (Command::Cancel { auction, .. } | Command::Bid { auction, .. } | Command::Pass { auction, .. }, None) => {
            not_found(*auction)
        }
    }
}

/// What deadlines that are not after `at` cause: a cancelled ready check, a completed round and the next one.
///
/// Afterwards the auction's deadline is after `at`, or there is none.
pub fn tick(auction: &Auction, at: At, _limits: &Limits) -> Vec<Event> {
    let mut events = Vec::new();
    if auction.deadline.is_some_and(|deadline| deadline <= at) {
        if auction.phase == Phase::Waiting {
            events.push(Event::AuctionCancelled { auction: auction.id, reason: START_TIMEOUT.into() });
        } else {
            complete_round(auction, at, &mut events);
        }
    }
    events
}

/// When [`tick`] has something to do.
pub const fn deadline(auction: &Auction) -> Option<At> {
    auction.deadline
}

/// The reason of an auction that its auctioneer did not start in time.
pub const START_TIMEOUT: &str = "START_TIMEOUT";

/// Why an auction ends for those whose events are not in the log that goes on.
pub const SUPERSEDED: &str = "superseded";

/// The reason of an auction that its auctioneer cancelled without saying why.
pub const BY_AUCTIONEER: &str = "BY_AUCTIONEER";

/// A bid's amount as its client wrote it; `BAD_AMOUNT` with what is wrong with it.
pub fn read_amount(text: &str) -> Result<Amount, Refusal> {
    Amount::parse(text).map_err(|error: AmountError| refusal(Code::BadAmount, error.to_string()))
}

fn create(
    found: Option<&Auction>,
    id: AuctionId,
    spec: &Spec,
    who: ParticipantId,
    limits: &Limits,
) -> Result<Decided, Refusal> {
    check_spec(spec, limits).map_err(|reason| refusal(Code::BadRequest, reason))?;
    let receipt = receipt(id, Seq(1));
    match found {
        None => {
            let created = Event::AuctionCreated { auction: id, auctioneer: who, spec: spec.clone().into() };
            Ok(Decided { events: vec![created], receipt })
        }
        Some(auction) if auction.auctioneer == who && *auction.spec == *spec => {
            Ok(Decided { events: Vec::new(), receipt })
        }
        Some(_) => Err(refusal(Code::BadRequest, format!("there is another auction {id}"))),
    }
}

fn check_spec(spec: &Spec, limits: &Limits) -> Result<(), String> {
    check_words("item", &spec.item)?;
    if spec.rounds == 0 || spec.rounds > MAX_ROUNDS {
        return Err(format!("rounds is 1 to {MAX_ROUNDS}, not {}", spec.rounds));
    }
    if spec.bidders == 0 || spec.bidders > limits.max_bidders {
        return Err(format!("bidders is 1 to {}, not {}", limits.max_bidders, spec.bidders));
    }
    if spec.round_timeout_ms == Some(0) {
        return Err("round-timeout is at least 1ms, or none".into());
    }
    Ok(())
}

/// Words for people, in an event.
fn check_words(what: &str, words: &str) -> Result<(), String> {
    if words.is_empty() || words.len() > MAX_ITEM {
        return Err(format!("{what} has 1 to {MAX_ITEM} bytes, not {}", words.len()));
    }
    if words.chars().any(char::is_control) {
        return Err(format!("{what} has no control characters"));
    }
    Ok(())
}

fn join(auction: &Auction, who: ParticipantId, at: At, limits: &Limits) -> Result<Decided, Refusal> {
    if who == auction.auctioneer {
        return Err(refusal(Code::IsAuctioneer, "the auctioneer does not join as a bidder"));
    }
    if auction.bidder(who).is_some() {
        return Err(refusal(Code::AlreadyJoined, "the participant has joined before"));
    }
    if auction.phase != Phase::Waiting {
        return Err(not_open(auction, "bidders join while it is waiting"));
    }
    let bidders = u32::try_from(auction.bidders.len()).unwrap_or(u32::MAX);
    if bidders >= limits.max_bidders {
        return Err(refusal(Code::Full, format!("the auction has {bidders} bidders, the most that it can hold")));
    }
    let mut events = vec![Event::ParticipantJoined { auction: auction.id, participant: who }];
    if bidders + 1 == auction.spec.bidders {
        match auction.spec.start {
            Start::Auto => begin(auction, at, &mut events),
            Start::Confirm => {
                events.push(Event::ReadyCheck { auction: auction.id, deadline: at + limits.start_timeout });
            }
        }
    }
    Ok(Decided { events, receipt: receipt(auction.id, auction.seq.next()) })
}

fn leave(auction: &Auction, who: ParticipantId) -> Result<Decided, Refusal> {
    if who == auction.auctioneer {
        return Err(refusal(Code::IsAuctioneer, "the auctioneer does not leave; it may cancel the auction"));
    }
    if auction.bidder(who).is_none() {
        return Err(refusal(Code::NotParticipant, "the participant has not joined"));
    }
    if auction.phase != Phase::Waiting {
        return Err(not_open(auction, "bidders leave while it is waiting"));
    }
    let left = Event::ParticipantLeft { auction: auction.id, participant: who };
    Ok(Decided { events: vec![left], receipt: receipt(auction.id, auction.seq.next()) })
}

fn cancel(auction: &Auction, who: ParticipantId, reason: Option<&str>) -> Result<Decided, Refusal> {
    if who != auction.auctioneer {
        return Err(refusal(Code::NotAuctioneer, "only the auctioneer cancels the auction"));
    }
    if !matches!(auction.phase, Phase::Waiting | Phase::Active) {
        return Err(not_open(auction, "it is cancelled while it is waiting or active"));
    }
    let reason = reason.unwrap_or(BY_AUCTIONEER);
    check_words("reason", reason).map_err(|reason| refusal(Code::BadRequest, reason))?;
    if reason == START_TIMEOUT || reason == SUPERSEDED {
        return Err(refusal(Code::BadRequest, format!("{reason} is told only by the cluster; give another reason")));
    }
    let cancelled = Event::AuctionCancelled { auction: auction.id, reason: reason.into() };
    Ok(Decided { events: vec![cancelled], receipt: receipt(auction.id, auction.seq.next()) })
}

fn start(auction: &Auction, who: ParticipantId, at: At) -> Result<Decided, Refusal> {
    if who != auction.auctioneer {
        return Err(refusal(Code::NotAuctioneer, "only the auctioneer starts the auction"));
    }
    if auction.phase != Phase::Waiting {
        return Err(not_open(auction, "it starts while it is waiting"));
    }
    if !auction.has_minimum() {
        let (joined, minimum) = (auction.bidders.len(), auction.spec.bidders);
        return Err(refusal(Code::NotReady, format!("{joined} of at least {minimum} bidders have joined")));
    }
    let mut events = Vec::new();
    begin(auction, at, &mut events);
    Ok(Decided { events, receipt: receipt(auction.id, auction.seq.next()) })
}

fn bid(
    auction: &Auction,
    who: ParticipantId,
    round: Option<Round>,
    amount: Amount,
    at: At,
) -> Result<Decided, Refusal> {
    let bidder = bidder_in_open_round(auction, who, round)?;
    let answer = |seq| Receipt { round: Some(auction.round), amount: Some(amount), ..receipt(auction.id, seq) };
    match bidder.standing {
        Standing::Bid(standing, seq) if standing == amount => {
            return Ok(Decided { events: Vec::new(), receipt: answer(seq) });
        }
        Standing::None => {}
        standing => return Err(already(auction.round, standing)),
    }
    check_amount(&auction.spec, amount)?;
    if bidder.total.checked_add(amount).is_none() {
        let reason = format!("with {amount} the total of {} would be above {}", bidder.total, Amount::MAX);
        return Err(refusal(Code::BadAmount, reason));
    }
    let accepted = Event::BidAccepted { auction: auction.id, round: auction.round, participant: who, amount };
    Ok(Decided { events: chosen(auction, accepted, at), receipt: answer(auction.seq.next()) })
}

/// Whether the auction's limit admits the bid. It is not raised or lowered to it.
fn check_amount(spec: &Spec, amount: Amount) -> Result<(), Refusal> {
    match spec.rule {
        Rule::Highest | Rule::SecondPrice if amount < spec.limit => {
            Err(refusal(Code::BelowMinimum, format!("the minimum is {}, the bid was {amount}", spec.limit)))
        }
        Rule::Lowest if amount > spec.limit => {
            Err(refusal(Code::AboveMaximum, format!("the maximum is {}, the bid was {amount}", spec.limit)))
        }
        Rule::Highest | Rule::SecondPrice | Rule::Lowest => Ok(()),
    }
}

fn pass(auction: &Auction, who: ParticipantId, round: Option<Round>, at: At) -> Result<Decided, Refusal> {
    let bidder = bidder_in_open_round(auction, who, round)?;
    let answer = |seq| Receipt { round: Some(auction.round), ..receipt(auction.id, seq) };
    match bidder.standing {
        Standing::None => {
            let passed = Event::Passed { auction: auction.id, round: auction.round, participant: who };
            Ok(Decided { events: chosen(auction, passed, at), receipt: answer(auction.seq.next()) })
        }
        Standing::Passed(seq) => Ok(Decided { events: Vec::new(), receipt: answer(seq) }),
        standing @ Standing::Bid(..) => Err(already(auction.round, standing)),
    }
}

/// The asker as a bidder, if the round that it means is the open one.
fn bidder_in_open_round(auction: &Auction, who: ParticipantId, round: Option<Round>) -> Result<&Bidder, Refusal> {
    if who == auction.auctioneer {
        return Err(refusal(Code::IsAuctioneer, "the auctioneer does not bid"));
    }
    let Some(bidder) = auction.bidder(who) else {
        return Err(refusal(Code::NotParticipant, "the participant has not joined"));
    };
    if auction.phase != Phase::Active {
        return Err(not_open(auction, "bids are taken while it is active"));
    }
    let (current, asked) = (auction.round, round.unwrap_or(auction.round));
    if asked > current || asked == Round(0) {
        return Err(refusal(Code::WrongRound, format!("the round is {current}, the bid was for {asked}")));
    }
    if asked < current || !auction.open {
        return Err(refusal(Code::RoundClosed, format!("round {asked} is complete, the round is {current}")));
    }
    Ok(bidder)
}

/// A bid or pass, and what follows if it was the last one that the round waited for.
fn chosen(auction: &Auction, event: Event, at: At) -> Vec<Event> {
    let mut events = vec![event];
    if auction.silent <= 1 {
        complete_round(auction, at, &mut events);
    }
    events
}

fn begin(auction: &Auction, at: At, events: &mut Vec<Event>) {
    events.push(Event::AuctionStarted { auction: auction.id });
    events.push(round_started(auction, Round(1), at));
}

fn complete_round(auction: &Auction, at: At, events: &mut Vec<Event>) {
    events.push(Event::RoundCompleted { auction: auction.id, round: auction.round });
    if auction.round < Round(auction.spec.rounds) {
        events.push(round_started(auction, auction.round.next(), at));
    } else {
        events.push(Event::AuctionCompleted { auction: auction.id });
    }
}

fn round_started(auction: &Auction, round: Round, at: At) -> Event {
    let deadline = auction.spec.round_timeout_ms.map(|length| at + Duration::from_millis(length));
    Event::RoundStarted { auction: auction.id, round, deadline }
}

const fn receipt(auction: AuctionId, seq: Seq) -> Receipt {
    Receipt { auction, seq, round: None, amount: None }
}

fn refusal(code: Code, reason: impl Into<String>) -> Refusal {
    Refusal { code, reason: reason.into() }
}

fn not_found<T>(id: AuctionId) -> Result<T, Refusal> {
    Err(refusal(Code::NotFound, format!("there is no auction {id}")))
}

fn not_open(auction: &Auction, when: &str) -> Refusal {
    let phase = match auction.phase {
        Phase::Waiting => "waiting",
        Phase::Active => "active",
        Phase::Completed => "completed",
        Phase::Cancelled => "cancelled",
    };
    refusal(Code::NotOpen, format!("the auction is {phase}; {when}"))
}

fn already(round: Round, standing: Standing) -> Refusal {
    let reason = match standing {
        Standing::Bid(amount, _) => format!("in round {round} the bid of {amount} stands"),
        Standing::Passed(_) => format!("in round {round} the participant has passed"),
        Standing::None => String::new(),
    };
    refusal(Code::AlreadyBid, reason)
}
