//! Showing what is committed to those who follow the log from outside. It changes nothing.

use super::message::{Entry, Output};
use super::protocol::Replicator;
use crate::id::Position;

impl Replicator {
    /// At most `most` committed entries after `after`.
    pub(super) fn on_show(&self, ticket: u64, after: Position, most: usize, out: &mut Vec<Output>) {
        let commit = self.log.position(self.commit).unwrap_or(Position::START);
        let entries = if after.index <= commit.index && self.log.contains(after) {
            Some(self.committed_after(after, most))
        } else if after.index > commit.index && after.epoch >= commit.epoch {
            // It may yet be committed here.
            Some(Vec::new())
        } else {
            // Another entry is in its place, or will be: epochs only grow along a log.
            None
        };
        out.push(Output::Shown { ticket, entries });
    }

    fn committed_after(&self, after: Position, most: usize) -> Vec<Entry> {
        let committed = |entry: &&Entry| entry.position.index <= self.commit;
        self.log.after(after.index).take_while(committed).take(most).cloned().collect()
    }
}
