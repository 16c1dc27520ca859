//! How a bidder without a program decides: from the round alone, so that a script plays the same each time.

use agora::amount::Amount;
use agora::id::Round;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::script::Move;

/// A rule that knows every round's move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// A move for each round, from the first; it passes the rest.
    Fixed(Vec<Move>),
    /// `start` in round 1, `step` more in each further round (less, where `limit` is below `start`), never beyond
    /// `limit`. There it goes on to bid its limit: every round counts towards the total, and a pass would give one away.
    Increment { start: Amount, step: Amount, limit: Amount },
    /// From `min` to `max`, all equally likely, in steps of `unit`. The same seed makes the same bids.
    Random { min: Amount, max: Amount, unit: Amount, seed: u64 },
}

impl Strategy {
    /// The move in a round, from 1.
    pub(super) fn answer(&self, round: Round) -> Move {
        let before = round.0.saturating_sub(1);
        match self {
            Self::Fixed(moves) => moves.get(before as usize).cloned().unwrap_or(Move::Pass),
            Self::Increment { start, step, limit } => {
                let way = step.micros().saturating_mul(before.into());
                let micros = if limit < start {
                    start.micros().saturating_sub(way).max(limit.micros())
                } else {
                    start.micros().saturating_add(way).min(limit.micros())
                };
                bid(micros)
            }
            Self::Random { min, max, unit, seed } => {
                let mut rng = ChaCha8Rng::seed_from_u64(*seed);
                // A stream a round: what one bid is does not hang on which were asked for before.
                rng.set_stream(round.0.into());
                let drawn = (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
                let (unit, from) = (unit.micros().max(1), min.micros());
                let steps = max.micros().saturating_sub(from) / unit;
                bid(from + drawn % (steps + 1) * unit)
            }
        }
    }
}

fn bid(micros: u128) -> Move {
    Move::Bid(Amount::from_micros(micros).unwrap_or(Amount::MAX).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).expect("an amount")
    }

    fn bids(strategy: &Strategy, rounds: u32) -> Vec<String> {
        let text = |round| match strategy.answer(Round(round)) {
            Move::Bid(amount) => amount,
            Move::Pass => "pass".into(),
        };
        (1..=rounds).map(text).collect()
    }

    #[test]
    fn an_increment_rises_by_its_step_and_stays_at_its_limit() {
        let strategy = Strategy::Increment { start: amount("10"), step: amount("2.5"), limit: amount("16") };
        assert_eq!(bids(&strategy, 5), ["10", "12.5", "15", "16", "16"]);
    }

    #[test]
    fn an_increment_falls_where_its_limit_is_lower() {
        let strategy = Strategy::Increment { start: amount("3"), step: amount("2"), limit: amount("0.5") };
        assert_eq!(bids(&strategy, 3), ["3", "1", "0.5"]);
    }

    #[test]
    fn an_increment_of_the_largest_numbers_stays_at_its_limit() {
        let strategy = Strategy::Increment { start: Amount::MAX, step: Amount::MAX, limit: Amount::MAX };
        assert_eq!(strategy.answer(Round(u32::MAX)), Move::Bid(Amount::MAX.to_string()));
    }

    #[test]
    fn a_list_that_is_too_short_passes_the_rest() {
        let strategy = Strategy::Fixed(vec![Move::Bid("10".into()), Move::Pass]);
        assert_eq!(bids(&strategy, 3), ["10", "pass", "pass"]);
    }

    #[test]
    fn the_same_seed_makes_the_same_bids_in_any_order_of_rounds() {
        let random = |seed| Strategy::Random { min: amount("10"), max: amount("20"), unit: amount("0.01"), seed };
        let first = bids(&random(7), 20);
        assert_eq!(bids(&random(7), 20), first);
        assert_eq!(random(7).answer(Round(20)), Move::Bid(first[19].clone()));
        assert_ne!(bids(&random(8), 20), first);
        // Written down once: a script plays the same with the next version.
        assert_eq!(first[..3], ["14.93", "14.03", "15.26"]);
    }

    #[test]
    fn random_bids_are_within_their_bounds_and_reach_both() {
        let strategy = Strategy::Random { min: amount("1"), max: amount("3"), unit: amount("1"), seed: 1 };
        let mut seen = bids(&strategy, 100);
        seen.sort();
        seen.dedup();
        assert_eq!(seen, ["1", "2", "3"]);
        let single = Strategy::Random { min: amount("5"), max: amount("5"), unit: amount("0.01"), seed: 1 };
        assert_eq!(bids(&single, 3), ["5", "5", "5"]);
    }
}
