//! What is written, what is flushed, and what waits for a flush: a reply never leaves before what it rests on is durable.

use std::collections::VecDeque;

use super::message::{Output, Record};
use super::protocol::Replicator;
use crate::id::Index;
use crate::time::Timestamp;

/// At most so many datagrams wait for a flush. What comes beyond is lost, as datagrams are: a disk that hangs for so
/// long makes its node look dead anyway.
const MAX_GATED: usize = 4_096;

/// What is written, what is flushed, and what waits for a flush.
#[derive(Debug, Default)]
pub(super) struct Disk {
    written: u64,
    flushed: u64,
    /// The write of the current promise.
    promise: u64,
    /// The log's end after each write that is not flushed yet.
    ends: VecDeque<(u64, Index)>,
    /// The log is durable up to here.
    durable: Index,
    /// Datagrams that rest on a write.
    gated: VecDeque<(u64, Output)>,
    /// Since when a write has been waiting.
    waiting_since: Option<Timestamp>,
}

impl Disk {
    /// All up to `durable` is durable, as it was found so.
    pub(super) fn holding(durable: Index) -> Self {
        Self { durable, ..Self::default() }
    }
}

impl Replicator {
    /// Hands records to the disk.
    pub(super) fn write(&mut self, now: Timestamp, records: Vec<Record>, out: &mut Vec<Output>) {
        for record in records {
            self.disk.written += 1;
            if matches!(record, Record::Promise(_)) {
                self.disk.promise = self.disk.written;
            }
            let left = match &record {
                Record::Cut(from) => Some(Index(from.0.saturating_sub(1))),
                // Of the old log, only what is committed is in the new one too.
                Record::Install(_) => Some(self.commit),
                Record::Promise(_) | Record::Append(_) | Record::Compact { .. } => None,
            };
            if let Some(left) = left {
                self.disk.durable = self.disk.durable.min(left);
                for (_, index) in &mut self.disk.ends {
                    *index = (*index).min(left);
                }
            }
            let end = match &record {
                Record::Append(entry) => entry.position.index,
                Record::Cut(from) => Index(from.0.saturating_sub(1)),
                Record::Install(snapshot) => snapshot.base.index,
                Record::Promise(_) | Record::Compact { .. } => {
                    self.disk.ends.back().map_or(self.disk.durable, |(_, index)| *index)
                }
            };
            self.disk.ends.push_back((self.disk.written, end));
            self.disk.waiting_since.get_or_insert(now);
            // Nothing waits for this, so it may be old: what the machine has been told is never less than what is written.
            out.push(Output::Write { ticket: self.disk.written, record, commit: self.handed });
        }
    }

    /// Sends what rests on everything written so far, once that is flushed.
    pub(super) fn gated(&mut self, output: Output, out: &mut Vec<Output>) {
        if self.disk.flushed == self.disk.written {
            out.push(output);
        } else if self.disk.gated.len() < MAX_GATED {
            self.disk.gated.push_back((self.disk.written, output));
        }
    }

    pub(super) fn flushed(&mut self, now: Timestamp, ticket: u64, out: &mut Vec<Output>) {
        self.disk.flushed = self.disk.flushed.max(ticket.min(self.disk.written));
        while let Some((_, end)) = self.disk.ends.pop_front_if(|(ticket, _)| *ticket <= self.disk.flushed) {
            self.disk.durable = end;
        }
        self.disk.waiting_since = (self.disk.flushed < self.disk.written).then_some(now);
        while let Some((_, output)) = self.disk.gated.pop_front_if(|(ticket, _)| *ticket <= self.disk.flushed) {
            out.push(output);
        }
    }

    /// How far this node's own log is durable.
    pub(super) fn durable(&self) -> Index {
        self.disk.durable
    }

    /// Whether all that is written is durable.
    pub(super) fn is_flushed(&self) -> bool {
        self.disk.flushed == self.disk.written
    }

    /// Whether the current promise is durable: before, nothing is sent in its epoch.
    pub(super) fn promise_is_flushed(&self) -> bool {
        self.disk.flushed >= self.disk.promise
    }

    pub(super) fn disk_hangs(&self, now: Timestamp) -> bool {
        self.disk.waiting_since.is_some_and(|since| now.since(since) > self.settings.failure_timeout() * 2)
    }
}
