//! Following what is committed on a node.

use std::collections::VecDeque;
use std::fmt;

use tokio::sync::{mpsc, oneshot, watch};

use super::link::{LogSeen, Request};
use crate::auction::protocol::Manager;
use crate::id::Position;
use crate::machine::Machine;
use crate::replicator::message::{Body, Entry};
use crate::time::At;

/// What a stream of committed events tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<E> {
    /// An event is committed on this node, and its machine has been told of it.
    Event {
        /// Where it stands: what a later stream names to go on after it.
        position: Position,
        /// In the time of leaderships.
        at: At,
        /// What happened.
        event: E,
    },
    /// Entries that matter no more, of auctions that were archived say, were dropped from this node's log before they were
    /// read.
    Skipped,
    /// The node has set its log aside, or the entry that this stream began after is not in it: after a partition in mode
    /// `reachable` another history has won. What follows is that one, from its first event.
    OtherLog,
}

/// The committed events of a node's log, in order, each once; from [`NodeHandle::committed`](super::NodeHandle::committed).
///
/// A stream takes them from the log, a few at a time, as they are read, and the node neither waits nor stores anything for
/// it. So it misses nothing but what mattered no more and was dropped before it was read, and says so
/// ([`Told::Skipped`]). The last 8,192 committed entries ([`Settings::log_tail`](crate::config::Settings::log_tail)) are
/// always there.
pub struct Committed<M: Machine = Manager> {
    pub(super) requests: mpsc::Sender<Request<M>>,
    pub(super) log: watch::Receiver<LogSeen>,
    /// So many logs had been set aside when the present one was begun.
    pub(super) set_aside: u64,
    pub(super) after: Position,
    pub(super) fetched: VecDeque<Entry>,
    /// That entries are missing before the next one has been told.
    pub(super) skipped: bool,
}

impl<M: Machine> fmt::Debug for Committed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committed").field("after", &self.after).finish_non_exhaustive()
    }
}

impl<M: Machine> Committed<M> {
    /// What comes next, waiting for it; `None` once the node has ended. May be cancelled without losing anything.
    pub async fn next(&mut self) -> Option<Told<M::Event>> {
        loop {
            while let Some(next) = self.fetched.front().map(|entry| entry.position.index) {
                if next > self.after.index.next() && !std::mem::replace(&mut self.skipped, true) {
                    return Some(Told::Skipped);
                }
                let Some(Entry { position, at, body }) = self.fetched.pop_front() else { break };
                (self.after, self.skipped) = (position, false);
                if let Body::Events(bytes) = body
                    && let Some(event) = M::reads(&bytes)
                {
                    return Some(Told::Event { position, at, event });
                }
            }
            // Seen before it is asked, so that what is committed meanwhile is a change.
            if self.log.borrow_and_update().set_aside > self.set_aside {
                if self.begin_anew() {
                    return Some(Told::OtherLog);
                }
                continue;
            }
            match self.fetch().await {
                Some(Some(entries)) if !entries.is_empty() => self.fetched.extend(entries),
                Some(None) => {
                    self.begin_anew();
                    return Some(Told::OtherLog);
                }
                // Nothing yet, or this life of the node has ended: the next begins with a change, too.
                Some(Some(_)) | None => self.log.changed().await.ok()?,
            }
        }
    }

    /// From the first entry of the log that the node has now; whether any had been read before.
    fn begin_anew(&mut self) -> bool {
        self.set_aside = self.log.borrow().set_aside;
        std::mem::replace(&mut self.after, Position::START) != Position::START
    }

    /// What the log answers; nothing, where its life ends before.
    async fn fetch(&self) -> Option<Option<Vec<Entry>>> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Show(self.after, reply)).await.ok()?;
        answer.await.ok()
    }
}
