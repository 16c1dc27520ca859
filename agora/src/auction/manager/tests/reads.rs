//! Reads of committed state, and STATUS_REQUEST.

use std::time::Duration;

use super::scene::{ALICE, AUCTIONEER, Log, Scene, address, auction_of, create, epoch, session, settings, spec};
use crate::auction::event::Spec;
use crate::auction::manager::listing::{MAX_PAGE, SUMMARY_WITHOUT_ITEM};
use crate::auction::manager::status::MAX_TOLD;
use crate::auction::message::{Input, Lobby, Outcome, Output, Phase, Summary};
use crate::id::{AuctionId, Epoch, Index, Member, NodeId, Position, Round, Seq};
use crate::machine::{FromLog, ToLog};
use crate::replicator::message::{Around, Peer, Situation, Standing};
use crate::time::At;

fn list(who: u128, read: u64, state: Option<Phase>, auction: Option<AuctionId>, after: Option<AuctionId>) -> Input {
    Input::Lobby(address(who), Lobby::ListRequest { session: session(who), read, state, auction, after })
}

fn page(out: &[Output]) -> (Vec<AuctionId>, bool) {
    let [Output::Lobby(_, Lobby::ListResponse { auctions, more, .. })] = out else { panic!("one page: {out:?}") };
    (auctions.iter().map(|summary| summary.auction).collect(), *more)
}

#[test]
fn a_read_waits_for_the_barrier() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.done(&mut log, create(1, spec()));
    let auction = auction_of(1);
    assert_eq!(leader.tell(list(ALICE, 5, None, Some(auction), None)), [Output::Log(ToLog::Read { ticket: 1 })]);
    assert_eq!(leader.tell(FromLog::ReadReady { ticket: 0 }), []);
    let summary = Summary {
        auction,
        auctioneer: super::scene::participant(AUCTIONEER),
        spec: spec(),
        phase: Phase::Waiting,
        round: Round(0),
        bidders: 0,
        last: Seq(1),
    };
    let auctions = vec![summary];
    let response = Lobby::ListResponse { read: 5, epoch: epoch(1), commit: Index(1), auctions, more: false };
    assert_eq!(leader.tell(FromLog::ReadReady { ticket: 1 }), [Output::Lobby(address(ALICE), response)]);
}

#[test]
fn reads_that_come_while_one_waits_share_the_next_barrier() {
    let mut leader = Scene::leader();
    assert_eq!(leader.tell(list(ALICE, 1, None, None, None)), [Output::Log(ToLog::Read { ticket: 1 })]);
    assert_eq!(leader.tell(list(ALICE, 2, None, None, None)), []);
    assert_eq!(leader.tell(list(ALICE, 3, None, None, None)), []);
    let out = leader.tell(FromLog::ReadReady { ticket: 1 });
    assert!(matches!(out.as_slice(), [Output::Lobby(..), Output::Log(ToLog::Read { ticket: 2 })]), "{out:?}");
    assert_eq!(leader.tell(FromLog::ReadReady { ticket: 2 }).len(), 2);
}

#[test]
fn a_barrier_that_does_not_come_is_asked_for_again() {
    let mut leader = Scene::leader();
    leader.tell(list(ALICE, 1, None, None, None));
    leader.pass(settings().failure_timeout());
    assert_eq!(leader.tell(list(ALICE, 1, None, None, None)), [Output::Log(ToLog::Read { ticket: 2 })]);
    assert_eq!(leader.tell(FromLog::ReadReady { ticket: 1 }), []);
    assert_eq!(leader.tell(FromLog::ReadReady { ticket: 2 }).len(), 1);
}

#[test]
fn who_is_deposed_answers_no_read() {
    let mut leader = Scene::leader();
    leader.tell(list(ALICE, 1, None, None, None));
    leader.tell(FromLog::Deposed);
    assert_eq!(leader.tell(FromLog::ReadReady { ticket: 1 }), []);
    assert_eq!(leader.tell(list(ALICE, 1, None, None, None)), [Output::Redirect(address(ALICE))]);
}

#[test]
fn pages_follow_one_another_and_hold_what_is_asked_for() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let mut all: Vec<_> = (1..=10).map(auction_of).collect();
    for number in 1..=10 {
        leader.done(&mut log, create(number, spec()));
    }
    all.sort_unstable();
    let (mut seen, mut ticket) = (Vec::new(), 0);
    loop {
        ticket += 1;
        leader.tell(list(ALICE, ticket, Some(Phase::Waiting), None, seen.last().copied()));
        let (ids, more) = page(&leader.tell(FromLog::ReadReady { ticket }));
        assert!(!ids.is_empty());
        seen.extend(ids);
        if !more {
            break;
        }
    }
    assert_eq!(seen, all);
    leader.tell(list(ALICE, 99, Some(Phase::Active), None, None));
    assert_eq!(page(&leader.tell(FromLog::ReadReady { ticket: ticket + 1 })), (Vec::new(), false));
}

