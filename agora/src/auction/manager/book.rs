//! What is committed: every auction with its events, and the request table. A fold of the log, so the same on every
//! node that holds the same log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::matters::Matters;
use super::requests::Requests;
use crate::auction::apply::apply;
use crate::auction::event::Event;
use crate::auction::state::Auction;
use crate::id::{AuctionId, Epoch, Index, Position, Seq};
use crate::time::At;

/// An auction and how it came about.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// As of its last event; `Some` from the first event on.
    auction: Option<Auction>,
    history: Vec<(Event, At)>,
    /// The epochs of their entries: from which event on which.
    epochs: Vec<(Seq, Epoch)>,
    /// The entries that hold its events.
    entries: Vec<Index>,
}

impl Held {
    /// As of its last event.
    pub(crate) const fn auction(&self) -> Option<&Auction> {
        self.auction.as_ref()
    }

    /// Its events with the leadership time of their entries; event `seq` is at `seq - 1`.
    pub(crate) fn history(&self) -> &[(Event, At)] {
        &self.history
    }

    /// When its last event was, if it is over.
    pub(crate) fn ended(&self) -> Option<At> {
        let (_, at) = self.history.last()?;
        self.auction().filter(|auction| auction.is_over()).map(|_| *at)
    }

    /// The epoch of an event's entry.
    fn epoch(&self, seq: Seq) -> Option<Epoch> {
        let started = self.epochs.iter().rev().find(|(first, _)| *first <= seq);
        started.map(|(_, epoch)| *epoch).filter(|_| usize::try_from(seq.0).is_ok_and(|seq| seq <= self.history.len()))
    }
}

/// The committed state.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Bounded by `max-auctions` where they are created, their events by the request table and by time.
    auctions: BTreeMap<AuctionId, Held>,
    /// Those that are over, by when they ended.
    over: BTreeSet<(At, AuctionId)>,
    phases: [u32; 4],
    /// The epochs in which something is committed: one for each leadership.
    epochs: BTreeSet<Epoch>,
    /// Answers given.
    pub(crate) requests: Requests,
    /// Which entries all this rests on.
    pub(crate) matters: Matters,
}

impl Book {
    /// Empty; answers are kept for so long.
    pub(crate) fn new(request_retention: Duration) -> Self {
        Self { requests: Requests::new(request_retention), ..Self::default() }
    }

    /// Empty, to be filled anew.
    pub(crate) fn anew(&self) -> Self {
        Self { requests: self.requests.anew(), ..Self::default() }
    }

    /// Those that are over, the earliest first.
    pub(crate) fn over(&self) -> impl Iterator<Item = AuctionId> {
        self.over.iter().map(|(_, auction)| *auction)
    }

    /// The auction with its history.
    pub(crate) fn held(&self, auction: AuctionId) -> Option<&Held> {
        self.auctions.get(&auction)
    }

    /// The auction as committed.
    pub(crate) fn auction(&self, auction: AuctionId) -> Option<&Auction> {
        self.held(auction).and_then(Held::auction)
    }

    /// Notes that an entry of this epoch is committed.
    pub(crate) fn note_epoch(&mut self, epoch: Epoch) {
        self.epochs.insert(epoch);
    }

    /// Whether who was sent the event `after` by the leader of `held` saw the same history as this one. That leader's
    /// epoch is known here, and the event's entry here is not of a later one.
    pub(crate) fn continues(&self, auction: AuctionId, after: Seq, held: Epoch) -> bool {
        let here = self.held(auction).and_then(|held| held.epoch(after));
        self.epochs.contains(&held) && here.is_some_and(|epoch| epoch <= held)
    }

    /// Those after `after`, in the order of their ids.
    pub(crate) fn auctions_after(&self, after: Option<AuctionId>) -> impl Iterator<Item = &Auction> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.auctions.range((after.map_or(Unbounded, Excluded), Unbounded)).filter_map(|(_, held)| held.auction())
    }

    /// How many auctions there are.
    pub(crate) fn len(&self) -> usize {
        self.auctions.len()
    }

    /// How many auctions wait, run, are completed, are cancelled.
    pub(crate) const fn phases(&self) -> [u32; 4] {
        self.phases
    }

    /// Applies the next event: its number, and the auction after it, if it is still there. `None` if it does not fit; then
    /// nothing changes.
    pub(crate) fn apply(&mut self, event: &Event, position: Position, at: At) -> Option<(Seq, Option<&Auction>)> {
        let id = event.auction();
        if !self.auctions.contains_key(&id) && !matches!(event, Event::AuctionCreated { .. }) {
            return None;
        }
        let held = self.auctions.entry(id).or_default();
        let (before, ended) = (held.auction().map(Auction::phase), held.ended());
        let seq = apply(&mut held.auction, event)?;
        if let Some(before) = before {
            let count = &mut self.phases[before as usize];
            *count = count.saturating_sub(1);
        }
        if matches!(event, Event::AuctionArchived { .. }) {
            self.forget(id, ended);
            return Some((seq, None));
        }
        held.history.push((event.clone(), at));
        if held.epochs.last().is_none_or(|(_, last)| *last != position.epoch) {
            held.epochs.push((seq, position.epoch));
        }
        if held.entries.last() != Some(&position.index) {
            held.entries.push(position.index);
        }
        self.over.extend(held.ended().map(|at| (at, id)));
        self.phases[held.auction.as_ref()?.phase() as usize] += 1;
        Some((seq, self.auction(id)))
    }

    /// The auction leaves the book, and with it goes what its entries mattered for.
    fn forget(&mut self, id: AuctionId, ended: Option<At>) {
        let entries = self.auctions.remove(&id).map(|held| held.entries);
        if let Some(at) = ended {
            self.over.remove(&(at, id));
        }
        for index in entries.unwrap_or_default() {
            self.matters.without_auction(index);
        }
    }
}
