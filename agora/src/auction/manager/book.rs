//! What is committed: every auction with its events, and the request table. A fold of the log, so the same on every
//! node that holds the same log.

use std::collections::BTreeMap;

use super::requests::Requests;
use crate::auction::apply::apply;
use crate::auction::event::Event;
use crate::auction::state::Auction;
use crate::id::{AuctionId, Seq};
use crate::time::At;

/// An auction and how it came about.
#[derive(Debug)]
pub(crate) struct Held {
    /// As of its last event; `Some` from the first event on.
    auction: Option<Auction>,
    history: Vec<(Event, At)>,
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
}

/// The committed state.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Bounded by `max-auctions` where they are created, their events by the request table and by time.
    auctions: BTreeMap<AuctionId, Held>,
    phases: [u32; 4],
    /// Answers given.
    pub(crate) requests: Requests,
}

impl Book {
    /// The auction with its history.
    pub(crate) fn held(&self, auction: AuctionId) -> Option<&Held> {
        self.auctions.get(&auction)
    }

    /// The auction as committed.
    pub(crate) fn auction(&self, auction: AuctionId) -> Option<&Auction> {
        self.held(auction).and_then(Held::auction)
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

    /// Applies the next event: its number, and the auction after it. `None` if it does not fit; then nothing changes.
    pub(crate) fn apply(&mut self, event: &Event, at: At) -> Option<(Seq, &Auction)> {
        let id = event.auction();
        if !self.auctions.contains_key(&id) && !matches!(event, Event::AuctionCreated { .. }) {
            return None;
        }
        let held = self.auctions.entry(id).or_insert_with(|| Held { auction: None, history: Vec::new() });
        let before = held.auction().map(Auction::phase);
        let seq = apply(&mut held.auction, event)?;
        held.history.push((event.clone(), at));
        let auction = held.auction.as_ref()?;
        if let Some(before) = before {
            let count = &mut self.phases[before as usize];
            *count = count.saturating_sub(1);
        }
        self.phases[auction.phase() as usize] += 1;
        Some((seq, auction))
    }
}