#[test]
fn the_longest_page_fits_a_datagram() {
    let item = "x".repeat(crate::auction::event::MAX_ITEM);
    let limit = "999999999999999.999999".parse().expect("an amount");
    let longest = Spec { item: item.clone(), limit, round_timeout_ms: Some(u64::MAX), ..spec() };
    let summary = Summary {
        auction: auction_of(1),
        auctioneer: super::scene::participant(AUCTIONEER),
        spec: Spec { rounds: u32::MAX, bidders: u32::MAX, ..longest },
        phase: Phase::Cancelled,
        round: Round(u32::MAX),
        bidders: u32::MAX,
        last: Seq(u64::MAX),
    };
    let bytes = rmp_serde::to_vec(&summary).expect("it encodes").len();
    assert!(bytes <= SUMMARY_WITHOUT_ITEM + item.len(), "{bytes}");
    const { assert!(SUMMARY_WITHOUT_ITEM + crate::auction::event::MAX_ITEM <= MAX_PAGE) }
}

fn situation() -> Situation {
    let node = |number: u128| NodeId { uuid: uuid::Uuid::from_u128(u128::MAX - number), incarnation: u64::MAX };
    let highest = Epoch { number: u64::MAX, leader: node(0) };
    let peer = |number| Peer { node: node(number), index: Index(u64::MAX), heard: true };
    Situation {
        promise: highest,
        leader: Some(node(0)),
        standing: Standing::Member,
        serving: true,
        hears_quorum: true,
        can_stand: true,
        candidate: false,
        founding: None,
        commit: Position { epoch: highest, index: Index(u64::MAX) },
        last: Position { epoch: highest, index: Index(u64::MAX) },
        caught_up: true,
        members: (0..100).map(|number| Member { node: node(number), priority: u32::MAX }).collect(),
        peers: (0..100).map(peer).collect(),
        at: At(0),
        decided: 0,
        around: Around::default(),
    }
}

#[test]
fn any_node_tells_what_it_knows_to_who_has_shown_its_address() {
    let mut follower = Scene::follower();
    follower.tell(FromLog::Situation(Box::new(situation())));
    let ask = |cookie| {
        let session = crate::heartbeat::message::Session { cookie, ..session(ALICE) };
        Input::Outcome(address(ALICE), Outcome::StatusRequest { session, read: 3 })
    };
    assert_eq!(follower.tell(ask(0)), [Output::Redirect(address(ALICE))]);
    let out = follower.tell(ask(session(ALICE).cookie));
    let [Output::Outcome(_, told @ Outcome::StatusResponse { read: 3, status })] = out.as_slice() else {
        panic!("a status: {out:?}")
    };
    assert_eq!(status.commit, Index(u64::MAX));
    assert_eq!((status.members.len(), status.peers.len()), (MAX_TOLD, MAX_TOLD));
    let bytes = rmp_serde::to_vec(told).expect("it encodes").len();
    assert!(bytes <= 1_100, "{bytes}");
}

#[test]
fn a_status_knows_the_entry_applied_last_before_the_situation_tells_of_it() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.tell(FromLog::Situation(Box::new(Situation {
        commit: Position::START,
        last: Position::START,
        ..situation()
    })));
    leader.done(&mut log, create(1, spec()));
    let session = session(ALICE);
    let out = leader.tell(Input::Outcome(address(ALICE), Outcome::StatusRequest { session, read: 3 }));
    let [Output::Outcome(_, Outcome::StatusResponse { status, .. })] = out.as_slice() else {
        panic!("a status: {out:?}")
    };
    let end = log.0.last().expect("an entry").position.index;
    assert_eq!((status.commit, status.last), (end, end));
}

#[test]
fn reads_are_dropped_when_too_many_wait() {
    use crate::auction::manager::reads::MAX_READS;
    let mut leader = Scene::leader();
    for read in 0..MAX_READS as u64 + 10 {
        leader.tell(list(ALICE, read, None, Some(auction_of(1)), None));
    }
    let first = leader.tell(FromLog::ReadReady { ticket: 1 }).len();
    let rest = leader.tell(FromLog::ReadReady { ticket: 2 }).len();
    // One output of the first is the second question.
    assert_eq!(first - 1 + rest, MAX_READS);
    leader.pass(Duration::ZERO);
}
