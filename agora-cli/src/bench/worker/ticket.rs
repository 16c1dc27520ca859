//! What an answer or an event is about, in the one number that the client protocol repeats.

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// A bidder's subscription.
    Events,
    /// A bid.
    Bid {
        /// From 1.
        round: u32,
    },
    /// An auction's creation.
    Create,
    /// A bidder's joining.
    Join,
    /// An auction's end before its time.
    Cancel,
    /// The subscription of whoever verifies.
    Witness,
}

/// About which auction of this worker, which of its bidders, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) lot: u32,
    pub(super) bidder: u32,
    pub(super) about: About,
}

/// Rounds and bidders of an auction are 10,000 at most.
const BITS: u32 = 14;
const MASK: u64 = (1 << BITS) - 1;

impl Ticket {
    pub(super) const fn of(lot: u32, bidder: u32, about: About) -> u64 {
        let (kind, round) = match about {
            About::Events => (0, 0),
            About::Bid { round } => (1, round),
            About::Create => (2, 0),
            About::Join => (3, 0),
            About::Cancel => (4, 0),
            About::Witness => (5, 0),
        };
        (kind << BITS | round as u64 & MASK) << BITS << 32 | (bidder as u64 & MASK) << 32 | lot as u64
    }

    pub(super) fn read(ticket: u64) -> Self {
        let field = |shift: u32, mask: u64| u32::try_from(ticket >> shift & mask).unwrap_or_default();
        let about = match field(32 + 2 * BITS, MASK) {
            0 => About::Events,
            1 => About::Bid { round: field(32 + BITS, MASK) },
            2 => About::Create,
            3 => About::Join,
            4 => About::Cancel,
            _ => About::Witness,
        };
        Self { lot: field(0, u64::from(u32::MAX)), bidder: field(32, MASK), about }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_read_as_it_was_written() {
        for about in
            [About::Events, About::Bid { round: 10_000 }, About::Create, About::Join, About::Cancel, About::Witness]
        {
            for (lot, bidder) in [(0, 0), (7, 9_999), (u32::MAX, 3)] {
                assert_eq!(Ticket::read(Ticket::of(lot, bidder, about)), Ticket { lot, bidder, about });
            }
        }
    }
}
