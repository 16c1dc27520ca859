//! What a peer can grow is bounded (NET-1).

use std::net::SocketAddr;
use std::time::Duration;

use super::scene::{
    ALICE, Log, Scene, address as address_of, auction_of, call, create, denied, join, participant, retry, settings,
    spec, submit,
};
use crate::auction::event::{Answer, Receipt, RequestKey};
use crate::auction::manager::requests::{MAX_REFUSALS, REFUSALS_FOR, Requests};
use crate::auction::manager::sessions::{FORGET_AFTER, MAX_SESSIONS, MAX_SUBSCRIPTIONS, Sessions};
use crate::auction::manager::sources;
use crate::auction::message::{Bidding, Call, Input, Submit};
use crate::auction::refusal::Code;
use crate::config::Settings;
use crate::id::{AuctionId, Index, RequestId, Seq};
use crate::machine::FromLog;
use crate::time::{At, Timestamp};

#[test]
fn more_refusals_than_are_kept_are_busy_for_a_while() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.done(&mut log, create(1, spec()));
    for number in 0..MAX_REFUSALS as u128 {
        let out = leader.done(&mut log, join(ALICE, 1_000 + number, auction_of(99)));
        assert_eq!(denied(&out), Some(Code::NotFound));
    }
    let one_more = || join(ALICE, 2_000, auction_of(99));
    let out = leader.tell(one_more());
    assert_eq!((denied(&out), retry(&out)), (Some(Code::Busy), Some(60_000)), "until the first is forgotten");
    // What is not refused is taken all the same.
    leader.done(&mut log, join(ALICE, 3_000, auction_of(1)));
    assert_eq!(leader.manager.book.auction(auction_of(1)).map(|auction| auction.bidders().len()), Some(1));
    leader.pass(REFUSALS_FOR);
    assert_eq!(denied(&leader.done(&mut log, one_more())), Some(Code::NotFound));
    assert!(leader.fates_add_up());
}

#[test]
fn no_more_auctions_are_held_than_the_settings_allow() {
    let mut leader = Scene::with(&Settings { max_auctions: 2, ..settings() });
    leader.tell(FromLog::Leading { epoch: super::scene::epoch(1), at: At(0), room: 10 });
    leader.done(&mut Log::default(), create(1, spec()));
    leader.tell(create(2, spec()));
    assert_eq!(denied(&leader.tell(create(3, spec()))), Some(Code::Busy));
}

/// A bid of Alice's on an auction that is not there, by a client that knew this when it first sent it.
fn bid_knowing(known: u64, number: u128) -> Input {
    let call = Call { known: Index(known), ..call(ALICE, number) };
    let submit = Submit { call, ..submit(ALICE, number, auction_of(99), "10") };
    Input::Bidding(address_of(ALICE), Bidding::Submit(submit))
}

#[test]
fn old_answers_are_forgotten_and_who_asks_then_is_told_that_nobody_can_tell() {
    let minute = Duration::from_secs(60);
    let mut leader = Scene::with(&Settings { request_retention: minute, ..settings() });
    let mut log = Log::default();
    leader.tell(FromLog::Leading { epoch: super::scene::epoch(1), at: At(0), room: 10 });
    leader.done(&mut log, create(1, spec()));
    let first = leader.done(&mut log, bid_knowing(0, 2));
    leader.pass(minute);
    assert_eq!(leader.done(&mut log, bid_knowing(0, 2)), first, "kept for a minute");
    leader.pass(minute / 4);
    // The next request has the floor raised, in an entry of its own.
    leader.done(&mut log, bid_knowing(2, 3));
    assert_eq!((log.0.len(), leader.manager.book.requests.floor()), (4, Index(2)));
    assert_eq!(leader.manager.book.requests.len(), 1);
    let entries = log.0.len();
    assert_eq!(denied(&leader.done(&mut log, bid_knowing(0, 2))), Some(Code::Expired));
    assert_eq!(
        denied(&leader.done(&mut log, bid_knowing(1, 4))),
        Some(Code::Expired),
        "never asked, for all one knows"
    );
    assert_eq!(log.0.len(), entries, "nothing is carried out");
    assert_eq!(denied(&leader.done(&mut log, bid_knowing(2, 5))), Some(Code::NotFound));
    assert!(leader.fates_add_up());
}

#[test]
fn of_too_many_answers_the_oldest_are_forgotten() {
    let mut leader = Scene::with(&Settings { max_requests: 32, ..settings() });
    let mut log = Log::default();
    leader.tell(FromLog::Leading { epoch: super::scene::epoch(1), at: At(0), room: 10 });
    for number in 1..200_u64 {
        leader.tell(FromLog::Credit { room: 10, quorum: true });
        leader.pass(REFUSALS_FOR / 32);
        let known = log.0.len() as u64;
        assert_eq!(denied(&leader.done(&mut log, bid_knowing(known, number.into()))), Some(Code::NotFound), "{number}");
        assert!(leader.manager.book.requests.len() <= 32);
    }
    assert_eq!(denied(&leader.done(&mut log, bid_knowing(1, 1))), Some(Code::Expired));
}

