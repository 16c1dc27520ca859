//! Deadlines act as entries, on the leader only.

use std::time::Duration;

use super::scene::{
    ALICE, BOB, Log, ROOM, ROUND, Scene, address, bid, denied, epoch, events, events_in, settings, spec,
};
use crate::auction::event::Event;
use crate::auction::manager::codec;
use crate::auction::message::{Bidding, Input, Output};
use crate::auction::refusal::Code;
use crate::id::Round;
use crate::machine::FromLog;
use crate::protocol::Protocol;
use crate::time::{At, Timestamp};

#[test]
fn a_round_that_is_over_completes_and_the_next_begins() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    assert_eq!(leader.pass(Duration::from_millis(9_999)), []);
    assert!(leader.proposed.is_empty());
    leader.pass(Duration::from_millis(1));
    let decision = codec::decode(&leader.proposed[0].1).expect("a decision");
    assert_eq!(decision.key, None);
    assert_eq!(
        decision.events,
        [
            Event::RoundCompleted { auction, round: Round(1) },
            Event::RoundStarted { auction, round: Round(2), deadline: Some(At(20_000)) },
        ]
    );
    assert_eq!(leader.manager.deadline(), Some(Timestamp::from_micros(20_000_000)));
}

#[test]
fn deadlines_fire_on_the_leader_only() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.running(&mut log, spec());
    let mut follower = Scene::follower();
    for entry in log.0 {
        follower.take(entry);
    }
    assert_eq!(follower.manager.deadline(), None);
    follower.pass(ROUND * 3);
    assert!(follower.proposed.is_empty());
}

#[test]
fn a_round_resumes_with_the_time_that_it_had_left() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    let mut heir = Scene::follower();
    for entry in log.0.clone() {
        heir.take(entry);
    }
    // Four seconds of the round were led; then nobody led for an hour.
    heir.pass(Duration::from_secs(3_604));
    heir.tell(FromLog::Leading { epoch: epoch(2), at: At(4_000), room: ROOM });
    let shown = heir.tell(events(ALICE, auction, 4));
    let Some(Output::Bidding(_, Bidding::RoundStart { remaining_ms, .. })) = shown.first() else {
        panic!("the open round: {shown:?}")
    };
    assert_eq!(*remaining_ms, Some(6_000));
    heir.pass(Duration::from_millis(5_999));
    assert!(heir.proposed.is_empty());
    heir.pass(Duration::from_millis(1));
    assert_eq!(heir.proposed.len(), 1);
}

#[test]
fn passed_deadlines_act_when_a_leadership_begins() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.running(&mut log, spec());
    leader.tell(FromLog::Deposed);
    leader.tell(FromLog::Leading { epoch: epoch(2), at: At(10_000), room: ROOM });
    assert_eq!(leader.proposed.iter().map(events_in).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_deadline_acts_once_and_before_a_late_bid() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    leader.now = leader.now + ROUND;
    let mut late = super::scene::submit(ALICE, 10, auction, "12");
    late.round = Some(Round(1));
    leader.tell(Input::Bidding(address(ALICE), Bidding::Submit(late)));
    assert_eq!(leader.proposed.iter().map(events_in).collect::<Vec<_>>(), [2, 0]);
    leader.pass(Duration::ZERO);
    assert_eq!(leader.proposed.len(), 2);
    leader.commit(&mut log);
    assert_eq!(denied(&leader.commit(&mut log)), Some(Code::RoundClosed));
}

#[test]
fn a_deadline_waits_for_credit() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.running(&mut log, spec());
    leader.tell(FromLog::Credit { room: 0, quorum: false });
    leader.pass(ROUND);
    assert_eq!(leader.manager.deadline(), None);
    assert!(leader.proposed.is_empty());
    leader.tell(FromLog::Credit { room: 5, quorum: true });
    assert_eq!(leader.proposed.len(), 1);
}

#[test]
fn a_refused_deadline_acts_again() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.running(&mut log, spec());
    leader.pass(ROUND);
    // Proposals 1 to 3 set the auction up.
    leader.tell(FromLog::Refused { epoch: epoch(1), number: 4 });
    leader.proposed.clear();
    leader.pass(Duration::ZERO);
    assert_eq!(leader.proposed.len(), 1);
}

#[test]
fn a_completed_auction_has_no_deadline_but_that_of_its_archiving() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    for (number, (who, amount)) in [(ALICE, "10"), (BOB, "11"), (ALICE, "12"), (BOB, "13")].into_iter().enumerate() {
        leader.done(&mut log, bid(who, 10 + number as u128, auction, amount));
    }
    assert_eq!(leader.manager.deadline(), Some(leader.now + settings().auction_retention));
    assert_eq!(leader.manager.book.phases(), [0, 0, 1, 0]);
}
