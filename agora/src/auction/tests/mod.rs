//! The rules, a sentence each. Whole lists of events are compared.

mod bidding;
mod fold;
mod lobby;
mod time;
mod view;
mod winner;

use std::time::Duration;

use uuid::Uuid;

use super::apply::apply;
use super::decide::{Decided, Limits, decide, tick};
use super::event::{Command, Disclosure, Event, Receipt, Rule, Spec, Start};
use super::refusal::{Code, Refusal};
use super::state::Auction;
use crate::amount::Amount;
use crate::id::{AuctionId, ParticipantId, Round, Seq};
use crate::time::At;

const ID: AuctionId = AuctionId(Uuid::from_u128(0xa));
const AUCTIONEER: ParticipantId = ParticipantId(Uuid::from_u128(100));
const ALICE: ParticipantId = ParticipantId(Uuid::from_u128(3));
const BOB: ParticipantId = ParticipantId(Uuid::from_u128(2));
const CAROL: ParticipantId = ParticipantId(Uuid::from_u128(1));
const LIMITS: Limits = Limits { start_timeout: Duration::from_secs(60), max_bidders: super::event::MAX_BIDDERS };

fn amount(text: &str) -> Amount {
    Amount::parse(text).expect("an amount")
}

/// Two rounds, two bidders, starts by itself, a round lasts five seconds, at least 10.
fn painting() -> Spec {
    Spec {
        item: "Painting".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Sealed,
        limit: amount("10"),
        rounds: 2,
        bidders: 2,
        round_timeout_ms: Some(5_000),
        start: Start::Auto,
    }
}

/// An auction, and all that happened in it.
#[derive(Default)]
struct House {
    auction: Option<Auction>,
    events: Vec<Event>,
    at: At,
}

impl House {
    /// An auction that waits.
    fn waiting(spec: Spec) -> Self {
        let mut house = Self::default();
        house.ask(AUCTIONEER, &Command::Create { auction: ID, spec }).expect("a good spec");
        house
    }

    /// An auction that Alice and Bob have joined.
    fn joined(spec: Spec) -> Self {
        let mut house = Self::waiting(spec);
        house.join(ALICE).expect("it waits");
        house.join(BOB).expect("it waits");
        house
    }

    /// An auction in its first round, with Alice and Bob.
    fn running() -> Self {
        Self::joined(painting())
    }

    fn auction(&self) -> &Auction {
        self.auction.as_ref().expect("created")
    }

    /// Decides, and applies what was decided.
    fn ask(&mut self, who: ParticipantId, command: &Command) -> Result<Decided, Refusal> {
        let decided = decide(self.auction.as_ref(), command, who, self.at, &LIMITS)?;
        self.happen(&decided.events);
        Ok(decided)
    }

    /// Lets time pass, and applies what that causes.
    fn wait(&mut self, millis: u64) -> Vec<Event> {
        self.at = At(self.at.0 + millis);
        let events = tick(self.auction(), self.at, &LIMITS);
        self.happen(&events);
        events
    }

    fn happen(&mut self, events: &[Event]) {
        for event in events {
            self.events.push(event.clone());
            let seq = Seq(self.events.len() as u64);
            assert_eq!(apply(&mut self.auction, event), Some(seq), "{event:?} is the next event");
        }
    }

    fn join(&mut self, who: ParticipantId) -> Result<Decided, Refusal> {
        self.ask(who, &Command::Join(ID))
    }

    fn leave(&mut self, who: ParticipantId) -> Result<Decided, Refusal> {
        self.ask(who, &Command::Leave(ID))
    }

    fn cancel(&mut self, who: ParticipantId, reason: Option<&str>) -> Result<Decided, Refusal> {
        self.ask(who, &Command::Cancel { auction: ID, reason: reason.map(Into::into) })
    }

    fn start(&mut self, who: ParticipantId) -> Result<Decided, Refusal> {
        self.ask(who, &Command::Start(ID))
    }

    fn bid(&mut self, who: ParticipantId, text: &str) -> Result<Decided, Refusal> {
        self.ask(who, &Command::Bid { auction: ID, round: None, amount: amount(text) })
    }

    fn bid_in(&mut self, round: u32, who: ParticipantId, text: &str) -> Result<Decided, Refusal> {
        self.ask(who, &Command::Bid { auction: ID, round: Some(Round(round)), amount: amount(text) })
    }

    fn pass(&mut self, who: ParticipantId) -> Result<Decided, Refusal> {
        self.ask(who, &Command::Pass { auction: ID, round: None })
    }
}

fn refused<T>(code: Code, reason: &str) -> Result<T, Refusal> {
    Err(Refusal { code, reason: reason.into() })
}

fn receipt(seq: u64) -> Receipt {
    Receipt { auction: ID, seq: Seq(seq), round: None, amount: None }
}

fn bid_receipt(seq: u64, round: u32, text: &str) -> Receipt {
    Receipt { round: Some(Round(round)), amount: Some(amount(text)), ..receipt(seq) }
}

fn bid_accepted(round: u32, participant: ParticipantId, text: &str) -> Event {
    Event::BidAccepted { auction: ID, round: Round(round), participant, amount: amount(text) }
}

fn passed(round: u32, participant: ParticipantId) -> Event {
    Event::Passed { auction: ID, round: Round(round), participant }
}

fn joined(participant: ParticipantId) -> Event {
    Event::ParticipantJoined { auction: ID, participant }
}

fn left(participant: ParticipantId) -> Event {
    Event::ParticipantLeft { auction: ID, participant }
}

fn round_started(round: u32, deadline: u64) -> Event {
    Event::RoundStarted { auction: ID, round: Round(round), deadline: Some(At(deadline)) }
}

fn round_completed(round: u32) -> Event {
    Event::RoundCompleted { auction: ID, round: Round(round) }
}
