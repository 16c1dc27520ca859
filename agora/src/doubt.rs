//! A node that knows itself to be late doubts itself before it doubts its leader.
//!
//! A node that got no processor time finds, when it goes on, that its leader has been silent; but the leader's answers
//! lie in its own socket. The failure detectors of Lifeguard (Dadgar, Phillips, Currey: *Lifeguard: Local Health
//! Awareness for More Accurate Failure Detection*, 2017) therefore wait the longer, the worse a node's own health. Here:
//! a node is late when it fires a deadline half a heartbeat interval after it was due, or when more waits in its socket
//! than it takes at a time. Its leader then has one more failure timeout to be heard, and at most [`MOST`] of them in one
//! silence: a node that is always late still notices a dead leader. A leader that is late counts its members as heard for
//! as long, and a client doubts itself before it looks for another leader.

use std::time::Duration;

use crate::config::Settings;
use crate::time::Timestamp;

/// So many times in one silence a node doubts itself; its leader is suspected after `MOST` + 1 failure timeouts, at the
/// latest.
pub(crate) const MOST: u32 = 3;

/// Whether a node doubts itself.
#[derive(Debug)]
pub(crate) struct Doubt {
    /// What is fired so much later than it was due is late.
    tolerance: Duration,
    /// How long one doubt holds.
    holds: Duration,
    until: Timestamp,
    times: u32,
}

impl Doubt {
    /// No doubt yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self::of(settings.heart_beat_interval, settings.failure_timeout())
    }

    /// The same for who beats every `interval`, and waits `timeout` for an answer.
    pub(crate) fn of(interval: Duration, timeout: Duration) -> Self {
        Self { tolerance: interval / 2, holds: timeout, until: Timestamp::ZERO, times: 0 }
    }

    /// What was `due` is fired `now`; whether a new doubt comes of it.
    pub(crate) fn fired(&mut self, due: Option<Timestamp>, now: Timestamp) -> bool {
        due.is_some_and(|due| now >= due + self.tolerance) && self.late(now)
    }

    /// The node is late; whether a new doubt comes of it. What is noticed while a doubt holds is part of it.
    pub(crate) fn late(&mut self, now: Timestamp) -> bool {
        let anew = now >= self.until && self.times < MOST;
        if anew {
            self.times += 1;
            self.until = now + self.holds;
        }
        anew
    }

    /// The leader is heard: its next silence is another one.
    pub(crate) fn heard(&mut self) {
        self.times = 0;
    }

    /// Whether it doubts itself now.
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        now < self.until
    }

    /// Before then nobody is suspected.
    pub(crate) const fn until(&self) -> Timestamp {
        self.until
    }
}
