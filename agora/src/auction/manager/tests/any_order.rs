//! Whatever is asked, in whatever order proposals commit, are refused or are lost, and whoever leads: every request has
//! one answer (ONCE-1), the counters add up (FATE-1), and all nodes hold the same (LOG-2).

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::scene::{ALICE, AUCTIONEER, BOB, Log, ROOM, Scene, auction_of, bid, create, epoch, events, join, spec};
use crate::auction::event::{Answer, RequestKey, Spec};
use crate::auction::manager::codec;
use crate::auction::message::{Bidding, Input, Lobby, Output};
use crate::id::RequestId;
use crate::machine::FromLog;
use crate::protocol::Protocol;
use crate::replicator::message::Body;
use crate::time::At;

#[derive(Debug, Clone)]
enum Step {
    /// Request `number`, which is the same whenever it is asked.
    Ask(u8),
    /// The oldest proposal commits.
    Commit,
    /// A follower takes what is committed.
    Follow,
    /// Proposals from the so many-th pending one on are refused.
    Refuse(u8),
    /// So many pending proposals survive; the other node leads.
    Fail(u8),
    Pass(u16),
    Credit(u8),
    Resend(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..48_u8).prop_map(Step::Ask),
        8 => Just(Step::Commit),
        2 => Just(Step::Follow),
        1 => (0..4_u8).prop_map(Step::Refuse),
        1 => (0..4_u8).prop_map(Step::Fail),
        2 => (0..6_000_u16).prop_map(Step::Pass),
        1 => (0..4_u8).prop_map(Step::Credit),
        1 => (0..12_u8).prop_map(Step::Resend),
    ]
}

/// Two auctions, and everything that can be asked of them.
fn ask(number: u8) -> Input {
    let (request, auction) = (u128::from(number) + 1, auction_of(1 + u128::from(number % 2)));
    let who = [ALICE, BOB, AUCTIONEER][usize::from(number / 2 % 3)];
    match number {
        0 | 1 => create(request, Spec { rounds: 3, ..spec() }),
        2..10 => join(who, request, auction),
        _ => bid(who, request, auction, &format!("{}", 5 + number)),
    }
}

/// Two nodes and what is known of the whole.
struct Cluster {
    nodes: [Scene; 2],
    taken: [usize; 2],
    leads: usize,
    epoch: u64,
    log: Log,
    /// The number of the oldest proposal that is pending, and of the next.
    numbers: Vec<u64>,
    next: u64,
    /// Proposals below this are in the log, or refused.
    taken_below: u64,
    answers: BTreeMap<RequestId, String>,
}

impl Cluster {
    fn new() -> Self {
        let mut cluster = Self {
            nodes: [Scene::follower(), Scene::follower()],
            taken: [0, 0],
            leads: 1,
            epoch: 0,
            log: Log::default(),
            numbers: Vec::new(),
            next: 1,
            taken_below: 1,
            answers: BTreeMap::new(),
        };
        cluster.fail(0);
        cluster
    }

    fn leader(&mut self) -> &mut Scene {
        &mut self.nodes[self.leads]
    }