#[test]
fn many_old_answers_are_forgotten_a_little_at_a_time() {
    let minute = Duration::from_secs(60);
    let mut requests = Requests::new(minute);
    for number in 1..=5_000_u64 {
        let key =
            RequestKey { participant: participant(ALICE), request: RequestId(uuid::Uuid::from_u128(number.into())) };
        requests.keep(
            key,
            Index(number),
            At(0),
            Answer::Done(Receipt { auction: auction_of(1), seq: Seq(1), round: None, amount: None }),
        );
    }
    let late = At(0) + minute * 2;
    assert_eq!(requests.due(late, Index(0), 1_000_000), Some(Index(1_024)));
    // That one is under way.
    assert_eq!(requests.due(late, Index(1_024), 1_000_000), Some(Index(2_048)));
    assert_eq!(requests.due(late, Index(4_500), 1_000_000), Some(Index(5_000)));
    assert_eq!(requests.due(late, Index(5_000), 1_000_000), None);
    // Too many, though none is old.
    assert_eq!(requests.due(At(0), Index(0), 5_000), Some(Index(5_000 / 16)));
    requests.raise(Index(1_024));
    assert_eq!((requests.len(), requests.due(At(0), Index(1_024), 5_000)), (5_000 - 1_024, None));
}

#[test]
fn a_request_that_knows_more_than_is_committed_here_waits() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.done(&mut log, create(1, spec()));
    assert_eq!(denied(&leader.done(&mut log, bid_knowing(2, 2))), Some(Code::Busy));
    assert_eq!(denied(&leader.done(&mut log, bid_knowing(1, 2))), Some(Code::NotFound));
    assert_eq!(denied(&leader.done(&mut log, bid_knowing(2, 3))), Some(Code::NotFound), "now it is");
}

fn address(number: usize) -> SocketAddr {
    let [.., high, low] = number.to_be_bytes();
    SocketAddr::from(([10, 0, high, low], 1))
}

#[test]
fn the_session_unheard_for_longest_is_forgotten_first() {
    let mut sessions = Sessions::default();
    let auction = auction_of(1);
    for number in 0..=MAX_SESSIONS {
        let session = (participant(ALICE), number as u64);
        sessions.hear(Timestamp::from_micros(number as u64), session, address(number % 65_536));
        sessions.follow(session, auction);
    }
    let now = Timestamp::from_micros(MAX_SESSIONS as u64);
    assert_eq!(sessions.of(auction, now).len(), MAX_SESSIONS);
    sessions.hear(now + FORGET_AFTER, (participant(ALICE), 0), address(0));
    assert_eq!(sessions.of(auction, now).len(), 0);
    assert_eq!(sessions.addresses(), [address(0)]);
}

#[test]
fn refusals_of_one_address_are_bounded_for_a_while() {
    let (mut sources, now) = (sources::Sources::default(), Timestamp::ZERO);
    assert!((0..sources::MAX_REFUSALS).all(|_| sources.count(now, address(1))));
    assert!(!sources.count(now, address(1)));
    assert!(sources.count(now, address(2)));
    assert!(sources.count(now + sources::WINDOW, address(1)));
}

#[test]
fn no_more_addresses_are_counted_than_fit() {
    let (mut sources, now) = (sources::Sources::default(), Timestamp::ZERO);
    assert!((0..sources::MAX_SOURCES).all(|number| sources.count(now, address(number))));
    assert!(!sources.count(now, address(sources::MAX_SOURCES)));
    assert!(sources.count(now + sources::WINDOW, address(sources::MAX_SOURCES)));
}

#[test]
fn subscriptions_of_one_session_are_bounded() {
    let mut sessions = Sessions::default();
    let session = (participant(ALICE), 1);
    let auction = |number: usize| AuctionId(uuid::Uuid::from_u128(number as u128));
    sessions.hear(Timestamp::ZERO, session, address(1));
    for number in 0..=MAX_SUBSCRIPTIONS {
        sessions.follow(session, auction(number));
    }
    let now = Timestamp::ZERO + Duration::from_millis(1);
    assert_eq!(sessions.of(auction(0), now).len(), 1);
    assert_eq!(sessions.of(auction(MAX_SUBSCRIPTIONS), now).len(), 0);
    sessions.end(auction(0));
    sessions.follow(session, auction(MAX_SUBSCRIPTIONS));
    assert_eq!(sessions.of(auction(MAX_SUBSCRIPTIONS), now).len(), 1);
}
