//! A manager with the replicator and the clients played by the test.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use crate::auction::event::{Disclosure, Receipt, Rule, Spec, Start};
use crate::auction::manager::codec;
use crate::auction::message::{Ack, Bidding, Call, Deny, Durability, Input, Lobby, Outcome, Output, Submit};
use crate::auction::protocol::{Manager, Pace};
use crate::auction::refusal::Code;
use crate::auction::view::Shown;
use crate::config::{Mode, Settings};
use crate::cookie::Cookies;
use crate::heartbeat::message::Session;
use crate::id::{AuctionId, Epoch, Index, NodeId, ParticipantId, Position, RequestId, Round, Seq};
use crate::machine::{FromLog, ToLog};
use crate::protocol::Protocol;
use crate::replicator::message::{Body, Entry};
use crate::time::{At, Timestamp};

pub(super) const COOKIES: Cookies = Cookies::new(7);
pub(super) const ROOM: usize = 100;
pub(super) const ROUND: Duration = Duration::from_secs(10);

pub(super) const AUCTIONEER: u128 = 1;
pub(super) const ALICE: u128 = 2;
pub(super) const BOB: u128 = 3;

/// One node's manager. The log is the test's, so that several nodes can share it.
pub(super) struct Scene {
    pub(super) manager: Manager,
    pub(super) now: Timestamp,
    /// Proposed and not yet committed.
    pub(super) proposed: VecDeque<(Epoch, Bytes)>,
    /// What it said matters no more.
    pub(super) obsolete: BTreeSet<Index>,
}

/// The replicated log, as far as it is committed.
#[derive(Default)]
pub(super) struct Log(pub(super) Vec<Entry>);

impl Log {
    pub(super) fn append(&mut self, epoch: Epoch, at: At, events: Bytes) -> Entry {
        let index = Index(self.0.len() as u64 + 1);
        let entry = Entry { position: Position { epoch, index }, at, body: Body::Events(events) };
        self.0.push(entry.clone());
        entry
    }
}

pub(super) fn settings() -> Settings {
    Settings { mode: Mode::Majority(3), request_retention: Duration::from_secs(86_400), ..Settings::lan() }
}

impl Scene {
    pub(super) fn follower() -> Self {
        Self::with(&settings())
    }

    pub(super) fn with(settings: &Settings) -> Self {
        let (manager, now) = (Manager::new(settings, COOKIES), Timestamp::from_micros(0));
        Self { manager, now, proposed: VecDeque::new(), obsolete: BTreeSet::new() }
    }

    pub(super) fn leader() -> Self {
        let mut scene = Self::follower();
        scene.tell(FromLog::Leading { epoch: epoch(1), at: At(0), room: ROOM });
        scene
    }

    /// One that tells followers events at this pace.
    pub(super) fn paced(pace: Pace) -> Self {
        let mut scene = Self::follower();
        scene.manager = scene.manager.paced(pace);
        scene.tell(FromLog::Leading { epoch: epoch(1), at: At(0), room: ROOM });
        scene
    }

    /// Tells the manager something; proposals, and what matters no more, are kept apart, everything else is returned: what
    /// is shown to many, for each of them.
    pub(super) fn tell(&mut self, input: impl Into<Input>) -> Vec<Output> {
        let mut out = Vec::new();
        self.manager.handle(self.now, input.into(), &mut out);
        self.sort(out)
    }

    /// Time passes; a deadline that comes meanwhile fires.
    pub(super) fn pass(&mut self, time: Duration) -> Vec<Output> {
        self.now = self.now + time;
        let mut out = Vec::new();
        if self.manager.deadline().is_some_and(|deadline| deadline <= self.now) {
            self.manager.fire(self.now, &mut out);
            assert!(self.manager.deadline().is_none_or(|deadline| deadline > self.now));
        }
        self.sort(out)
    }

    fn sort(&mut self, out: Vec<Output>) -> Vec<Output> {
        let mut rest = Vec::new();
        for output in out {
            match output {
                Output::Log(ToLog::Propose { epoch, events }) => self.proposed.push_back((epoch, events)),
                Output::Log(ToLog::Obsolete(indices)) => self.obsolete.extend(indices),
                Output::Shown(to, shown) => rest.extend(to.into_iter().map(|to| match shown.clone() {
                    Shown::Bidding(message) => Output::Bidding(to, message),
                    Shown::Outcome(message) => Output::Outcome(to, message),
                })),
                other => rest.push(other),
            }
        }
        rest
    }

    /// The oldest proposal commits. What the host is told of it is left out.
    pub(super) fn commit(&mut self, log: &mut Log) -> Vec<Output> {
        let (epoch, events) = self.proposed.pop_front().expect("something is proposed");
        let at = At(self.now.as_micros() / 1_000);
        let entry = log.append(epoch, at, events);
        self.take(entry)
    }

