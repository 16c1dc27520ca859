//! Who is sent what (ORDER-1, SEAL-1).

use std::time::Duration;

use super::scene::{
    ALICE, AUCTIONEER, BOB, Log, ROOM, Scene, address, auction_of, bid, bid_ack, create, epoch, events, participant,
    receipt, session, spec,
};
use crate::auction::event::{Disclosure, Spec};
use crate::auction::manager::delivery::ALL;
use crate::auction::message::{Bidding, Head, Input, Line, Outcome, Output, Page};
use crate::heartbeat::message::ClientBeat;
use crate::id::{AuctionId, Epoch, Round, Seq};
use crate::machine::{FromLog, ToLog};
use crate::time::At;

const WATCHER: u128 = 9;

fn head(auction: AuctionId, seq: u64, at: u64) -> Head {
    Head { auction, epoch: 1, seq: Seq(seq), at: At(at) }
}

fn broadcast(to: u128, head: Head, who: u128, amount: Option<&str>) -> Output {
    let amount = amount.map(|amount| amount.parse().expect("an amount"));
    let message = Bidding::Broadcast { head, round: Round(1), participant: participant(who), pass: false, amount };
    Output::Bidding(address(to), message)
}

#[test]
fn a_sealed_amount_is_told_to_its_bidder_only_before_its_round_is_complete() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    leader.tell(events(WATCHER, auction, 5));
    leader.tell(bid(ALICE, 10, auction, "12"));
    let head = head(auction, 6, 0);
    assert_eq!(
        leader.commit(&mut log),
        [
            bid_ack(ALICE, 10, receipt(auction, 6, 1, "12")),
            broadcast(AUCTIONEER, head, ALICE, None),
            broadcast(BOB, head, ALICE, None),
            broadcast(WATCHER, head, ALICE, None),
            broadcast(ALICE, head, ALICE, Some("12")),
        ]
    );
}

#[test]
fn an_open_amount_is_told_to_all() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, Spec { disclosure: Disclosure::Open, ..spec() });
    let out = leader.done(&mut log, bid(ALICE, 10, auction, "12"));
    let head = head(auction, 6, 0);
    assert_eq!(out[1..], [AUCTIONEER, ALICE, BOB].map(|to| broadcast(to, head, ALICE, Some("12"))));
}

#[test]
fn a_complete_round_opens_its_amounts_and_says_so_again_later() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    leader.done(&mut log, bid(ALICE, 10, auction, "12"));
    leader.done(&mut log, bid(BOB, 11, auction, "13"));
    leader.done(&mut log, bid(ALICE, 12, auction, "20"));
    let line = |who, amount: &str| {
        let amount = Some(amount.parse().expect("an amount"));
        Line { participant: participant(who), amount, total: amount }
    };
    let page = Page { number: 1, of: 1, lines: vec![line(BOB, "13"), line(ALICE, "12")] };
    let complete = Bidding::RoundComplete { head: head(auction, 8, 0), round: Round(1), page };
    let out = leader.tell(events(WATCHER, auction, 7));
    assert_eq!(out[0], Output::Bidding(address(WATCHER), complete));
    let second = Bidding::Broadcast {
        head: head(auction, 10, 0),
        round: Round(2),
        participant: participant(ALICE),
        pass: false,
        amount: None,
    };
    assert_eq!(out[2], Output::Bidding(address(WATCHER), second));
    let response = Outcome::EventsResponse { auction, epoch: epoch(1), last: Some(Seq(10)) };
    assert_eq!(out[3..], [Output::Outcome(address(WATCHER), response)]);
}

#[test]
fn who_creates_or_joins_is_sent_what_follows() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let out = leader.done(&mut log, create(1, spec()));
    let created = |output: &Output| matches!(output, Output::Bidding(_, Bidding::Created { .. }));
    assert_eq!(out.iter().filter(|output| created(output)).count(), 1);
    let out = leader.done(&mut log, super::scene::join(ALICE, 2, auction_of(1)));
    let joined = |output: &Output| matches!(output, Output::Bidding(_, Bidding::Joined { .. }));
    assert_eq!(out.iter().filter(|output| joined(output)).count(), 2);
}

#[test]
fn what_is_asked_for_of_an_unknown_auction_is_answered_so() {
    let mut leader = Scene::leader();
    let auction = auction_of(1);
    let response = Outcome::EventsResponse { auction, epoch: epoch(1), last: None };
    let asked = leader.tell(events(ALICE, auction, 0));
    let [Output::Log(ToLog::Read { ticket })] = asked[..] else {
        panic!("who leads no more may only lack it: {asked:?}")
    };
    assert_eq!(leader.tell(FromLog::ReadReady { ticket }), [Output::Outcome(address(ALICE), response)]);
}

#[test]
fn what_has_come_until_a_leader_is_shown_to_lead_is_sent() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let asked = leader.tell(events(ALICE, auction_of(1), 0));
    let [Output::Log(ToLog::Read { ticket })] = asked[..] else { panic!("{asked:?}") };
    leader.done(&mut log, create(1, spec()));
    let told = leader.tell(FromLog::ReadReady { ticket });
    assert!(matches!(told[..], [Output::Bidding(_, Bidding::Created { .. }), Output::Outcome(..)]), "{told:?}");
}

/// What is said at once to one that was sent the events up to `after` by the leader of `held`.
fn resumes(leader: &mut Scene, auction: AuctionId, after: u64, held: Epoch) -> Vec<Output> {
    let (session, after) = (session(WATCHER), Seq(after));
    let request = Outcome::EventsRequest { session, auction: Some(auction), after, held: Some(held) };
    leader.tell(Input::Outcome(address(WATCHER), request))
}

