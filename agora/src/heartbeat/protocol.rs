//! The failure detector.

use std::collections::VecDeque;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::message::{Input, Message, Output};
use crate::doubt::Doubt;
use crate::id::{Epoch, NodeId};
use crate::protocol::Protocol;
use crate::time::Timestamp;

/// So many unanswered beats are remembered. An answer to an older one comes long after the suspicion, and no setting
/// tolerates as many.
const MAX_OUTSTANDING: usize = 64;

/// Beats the leader and notices its silence; see the [module](super).
#[derive(Debug)]
pub struct Heartbeat {
    interval: Duration,
    failure_timeout: Duration,
    jitter: ChaCha8Rng,
    /// The last beat's number; it counts on from leader to leader, so that no late answer fits another's beat.
    number: u64,
    doubt: Doubt,
    following: Option<Following>,
}

/// The leader, and what is known of it.
#[derive(Debug)]
struct Following {
    leader: NodeId,
    next_beat: Timestamp,
    /// The beats that are newer than the newest answered one, and when each was sent; oldest first.
    outstanding: VecDeque<(u64, Timestamp)>,
    /// When the newest answered beat was sent; before the first answer, when following began.
    answered: Timestamp,
    /// This silence has been told.
    suspected: bool,
}

impl Heartbeat {
    /// One that follows nobody. `seed` spreads the beats of many followers.
    pub fn new(settings: &crate::config::Settings, seed: u64) -> Self {
        Self {
            interval: settings.heart_beat_interval,
            failure_timeout: settings.failure_timeout(),
            jitter: ChaCha8Rng::seed_from_u64(seed),
            number: 0,
            doubt: Doubt::new(settings),
            following: None,
        }
    }

    fn follow(&mut self, now: Timestamp, leader: Option<NodeId>, out: &mut Vec<Output>) {
        if leader == self.following.as_ref().map(|following| following.leader) {
            return;
        }
        self.following = leader.map(|leader| Following {
            leader,
            next_beat: now,
            outstanding: VecDeque::new(),
            answered: now,
            suspected: false,
        });
        self.beat(now, out);
    }

    fn beat(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Some(following) = &mut self.following else { return };
        if now < following.next_beat {
            return;
        }
        self.number += 1;
        if following.outstanding.len() == MAX_OUTSTANDING {
            following.outstanding.pop_front();
        }
        following.outstanding.push_back((self.number, now));
        // From now, not from when it was due: after a pause there is one beat, not all that were missed.
        following.next_beat = now + jittered(self.interval, &mut self.jitter);
        out.push(Output::Send {
            to: following.leader,
            message: Message::HeartBeat { number: self.number, client: None },
        });
    }

    fn acked(&mut self, now: Timestamp, from: NodeId, number: u64, epoch: Epoch, out: &mut Vec<Output>) {
        let Some(following) = self.following.as_mut().filter(|following| following.leader == from) else { return };
        let Ok(place) = following.outstanding.binary_search_by_key(&number, |(number, _)| *number) else { return };
        let Some((_, sent)) = following.outstanding.drain(..=place).next_back() else { return };
        following.answered = sent;
        // An answer that was under way for longer than the failure timeout does not end the silence.
        if now < sent + self.failure_timeout {
            following.suspected = false;
            self.doubt.heard();
        }
        out.push(Output::Heard { leader: from, epoch, sent });
    }
}

impl Protocol for Heartbeat {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Timestamp, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Follow(leader) => self.follow(now, leader, out),
            Input::Acked { from, number, epoch } => self.acked(now, from, number, epoch, out),
            Input::Behind => {
                if self.following.is_some() && self.doubt.late(now) {
                    out.push(Output::Late);
                }
            }
        }
    }

    fn fire(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if self.doubt.fired(self.deadline(), now) {
            out.push(Output::Late);
        }
        self.beat(now, out);
        let Some(following) = &mut self.following else { return };
        if !following.suspected && (following.answered + self.failure_timeout).max(self.doubt.until()) <= now {
            following.suspected = true;
            out.push(Output::Suspect(following.leader));
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        let following = self.following.as_ref()?;
        let suspicion = (following.answered + self.failure_timeout).max(self.doubt.until());
        Some(if following.suspected { following.next_beat } else { following.next_beat.min(suspicion) })
    }
}

/// `interval`, up to 10 % shorter or longer; at least a microsecond, so that time goes on.
fn jittered(interval: Duration, random: &mut ChaCha8Rng) -> Duration {
    let micros = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX / 2).clamp(1, u64::MAX / 2);
    let spread = micros / 10;
    Duration::from_micros(random.random_range(micros - spread..=micros + spread))
}
