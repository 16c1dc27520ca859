//! Reads of committed state wait until a quorum has shown that this node still led after they came. One question to
//! the replicator serves all that came since the last.

use std::net::SocketAddr;
use std::time::Duration;

use crate::auction::message::Phase;
use crate::heartbeat::message::Session;
use crate::id::{AuctionId, Epoch, Seq};
use crate::time::Timestamp;

/// At most so many reads wait; more are dropped, and asked again by their clients.
pub(crate) const MAX_READS: usize = 1_024;

/// What is answered once this node is shown to lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Read {
    /// Auctions.
    Page(Page),
    /// That an auction is not here, or not as somebody was told by the leader of `held`, if it still is not: who leads no
    /// more may only lack it.
    Missing { from: SocketAddr, session: Session, auction: AuctionId, after: Seq, held: Option<Epoch> },
}

/// A page of the auctions, as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// By whom.
    pub(crate) from: SocketAddr,
    /// Repeated in the answer.
    pub(crate) number: u64,
    /// Only those.
    pub(crate) phase: Option<Phase>,
    /// Only that one.
    pub(crate) auction: Option<AuctionId>,
    /// Only those after it.
    pub(crate) after: Option<AuctionId>,
}

/// The reads that wait.
#[derive(Debug)]
pub(crate) struct Reads {
    /// Came after the last question; asked with the next.
    waiting: Vec<Read>,
    /// The question under way, when it was asked, and for what.
    asked: Option<(u64, Timestamp, Vec<Read>)>,
    /// Counts over all leaderships, so that an old answer fits no new question.
    next_ticket: u64,
    /// A question unanswered for so long is asked again when another read comes.
    patience: Duration,
}

impl Reads {
    /// None waiting.
    pub(crate) const fn new(patience: Duration) -> Self {
        Self { waiting: Vec::new(), asked: None, next_ticket: 1, patience }
    }

    /// Takes a read; returns the ticket to ask with, if it is time to ask.
    pub(crate) fn take(&mut self, now: Timestamp, read: Read) -> Option<u64> {
        let under_way = self.asked.as_ref().map_or(&[][..], |(_, _, reads)| reads);
        let full = self.waiting.len() + under_way.len() >= MAX_READS;
        let is_repeat = under_way.contains(&read) || self.waiting.contains(&read);
        if !is_repeat && !full {
            self.waiting.push(read);
        }
        if let Some((_, asked, _)) = self.asked.as_ref()
            && now.since(*asked) < self.patience
        {
            return None;
        }
        Some(self.ask(now))
    }

    /// The replicator's answer: the reads that leave now, and the ticket to ask with for those that came meanwhile.
    pub(crate) fn ready(&mut self, now: Timestamp, ticket: u64) -> (Vec<Read>, Option<u64>) {
        match self.asked.take() {
            Some((asked, _, reads)) if asked == ticket => {
                let next = if self.waiting.is_empty() { None } else { Some(self.ask(now)) };
                (reads, next)
            }
            other => {
                self.asked = other;
                (Vec::new(), None)
            }
        }
    }

    /// Drops all: this node does not lead any more.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.asked = None;
    }

    fn ask(&mut self, now: Timestamp) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket = ticket.saturating_add(1);
        let mut reads = self.asked.take().map_or_else(Vec::new, |(_, _, reads)| reads);
        reads.append(&mut self.waiting);
        self.asked = Some((ticket, now, reads));
        ticket
    }
}
