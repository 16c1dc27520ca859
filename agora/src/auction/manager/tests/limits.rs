//! What a peer can grow is bounded (NET-1).

use std::net::SocketAddr;
use std::time::Duration;

use super::scene::{ALICE, Log, Scene, auction_of, create, denied, join, participant, settings, spec};
use crate::auction::manager::requests::{MAX_REFUSALS, REFUSALS_FOR};
use crate::auction::manager::sessions::{FORGET_AFTER, MAX_SESSIONS, MAX_SUBSCRIPTIONS, Sessions};
use crate::auction::manager::sources;
use crate::auction::refusal::Code;
use crate::config::Settings;
use crate::id::AuctionId;
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
    assert_eq!(denied(&leader.tell(one_more())), Some(Code::Busy));
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
