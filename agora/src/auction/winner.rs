//! Which bid wins, and what is paid: one pure function per rule, from the bidders to the standings and the winner.

use std::cmp::Ordering;

use super::event::Rule;
use super::state::{Auction, Bidder};
use crate::amount::Amount;
use crate::id::ParticipantId;

/// Who wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Won {
    /// Who.
    pub participant: ParticipantId,
    /// The sum of its bids.
    pub total: Amount,
    /// What is paid: the total, but with `second-price`.
    pub price: Amount,
}

/// What a rule makes of the bids.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Award {
    /// All bidders, best first.
    ranked: Vec<Bidder>,
    /// Nobody, if nobody has bid.
    won: Option<Won>,
}

/// All bidders with their totals, best first. Who has not bid at all comes last, in order of joining.
pub fn standings(auction: &Auction) -> Vec<(ParticipantId, Amount)> {
    award(auction).ranked.into_iter().map(|bidder| (bidder.id, bidder.total)).collect()
}

/// Who wins as things stand; `None` if nobody has bid.
pub fn winner(auction: &Auction) -> Option<Won> {
    award(auction).won
}

fn award(auction: &Auction) -> Award {
    let (bidders, limit) = (auction.bidders(), auction.spec.limit);
    match auction.spec.rule {
        Rule::Highest => highest(bidders),
        Rule::Lowest => lowest(bidders),
        Rule::SecondPrice => second_price(bidders, limit),
    }
}

/// The highest total wins, and is paid.
fn highest(bidders: &[Bidder]) -> Award {
    award_first(rank(bidders, |one, other| other.total.cmp(&one.total)))
}

/// The lowest total wins, and is paid, among those who bid in the most rounds: who stays away from a round has asked for
/// nothing in it, and must not be cheaper by that.
fn lowest(bidders: &[Bidder]) -> Award {
    award_first(rank(bidders, |one, other| other.bids.cmp(&one.bids).then(one.total.cmp(&other.total))))
}

/// The highest total wins; what is paid is the second-highest total of those who bid, and no less than the minimum bid in
/// each round in which the winner bid.
fn second_price(bidders: &[Bidder], limit: Amount) -> Award {
    let mut award = highest(bidders);
    if let (Some(won), Some(winner)) = (&mut award.won, award.ranked.first()) {
        let second = award.ranked.get(1).filter(|second| second.reached.is_some());
        let least = Amount::from_micros(limit.micros() * u128::from(winner.bids)).unwrap_or(won.total);
        won.price = second.map_or(least, |second| second.total.max(least)).min(won.total);
    }
    award
}

/// The first of the ranking wins and pays its total, if it has bid.
fn award_first(ranked: Vec<Bidder>) -> Award {
    let first = ranked.first().filter(|first| first.reached.is_some());
    let won = first.map(|first| Won { participant: first.id, total: first.total, price: first.total });
    Award { ranked, won }
}

/// Those who have bid before those who have not, then by what is `better`, then by who reached its total first.
fn rank(bidders: &[Bidder], better: impl Fn(&Bidder, &Bidder) -> Ordering) -> Vec<Bidder> {
    let mut ranked = bidders.to_vec();
    ranked.sort_by(|one, other| {
        let has_bid = other.reached.is_some().cmp(&one.reached.is_some());
        has_bid.then_with(|| better(one, other)).then(one.reached.cmp(&other.reached))
    });
    ranked
}
