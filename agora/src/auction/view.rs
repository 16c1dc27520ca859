//! What a participant is shown of an event: one message, cut into pages where it has many lines.
//!
//! This is the only place that turns amounts into messages for participants (SEAL-1): while a round is sealed, its
//! amounts are shown to nobody but their own bidder.

use super::event::{Disclosure, Event};
use super::message::{Bidding, Ending, Head, Line, Outcome, Page, Phase};
use super::state::{Auction, Bidder, Standing};
use super::winner::{self, Won};
use crate::id::{ParticipantId, Round};
use crate::time::At;

/// At most so many lines a page: with the longest amounts a page stays within 1,024 bytes, and so in one datagram.
pub const MAX_LINES: usize = 10;

/// A message that shows an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// While it runs.
    Bidding(Bidding),
    /// How it ended.
    Outcome(Outcome),
}

impl From<Shown> for crate::wire::Message {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::Bidding(message) => Self::Bidding(message),
            Shown::Outcome(message) => Self::Outcome(message),
        }
    }
}

/// What `to` (`None`: a watcher that takes no part) is shown of a numbered event: one message, in one or more pages that
/// carry the same head.
///
/// `auction_after` is the auction right after the event. For events other than those that [`needs_state_at`] names, any
/// later state of it does as well. With a state that is too old or too new it shows nothing rather than the wrong
/// thing. `now` is the leadership time at which the message is sent.
pub fn view(auction_after: &Auction, event: &Event, head: Head, now: At, to: Option<ParticipantId>) -> Vec<Shown> {
    Showing::new(auction_after, event).map_or_else(Vec::new, |showing| showing.to(head, now, to))
}

/// Whether showing the event takes the state right after it
/// ([`state_at`](super::apply::state_at)), not just a later one.
pub const fn needs_state_at(event: &Event) -> bool {
    matches!(event, Event::RoundCompleted { .. })
}

/// An event about to be shown to many: what is the same for all of them is worked out once.
#[derive(Debug)]
pub struct Showing<'a> {
    auction: &'a Auction,
    event: &'a Event,
    /// The lines of a paged message, with all amounts.
    lines: Vec<Line>,
    won: Option<Won>,
}

impl<'a> Showing<'a> {
    /// Of `event`; see [`view`] for `auction_after`. `None` if the two do not belong together.
    pub fn new(auction_after: &'a Auction, event: &'a Event) -> Option<Self> {
        let auction = auction_after;
        let (lines, won) = match *event {
            _ if auction.id() != event.auction() => return None,
            Event::RoundCompleted { round, .. } if auction.round() != round || auction.is_open() => return None,
            Event::AuctionCompleted { .. } if auction.phase() != Phase::Completed => return None,
            Event::RoundCompleted { .. } if auction.spec().disclosure == Disclosure::Secret => {
                (auction.bidders().iter().map(round_line).collect(), None)
            }
            Event::RoundCompleted { .. } => {
                let ranked = winner::standings(auction).into_iter();
                (ranked.filter_map(|(who, _)| auction.bidder(who)).map(round_line).collect(), None)
            }
            Event::AuctionCompleted { .. } => {
                let line = |(participant, total)| Line { participant, amount: None, total: Some(total) };
                (winner::standings(auction).into_iter().map(line).collect(), winner::winner(auction))
            }
            _ => (Vec::new(), None),
        };
        Some(Self { auction, event, lines, won })
    }

    /// Whoever has the same eyes is shown the same: those of `to` (`None`: of a watcher), as the one whose they are.
    pub fn eyes(&self, to: Option<ParticipantId>) -> Option<ParticipantId> {
        let to = to.filter(|&who| self.auction.bidder(who).is_some())?;
        let disclosure = self.auction.spec().disclosure;
        match *self.event {
            Event::BidAccepted { participant, .. } if to == participant && disclosure != Disclosure::Open => Some(to),
            Event::RoundCompleted { .. } if disclosure == Disclosure::Secret => Some(to),
            Event::AuctionCompleted { .. } => {
                let winner = self.won.map(|won| won.participant);
                if Some(to) == winner {
                    return winner;
                }
                self.auction.bidders().iter().map(|bidder| bidder.id).find(|loser| Some(*loser) != winner)
            }
            _ => None,
        }
    }

