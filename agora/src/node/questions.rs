//! Who waits for what: questions to the machine and to the log, until they are answered or this life of the node ends.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::handle::AskError;
use crate::machine::Machine;
use crate::replicator::message::Entry;

/// At most so many questions wait for the machine's answer; more are refused.
const MAX_WAITING: usize = 1_024;

type Asker<M> = oneshot::Sender<Result<<M as Machine>::Answer, AskError>>;

/// The open questions of one life.
pub(super) struct Questions<M: Machine> {
    next: u64,
    asked: BTreeMap<u64, Asker<M>>,
    shown: BTreeMap<u64, oneshot::Sender<Option<Vec<Entry>>>>,
}

impl<M: Machine> Questions<M> {
    /// None.
    pub(super) const fn new() -> Self {
        Self { next: 1, asked: BTreeMap::new(), shown: BTreeMap::new() }
    }

    /// A ticket for a question to the machine, if there is room.
    pub(super) fn ask(&mut self, asker: Asker<M>) -> Option<u64> {
        if self.asked.len() >= MAX_WAITING {
            self.asked.retain(|_, asker| !asker.is_closed());
        }
        if self.asked.len() >= MAX_WAITING {
            let _ = asker.send(Err(AskError::Busy));
            return None;
        }
        let ticket = self.ticket();
        self.asked.insert(ticket, asker);
        Some(ticket)
    }

    /// The machine's answer. Who has stopped waiting is not told.
    pub(super) fn answer(&mut self, ticket: u64, answer: M::Answer) {
        if let Some(asker) = self.asked.remove(&ticket) {
            let _ = asker.send(Ok(answer));
        }
    }

    /// A ticket for a question to the log, which is always answered: a reader asks one at a time.
    pub(super) fn show(&mut self, reader: oneshot::Sender<Option<Vec<Entry>>>) -> u64 {
        let ticket = self.ticket();
        self.shown.insert(ticket, reader);
        ticket
    }

    /// The log's answer.
    pub(super) fn shown(&mut self, ticket: u64, entries: Option<Vec<Entry>>) {
        if let Some(reader) = self.shown.remove(&ticket) {
            let _ = reader.send(entries);
        }
    }

    /// The life has ended: nothing more is answered.
    pub(super) fn drop_all(&mut self) {
        self.asked.clear();
        self.shown.clear();
    }

    fn ticket(&mut self) -> u64 {
        let ticket = self.next;
        self.next += 1;
        ticket
    }
}
