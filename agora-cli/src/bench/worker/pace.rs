//! When the next bid is due.

use agora::time::Timestamp;

use crate::bench::talk::Pace;

/// A pace, since it began.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    start: Timestamp,
    /// Bids made, in an open loop.
    made: u64,
    /// No bid is intended from then on.
    over: Option<Timestamp>,
}

impl Pacer {
    pub(super) const fn begin(pace: Pace, now: Timestamp) -> Self {
        Self { pace, start: now, made: 0, over: None }
    }

    /// No bid is intended from `at` on.
    pub(super) const fn end(&mut self, at: Timestamp) {
        self.over = Some(at);
    }

    /// Since when a bid is due, if one is.
    pub(super) fn due(&self, now: Timestamp, in_flight: u64) -> Option<Timestamp> {
        let intended = match self.pace {
            Pace::InFlight(most) if in_flight < u64::from(most) => now,
            Pace::InFlight(_) => return None,
            Pace::Rate(rate) => self.intended(rate, self.made),
        };
        (intended <= now && self.over.is_none_or(|over| intended < over)).then_some(intended)
    }

    /// It was made.
    pub(super) const fn made(&mut self) {
        self.made += 1;
    }

    /// When the next one is due, in an open loop.
    pub(super) fn next(&self) -> Option<Timestamp> {
        match self.pace {
            Pace::InFlight(_) => None,
            Pace::Rate(rate) => Some(self.intended(rate, self.made)),
        }
    }

    /// Bids that are due and were not made, in an open loop.
    pub(super) fn overdue(&self, now: Timestamp) -> u64 {
        let Pace::Rate(rate) = self.pace else { return 0 };
        let until = self.over.map_or(now, |over| over.min(now));
        let passed = until.since(self.start).as_secs_f64() * rate;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of bids, not negative")]
        let due = passed as u64;
        due.saturating_sub(self.made)
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "microseconds of a run are far below 2^52"
    )]
    fn intended(&self, rate: f64, number: u64) -> Timestamp {
        Timestamp::from_micros(self.start.as_micros() + (number as f64 * 1_000_000.0 / rate) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn an_open_loop_counts_from_the_intended_time_however_late_it_is() {
        let mut pacer = Pacer::begin(Pace::Rate(1000.0), at(5_000));
        assert_eq!(pacer.due(at(5_000), 0), Some(at(5_000)));
        pacer.made();
        assert_eq!(pacer.due(at(5_900), 0), None);
        assert_eq!(pacer.next(), Some(at(6_000)));
        // A stall: what was missed is made up for, each as of its own time.
        assert_eq!(pacer.overdue(at(9_500)), 3);
        for intended in [6_000, 7_000, 8_000, 9_000] {
            assert_eq!(pacer.due(at(9_500), 99), Some(at(intended)));
            pacer.made();
        }
        assert_eq!(pacer.due(at(9_500), 0), None);
    }

    #[test]
    fn a_closed_loop_bids_while_there_is_room() {
        let pacer = Pacer::begin(Pace::InFlight(2), at(0));
        assert_eq!(pacer.due(at(7), 1), Some(at(7)));
        assert_eq!(pacer.due(at(7), 2), None);
        assert_eq!((pacer.next(), pacer.overdue(at(7))), (None, 0));
    }

    #[test]
    fn what_was_intended_before_the_end_is_made_after_it_too() {
        let mut pacer = Pacer::begin(Pace::Rate(1000.0), at(0));
        pacer.end(at(2_000));
        for intended in [0, 1_000] {
            assert_eq!(pacer.due(at(50_000), 0), Some(at(intended)));
            pacer.made();
        }
        assert_eq!((pacer.due(at(50_000), 0), pacer.overdue(at(50_000))), (None, 0));
    }
}
