//! Election: only *that* this node should try to lead. See the [module](super) for the algorithm.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::message::{Input, Message, Output};
use crate::config::{Mode, Settings};
use crate::doubt::Doubt;
use crate::id::{Epoch, Member, NodeId};
use crate::protocol::Protocol;
use crate::replicator::message::Situation;
use crate::time::Timestamp;

/// After so many fruitless waits for a higher rank a node stands whatever its rank.
const MAX_DEFERENCES: u32 = 3;

/// Who should lead.
#[derive(Debug)]
pub struct Election {
    me: Member,
    settings: Settings,
    random: ChaCha8Rng,
    situation: Option<Situation>,
    phase: Phase,
    /// When the newest heartbeat that was answered under an epoch that counts was sent.
    heard: Option<Timestamp>,
    doubt: Doubt,
    /// The leader that went silent: it is not asked to lead.
    suspected: Option<NodeId>,
    /// Since when no leader is heard.
    leaderless_since: Option<Timestamp>,
    /// When this node last failed to take over: it does not keep lower ranks waiting then.
    failed_at: Option<Timestamp>,
    deferences: u32,
}

/// What it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Until then the leader, if there is one, has time to be heard.
    Quiet { until: Timestamp },
    /// A higher rank's answer.
    Asking { until: Timestamp },
    /// Somebody else's leadership.
    Deferring { until: Timestamp },
    /// It led and is fenced: whoever fenced it has time to show.
    Fenced { until: Timestamp },
    /// Its own attempt, which the replicator ends.
    Standing,
}

impl Election {
    /// For the node `me`.
    pub fn new(me: Member, settings: &Settings, seed: u64) -> Self {
        Self {
            me,
            settings: settings.clone(),
            random: ChaCha8Rng::seed_from_u64(seed),
            situation: None,
            phase: Phase::Quiet { until: Timestamp::ZERO },
            heard: None,
            doubt: Doubt::new(settings),
            suspected: None,
            leaderless_since: None,
            failed_at: None,
            deferences: 0,
        }
    }

    /// Between one and two times `least`.
    fn randomised(&mut self, least: Duration) -> Duration {
        let micros = u64::try_from(least.as_micros()).unwrap_or(u64::MAX).max(1);
        least + Duration::from_micros(self.random.random_range(0..micros))
    }

    fn can_stand(&self) -> bool {
        self.situation.as_ref().is_some_and(|situation| situation.can_stand)
    }

    fn leads(&self) -> bool {
        self.situation.as_ref().is_some_and(|situation| situation.leader == Some(self.me.node))
    }

    fn hears_leader(&self, now: Timestamp) -> bool {
        self.leads() || self.heard.is_some_and(|sent| now.since(sent) <= self.settings.failure_timeout())
    }

    /// Whether the silence of the leader that it follows may be its own fault.
    fn doubts(&self, now: Timestamp) -> bool {
        let follows = self.situation.as_ref().is_some_and(|situation| situation.leader.is_some());
        follows && now < self.doubt.until()
    }

    fn quiet(&mut self, now: Timestamp) {
        let wait = self.settings.failure_timeout() + self.randomised(self.settings.heart_beat_interval / 4);
        self.phase = Phase::Quiet { until: now + wait };
    }

    /// No leader is heard: ask the higher ranks, or stand.
    fn begin(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.leaderless_since.get_or_insert(now);
        if !self.can_stand() {
            self.quiet(now);
            return;
        }
        let Some(situation) = &self.situation else { return };
        let rank = self.me.rank();
        let higher: Vec<NodeId> = situation
            .members
            .iter()
            .filter(|member| member.rank() > rank && Some(member.node) != self.suspected)
            .map(|member| member.node)
            .collect();
        if higher.is_empty() || self.deferences >= MAX_DEFERENCES {
            self.stand(now, None, out);
            return;
        }
        for to in higher {
            out.push(Output::Send { to, message: Message::Request { rank, promise: situation.promise } });
        }
        let wait = self.randomised(self.settings.election_timeout_interval / 2);
        self.phase = Phase::Asking { until: now + wait };
    }

    fn stand(&mut self, now: Timestamp, transfer: Option<Epoch>, out: &mut Vec<Output>) {
        let Some(situation) = self.situation.as_ref().filter(|situation| situation.can_stand) else {
            self.quiet(now);
            return;
        };
        let removal = self.settings.removal_time();
        let long = self.leaderless_since.is_some_and(|since| now.since(since) >= removal);
        let alone = self.settings.mode == Mode::Reachable && long && transfer.is_none();
        self.phase = Phase::Standing;
        out.push(Output::TakeOver { promise: situation.promise, transfer, alone });
    }