    /// As [`view`].
    pub fn to(&self, head: Head, now: At, to: Option<ParticipantId>) -> Vec<Shown> {
        let remaining = |deadline| u64::try_from(now.until(deadline).as_millis()).unwrap_or(u64::MAX);
        let shown = match *self.event {
            Event::AuctionArchived { .. } => return Vec::new(),
            Event::AuctionCreated { auctioneer, ref spec, .. } => {
                Bidding::Created { head, auctioneer, spec: (**spec).clone() }
            }
            Event::ParticipantJoined { participant, .. } => Bidding::Joined { head, participant },
            Event::ParticipantLeft { participant, .. } => Bidding::Left { head, participant },
            Event::ReadyCheck { deadline, .. } => Bidding::ReadyCheck { head, remaining_ms: remaining(deadline) },
            Event::AuctionStarted { .. } => Bidding::Start { head },
            Event::RoundStarted { round, deadline, .. } => {
                Bidding::RoundStart { head, round, remaining_ms: deadline.map(remaining) }
            }
            Event::BidAccepted { round, participant, amount, .. } => {
                let visible = to == Some(participant) || self.auction.spec().disclosure == Disclosure::Open;
                Bidding::Broadcast { head, round, participant, pass: false, amount: visible.then_some(amount) }
            }
            Event::Passed { round, participant, .. } => {
                Bidding::Broadcast { head, round, participant, pass: true, amount: None }
            }
            Event::RoundCompleted { round, .. } => return self.round_complete(head, round, to),
            Event::AuctionCompleted { .. } => return self.ending(head, to),
            Event::AuctionCancelled { ref reason, .. } => {
                return vec![Shown::Outcome(Outcome::Cancel { head, reason: reason.clone() })];
            }
        };
        vec![Shown::Bidding(shown)]
    }

    fn round_complete(&self, head: Head, round: Round, to: Option<ParticipantId>) -> Vec<Shown> {
        let secret = self.auction.spec().disclosure == Disclosure::Secret;
        let visible = |line: &Line| match to {
            _ if !secret => line.clone(),
            Some(own) if own == line.participant => line.clone(),
            _ => Line { participant: line.participant, amount: None, total: None },
        };
        let page = |page| Shown::Bidding(Bidding::RoundComplete { head, round, page });
        pages(&self.lines, visible).map(page).collect()
    }

    fn ending(&self, head: Head, to: Option<ParticipantId>) -> Vec<Shown> {
        let winner = self.won.map(|won| won.participant);
        let (total, price) = (self.won.map(|won| won.total), self.won.map(|won| won.price));
        let ending = |page| Ending { head, winner, total, price, page };
        let role = match to.filter(|&who| self.auction.bidder(who).is_some()) {
            None => Outcome::Result,
            bidder if bidder == winner => Outcome::Winner,
            Some(_) => Outcome::Loser,
        };
        pages(&self.lines, Line::clone).map(|page| Shown::Outcome(role(ending(page)))).collect()
    }
}

/// A bidder's line in ROUND_COMPLETE, with everything in it.
fn round_line(bidder: &Bidder) -> Line {
    let amount = match bidder.standing {
        Standing::Bid(amount, _) => Some(amount),
        Standing::None | Standing::Passed(_) => None,
    };
    Line { participant: bidder.id, amount, total: Some(bidder.total) }
}

/// Pages of lines, at least one.
fn pages<'a>(lines: &'a [Line], visible: impl Fn(&Line) -> Line + 'a) -> impl Iterator<Item = Page> + 'a {
    let of = lines.len().div_ceil(MAX_LINES).max(1);
    let number = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    (0..of).map(move |index| {
        let lines = lines.iter().skip(index * MAX_LINES).take(MAX_LINES).map(&visible).collect();
        Page { number: number(index + 1), of: number(of), lines }
    })
}
