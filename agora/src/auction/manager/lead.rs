//! What the manager knows while it leads: its epoch, the leadership clock, and how much it may propose.

use super::turns::Turns;
use crate::id::{Epoch, Index};
use crate::time::{At, Timestamp};

/// One leadership of this node.
#[derive(Debug)]
pub(crate) struct Lead {
    /// Which.
    pub(crate) epoch: Epoch,
    /// How many proposals may be made before the replicator gives credit again.
    pub(crate) room: usize,
    /// Whether the replicator hears a quorum.
    pub(crate) quorum: bool,
    /// The next proposal's number, counted like the sequencer's.
    next: u64,
    /// The floor of the request table that it proposed last.
    pub(crate) floor: Index,
    /// When who is turned away may come again.
    pub(crate) turns: Turns,
    /// Refusals of numbers below this are dealt with.
    rebuilt: u64,
    at: At,
    since: Timestamp,
}

impl Lead {
    /// From `now` on, where leadership time is `at`.
    pub(crate) const fn new(epoch: Epoch, at: At, room: usize, now: Timestamp) -> Self {
        Self { epoch, room, quorum: true, next: 1, floor: Index(0), turns: Turns::new(now), rebuilt: 1, at, since: now }
    }

    /// Leadership time at local time `now`.
    pub(crate) fn at(&self, now: Timestamp) -> At {
        self.at + now.since(self.since)
    }

    /// Local time at leadership time `at`, if it lies ahead of the leadership's start; else that start.
    pub(crate) fn when(&self, at: At) -> Timestamp {
        self.since + self.at.until(at)
    }

    /// Takes one proposal's credit and number.
    pub(crate) fn number(&mut self) -> u64 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        self.room = self.room.saturating_sub(1);
        number
    }

    /// Whether the refusal of `number` in `epoch` is news. If so every number given out by now is used up.
    pub(crate) fn refuse(&mut self, epoch: Epoch, number: u64) -> bool {
        let news = epoch == self.epoch && number >= self.rebuilt && number < self.next;
        if news {
            self.rebuilt = self.next;
        }
        news
    }
}
