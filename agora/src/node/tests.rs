use std::net::SocketAddr;

use uuid::Uuid;

use super::edge::random;
use super::event::{MemberState, NodeEvent};
use super::observer::Observer;
use crate::id::{Epoch, Index, Member, NodeId, Position};
use crate::replicator::message::{Peer, Situation, Standing};
use crate::time::At;

const ADDRESS: ([u8; 4], u16) = ([127, 0, 0, 1], 4_000);

fn node(number: u64) -> NodeId {
    NodeId { uuid: Uuid::from_u64_pair(1, number), incarnation: number }
}

fn observer() -> Observer {
    Observer::new(SocketAddr::from(ADDRESS), "agora".into())
}

fn newcomer() -> Situation {
    Situation {
        promise: Epoch::NONE,
        leader: None,
        standing: Standing::Newcomer,
        serving: false,
        hears_quorum: false,
        can_stand: false,
        candidate: false,
        founding: None,
        commit: Position::START,
        last: Position::START,
        caught_up: false,
        members: Vec::new(),
        peers: Vec::new(),
        at: At(0),
        decided: 0,
    }
}

fn following(number: u64, leader: u64) -> Situation {
    let epoch = Epoch { number, leader: node(leader) };
    Situation {
        promise: epoch,
        leader: Some(node(leader)),
        standing: Standing::Member,
        commit: Position { epoch, index: Index(2) },
        caught_up: true,
        ..newcomer()
    }
}

fn leader(epoch: u64, leader: Option<u64>, is_self: bool) -> NodeEvent {
    NodeEvent::Leader { epoch, leader: leader.map(|leader| node(leader).uuid), is_self }
}

fn ready() -> NodeEvent {
    NodeEvent::Ready { address: SocketAddr::from(ADDRESS), cluster: "agora".into() }
}

fn member(number: u64, state: MemberState) -> NodeEvent {
    NodeEvent::Member { member: node(number).uuid, state }
}

#[test]
fn a_newcomer_has_nothing_to_tell() {
    assert_eq!(observer().see(&newcomer()), []);
}

#[test]
fn a_follower_is_ready_once_it_holds_committed_entries() {
    let mut observer = observer();
    let empty = Situation { commit: Position::START, ..following(1, 3) };
    assert_eq!(observer.see(&empty), [leader(1, Some(3), false)]);
    assert_eq!(observer.see(&following(1, 3)), [ready()]);
    assert_eq!(observer.see(&following(1, 3)), []);
}

#[test]
fn a_follower_is_not_ready_while_it_catches_up() {
    let mut observer = observer();
    let behind = Situation { caught_up: false, ..following(1, 3) };
    assert_eq!(observer.see(&behind), [leader(1, Some(3), false)]);
    assert_eq!(observer.see(&following(1, 3)), [ready()]);
}

#[test]
fn a_leader_is_ready_when_it_serves() {
    let mut observer = observer();
    let serving = Situation { serving: true, hears_quorum: true, ..following(2, 1) };
    assert_eq!(observer.see(&serving), [leader(2, Some(1), true), ready()]);
}

#[test]
fn every_change_of_leader_is_told_and_its_loss() {
    let mut observer = observer();
    observer.see(&following(1, 3));
    let lost = Situation { leader: None, ..following(1, 3) };
    assert_eq!(observer.see(&lost), [leader(1, None, false)]);
    assert_eq!(observer.see(&following(2, 2)), [leader(2, Some(2), false)]);
    assert_eq!(observer.see(&following(4, 2)), [leader(4, Some(2), false)], "the same leader in another epoch");
    let promised = Situation { leader: None, ..following(5, 1) };
    assert_eq!(observer.see(&promised), [leader(5, None, false)]);
    let higher = Situation { leader: None, ..following(6, 1) };
    assert_eq!(observer.see(&higher), [], "no leader before, none now");
}

#[test]
fn a_leader_that_hears_no_quorum_is_told_as_none() {
    let mut observer = observer();
    let serving = Situation { serving: true, hears_quorum: true, ..following(2, 1) };
    observer.see(&serving);
    let cut_off = Situation { hears_quorum: false, ..serving.clone() };
    assert_eq!(observer.see(&cut_off), [leader(2, None, false)]);
    assert_eq!(observer.see(&serving), [leader(2, Some(1), true)]);
}

#[test]
fn a_leader_that_ceases_to_serve_says_so() {
    let mut observer = observer();
    observer.see(&Situation { serving: true, hears_quorum: true, ..following(2, 1) });
    let fenced = Situation { leader: None, ..following(3, 2) };
    assert_eq!(observer.see(&fenced), [leader(3, None, false)]);
}

#[test]
fn members_are_told_as_they_join_and_leave() {
    let mut observer = observer();
    let with = |numbers: &[u64]| Situation {
        members: numbers.iter().map(|number| Member { node: node(*number), priority: 0 }).collect(),
        ..newcomer()
    };
    assert_eq!(observer.see(&with(&[1, 2])), [member(1, MemberState::Joined), member(2, MemberState::Joined)]);
    assert_eq!(observer.see(&with(&[2, 3])), [member(1, MemberState::Left), member(3, MemberState::Joined)]);
}

#[test]
fn a_peer_is_silent_only_after_it_was_heard_in_this_leadership() {
    let mut observer = observer();
    let hearing = |heard| Situation { peers: vec![Peer { node: node(2), index: Index(0), heard }], ..newcomer() };
    assert_eq!(observer.see(&hearing(false)), []);
    assert_eq!(observer.see(&hearing(true)), []);
    assert_eq!(observer.see(&hearing(false)), [member(2, MemberState::Silent)]);
    assert_eq!(observer.see(&hearing(true)), [member(2, MemberState::Heard)]);
    assert_eq!(observer.see(&newcomer()), [], "it does not lead any more");
    assert_eq!(observer.see(&hearing(false)), []);
}

#[test]
fn a_node_whose_log_has_ended_has_no_leader_and_will_be_ready_again() {
    let mut observer = observer();
    observer.see(&following(4, 3));
    assert_eq!(observer.forget(4), [leader(4, None, false)]);
    assert_eq!(observer.see(&following(9, 2)), [leader(9, Some(2), false), ready()]);
}

#[test]
fn random_numbers_have_no_fixed_bits() {
    let (ones, zeros) = (0..200).fold((0, 0), |(ones, zeros), _| {
        let number = random();
        (ones | number, zeros | !number)
    });
    assert_eq!((ones, zeros), (u64::MAX, u64::MAX));
}
