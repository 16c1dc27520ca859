use std::time::Duration;

use uuid::Uuid;

use super::message::{Input, Message, Output};
use super::protocol::Election;
use crate::config::{Mode, Settings};
use crate::id::{Epoch, Member, NodeId, Position};
use crate::protocol::Protocol;
use crate::replicator::message::{Around, Situation, Standing};
use crate::time::{At, Timestamp};

const MS: Duration = Duration::from_millis(1);

fn member(number: u128) -> Member {
    Member { node: NodeId { uuid: Uuid::from_u128(number), incarnation: 1 }, priority: 0 }
}

fn epoch(number: u64, leader: u128) -> Epoch {
    Epoch { number, leader: member(leader).node }
}

/// One of three members; 3 led in epoch 1.
struct Voter {
    election: Election,
    me: u128,
    now: Timestamp,
}

impl Voter {
    fn new(me: u128) -> Self {
        let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
        let mut voter = Self { election: Election::new(member(me), &settings, 7), me, now: Timestamp::from_micros(1) };
        voter.tell(Input::Situation(Box::new(voter.situation(1, Some(3)))));
        voter
    }

    fn situation(&self, promise: u64, leader: Option<u128>) -> Situation {
        Situation {
            promise: epoch(promise, 3),
            leader: leader.map(|number| member(number).node),
            standing: Standing::Member,
            serving: leader == Some(self.me),
            hears_quorum: leader == Some(self.me),
            can_stand: true,
            candidate: false,
            founding: None,
            commit: Position::START,
            last: Position::START,
            caught_up: true,
            members: vec![member(1), member(2), member(3)],
            peers: Vec::new(),
            at: At(0),
            decided: 0,
            around: Around::default(),
        }
    }

    fn tell(&mut self, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        self.election.handle(self.now, input, &mut out);
        out
    }

    /// Lets this much time pass.
    fn wait(&mut self, time: Duration) -> Vec<Output> {
        let end = self.now + time;
        let mut out = Vec::new();
        while let Some(deadline) = self.election.deadline().filter(|deadline| *deadline <= end) {
            self.now = deadline.max(self.now);
            self.election.fire(self.now, &mut out);
        }
        self.now = end;
        out
    }

    fn heard(&mut self, number: u64) {
        let (leader, sent) = (member(3).node, self.now);
        self.tell(Input::Heard { leader, epoch: epoch(number, 3), sent });
    }
}

fn stands(promise: u64) -> Output {
    Output::TakeOver { promise: epoch(promise, 3), transfer: None, alone: false }
}

fn asks(voter: &Voter, to: u128) -> Output {
    let rank = member(voter.me).rank();
    Output::Send { to: member(to).node, message: Message::Request { rank, promise: epoch(1, 3) } }
}

fn response(of: u128) -> Message {
    Message::Response { rank: member(of).rank() }
}

#[test]
fn while_the_leader_answers_nobody_stands() {
    let mut voter = Voter::new(2);
    for _ in 0..50 {
        voter.heard(1);
        assert_eq!(voter.wait(50 * MS), []);
    }
}

#[test]
fn the_highest_rank_left_stands_at_once_when_the_leader_goes_silent() {
    let mut voter = Voter::new(2);
    voter.heard(1);
    assert_eq!(voter.tell(Input::Suspect(member(3).node)), [stands(1)]);
}

#[test]
fn a_lower_rank_asks_the_higher_and_stands_when_none_answers() {
    let mut voter = Voter::new(1);
    let asked = asks(&voter, 2);
    assert_eq!(voter.tell(Input::Suspect(member(3).node)), [asked]);
    assert_eq!(voter.wait(50 * MS), [stands(1)]);
}

#[test]
fn a_lower_rank_waits_for_a_higher_one_that_answers_but_not_for_ever() {
    let mut voter = Voter::new(1);
    voter.tell(Input::Suspect(member(3).node));
    let mut deferred = 0;
    loop {
        voter.tell(Input::Message { from: member(2).node, message: response(2) });
        deferred += 1;
        let mut out = Vec::new();
        while out.is_empty() {
            out = voter.wait(10 * MS);
        }
        if out == [stands(1)] {
            break;
        }
        assert!(deferred < 10, "deference is bounded");
    }
    assert_eq!(deferred, 3);
}

#[test]
fn a_higher_rank_answers_a_lower_one_and_stands() {
    let mut voter = Voter::new(2);
    voter.wait(100 * MS);
    let request = Message::Request { rank: member(1).rank(), promise: epoch(1, 3) };
    let out = voter.tell(Input::Message { from: member(1).node, message: request.clone() });
    assert_eq!(out[0], Output::Send { to: member(1).node, message: response(2) });
    let mut hearing = Voter::new(2);
    hearing.heard(1);
    assert_eq!(hearing.tell(Input::Message { from: member(1).node, message: request }), [], "it hears a leader");
}

#[test]
fn an_answer_under_an_epoch_below_the_promise_is_no_leader() {
    let mut voter = Voter::new(2);
    voter.tell(Input::Situation(Box::new(voter.situation(2, None))));
    voter.heard(1);
    assert!(voter.wait(Duration::from_secs(1)).contains(&asks_in(&voter, 2)));
}

fn asks_in(voter: &Voter, promise: u64) -> Output {
    let rank = member(voter.me).rank();
    Output::Send { to: member(3).node, message: Message::Request { rank, promise: epoch(promise, 3) } }
}

#[test]
fn a_fenced_leader_waits_a_failure_timeout_and_then_stands_above() {
    let mut voter = Voter::new(3);
    voter.tell(Input::Situation(Box::new(voter.situation(1, Some(3)))));
    voter.tell(Input::Situation(Box::new(voter.situation(1, None))));
    voter.tell(Input::Fenced(epoch(2, 2)));
    assert_eq!(voter.wait(149 * MS), []);
    assert_eq!(voter.wait(160 * MS), [stands(1)]);
}

#[test]
fn an_ordered_member_stands_at_once_and_names_the_epoch() {
    let mut voter = Voter::new(1);
    voter.heard(1);
    let ordered = Output::TakeOver { promise: epoch(1, 3), transfer: Some(epoch(1, 3)), alone: false };
    assert_eq!(voter.tell(Input::StandInstead(epoch(1, 3))), [ordered]);
}

#[test]
fn after_a_failed_attempt_it_tries_again_and_keeps_nobody_waiting_meanwhile() {
    let mut voter = Voter::new(2);
    voter.tell(Input::Suspect(member(3).node));
    assert_eq!(voter.tell(Input::TakeOverFailed), []);
    let request = Message::Request { rank: member(1).rank(), promise: epoch(1, 3) };
    assert_eq!(voter.tell(Input::Message { from: member(1).node, message: request }), []);
    assert_eq!(voter.wait(150 * MS), [stands(1)]);
}