    fn defer(&mut self, now: Timestamp) {
        let wait = self.randomised(self.settings.failure_timeout());
        self.phase = Phase::Deferring { until: now + wait };
    }

    fn situation(&mut self, now: Timestamp, situation: Situation) {
        let before = self.situation.replace(situation);
        let Some(situation) = &self.situation else { return };
        let promised = before.as_ref().is_none_or(|before| before.promise < situation.promise);
        let led = before.as_ref().is_some_and(|before| before.leader == Some(self.me.node));
        if promised {
            self.heard = None;
            self.suspected = None;
        }
        if self.leads() {
            self.leaderless_since = None;
            self.deferences = 0;
            self.quiet(now);
        } else if self.phase == Phase::Standing {
            // The replicator says how that ends, unless it leads and is not served by a quorum yet.
        } else if promised && situation.leader.is_none() {
            self.defer(now); // Somebody stands: its leadership has time to show.
        } else if led && !matches!(self.phase, Phase::Fenced { .. }) {
            self.quiet(now);
        }
    }

    fn message(&mut self, now: Timestamp, from: NodeId, message: &Message, out: &mut Vec<Output>) {
        match message {
            Message::Request { rank, .. } => {
                let recently = |at: Timestamp| now.since(at) <= self.settings.failure_timeout();
                let hindered = self.hears_leader(now) || self.failed_at.is_some_and(recently);
                if *rank >= self.me.rank() || hindered || !self.can_stand() {
                    return;
                }
                out.push(Output::Send { to: from, message: Message::Response { rank: self.me.rank() } });
                match self.phase {
                    Phase::Quiet { .. } | Phase::Deferring { .. } => self.begin(now, out),
                    Phase::Asking { .. } | Phase::Fenced { .. } | Phase::Standing => {}
                }
            }
            Message::Response { rank } => {
                if *rank > self.me.rank() && matches!(self.phase, Phase::Asking { .. }) {
                    self.defer(now);
                }
            }
        }
    }

    fn heard(&mut self, now: Timestamp, epoch: Epoch, sent: Timestamp) {
        let counts = self.situation.as_ref().is_some_and(|situation| epoch >= situation.promise);
        if !counts {
            return;
        }
        self.heard = self.heard.max(Some(sent));
        if self.hears_leader(now) {
            self.doubt.heard();
            self.suspected = None;
            self.leaderless_since = None;
            self.deferences = 0;
            if !matches!(self.phase, Phase::Standing) {
                self.quiet(now);
            }
        }
    }

    fn overdue(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        match self.phase {
            Phase::Quiet { .. } if self.hears_leader(now) || self.doubts(now) => self.quiet(now),
            Phase::Quiet { .. } => self.begin(now, out),
            Phase::Asking { .. } | Phase::Fenced { .. } => self.stand(now, None, out),
            Phase::Deferring { .. } => {
                self.deferences += 1;
                self.begin(now, out);
            }
            Phase::Standing => {}
        }
    }
}

impl Protocol for Election {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Timestamp, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Message { from, message } => self.message(now, from, &message, out),
            Input::Heard { epoch, sent, .. } => self.heard(now, epoch, sent),
            Input::Suspect(leader) => {
                self.suspected = Some(leader);
                if matches!(self.phase, Phase::Quiet { .. }) && !self.leads() {
                    self.heard = None;
                    self.begin(now, out);
                }
            }
            Input::Late => {
                self.doubt.late(now);
            }
            Input::Situation(situation) => self.situation(now, *situation),
            Input::TakeOverFailed => {
                if self.phase == Phase::Standing {
                    self.failed_at = Some(now);
                    let most = self.randomised(self.settings.election_timeout_interval);
                    let wait = self.random.random_range(Duration::ZERO..most);
                    self.phase = Phase::Quiet { until: now + wait };
                }
            }
            Input::Progress => {
                if matches!(self.phase, Phase::Deferring { .. } | Phase::Asking { .. }) {
                    self.defer(now);
                }
            }
            Input::StandInstead(epoch) => {
                if self.phase != Phase::Standing {
                    self.stand(now, Some(epoch), out);
                }
            }
            Input::Fenced(_) => {
                let wait = self.randomised(self.settings.failure_timeout());
                self.phase = Phase::Fenced { until: now + wait };
            }
        }
    }

    fn fire(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.doubt.fired(self.deadline(), now);
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.overdue(now, out);
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Quiet { until } | Phase::Asking { until } | Phase::Deferring { until } | Phase::Fenced { until } => {
                Some(until)
            }
            Phase::Standing => None,
        }
    }
}
