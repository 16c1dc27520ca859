use std::time::Duration;

use uuid::Uuid;

use super::message::{Input, Message, Output};
use super::protocol::Heartbeat;
use crate::config::Settings;
use crate::id::{Epoch, NodeId};
use crate::protocol::Protocol;
use crate::time::Timestamp;

fn node(number: u128) -> NodeId {
    NodeId { uuid: Uuid::from_u128(number), incarnation: 1 }
}

fn epoch() -> Epoch {
    Epoch { number: 3, leader: node(1) }
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

fn beat(to: u128, number: u64) -> Output {
    Output::Send { to: node(to), message: Message::HeartBeat { number, client: None } }
}

fn heard(sent: Timestamp) -> Output {
    Output::Heard { leader: node(1), epoch: epoch(), sent }
}

/// A failure detector with `lan` settings (50 ms, 150 ms until suspicion), and a clock.
struct Driven {
    heartbeat: Heartbeat,
    seed: u64,
}

impl Driven {
    fn new() -> Self {
        Self { heartbeat: Heartbeat::new(&Settings::lan(), 1), seed: 1 }
    }

    fn following() -> Self {
        let mut driven = Self::new();
        assert_eq!(driven.tell(at(0), Input::Follow(Some(node(1)))), [beat(1, 1)]);
        driven
    }

    fn tell(&mut self, now: Timestamp, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        self.heartbeat.handle(now, input, &mut out);
        out
    }

    fn ack(&mut self, now: Timestamp, number: u64) -> Vec<Output> {
        self.tell(now, Input::Acked { from: node(1), number, epoch: epoch() })
    }

    /// Everything that happens by itself until `end`, with its time.
    fn run_until(&mut self, end: Timestamp) -> Vec<(Timestamp, Output)> {
        let mut happened = Vec::new();
        while let Some(now) = self.heartbeat.deadline().filter(|deadline| *deadline <= end) {
            let mut out = Vec::new();
            self.heartbeat.fire(now, &mut out);
            assert!(self.heartbeat.deadline() > Some(now), "time stands still");
            assert!(!out.is_empty(), "fired for nothing with seed {}", self.seed);
            happened.extend(out.into_iter().map(|output| (now, output)));
        }
        happened
    }

    fn suspicions_until(&mut self, end: Timestamp) -> Vec<Timestamp> {
        let happened = self.run_until(end);
        happened.into_iter().filter(|(_, output)| *output == Output::Suspect(node(1))).map(|(at, _)| at).collect()
    }
}

#[test]
fn nothing_happens_until_somebody_is_followed() {
    let mut driven = Driven::new();
    assert_eq!(driven.heartbeat.deadline(), None);
    assert_eq!(driven.tell(at(1), Input::Follow(None)), []);
    assert_eq!(driven.ack(at(2), 0), []);
    assert_eq!(driven.heartbeat.deadline(), None);
}

#[test]
fn the_first_beat_is_sent_at_once_and_the_others_every_interval_give_or_take_a_tenth() {
    let mut driven = Driven::following();
    let mut last = at(0);
    for number in 2..200 {
        driven.ack(last, number - 1);
        let now = driven.heartbeat.deadline().expect("follows");
        let mut out = Vec::new();
        driven.heartbeat.fire(now, &mut out);
        assert_eq!(out, [beat(1, number)]);
        let gap = now.since(last);
        assert!(gap >= Duration::from_millis(45) && gap <= Duration::from_millis(55), "{gap:?}");
        last = now;
    }
}

#[test]
fn the_beats_of_two_seeds_drift_apart() {
    let beats = |seed| {
        let mut driven = Driven { heartbeat: Heartbeat::new(&Settings::lan(), seed), seed };
        driven.tell(at(0), Input::Follow(Some(node(1))));
        driven.run_until(at(10_000))
    };
    assert_eq!(beats(1), beats(1));
    assert_ne!(beats(1), beats(2));
}

#[test]
fn an_answer_is_heard_as_of_when_its_beat_was_sent() {
    let mut driven = Driven::following();
    let second = driven.heartbeat.deadline().expect("follows");
    assert_eq!(driven.run_until(second), [(second, beat(1, 2))]);
    assert_eq!(driven.ack(second + Duration::from_millis(7), 2), [heard(second)]);
}

#[test]
fn answers_count_once_and_only_in_order() {
    let mut driven = Driven::following();
    let second = driven.heartbeat.deadline().expect("follows");
    driven.run_until(second);
    let now = second + Duration::from_millis(1);
    assert_eq!(driven.ack(now, 2), [heard(second)]);
    assert_eq!(driven.ack(now, 2), [], "a duplicate");
    assert_eq!(driven.ack(now, 1), [], "overtaken");
    assert_eq!(driven.ack(now, 3), [], "never sent");
    let elsewhere = Input::Acked { from: node(9), number: 2, epoch: epoch() };
    assert_eq!(driven.tell(now, elsewhere), [], "from another");
}

#[test]
fn silence_is_suspected_exactly_a_failure_timeout_after_following_began_and_once() {
    let mut driven = Driven::following();
    assert_eq!(driven.suspicions_until(at(5_000)), [at(150)]);
}

#[test]
fn silence_is_suspected_exactly_a_failure_timeout_after_the_last_answered_beat_was_sent() {
    let mut driven = Driven::following();
    let second = driven.heartbeat.deadline().expect("follows");
    driven.run_until(second);
    // The answer takes its time; what counts is when the beat left.
    assert_eq!(driven.ack(second + Duration::from_millis(40), 2), [heard(second)]);
    assert_eq!(driven.suspicions_until(at(5_000)), [second + Duration::from_millis(150)]);
}

#[test]
fn a_leader_that_answers_is_never_suspected() {
    let mut driven = Driven::following();
    let mut number = 1;
    driven.ack(at(1), number);
    while let Some(now) = driven.heartbeat.deadline().filter(|deadline| *deadline < at(60_000)) {
        number += 1;
        assert_eq!(driven.run_until(now), [(now, beat(1, number))]);
        assert_eq!(driven.ack(now, number), [heard(now)]);
    }
    assert!(number > 1_000);
}

#[test]
fn a_suspected_leader_is_beaten_on_and_suspected_again_after_it_was_heard() {
    let mut driven = Driven::following();
    assert_eq!(driven.suspicions_until(at(1_000)), [at(150)]);
    let now = driven.heartbeat.deadline().expect("beats on");
    let [(sent, Output::Send { message: Message::HeartBeat { number, .. }, .. })] = driven.run_until(now)[..] else {
        panic!("one beat");
    };
    assert_eq!(driven.ack(now, number), [heard(sent)]);
    assert_eq!(driven.suspicions_until(at(5_000)), [sent + Duration::from_millis(150)]);
}

#[test]
fn an_answer_that_was_too_long_under_way_does_not_end_the_silence() {
    let mut driven = Driven::following();
    assert_eq!(driven.suspicions_until(at(1_000)), [at(150)]);
    assert_eq!(driven.ack(at(1_000), 1), [heard(at(0))]);
    assert_eq!(driven.suspicions_until(at(5_000)), [], "the same silence");
}

#[test]
fn following_the_same_leader_again_changes_nothing() {
    let mut driven = Driven::following();
    let deadline = driven.heartbeat.deadline();
    assert_eq!(driven.tell(at(20), Input::Follow(Some(node(1)))), []);
    assert_eq!(driven.heartbeat.deadline(), deadline);
    assert_eq!(driven.suspicions_until(at(1_000)), [at(150)]);
}

#[test]
fn another_leader_gets_a_time_of_grace_and_numbers_that_go_on() {
    let mut driven = Driven::following();
    assert_eq!(driven.tell(at(40), Input::Follow(Some(node(2)))), [beat(2, 2)]);
    assert_eq!(driven.ack(at(41), 1), [], "the old leader's answer");
    let stray = Input::Acked { from: node(2), number: 1, epoch: epoch() };
    assert_eq!(driven.tell(at(42), stray), [], "a beat that went to another");
    let happened = driven.run_until(at(1_000));
    let suspected: Vec<_> = happened.iter().filter(|(_, output)| matches!(output, Output::Suspect(_))).collect();
    assert_eq!(suspected, [&(at(190), Output::Suspect(node(2)))]);
}

#[test]
fn following_nobody_ends_beats_and_suspicion() {
    let mut driven = Driven::following();
    assert_eq!(driven.tell(at(10), Input::Follow(None)), []);
    assert_eq!(driven.ack(at(11), 1), []);
    assert_eq!(driven.heartbeat.deadline(), None);
    assert_eq!(driven.tell(at(20), Input::Follow(Some(node(1)))), [beat(1, 2)], "a fresh start");
    assert_eq!(driven.suspicions_until(at(1_000)), [at(170)]);
}

#[test]
fn after_a_pause_there_is_one_beat_not_all_that_were_missed() {
    let mut driven = Driven::following();
    let mut out = Vec::new();
    driven.heartbeat.fire(at(10_000), &mut out);
    assert_eq!(out, [Output::Late, beat(1, 2)]);
    assert!(driven.heartbeat.deadline() >= Some(at(10_045)));
}

#[test]
fn beats_without_an_answer_are_forgotten_at_last() {
    let mut driven = Driven::following();
    driven.run_until(at(60_000));
    assert_eq!(driven.ack(at(60_000), 1), []);
}

/// Follows, was answered at 0, and fires whatever is due only every `step`; when it suspects its leader.
fn suspects_when_late_by(step: u64, until: u64) -> (Option<Timestamp>, usize) {
    let mut driven = Driven::following();
    driven.ack(at(1), 1);
    let (mut suspected, mut late) = (None, 0);
    for now in (1..=until / step).map(|turn| at(turn * step)) {
        let mut out = Vec::new();
        if driven.heartbeat.deadline().is_some_and(|deadline| deadline <= now) {
            driven.heartbeat.fire(now, &mut out);
        }
        late += out.iter().filter(|output| **output == Output::Late).count();
        if out.contains(&Output::Suspect(node(1))) {
            suspected = suspected.or(Some(now));
        }
    }
    (suspected, late)
}

#[test]
fn a_node_that_is_a_little_late_suspects_at_once() {
    assert_eq!(suspects_when_late_by(10, 1_000), (Some(at(150)), 0));
}

#[test]
fn a_node_that_is_late_doubts_itself_first_and_not_for_ever() {
    assert_eq!(suspects_when_late_by(200, 2_000), (Some(at(800)), 3));
}

#[test]
fn who_goes_on_after_a_pause_finds_its_leaders_answer_before_it_suspects() {
    let mut driven = Driven::following();
    let mut out = Vec::new();
    driven.heartbeat.fire(at(1_000), &mut out);
    assert_eq!(out, [Output::Late, beat(1, 2)]);
    assert_eq!(driven.ack(at(1_002), 2), [heard(at(1_000))]);
    assert_eq!(driven.suspicions_until(at(1_149)), []);
    // It is not late now.
    assert_eq!(driven.suspicions_until(at(2_000)), [at(1_150)]);
}

#[test]
fn what_waits_in_the_socket_may_hold_the_answer() {
    let mut driven = Driven::following();
    assert_eq!(driven.tell(at(140), Input::Behind), [Output::Late]);
    assert_eq!(driven.tell(at(150), Input::Behind), [], "that is the same doubt");
    assert_eq!(driven.suspicions_until(at(2_000)), [at(290)]);
}