    fn at(&self) -> At {
        At(self.nodes[self.leads].now.as_micros() / 1_000)
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Ask(number) => self.tell(ask(number)),
            Step::Commit => self.commit(),
            Step::Follow => self.follow(1 - self.leads),
            Step::Refuse(place) => {
                let place = usize::from(place);
                // Proposals are taken in order: what came before an earlier refusal is in the log, and stays.
                if let Some(&number) = self.numbers.get(place).filter(|number| **number >= self.taken_below) {
                    self.taken_below = self.next;
                    let epoch = epoch(self.epoch);
                    self.numbers.truncate(place);
                    self.leader().proposed.truncate(place);
                    self.tell(FromLog::Refused { epoch, number });
                }
            }
            Step::Fail(survive) => self.fail(usize::from(survive)),
            Step::Pass(millis) => {
                let out = self.leader().pass(Duration::from_millis(millis.into()));
                self.learn(&out);
            }
            Step::Credit(room) => self.tell(FromLog::Credit { room: room.into(), quorum: room > 0 }),
            Step::Resend(after) => self.tell(events(ALICE, auction_of(1), after.into())),
        }
    }

    fn tell(&mut self, input: impl Into<Input>) {
        let out = self.leader().tell(input);
        self.learn(&out);
    }

    fn commit(&mut self) {
        let Some((epoch, events)) = self.leader().proposed.pop_front() else { return };
        self.numbers.remove(0);
        let at = self.at();
        let entry = self.log.append(epoch, at, events);
        let leads = self.leads;
        self.taken[leads] += 1;
        let out = self.leader().take(entry);
        self.learn(&out);
    }

    fn follow(&mut self, node: usize) {
        while let Some(entry) = self.log.0.get(self.taken[node]).cloned() {
            self.taken[node] += 1;
            let out = self.nodes[node].take(entry);
            assert_eq!(out, [], "a follower says nothing");
        }
    }

    fn fail(&mut self, survive: usize) {
        let at = self.at();
        self.leader().tell(FromLog::Deposed);
        for (epoch, events) in self.leader().proposed.drain(..).take(survive).collect::<Vec<_>>() {
            self.log.append(epoch, at, events);
        }
        self.numbers.clear();
        self.leads = 1 - self.leads;
        self.epoch += 1;
        (self.next, self.taken_below) = (1, 1);
        self.follow(0);
        self.follow(1);
        let epoch = epoch(self.epoch);
        self.tell(FromLog::Leading { epoch, at, room: ROOM });
    }

    /// Counts the proposals made, and holds every answer against the first.
    fn learn(&mut self, out: &[Output]) {
        while self.numbers.len() < self.leader().proposed.len() {
            self.numbers.push(self.next);
            self.next += 1;
        }
        for output in out {
            let (request, answer) = match output {
                Output::Lobby(_, Lobby::CreateAck(ack) | Lobby::JoinAck(ack))
                | Output::Bidding(_, Bidding::Ack(ack)) => {
                    (ack.request, format!("{:?}", Answer::Done(ack.receipt.clone())))
                }
                Output::Lobby(_, Lobby::CreateDeny(deny) | Lobby::JoinDeny(deny))
                | Output::Bidding(_, Bidding::Deny(deny))
                    if !deny.refusal.code.is_no_outcome() =>
                {
                    (deny.request, format!("{:?}", Answer::Refused(deny.refusal.clone())))
                }
                _ => continue,
            };
            let first = self.answers.entry(request).or_insert_with(|| answer.clone());
            assert_eq!(*first, answer, "ONCE-1");
        }
    }

    fn check(&self) {
        for node in &self.nodes {
            assert!(node.fates_add_up(), "FATE-1");
        }
        let leader = &self.nodes[self.leads];
        assert!(!leader.proposed.is_empty() || leader.manager.ahead.touched().is_empty());
        let due = leader.manager.deadline().is_some_and(|deadline| deadline < leader.now);
        assert!(!due || leader.manager.lead.as_ref().is_some_and(|lead| lead.room > 0));
    }

    fn end(mut self) {
        while !self.leader().proposed.is_empty() {
            self.commit();
        }
        self.follow(0);
        self.follow(1);
        let [one, other] = self.nodes.map(|node| node.manager.book);
        let mut keys = BTreeMap::<RequestKey, Answer>::new();
        for entry in &self.log.0 {
            let Body::Events(bytes) = &entry.body else { continue };
            let decision = codec::decode(bytes).expect("a decision");
            if let (Some(key), Some(answer)) = (decision.key, decision.answer) {
                assert_eq!(keys.insert(key, answer.clone()), None, "ONCE-1: {key:?} is decided twice");
                assert_eq!(one.requests.answer(&key), Some(&answer));
                assert_eq!(other.requests.answer(&key), Some(&answer));
            }
        }
        for auction in [auction_of(1), auction_of(2)] {
            assert_eq!(one.auction(auction), other.auction(auction));
            let history = |held: &crate::auction::manager::book::Held| held.history().to_vec();
            assert_eq!(one.held(auction).map(history), other.held(auction).map(history), "ORDER-1");
        }
    }
}

proptest! {
    #[test]
    fn every_request_has_one_answer_and_all_nodes_hold_the_same(steps in prop::collection::vec(step(), 1..300)) {
        let mut cluster = Cluster::new();
        for step in &steps {
            cluster.step(step);
            cluster.check();
        }
        cluster.end();
    }
}
