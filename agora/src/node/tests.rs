use std::net::SocketAddr;

use uuid::Uuid;

use super::edge::random;
use super::event::{MemberState, NodeEvent};
use super::observer::Observer;
use super::waiting::Waiting;
use crate::config::{Mode, Settings};
use crate::id::{Epoch, Index, Member, NodeId, Position};
use crate::replicator::message::{Around, LogEnd, Peer, Situation, Standing};
use crate::time::{At, Timestamp};

const ADDRESS: ([u8; 4], u16) = ([127, 0, 0, 1], 4_000);

fn node(number: u64) -> NodeId {
    NodeId { uuid: Uuid::from_u64_pair(1, number), incarnation: number }
}

/// The observer of a node that was bound at zero.
struct Seen(Observer);

impl Seen {
    /// What a situation changes, all of it at once after the start.
    fn see(&mut self, situation: &Situation) -> Vec<NodeEvent> {
        self.0.see(Timestamp::ZERO, situation)
    }
}

fn observer() -> Seen {
    Seen(Observer::new(SocketAddr::from(ADDRESS), Settings::lan(), Timestamp::ZERO))
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
        around: Around::default(),
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
    NodeEvent::Ready { address: SocketAddr::from(ADDRESS), cluster: "agora".into(), standing: Standing::Member }
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
fn a_leader_that_ends_leads_no_more_and_a_follower_has_nothing_to_tell() {
    let mut observer = observer();
    observer.see(&following(1, 3));
    assert_eq!(observer.0.end(1), None);
    observer.see(&Situation { serving: true, hears_quorum: true, ..following(2, 1) });
    assert_eq!(observer.0.end(2), Some(leader(2, None, false)));
    assert_eq!(observer.0.end(2), None, "it is told once");
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
    let returned = NodeEvent::Returned(LogEnd::Superseded);
    let told = observer.0.forget(Timestamp::ZERO, 4, LogEnd::Superseded);
    assert_eq!(told, [leader(4, None, false), returned]);
    assert_eq!(observer.see(&following(9, 2)), [leader(9, Some(2), false), ready()]);
}

#[test]
fn an_observer_says_so_and_is_told_to_have_joined_when_it_counts() {
    let mut observer = observer();
    let uncounted = Situation { standing: Standing::Observer, ..following(1, 3) };
    let told = observer.see(&uncounted);
    assert!(matches!(&told[..], [_, NodeEvent::Ready { standing: Standing::Observer, .. }]), "{told:?}");
    let counted = Situation { members: vec![Member { node: node(1), priority: 0 }], ..following(1, 3) };
    assert_eq!(observer.see(&counted), [member(1, MemberState::Joined)]);
}

/// What this node waits for in that situation.
fn waiting(mode: Mode, situation: &Situation) -> Option<Waiting> {
    Waiting::seen(situation, &Settings { mode, ..Settings::lan() })
}

fn hearing(newcomers: u8, holders: u8, situation: Situation) -> Situation {
    Situation { leader: None, around: Around { newcomers, holders }, ..situation }
}

#[test]
fn a_node_waits_for_as_many_as_found_the_cluster() {
    let alone = hearing(0, 0, newcomer());
    assert_eq!(waiting(Mode::Majority(3), &alone), Some(Waiting::Founding { here: 1, needed: 3 }));
    let two = hearing(1, 0, newcomer());
    assert_eq!(waiting(Mode::Majority(3), &two), Some(Waiting::Founding { here: 2, needed: 3 }));
    // One founding member has the list already.
    let founder = Situation { standing: Standing::Member, ..hearing(1, 1, newcomer()) };
    assert_eq!(waiting(Mode::Majority(3), &founder), Some(Waiting::Founding { here: 3, needed: 3 }));
    let window = Settings::lan().discovery_window;
    assert_eq!(waiting(Mode::Reachable, &alone), Some(Waiting::Discovery { window }));
}

#[test]
fn without_a_leader_a_node_waits_for_a_majority_of_the_members_or_for_an_election() {
    let majority = |here: Option<usize>| Some(Waiting::Majority { here, needed: 2, members: 3 });
    let of_three = |situation| waiting(Mode::Majority(3), &situation);
    assert_eq!(of_three(hearing(2, 0, following(1, 3))), majority(Some(1)), "those who have lost the log do not count");
    assert_eq!(of_three(hearing(0, 1, following(1, 3))), Some(Waiting::Election));
    assert_eq!(of_three(hearing(0, 2, newcomer())), majority(None), "whether they are members it cannot tell");
    let observer = Situation { standing: Standing::Observer, ..following(1, 3) };
    assert_eq!(of_three(hearing(0, 1, observer)), majority(Some(1)));
    let serving = Situation { serving: true, leader: Some(node(1)), ..hearing(0, 0, following(1, 1)) };
    assert_eq!(of_three(serving), majority(Some(1)), "it leads, and hears nobody");
    assert_eq!(waiting(Mode::Reachable, &hearing(0, 0, following(1, 3))), Some(Waiting::Election));
}

#[test]
fn who_serves_or_follows_with_the_log_waits_for_nothing() {
    for mode in [Mode::Majority(3), Mode::Reachable] {
        assert_eq!(waiting(mode, &following(1, 3)), None);
        let serving = Situation { serving: true, hears_quorum: true, ..following(1, 1) };
        assert_eq!(waiting(mode, &serving), None);
        let behind = Situation { caught_up: false, ..following(1, 3) };
        assert_eq!(waiting(mode, &behind), Some(Waiting::Log));
    }
}

fn millis(millis: u64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

#[test]
fn what_a_node_waits_for_is_told_once_and_again_only_when_it_changes() {
    let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
    let mut observer = Observer::new(SocketAddr::from(ADDRESS), settings, Timestamp::ZERO);
    let founding = |here| Some(NodeEvent::Waiting(Waiting::Founding { here, needed: 3 }));
    assert_eq!(observer.deadline(), None, "nothing is known yet");
    observer.see(millis(10), &hearing(0, 0, newcomer()));
    assert_eq!(observer.deadline(), Some(millis(1_000)), "a second after it was bound");
    assert_eq!(observer.fire(millis(999)), None);
    assert_eq!(observer.fire(millis(1_000)), founding(1));
    observer.see(millis(1_100), &hearing(0, 0, newcomer()));
    assert_eq!((observer.deadline(), observer.fire(millis(60_000))), (None, None), "that is known");
    observer.see(millis(1_200), &hearing(1, 0, newcomer()));
    assert_eq!(observer.deadline(), Some(millis(6_000)), "however often it changes");
    assert_eq!(observer.fire(millis(6_000)), founding(2));
    observer.see(millis(7_000), &following(1, 3));
    assert_eq!(observer.deadline(), None);
    observer.see(millis(20_000), &hearing(0, 0, following(1, 3)));
    assert_eq!(observer.deadline(), Some(millis(21_000)), "a second after the leader was lost");
    observer.see(millis(20_500), &following(2, 2));
    assert_eq!((observer.deadline(), observer.fire(millis(30_000))), (None, None), "there was another in time");
}

#[test]
fn random_numbers_have_no_fixed_bits() {
    let (ones, zeros) = (0..200).fold((0, 0), |(ones, zeros), _| {
        let number = random();
        (ones | number, zeros | !number)
    });
    assert_eq!((ones, zeros), (u64::MAX, u64::MAX));
}
