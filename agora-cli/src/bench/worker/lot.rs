//! One auction of a worker: who has bid, who was told, and whether it all fits together.

use std::collections::VecDeque;

use agora::id::{AuctionId, Seq};
use agora::time::Timestamp;

/// A bid under way.
#[derive(Debug)]
pub(super) struct Bid {
    pub(super) round: u32,
    /// When it should have been made: latencies count from then.
    pub(super) intended: Timestamp,
    /// When it was first sent: in an open loop, perhaps long after that.
    pub(super) sent: Timestamp,
    /// Its number, by the acknowledgement.
    acknowledged: Option<Seq>,
    /// Its number, by the events, and how many bidders had that.
    told: Option<Seq>,
    seen: u32,
}

/// How a bid stands after news of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not acknowledged, or not delivered to all.
    UnderWay,
    /// Acknowledged under this number, and delivered to all.
    Done(Seq),
    /// Two numbers for one bid.
    Contradiction,
    /// No bid of that round is under way.
    Unknown,
}

/// What was acknowledged, for comparison: round, bidder, number.
pub(super) type Record = Vec<(u32, u32, Seq)>;

/// An auction.
#[derive(Debug)]
pub(super) struct Lot {
    /// Which of the auctions that run beside each other this is one of.
    pub(super) slot: u32,
    pub(super) rounds: u32,
    pub(super) id: Option<AuctionId>,
    /// So many of its bidders have joined.
    pub(super) joined: u32,
    /// A bidder each: its bids that are not done. More than one where others are told late.
    chairs: Vec<VecDeque<Bid>>,
    /// Bidders that were told that it is over.
    pub(super) ended: u32,
    /// The next one of its slot was begun.
    pub(super) succeeded: bool,
    /// All rounds were played.
    pub(super) completed: bool,
    pub(super) record: Option<Record>,
}

impl Lot {
    pub(super) fn new(slot: u32, rounds: u32, bidders: u32, recorded: bool) -> Self {
        Self {
            slot,
            rounds,
            id: None,
            joined: 0,
            chairs: (0..bidders).map(|_| VecDeque::new()).collect(),
            ended: 0,
            succeeded: false,
            completed: false,
            record: recorded.then(Record::new),
        }
    }

    /// A bid is made.
    pub(super) fn bid(&mut self, bidder: u32, round: u32, (intended, sent): (Timestamp, Timestamp)) {
        if let Some(chair) = self.chairs.get_mut(index(bidder)) {
            chair.push_back(Bid { round, intended, sent, acknowledged: None, told: None, seen: 0 });
        }
    }

    /// The bid, if it is under way.
    pub(super) fn find(&mut self, bidder: u32, round: u32) -> Option<&mut Bid> {
        self.chairs.get_mut(index(bidder))?.iter_mut().find(|bid| bid.round == round)
    }

    /// It is done, or will not be.
    pub(super) fn remove(&mut self, bidder: u32, round: u32) {
        if let Some(chair) = self.chairs.get_mut(index(bidder)) {
            chair.retain(|bid| bid.round != round);
        }
    }

    /// The bids under way.
    pub(super) fn bids(&self) -> impl Iterator<Item = &Bid> {
        self.chairs.iter().flatten()
    }

    /// How many they are.
    pub(super) fn open(&self) -> u64 {
        self.chairs.iter().map(|chair| chair.len() as u64).sum()
    }

    /// It was acknowledged.
    pub(super) fn acknowledged(&mut self, bidder: u32, round: u32, seq: Seq) -> Standing {
        if let Some(record) = &mut self.record {
            record.push((round, bidder, seq));
        }
        let all = self.chairs.len();
        let Some(bid) = self.find(bidder, round) else { return Standing::Unknown };
        bid.acknowledged = Some(seq);
        bid.standing(all)
    }

    /// One more bidder was told of it.
    pub(super) fn told(&mut self, bidder: u32, round: u32, seq: Seq) -> Standing {
        let all = self.chairs.len();
        let Some(bid) = self.find(bidder, round) else { return Standing::Unknown };
        if bid.told.is_some_and(|told| told != seq) {
            return Standing::Contradiction;
        }
        bid.told = Some(seq);
        bid.seen += 1;
        bid.standing(all)
    }
}

impl Bid {
    fn standing(&self, all: usize) -> Standing {
        match (self.acknowledged, self.told) {
            (Some(acknowledged), Some(told)) if acknowledged != told => Standing::Contradiction,
            (Some(seq), Some(_)) if index(self.seen) == all => Standing::Done(seq),
            _ => Standing::UnderWay,
        }
    }
}

/// A number as a place in a list.
pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bid_is_done_once_it_is_acknowledged_and_all_were_told() {
        let mut lot = Lot::new(0, 1, 2, true);
        lot.bid(1, 1, (Timestamp::ZERO, Timestamp::ZERO));
        assert_eq!(lot.told(1, 1, Seq(7)), Standing::UnderWay);
        assert_eq!(lot.acknowledged(1, 1, Seq(7)), Standing::UnderWay);
        assert_eq!(lot.told(1, 1, Seq(7)), Standing::Done(Seq(7)));
        assert_eq!(lot.open(), 1);
        lot.remove(1, 1);
        assert_eq!((lot.open(), lot.told(1, 1, Seq(7))), (0, Standing::Unknown));
        assert_eq!(lot.record, Some(vec![(1, 1, Seq(7))]));
    }

    #[test]
    fn two_numbers_for_one_bid_are_a_contradiction() {
        let mut lot = Lot::new(0, 1, 2, false);
        lot.bid(0, 1, (Timestamp::ZERO, Timestamp::ZERO));
        assert_eq!(lot.told(0, 1, Seq(7)), Standing::UnderWay);
        assert_eq!(lot.told(0, 1, Seq(8)), Standing::Contradiction);
        assert_eq!(lot.acknowledged(0, 1, Seq(9)), Standing::Contradiction);
    }
}
