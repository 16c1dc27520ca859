//! Auctions that are over leave, and with them the entries that nothing rests on any more.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::scene::{
    ALICE, AUCTIONEER, BOB, Log, ROOM, ROUND, Scene, auction_of, bid, call, create, denied, epoch, events, join,
    settings, spec,
};
use crate::auction::event::{Event, Spec};
use crate::auction::manager::codec;
use crate::auction::message::{Call, Input, Outcome, Output, Phase};
use crate::auction::refusal::Code;
use crate::config::Settings;
use crate::id::{AuctionId, Index};
use crate::machine::{FromLog, ToLog};
use crate::replicator::message::{Body, Entry};
use crate::time::At;

const RETENTION: Duration = Duration::from_secs(30);

fn leader_of(settings: &Settings) -> Scene {
    let mut leader = Scene::with(settings);
    leader.tell(FromLog::Leading { epoch: epoch(1), at: At(0), room: ROOM });
    leader
}

fn one_round() -> Spec {
    Spec { rounds: 1, ..spec() }
}

/// An auction that Alice and Bob end in its only round.
fn finished(leader: &mut Scene, log: &mut Log, number: u128) -> AuctionId {
    let (auction, first) = (auction_of(number), number * 100);
    leader.done(log, create(number, one_round()));
    leader.done(log, join(ALICE, first, auction));
    leader.done(log, join(BOB, first + 1, auction));
    leader.done(log, bid(ALICE, first + 2, auction, "10"));
    leader.done(log, bid(BOB, first + 3, auction, "11"));
    assert_eq!(leader.manager.book.auction(auction).map(crate::auction::state::Auction::phase), Some(Phase::Completed));
    auction
}

fn commit_all(leader: &mut Scene, log: &mut Log) {
    while !leader.proposed.is_empty() {
        leader.commit(log);
    }
}

#[test]
fn a_finished_auction_leaves_after_its_retention_by_an_entry() {
    let mut leader = leader_of(&Settings { auction_retention: RETENTION, ..settings() });
    let mut log = Log::default();
    let auction = finished(&mut leader, &mut log, 1);
    leader.pass(RETENTION.saturating_sub(Duration::from_millis(1)));
    assert!(leader.proposed.is_empty());
    leader.pass(Duration::from_millis(1));
    let archived = codec::decode(&leader.proposed[0].1).expect("a decision");
    assert_eq!(archived.events, [Event::AuctionArchived { auction }]);
    commit_all(&mut leader, &mut log);
    assert!(leader.manager.book.held(auction).is_none());
    assert_eq!((leader.manager.book.len(), leader.manager.book.phases()), (0, [0; 4]));
    assert_eq!(denied(&leader.done(&mut log, bid(ALICE, 900, auction, "12"))), Some(Code::NotFound));
}

#[test]
fn an_auction_that_runs_or_waits_is_never_archived() {
    let mut leader = leader_of(&Settings { auction_retention: Duration::ZERO, max_auctions: 2, ..settings() });
    let mut log = Log::default();
    let running = leader.running(&mut log, spec());
    leader.done(&mut log, create(7, spec()));
    leader.pass(RETENTION);
    commit_all(&mut leader, &mut log);
    assert!(leader.manager.book.auction(running).is_some_and(|auction| auction.round().0 == 2), "time passed");
    assert!(leader.manager.book.held(auction_of(7)).is_some());
    assert_eq!(denied(&leader.tell(create(8, spec()))), Some(Code::Busy), "nothing can make room");
}

#[test]
fn where_there_are_as_many_auctions_as_may_be_the_one_that_ended_first_makes_room() {
    let mut leader = leader_of(&Settings { max_auctions: 3, ..settings() });
    let mut log = Log::default();
    leader.done(&mut log, create(50, spec()));
    let second = finished(&mut leader, &mut log, 2);
    leader.pass(Duration::from_secs(1));
    let first = finished(&mut leader, &mut log, 1);
    // Both at once: neither takes the other's room.
    leader.tell(create(60, spec()));
    leader.tell(create(61, spec()));
    assert_eq!(denied(&leader.tell(create(62, spec()))), Some(Code::Busy));
    commit_all(&mut leader, &mut log);
    assert!(leader.manager.book.held(second).is_none() && leader.manager.book.held(first).is_none());
    assert_eq!(leader.manager.book.len(), 3);
    assert!(leader.fates_add_up());
}

#[test]
fn who_follows_an_archived_auction_is_told_that_there_is_none() {
    let mut leader = leader_of(&Settings { auction_retention: RETENTION, ..settings() });
    let mut log = Log::default();
    let auction = finished(&mut leader, &mut log, 1);
    leader.pass(RETENTION);
    commit_all(&mut leader, &mut log);
    let asked = leader.tell(events(ALICE, auction, 3));
    let [Output::Log(ToLog::Read { ticket })] = asked[..] else { panic!("{asked:?}") };
    let told = leader.tell(FromLog::ReadReady { ticket });
    let none = |output: &Output| matches!(output, Output::Outcome(_, Outcome::EventsResponse { last: None, .. }));
    assert!(
        told.iter().any(none)
            && !told.iter().any(|output| matches!(output, Output::Outcome(_, Outcome::Cancel { .. })))
    );
}

