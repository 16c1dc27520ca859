//! Which auction's deadline comes first.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::AuctionId;
use crate::time::At;

/// The deadlines of all auctions, by time. At most one each.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    by_time: BTreeSet<(At, AuctionId)>,
    by_auction: BTreeMap<AuctionId, At>,
}

impl Deadlines {
    /// The auction's deadline is now `deadline`.
    pub(crate) fn set(&mut self, auction: AuctionId, deadline: Option<At>) {
        let before = match deadline {
            Some(at) => self.by_auction.insert(auction, at),
            None => self.by_auction.remove(&auction),
        };
        if before == deadline {
            return;
        }
        if let Some(at) = before {
            self.by_time.remove(&(at, auction));
        }
        if let Some(at) = deadline {
            self.by_time.insert((at, auction));
        }
    }

    /// The earliest.
    pub(crate) fn first(&self) -> Option<(At, AuctionId)> {
        self.by_time.first().copied()
    }
}
