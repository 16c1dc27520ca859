//! Which bid wins: one pure function per rule, from the bidders to the standings and the winner.

use std::cmp::Ordering;

use super::event::Rule;
use super::state::{Auction, Bidder};
use crate::amount::Amount;
use crate::id::ParticipantId;

/// What a rule makes of the bids.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Award {
    /// All bidders with their totals, best first.
    standings: Vec<(ParticipantId, Amount)>,
    /// Who wins, and what is paid; nobody, if nobody has bid.
    winner: Option<(ParticipantId, Amount)>,
}

/// All bidders with their totals, best first. Who has not bid at all comes last, in order of joining.
pub fn standings(auction: &Auction) -> Vec<(ParticipantId, Amount)> {
    award(auction).standings
}

/// Who wins as things stand, with which total; `None` if nobody has bid.
pub fn winner(auction: &Auction) -> Option<(ParticipantId, Amount)> {
    award(auction).winner
}

fn award(auction: &Auction) -> Award {
    match auction.spec.rule {
        Rule::Highest => highest(auction.bidders()),
    }
}

/// The highest total wins; among equal ones, the one that was reached first.
fn highest(bidders: &[Bidder]) -> Award {
    let ranked = rank(bidders, |one, other| other.total.cmp(&one.total));
    let winner = ranked.first().filter(|best| best.reached.is_some()).map(|best| (best.id, best.total));
    Award { standings: ranked.into_iter().map(|bidder| (bidder.id, bidder.total)).collect(), winner }
}

/// Those who have bid before those who have not, then by `better` total, then by who reached it first.
fn rank(bidders: &[Bidder], better: impl Fn(&Bidder, &Bidder) -> Ordering) -> Vec<Bidder> {
    let mut ranked = bidders.to_vec();
    ranked.sort_by(|one, other| {
        let has_bid = other.reached.is_some().cmp(&one.reached.is_some());
        has_bid.then_with(|| better(one, other)).then(one.reached.cmp(&other.reached))
    });
    ranked
}