/// The same, of a leader that is shown to lead as soon as it asks.
fn resumed(leader: &mut Scene, auction: AuctionId, after: u64, held: Epoch) -> Vec<Output> {
    let out = resumes(leader, auction, after, held);
    match out[..] {
        [Output::Log(ToLog::Read { ticket })] => leader.tell(FromLog::ReadReady { ticket }),
        _ => out,
    }
}

#[test]
fn who_comes_from_another_history_is_told_that_it_is_superseded() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    let superseded = |epoch: u64, after: u64| {
        let (reason, head) = ("superseded".to_owned(), Head { epoch, ..head(auction, after + 1, 0) });
        [Output::Outcome(address(WATCHER), Outcome::Cancel { head, reason })]
    };
    assert_ne!(resumed(&mut leader, auction, 5, epoch(1)), superseded(1, 5), "the same history");
    assert_eq!(resumed(&mut leader, auction, 6, epoch(1)), superseded(1, 6), "an event that is not here");
    assert_eq!(resumed(&mut leader, auction, 5, epoch(2)), superseded(1, 5), "an epoch that is not here");

    let mut heir = Scene::follower();
    for entry in log.0.clone() {
        heir.take(entry);
    }
    heir.tell(FromLog::Leading { epoch: epoch(3), at: At(0), room: ROOM });
    heir.done(&mut log, bid(ALICE, 10, auction, "12"));
    assert_eq!(resumed(&mut heir, auction, 6, epoch(1)), superseded(3, 6), "event 6 of epoch 1 was another");
    assert_ne!(resumed(&mut heir, auction, 6, epoch(3)), superseded(3, 6));
    assert_ne!(resumed(&mut heir, auction, 5, epoch(1)), superseded(3, 5), "up to there the histories are one");
}

#[test]
fn a_heart_beat_does_not_subscribe_so_that_no_push_overtakes_the_question() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    let beat = ClientBeat { session: session(WATCHER), follows: vec![(auction, Seq(5))] };
    leader.tell(Input::HeartBeat { from: address(WATCHER), number: 1, beat });
    let out = leader.done(&mut log, bid(ALICE, 10, auction, "12"));
    assert!(!out.iter().any(|output| matches!(output, Output::Bidding(to, _) if *to == address(WATCHER))));
}

#[test]
fn who_watches_all_is_sent_every_auction() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let request = Outcome::EventsRequest { session: session(WATCHER), auction: None, after: Seq(0), held: None };
    let response = Outcome::EventsResponse { auction: ALL, epoch: epoch(1), last: None };
    let out = leader.tell(Input::Outcome(address(WATCHER), request));
    assert_eq!(out, [Output::Outcome(address(WATCHER), response)]);
    let out = leader.done(&mut log, create(1, spec()));
    assert!(matches!(out.last(), Some(Output::Bidding(to, Bidding::Created { .. })) if *to == address(WATCHER)));
}

#[test]
fn a_session_unheard_for_a_minute_is_sent_nothing() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, Spec { round_timeout_ms: None, ..spec() });
    leader.pass(Duration::from_secs(60));
    let out = leader.done(&mut log, bid(ALICE, 10, auction, "12"));
    assert_eq!(out, [bid_ack(ALICE, 10, receipt(auction, 6, 1, "12"))]);
}

#[test]
fn a_heartbeat_keeps_a_session_and_is_told_the_last_event() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, Spec { round_timeout_ms: None, ..spec() });
    leader.pass(Duration::from_secs(59));
    let follows = vec![(auction, Seq(5)), (auction_of(99), Seq(0))];
    let beat = ClientBeat { session: session(BOB), follows };
    let out = leader.tell(Input::HeartBeat { from: address(BOB), number: 4, beat: beat.clone() });
    let last = vec![(auction, Seq(5))];
    assert_eq!(out, [Output::HeartBeatAck { to: address(BOB), number: 4, epoch: epoch(1), last }]);
    leader.pass(Duration::from_secs(59));
    let out = leader.done(&mut log, bid(ALICE, 10, auction, "12"));
    assert_eq!(out.last(), Some(&broadcast(BOB, head(auction, 6, 118_000), ALICE, None)));
    leader.tell(FromLog::Credit { room: 0, quorum: false });
    assert_eq!(leader.tell(Input::HeartBeat { from: address(BOB), number: 5, beat: beat.clone() }), []);
    leader.tell(FromLog::Deposed);
    let out = leader.tell(Input::HeartBeat { from: address(BOB), number: 6, beat });
    assert_eq!(out, [Output::Redirect(address(BOB))]);
}

#[test]
fn the_winner_and_the_loser_and_the_others_are_told_the_result() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, Spec { rounds: 1, ..spec() });
    leader.done(&mut log, bid(ALICE, 10, auction, "12"));
    let out = leader.done(&mut log, bid(BOB, 11, auction, "13"));
    let told: Vec<_> = out
        .iter()
        .filter_map(|output| match output {
            Output::Outcome(to, Outcome::Winner(_)) => Some((*to, "winner")),
            Output::Outcome(to, Outcome::Loser(_)) => Some((*to, "loser")),
            Output::Outcome(to, Outcome::Result(_)) => Some((*to, "result")),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(address(AUCTIONEER), "result"), (address(ALICE), "loser"), (address(BOB), "winner")]);
}

#[test]
fn who_may_lead_no_more_does_not_tell_that_a_history_is_superseded() {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    let auction = leader.running(&mut log, spec());
    // The event of a later leader that is not heard here.
    let asked = resumes(&mut leader, auction, 6, epoch(9));
    let [Output::Log(ToLog::Read { ticket })] = asked[..] else { panic!("{asked:?}") };
    leader.tell(FromLog::Deposed);
    assert_eq!(leader.tell(FromLog::ReadReady { ticket }), []);
}
