//! Requests: exactly once (ONCE-1, FATE-1).

use super::scene::{
    ALICE, AUCTIONEER, BOB, Log, Scene, address, auction_of, bid, bid_ack, call, create, denied, epoch, events_in,
    join, receipt, session, spec, submit,
};
use crate::auction::message::{Bidding, Input, Output};
use crate::auction::refusal::Code;
use crate::machine::FromLog;
use crate::time::At;

/// Only what is said to this participant.
fn to(who: u128, out: Vec<Output>) -> Vec<Output> {
    let is_theirs = |output: &Output| match output {
        Output::Lobby(to, _) | Output::Bidding(to, _) | Output::Outcome(to, _) => *to == address(who),
        _ => false,
    };
    out.into_iter().filter(is_theirs).collect()
}

fn answers(out: Vec<Output>) -> Vec<Output> {
    let is_answer = |output: &Output| matches!(output, Output::Bidding(_, Bidding::Ack(_) | Bidding::Deny(_)));
    out.into_iter().filter(is_answer).collect()
}

#[test]
fn nothing_is_answered_before_it_is_committed() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    assert_eq!(leader.tell(bid(ALICE, 10, auction, "12")), []);
    assert_eq!(leader.proposed.len(), 1);
    let out = answers(to(ALICE, leader.commit(&mut log)));
    assert_eq!(out, [bid_ack(ALICE, 10, receipt(auction, 6, 1, "12"))]);
    assert!(leader.fates_add_up());
}

#[test]
fn a_retry_before_the_commit_is_answered_once_and_where_it_came_from_last() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    leader.tell(bid(ALICE, 10, auction, "12"));
    let elsewhere = address(77);
    let mut retry = submit(ALICE, 10, auction, "12");
    retry.call.session.cookie = super::scene::COOKIES.of(elsewhere);
    assert_eq!(leader.tell(Input::Bidding(elsewhere, Bidding::SubmitRetransmit(retry))), []);
    assert_eq!(leader.proposed.len(), 1);
    let out = answers(leader.commit(&mut log));
    let [Output::Bidding(to, Bidding::Ack(_))] = out.as_slice() else { panic!("one answer: {out:?}") };
    assert_eq!(*to, elsewhere);
    assert!(leader.fates_add_up());
}

#[test]
fn a_retry_after_the_commit_gets_the_stored_answer_and_decides_nothing() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    let first = answers(leader.done(&mut log, bid(ALICE, 10, auction, "12")));
    let again = leader.tell(bid(ALICE, 10, auction, "12"));
    assert_eq!(again, first);
    assert!(leader.proposed.is_empty());
    assert!(leader.fates_add_up());
}

#[test]
fn a_retry_after_failover_gets_the_stored_answer_from_who_only_followed() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    let first = answers(leader.done(&mut log, bid(ALICE, 10, auction, "12")));
    let mut heir = Scene::follower();
    for entry in log.0.clone() {
        assert_eq!(heir.take(entry), []);
    }
    heir.tell(FromLog::Leading { epoch: epoch(2), at: At(500), room: 10 });
    assert_eq!(heir.tell(bid(ALICE, 10, auction, "12")), first);
    assert!(heir.proposed.is_empty());
}

#[test]
fn a_refusal_is_kept_and_repeated_though_the_state_has_changed_since() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = auction_of(1);
    let first = leader.done(&mut log, join(ALICE, 2, auction));
    assert_eq!(denied(&first), Some(Code::NotFound));
    leader.done(&mut log, create(1, spec()));
    assert_eq!(leader.tell(join(ALICE, 2, auction)), first);
    assert!(leader.proposed.is_empty());
    assert!(leader.fates_add_up());
}

#[test]
fn a_refusal_is_told_only_once_it_is_committed() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    assert_eq!(leader.tell(join(ALICE, 2, auction_of(1))), []);
    assert_eq!(leader.proposed.iter().map(events_in).collect::<Vec<_>>(), [0]);
    assert_eq!(denied(&leader.commit(&mut log)), Some(Code::NotFound));
}

#[test]
fn what_follows_from_one_command_is_one_entry() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    leader.done(&mut log, bid(ALICE, 10, auction, "12"));
    leader.tell(bid(BOB, 11, auction, "13"));
    // BidAccepted, RoundCompleted, RoundStarted.
    assert_eq!(leader.proposed.iter().map(events_in).collect::<Vec<_>>(), [3]);
}

#[test]
fn decisions_rest_on_what_is_not_committed_yet() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    leader.tell(create(1, spec()));
    leader.tell(join(ALICE, 2, auction_of(1)));
    leader.tell(join(ALICE, 3, auction_of(1)));
    assert_eq!(leader.proposed.iter().map(events_in).collect::<Vec<_>>(), [1, 1, 0]);
    leader.commit(&mut log);
    leader.commit(&mut log);
    assert_eq!(denied(&leader.commit(&mut log)), Some(Code::AlreadyJoined));
}

#[test]
fn what_is_malformed_is_refused_at_once_and_leaves_no_entry() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    for (number, amount) in ["-5", "NaN", "1e3", ""].into_iter().enumerate() {
        let out = leader.tell(bid(ALICE, 10 + number as u128, auction, amount));
        assert_eq!(denied(&out), Some(Code::BadAmount), "{amount}");
    }
    let out = leader.tell(create(20, crate::auction::event::Spec { item: String::new(), ..spec() }));
    assert_eq!(denied(&out), Some(Code::BadRequest));
    assert!(leader.proposed.is_empty());
    assert!(leader.fates_add_up());
}

#[test]
fn who_does_not_serve_redirects() {
    let mut follower = Scene::follower();
    assert_eq!(follower.tell(create(1, spec())), [Output::Redirect(address(AUCTIONEER))]);
    assert!(follower.fates_add_up());
}

#[test]
fn who_has_not_shown_its_address_is_redirected() {
    let mut leader = Scene::leader();
    let mut call = call(AUCTIONEER, 1);
    call.session.cookie ^= 2;
    let lobby = crate::auction::message::Lobby::CreateRequest { call, spec: spec() };
    let out = leader.tell(Input::Lobby(address(AUCTIONEER), lobby));
    assert_eq!(out, [Output::Redirect(address(AUCTIONEER))]);
    assert!(leader.proposed.is_empty());
    assert!(leader.fates_add_up());
}

#[test]
fn two_sessions_of_one_participant_have_one_answer() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    let first = answers(leader.done(&mut log, bid(ALICE, 10, auction, "12")));
    let mut other = submit(ALICE, 10, auction, "99");
    other.call.session = crate::heartbeat::message::Session { session: 2, ..session(ALICE) };
    assert_eq!(leader.tell(Input::Bidding(address(ALICE), Bidding::Submit(other))), first);
}
