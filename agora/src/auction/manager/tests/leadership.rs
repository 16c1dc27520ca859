//! Deposed, refused, out of credit.

use std::time::Duration;

use super::scene::{
    ALICE, AUCTIONEER, BOB, Log, ROOM, Scene, address, auction_of, bid, create, denied, epoch, events_in, join,
    request, retry, spec,
};
use bytes::Bytes;

use crate::auction::message::{Bidding, Deny, Input, Lobby, Output};
use crate::auction::refusal::{Code, Refusal};
use crate::machine::{FromLog, ToLog};
use crate::time::At;

#[test]
fn who_is_deposed_says_nothing_of_what_is_pending() {
    let mut leader = Scene::leader();
    leader.tell(create(1, spec()));
    assert_eq!(leader.tell(FromLog::Deposed), []);
    assert!(leader.fates_add_up());
    assert_eq!(leader.tell(create(1, spec())), [Output::Redirect(address(AUCTIONEER))]);
}

#[test]
fn an_entry_of_a_lost_leadership_is_folded_and_not_answered() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.tell(create(1, spec()));
    leader.tell(FromLog::Deposed);
    assert_eq!(leader.commit(&mut log), []);
    leader.tell(FromLog::Leading { epoch: epoch(3), at: At(5), room: ROOM });
    let out = leader.tell(create(1, spec()));
    assert!(matches!(out.as_slice(), [Output::Lobby(_, Lobby::CreateAck(_))]), "{out:?}");
    assert!(leader.proposed.is_empty());
    assert!(leader.fates_add_up());
}

#[test]
fn a_lost_proposal_is_decided_again_by_the_next_leadership() {
    let mut leader = Scene::leader();
    leader.tell(create(1, spec()));
    leader.tell(FromLog::Deposed);
    leader.proposed.clear();
    let announced = leader.tell(FromLog::Leading { epoch: epoch(3), at: At(5), room: ROOM });
    assert_eq!(announced, [Output::Announce(vec![address(AUCTIONEER)])]);
    leader.tell(create(1, spec()));
    assert_eq!(leader.proposed.len(), 1);
    assert_eq!(leader.proposed[0].0, epoch(3));
}

#[test]
fn refused_proposals_are_dropped_and_the_others_stay() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.tell(create(1, spec()));
    leader.tell(join(ALICE, 2, auction_of(1)));
    leader.tell(join(BOB, 3, auction_of(1)));
    let out = leader.tell(FromLog::Refused { epoch: epoch(1), number: 2 });
    let busy = Refusal { code: Code::Busy, reason: "the leader could not take it".into() };
    let deny = |who, number| {
        let deny = Deny { request: request(number), refusal: busy.clone(), retry_ms: None };
        Output::Lobby(address(who), Lobby::JoinDeny(deny))
    };
    assert_eq!(out, [deny(ALICE, 2), deny(BOB, 3), Output::Log(ToLog::Rebuilt { epoch: epoch(1) })]);
    assert!(leader.fates_add_up());
    leader.proposed.truncate(1);
    // On the state without them Alice has not joined, and the auction exists.
    leader.tell(join(ALICE, 2, auction_of(1)));
    assert_eq!(leader.proposed.iter().map(events_in).collect::<Vec<_>>(), [1, 1]);
    leader.commit(&mut log);
    let out = leader.commit(&mut log);
    assert!(matches!(out.as_slice(), [Output::Lobby(_, Lobby::JoinAck(_)), ..]), "{out:?}");
    assert!(leader.fates_add_up());
}

#[test]
fn a_late_refusal_of_what_is_already_dropped_changes_nothing() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.tell(create(1, spec()));
    leader.tell(create(2, spec()));
    leader.tell(FromLog::Refused { epoch: epoch(1), number: 1 });
    leader.proposed.clear();
    leader.tell(create(3, spec()));
    assert_eq!(leader.tell(FromLog::Refused { epoch: epoch(1), number: 2 }), []);
    assert_eq!(leader.tell(FromLog::Refused { epoch: epoch(7), number: 3 }), []);
    let out = leader.commit(&mut log);
    assert!(matches!(out.as_slice(), [Output::Lobby(_, Lobby::CreateAck(_)), ..]), "{out:?}");
}

#[test]
fn without_credit_requests_are_busy_and_have_no_outcome() {
    let mut leader = Scene::follower();
    leader.tell(FromLog::Leading { epoch: epoch(1), at: At(0), room: 1 });
    leader.tell(create(1, spec()));
    assert_eq!(denied(&leader.tell(create(2, spec()))), Some(Code::Busy));
    // One after the other, a little later: they come back when they can be taken.
    let waits = [3, 4, 5].map(|number| retry(&leader.tell(create(number, spec()))).expect("when to come again"));
    assert!(waits[0] >= 10 && waits.is_sorted() && waits[2] <= 20, "{waits:?}");
    leader.tell(FromLog::Credit { room: 1, quorum: true });
    assert_eq!(leader.tell(create(2, spec())), []);
    assert_eq!(leader.proposed.len(), 2);
    assert!(leader.fates_add_up());
}

#[test]
fn without_a_quorum_requests_have_no_outcome() {
    let mut leader = Scene::leader();
    leader.tell(FromLog::Credit { room: 0, quorum: false });
    assert_eq!(denied(&leader.tell(create(1, spec()))), Some(Code::NoQuorum));
    assert!(leader.proposed.is_empty());
    assert!(leader.fates_add_up());
}

#[test]
fn a_leader_decides_nothing_between_two_leaderships() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    leader.tell(FromLog::Deposed);
    assert_eq!(leader.tell(bid(ALICE, 10, auction, "12")), [Output::Redirect(address(ALICE))]);
    assert_eq!(leader.pass(Duration::from_secs(100)), []);
    assert!(leader.proposed.is_empty());
}

#[test]
fn undecodable_entries_change_nothing() {
    let mut leader = Scene::leader();
    let entry = Log::default().append(epoch(1), At(0), Bytes::from_static(&[0xc1, 0xff]));
    assert_eq!(leader.tell(FromLog::Committed(entry)), []);
    assert_eq!(leader.manager.undecodable, 1);
}

#[test]
fn what_only_a_leader_says_is_counted_and_dropped() {
    let mut leader = Scene::leader();
    let deny =
        Deny { request: request(1), refusal: Refusal { code: Code::Busy, reason: String::new() }, retry_ms: None };
    assert_eq!(leader.tell(Input::Bidding(address(ALICE), Bidding::Deny(deny))), []);
    assert_eq!(leader.manager.misdirected, 1);
}
