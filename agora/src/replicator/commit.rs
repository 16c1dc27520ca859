//! What is committed, handed over to the machine in order.

use std::time::Duration;

use super::message::{Body, Output};
use super::protocol::{Replicator, Role};
use crate::id::Index;
use crate::time::Timestamp;

/// At most so many committed entries are handed over in a turn, unless they have to be.
const HANDED_A_TURN: usize = 1_024;

/// Where there is more to hand over, the others of the node have so long for what they have to do.
const BETWEEN_TURNS: Duration = Duration::from_millis(1);

impl Replicator {
    /// All up to `index` is committed.
    pub(super) fn commit_to(&mut self, index: Index, out: &mut Vec<Output>) {
        self.commit = self.commit.max(index.min(self.log.last().index));
        self.hand_over(out);
    }

    /// Hands over what is committed, in order. A serving leader, whose machine answers from it, does so at once: it never has
    /// much.
    fn hand_over(&mut self, out: &mut Vec<Output>) {
        if self.handed >= self.commit {
            return;
        }
        let base = self.log.base().index;
        if self.handed < base {
            self.decided = self.log.decided_up_to(base);
        }
        let serving = matches!(&self.role, Role::Leader(leader) if leader.serving);
        let most = if serving { usize::MAX } else { self.settings.log_tail.clamp(1, HANDED_A_TURN) };
        let mut handed = 0;
        for entry in self.log.after(self.handed).take_while(|entry| entry.position.index <= self.commit).take(most) {
            self.handed = entry.position.index;
            self.at_seen = self.at_seen.max(entry.at);
            if self.handed > base && matches!(entry.body, Body::Events(_)) {
                self.decided += 1;
            }
            out.push(Output::Committed(entry.clone()));
            handed += 1;
        }
        if handed < most {
            self.handed = self.commit;
        }
    }

    /// When there is more to hand over: the next turn.
    pub(super) fn hands_on_at(&self) -> Option<Timestamp> {
        (self.handed < self.commit).then(|| self.turn + BETWEEN_TURNS)
    }

    /// What every turn does first, for a little while.
    pub(super) fn go_on(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.turn = now;
        self.go_on_compacting(now, out);
        if self.handed < self.commit {
            self.hand_over(out);
        }
    }
}
