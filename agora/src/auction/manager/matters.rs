//! Which entries of the log still matter: without the others, folding it gives the same book.
//!
//! An entry matters as long as one of these holds:
//! - its events belong to an auction that is in the book;
//! - it is above the floor: a request may still be answered from it, or an auction that an entry above the floor would bring
//!   back is taken away by it;
//! - it is the one that raised the floor last.

use std::collections::BTreeSet;

use crate::id::Index;

/// A fold of the log, like the book that it belongs to.
#[derive(Debug, Default)]
pub(crate) struct Matters {
    floor: Index,
    /// Which entry raised the floor last, and whether that is all for which it matters.
    raised_by: Option<(Index, bool)>,
    /// Entries above the floor that matter for that only.
    above: BTreeSet<Index>,
    /// Those that matter no more, since they were asked for last.
    gone: Vec<Index>,
}

impl Matters {
    /// No auction in the book needs the entry.
    pub(crate) fn without_auction(&mut self, index: Index) {
        if index > self.floor {
            self.above.insert(index);
        } else {
            self.release(index);
        }
    }

    /// The entry means nothing: it never mattered.
    pub(crate) fn never(&mut self, index: Index) {
        self.gone.push(index);
    }

    /// The entry at `by` raises the floor.
    pub(crate) fn raise(&mut self, floor: Index, by: Index) {
        if let Some((before, true)) = self.raised_by.replace((by, false)) {
            self.gone.push(before);
        }
        self.floor = self.floor.max(floor);
        let stay = self.above.split_off(&self.floor.next());
        for index in std::mem::replace(&mut self.above, stay) {
            self.release(index);
        }
    }

    /// What matters no more, since this was asked last.
    pub(crate) fn take(&mut self) -> Vec<Index> {
        std::mem::take(&mut self.gone)
    }

    fn release(&mut self, index: Index) {
        match &mut self.raised_by {
            Some((by, only)) if *by == index => *only = true,
            _ => self.gone.push(index),
        }
    }
}