#[test]
fn entries_matter_until_their_auction_has_left_and_the_floor_has_passed_them() {
    let kept = Duration::from_secs(60);
    let mut leader = leader_of(&Settings { auction_retention: RETENTION, request_retention: kept, ..settings() });
    let mut log = Log::default();
    finished(&mut leader, &mut log, 1);
    leader.pass(RETENTION);
    commit_all(&mut leader, &mut log);
    assert!(leader.obsolete.is_empty(), "their answers may be asked for again");
    leader.pass(kept * 2);
    let known = log.0.len() as u64;
    let late = Call { known: Index(known), ..call(AUCTIONEER, 70) };
    leader.done(
        &mut log,
        Input::Lobby(
            super::scene::address(AUCTIONEER),
            crate::auction::message::Lobby::CreateRequest { call: late, spec: spec() },
        ),
    );
    let all: BTreeSet<Index> = (1..=known).map(Index).collect();
    // All of the auction; and not the entry that raised the floor, nor what came then.
    assert!(leader.obsolete.is_subset(&all) && leader.obsolete.len() >= 5, "{:?}", leader.obsolete);
    assert_eq!(log.0.len() as u64, known + 2);
}

#[test]
fn after_a_reset_the_book_is_filled_from_nothing() {
    let (mut node, mut log) = (Scene::leader(), Log::default());
    node.running(&mut log, spec());
    node.tell(FromLog::Deposed);
    node.tell(FromLog::Reset);
    assert_eq!((node.manager.book.len(), node.manager.commit), (0, Index(0)));
    for entry in log.0.clone() {
        node.take(entry);
    }
    assert_eq!(node.manager.book.len(), 1);
    node.tell(FromLog::Leading { epoch: epoch(2), at: At(0), room: ROOM });
    node.pass(ROUND);
    assert_eq!(node.proposed.len(), 1, "its deadline is there again");
}

#[derive(Debug, Clone)]
enum Step {
    Create,
    Join(u8),
    Bid(u8),
    Refused,
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Create),
        4 => any::<u8>().prop_map(Step::Join),
        8 => any::<u8>().prop_map(Step::Bid),
        1 => Just(Step::Refused),
        3 => (0..3_000_u16).prop_map(Step::Pass),
    ]
}

/// A leader, its log, and requests that are new each time.
struct World {
    leader: Scene,
    log: Log,
    created: u128,
    number: u128,
}

impl World {
    fn new() -> Self {
        let settings = Settings {
            auction_retention: Duration::from_secs(2),
            request_retention: Duration::from_secs(1),
            max_requests: 64,
            max_auctions: 4,
            ..settings()
        };
        Self { leader: leader_of(&settings), log: Log::default(), created: 0, number: 1_000 }
    }

    fn step(&mut self, step: &Step) {
        self.number += 1;
        let recent = |which: u8| auction_of(self.created.saturating_sub(u128::from(which) % 3).max(1));
        let who = |which: u8| if which.is_multiple_of(2) { ALICE } else { BOB };
        let asked = match *step {
            Step::Create => {
                self.created += 1;
                create(self.created, one_round())
            }
            Step::Join(which) => join(who(which), self.number, recent(which / 2)),
            Step::Bid(which) => bid(who(which), self.number, recent(which / 2), "12"),
            Step::Refused => bid(ALICE, self.number, auction_of(77_777), "12"),
            Step::Pass(millis) => {
                self.leader.pass(Duration::from_millis(millis.into()));
                return commit_all(&mut self.leader, &mut self.log);
            }
        };
        self.leader.tell(FromLog::Credit { room: ROOM, quorum: true });
        let known = Index(self.log.0.len() as u64);
        self.leader.done(&mut self.log, knowing(known, asked));
    }

    /// Another node's book, made without the obsolete entries.
    fn book_without(&self, obsolete: &BTreeSet<Index>) -> String {
        let mut other = World::new().leader;
        other.tell(FromLog::Deposed);
        for entry in self.log.0.iter().filter(|entry| !obsolete.contains(&entry.position.index)) {
            other.take(entry.clone());
        }
        book(&other)
    }
}

fn knowing(known: Index, mut input: Input) -> Input {
    use crate::auction::message::{Bidding, Lobby};
    match &mut input {
        Input::Lobby(_, Lobby::CreateRequest { call, .. } | Lobby::JoinRequest { call, .. }) => call.known = known,
        Input::Bidding(_, Bidding::Submit(submit)) => submit.call.known = known,
        _ => {}
    }
    input
}

fn book(scene: &Scene) -> String {
    format!("{:?}", scene.manager.book)
}

proptest! {
    /// What [`ToLog::Obsolete`] promises: the fold is the same without, then and ever after.
    #[test]
    fn without_what_matters_no_more_the_fold_is_the_same(steps in prop::collection::vec(step(), 1..200), at in 0.0..1.0_f64) {
        let mut world = World::new();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
        let middle = (steps.len() as f64 * at) as usize;
        let mut then = BTreeSet::new();
        for (place, step) in steps.iter().enumerate() {
            world.step(step);
            if place == middle {
                then = world.leader.obsolete.clone();
                prop_assert_eq!(world.book_without(&then), book(&world.leader));
            }
        }
        let is_events = |entry: &Entry| matches!(entry.body, Body::Events(_));
        prop_assert!(world.log.0.iter().all(is_events));
        prop_assert_eq!(world.book_without(&then), book(&world.leader), "what mattered no more earlier");
        let now = world.leader.obsolete.clone();
        prop_assert!(then.is_subset(&now));
        prop_assert_eq!(world.book_without(&now), book(&world.leader));
    }
}
