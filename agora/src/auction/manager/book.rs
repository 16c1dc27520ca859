//! What is committed: every auction with its events, and the request table. A fold of the log, so the same on every
//! node that holds the same log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::matters::Matters;
use super::requests::Requests;
use crate::auction::apply::apply;
use crate::auction::event::Event;
use crate::auction::state::Auction;
use crate::auction::transcript::Line;
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

    /// From the lines of a transcript; nothing, where they are no whole auction.
    pub(crate) fn of(lines: Vec<Line>) -> Option<Self> {
        let mut held = Self::default();
        for Line { seq, at, epoch, event } in lines {
            held.push(&event, epoch, at).filter(|it| *it == seq)?;
        }
        held.ended().map(|_| held)
    }

    /// The line of the event at this place.
    pub(crate) fn line(&self, place: usize) -> Option<Line> {
        let (event, at) = self.history.get(place)?;
        let seq = Seq(place as u64 + 1);
        Some(Line { seq, at: *at, epoch: self.epoch(seq)?, event: event.clone() })
    }

    /// Whether who was sent the event `after` by the leader of `epoch` saw this history: the event's entry here is not of a
    /// later one.
    pub(crate) fn continues(&self, after: Seq, epoch: Epoch) -> bool {
        self.epoch(after).is_some_and(|here| here <= epoch)
    }

    fn push(&mut self, event: &Event, epoch: Epoch, at: At) -> Option<Seq> {
        let seq = apply(&mut self.auction, event)?;
        if self.auction.is_some() {
            if self.history.is_empty() {
                // Most wait for long: no room for more than what is there.
                self.history.reserve_exact(1);
                self.epochs.reserve_exact(1);
            }
            self.history.push((event.clone(), at));
            if self.epochs.last().is_none_or(|(_, last)| *last != epoch) {
                self.epochs.push((seq, epoch));
            }
        }
        Some(seq)
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
    auctions: BTreeMap<AuctionId, Box<Held>>,
    /// Those that are over, by when they ended.
    over: BTreeSet<(At, AuctionId)>,
    phases: [u32; 4],
    /// The epochs in which something is committed: one for each leadership.
    epochs: BTreeSet<Epoch>,
    /// Answers given.
    pub(crate) requests: Requests,
    /// Which entries all this rests on.
    pub(crate) matters: Matters,
    left: Option<(AuctionId, Held)>,
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
        self.auctions.get(&auction).map(Box::as_ref)
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
        self.epochs.contains(&held) && self.held(auction).is_some_and(|it| it.continues(after, held))
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
        if matches!(event, Event::AuctionArchived { .. }) {
            return self.archive(id).map(|seq| (seq, None));
        }
        if !self.auctions.contains_key(&id) && !matches!(event, Event::AuctionCreated { .. }) {
            return None;
        }
        let held = self.auctions.entry(id).or_default();
        let before = held.auction().map(Auction::phase);
        let seq = held.push(event, position.epoch, at)?;
        if let Some(before) = before {
            let count = &mut self.phases[before as usize];
            *count = count.saturating_sub(1);
        }
        if held.entries.last() != Some(&position.index) {
            if held.entries.is_empty() {
                held.entries.reserve_exact(1);
            }
            held.entries.push(position.index);
        }
        self.over.extend(held.ended().map(|at| (at, id)));
        self.phases[held.auction.as_ref()?.phase() as usize] += 1;
        Some((seq, self.auction(id)))
    }

    /// An auction that is over leaves the book, and with it goes what its entries mattered for.
    fn archive(&mut self, id: AuctionId) -> Option<Seq> {
        let held = self.auctions.get(&id)?;
        let (ended, auction) = (held.ended()?, held.auction()?);
        let (seq, phase) = (auction.seq().next(), auction.phase());
        let count = &mut self.phases[phase as usize];
        *count = count.saturating_sub(1);
        self.over.remove(&(ended, id));
        let held = self.auctions.remove(&id)?;
        for index in &held.entries {
            self.matters.without_auction(*index);
        }
        self.left = Some((id, *held));
        Some(seq)
    }

    /// The auction that the last event took away.
    pub(crate) fn take_left(&mut self) -> Option<(AuctionId, Held)> {
        self.left.take()
    }
}
