//! What the leader has decided and the cluster has not yet committed: decisions rest on it, nothing that leaves the node
//! does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use bytes::Bytes;

use super::book::Book;
use super::request::Kind;
use super::sessions::SessionKey;
use crate::auction::apply::apply;
use crate::auction::event::{Answer, Decision, Event, RequestKey};
use crate::auction::state::Auction;
use crate::id::{AuctionId, ParticipantId};

/// Where an answer goes, and in which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The address that the request came from last.
    pub(crate) to: SocketAddr,
    /// Whose.
    pub(crate) session: SessionKey,
    /// As which message.
    pub(crate) kind: Kind,
}

/// A proposal that is not yet committed.
#[derive(Debug)]
pub(crate) struct Pending {
    /// As the sequencer counts.
    pub(crate) number: u64,
    /// What was decided.
    pub(crate) decision: Decision,
    /// The same, as the log will hold it.
    pub(crate) bytes: Bytes,
    /// Who waits for it; nobody, where a deadline caused it.
    pub(crate) reply: Option<Reply>,
}

/// An auction that pending proposals touch.
#[derive(Debug)]
struct Touched {
    auction: Option<Auction>,
    by: usize,
}

/// The pending proposals, bounded by the replicator's credit, and the auctions as they will be with them.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    queue: VecDeque<Pending>,
    keys: BTreeMap<RequestKey, u64>,
    auctions: BTreeMap<AuctionId, Touched>,
    created: usize,
    archived: usize,
    /// An entry was committed that is not the first proposal.
    torn: bool,
}

impl Ahead {
    /// The auction with everything that is pending.
    pub(crate) fn auction<'a>(&'a self, book: &'a Book, auction: AuctionId) -> Option<&'a Auction> {
        match self.auctions.get(&auction) {
            Some(touched) => touched.auction.as_ref(),
            None => book.auction(auction),
        }
    }

    /// How many requests wait for their commit.
    pub(crate) fn requests(&self) -> usize {
        self.keys.len()
    }

    /// How many auctions are created by what is pending.
    pub(crate) const fn created(&self) -> usize {
        self.created
    }

    /// How many auctions are archived by what is pending.
    pub(crate) const fn archived(&self) -> usize {
        self.archived
    }

    /// How many refusals of `participant` are pending.
    pub(crate) fn refusals(&self, participant: ParticipantId) -> usize {
        let is_refusal = |pending: &&Pending| {
            let of = pending.decision.key.is_some_and(|key| key.participant == participant);
            of && matches!(pending.decision.answer, Some(Answer::Refused(_)))
        };
        self.queue.iter().filter(is_refusal).count()
    }

    /// If the request waits already: its answer goes to where it came from last.
    pub(crate) fn is_pending(&mut self, key: &RequestKey, reply: Reply) -> bool {
        let Some(number) = self.keys.get(key) else { return false };
        if let Ok(place) = self.queue.binary_search_by_key(number, |pending| pending.number) {
            self.queue[place].reply = Some(reply);
        }
        true
    }

    /// Takes a proposal behind all others.
    pub(crate) fn push(&mut self, book: &Book, pending: Pending) {
        self.touch(book, &pending.decision);
        if let Some(key) = pending.decision.key {
            self.keys.insert(key, pending.number);
        }
        self.queue.push_back(pending);
    }

    /// An entry of these bytes is committed: the proposal that it was. Proposals commit in their order.
    ///
    /// The caller then applies it to the book, and calls [`mend`](Self::mend).
    pub(crate) fn commit(&mut self, bytes: &Bytes) -> Option<Pending> {
        let place = self.queue.iter().position(|pending| pending.bytes == *bytes);
        if place != Some(0) {
            log::error!("a committed entry is not the proposal that this leader made first: its state is rebuilt");
            self.torn = true;
        }
        let pending = self.queue.remove(place?)?;
        self.release(&pending.decision);
        Some(pending)
    }

    /// Makes good for an entry that came out of order: what is pending is applied again to the book.
    pub(crate) fn mend(&mut self, book: &Book) {
        if std::mem::take(&mut self.torn) {
            self.rebuild(book);
        }
    }

    /// The proposals from `number` on were refused; the others stay. Returns those dropped.
    pub(crate) fn refuse(&mut self, book: &Book, number: u64) -> Vec<Pending> {
        let stays = self.queue.partition_point(|pending| pending.number < number);
        let dropped: Vec<_> = self.queue.drain(stays..).collect();
        for key in dropped.iter().filter_map(|pending| pending.decision.key) {
            self.keys.remove(&key);
        }
        self.rebuild(book);
        dropped
    }

    /// Which auctions pending proposals touch.
    pub(crate) fn touched(&self) -> BTreeSet<AuctionId> {
        self.auctions.keys().copied().collect()
    }

    fn rebuild(&mut self, book: &Book) {
        self.auctions.clear();
        self.created = 0;
        self.archived = 0;
        let queue = std::mem::take(&mut self.queue);
        for pending in &queue {
            self.touch(book, &pending.decision);
        }
        self.queue = queue;
    }

    fn touch(&mut self, book: &Book, decision: &Decision) {
        let Some(id) = auction_of(decision) else { return };
        let committed = || Touched { auction: book.auction(id).cloned(), by: 0 };
        let touched = self.auctions.entry(id).or_insert_with(committed);
        touched.by += 1;
        let existed = touched.auction.is_some();
        for event in &decision.events {
            apply(&mut touched.auction, event);
        }
        self.created += usize::from(!existed && touched.auction.is_some());
        self.archived += usize::from(existed && touched.auction.is_none());
    }

    fn release(&mut self, decision: &Decision) {
        if let Some(key) = decision.key {
            self.keys.remove(&key);
        }
        let Some(id) = auction_of(decision) else { return };
        match decision.events.first() {
            Some(Event::AuctionCreated { .. }) => self.created = self.created.saturating_sub(1),
            Some(Event::AuctionArchived { .. }) => self.archived = self.archived.saturating_sub(1),
            _ => {}
        }
        if let Some(touched) = self.auctions.get_mut(&id) {
            touched.by = touched.by.saturating_sub(1);
            if touched.by == 0 {
                self.auctions.remove(&id);
            }
        }
    }
}

/// The auction that a decision changes: all events of one command are of one auction.
fn auction_of(decision: &Decision) -> Option<AuctionId> {
    decision.events.first().map(Event::auction)
}
