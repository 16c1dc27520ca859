//! Given a state and one input, the whole list of outputs.

mod fold;
mod follow;
mod requests;
mod search;

use std::net::SocketAddr;
use std::time::Duration;

use uuid::Uuid;

use super::message::{Command, Input, Output};
use super::protocol::Dialogue;
use crate::amount::Amount;
use crate::auction::event::{Disclosure, Rule, Spec, Start};
use crate::auction::message::Head;
use crate::discovery::message::Message as Discovery;
use crate::heartbeat::message::Session;
use crate::id::{AuctionId, Epoch, Index, NodeId, ParticipantId, Seq};
use crate::protocol::Protocol;
use crate::time::{At, Timestamp};
use crate::wire::Message;

const SESSION: u64 = 7;
const ME: ParticipantId = ParticipantId(Uuid::from_u128(0xbeef));
const AUCTION: AuctionId = AuctionId(Uuid::from_u128(0xa));
/// The cookie that node `n` gives.
const COOKIE: u64 = 1000;

/// A dialogue, its clock, and the nonce that it uses.
struct Test {
    dialogue: Dialogue,
    now: Timestamp,
    nonce: u64,
}

impl Test {
    /// One that has just asked who leads.
    fn new() -> Self {
        let mut dialogue = Dialogue::new(Timestamp::ZERO, ME, SESSION, 1);
        let mut out = Vec::new();
        dialogue.fire(Timestamp::ZERO, &mut out);
        let [Output::Broadcast(Message::Discovery(Discovery::Request { nonce, .. }))] = out[..] else {
            panic!("one question, broadcast: {out:?}");
        };
        Self { dialogue, now: Timestamp::ZERO, nonce }
    }

    /// One that knows that node 1 leads in epoch 1.
    fn led() -> Self {
        let mut test = Self::new();
        assert_eq!(test.details(1, Some(1), 1), []);
        test
    }

    fn input(&mut self, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        self.dialogue.handle(self.now, input, &mut out);
        out
    }

    fn command(&mut self, command: Command) -> Vec<Output> {
        self.input(Input::Command(command))
    }

    /// A message from node `n`.
    fn hears(&mut self, n: u8, message: Message) -> Vec<Output> {
        self.input(Input::Message { from: address(n), sender: node(n), message })
    }

    /// LEADER_DETAILS of node `n` that names another, or itself, in an epoch of that leader.
    fn details(&mut self, n: u8, leader: Option<u8>, number: u64) -> Vec<Output> {
        let message = Message::Discovery(Discovery::LeaderDetails {
            nonce: self.nonce,
            leader: leader.map(|leader| (node(leader), address(leader))),
            epoch: Epoch { number, leader: node(leader.unwrap_or(n)) },
            commit: Index(number * 10),
            cookie: COOKIE + u64::from(n),
            interval_ms: 50,
        });
        self.hears(n, message)
    }

    /// Lets time pass, deadline by deadline.
    fn after(&mut self, time: Duration) -> Vec<Output> {
        let (end, mut out) = (self.now + time, Vec::new());
        while let Some(deadline) = self.dialogue.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.dialogue.fire(self.now, &mut out);
            assert!(self.dialogue.deadline().is_none_or(|next| next > self.now), "a deadline that is past");
        }
        self.now = end;
        out
    }
}

fn node(n: u8) -> NodeId {
    NodeId { uuid: Uuid::from_u128(u128::from(n)), incarnation: u64::from(n) }
}

fn address(n: u8) -> SocketAddr {
    ([127, 0, 0, n], 4000).into()
}

fn session(n: u8) -> Session {
    Session { participant: ME, session: SESSION, cookie: COOKIE + u64::from(n) }
}

fn head(seq: u64) -> Head {
    Head { auction: AUCTION, epoch: 1, seq: Seq(seq), at: At(seq) }
}

fn participant(n: u8) -> ParticipantId {
    ParticipantId(Uuid::from_u128(u128::from(n)))
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).expect("an amount")
}

fn spec() -> Spec {
    Spec {
        item: "Painting".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Sealed,
        limit: amount("10"),
        rounds: 2,
        bidders: 2,
        round_timeout_ms: None,
        start: Start::Confirm,
    }
}