    /// Takes a committed entry. What the host is told of it is left out.
    pub(super) fn take(&mut self, entry: Entry) -> Vec<Output> {
        let mut out = self.tell(FromLog::Committed(entry));
        assert!(matches!(out.pop(), Some(Output::Applied { .. })));
        out
    }

    /// Asks, and has everything committed that is proposed.
    pub(super) fn done(&mut self, log: &mut Log, input: Input) -> Vec<Output> {
        let mut out = self.tell(input);
        while !self.proposed.is_empty() {
            out.extend(self.commit(log));
        }
        out
    }

    /// An auction of `spec` that Alice and Bob have joined, and that runs.
    pub(super) fn running(&mut self, log: &mut Log, spec: Spec) -> AuctionId {
        let auction = auction_of(1);
        self.done(log, create(1, spec));
        self.done(log, join(ALICE, 2, auction));
        self.done(log, join(BOB, 3, auction));
        auction
    }

    /// As [`FATE-1`](super::super::fates) demands.
    pub(super) fn fates_add_up(&self) -> bool {
        let [received, accepted, refused, repeated, no_outcome] = self.manager.fates.to_array();
        let pending = self.manager.ahead.requests() as u64;
        received == accepted + refused + repeated + no_outcome + pending
    }
}

pub(super) fn epoch(number: u64) -> Epoch {
    Epoch { number, leader: NodeId { uuid: Uuid::from_u128(100 + u128::from(number)), incarnation: 1 } }
}

/// Where the participant's only session is.
pub(super) fn address(who: u128) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], u16::try_from(1_000 + who).expect("small")))
}

pub(super) fn participant(who: u128) -> ParticipantId {
    ParticipantId(Uuid::from_u128(who))
}

pub(super) fn session(who: u128) -> Session {
    Session { participant: participant(who), session: 1, cookie: COOKIES.of(address(who)) }
}

pub(super) fn request(number: u128) -> RequestId {
    RequestId(Uuid::from_u128(number))
}

pub(super) fn call(who: u128, number: u128) -> Call {
    Call { session: session(who), request: request(number), known: Index(0) }
}

/// The auction that the auctioneer's request creates.
pub(super) fn auction_of(number: u128) -> AuctionId {
    AuctionId::derive(participant(AUCTIONEER), request(number))
}

pub(super) fn spec() -> Spec {
    Spec {
        item: "Painting".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Sealed,
        limit: "10".parse().expect("an amount"),
        rounds: 2,
        bidders: 2,
        round_timeout_ms: Some(10_000),
        start: Start::Auto,
    }
}

pub(super) fn create(number: u128, spec: Spec) -> Input {
    Input::Lobby(address(AUCTIONEER), Lobby::CreateRequest { call: call(AUCTIONEER, number), spec })
}

pub(super) fn join(who: u128, number: u128, auction: AuctionId) -> Input {
    Input::Lobby(address(who), Lobby::JoinRequest { call: call(who, number), auction })
}

pub(super) fn submit(who: u128, number: u128, auction: AuctionId, amount: &str) -> Submit {
    Submit { call: call(who, number), auction, round: None, amount: Some(amount.into()) }
}

pub(super) fn bid(who: u128, number: u128, auction: AuctionId, amount: &str) -> Input {
    Input::Bidding(address(who), Bidding::Submit(submit(who, number, auction, amount)))
}

pub(super) fn events(who: u128, auction: AuctionId, after: u64) -> Input {
    let (session, auction, after) = (session(who), Some(auction), Seq(after));
    Input::Outcome(address(who), Outcome::EventsRequest { session, auction, after, held: Some(epoch(1)) })
}

pub(super) fn bid_ack(who: u128, number: u128, receipt: Receipt) -> Output {
    let ack = Ack { request: request(number), receipt, durability: Durability::Quorum, disk: false };
    Output::Bidding(address(who), Bidding::Ack(ack))
}

pub(super) fn receipt(auction: AuctionId, seq: u64, round: u32, amount: &str) -> Receipt {
    let amount = Some(amount.parse().expect("an amount"));
    Receipt { auction, seq: Seq(seq), round: Some(Round(round)), amount }
}

/// The code of the one denial in `out`.
pub(super) fn denied(out: &[Output]) -> Option<Code> {
    deny(out).map(|deny| deny.refusal.code)
}

/// After how many milliseconds it says to ask again.
pub(super) fn retry(out: &[Output]) -> Option<u64> {
    deny(out).and_then(|deny| deny.retry_ms)
}

fn deny(out: &[Output]) -> Option<&Deny> {
    match out {
        [
            Output::Bidding(_, Bidding::Deny(deny)) | Output::Lobby(_, Lobby::CreateDeny(deny) | Lobby::JoinDeny(deny)),
        ] => Some(deny),
        _ => None,
    }
}

/// How many events the next proposal holds.
pub(super) fn events_in(proposal: &(Epoch, Bytes)) -> usize {
    codec::decode(&proposal.1).expect("a decision").events.len()
}
