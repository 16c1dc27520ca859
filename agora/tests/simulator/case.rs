//! What is run: a seed, and what of its schedule is left out; and the search for the least that still fails.

use std::collections::BTreeSet;
use std::fmt;

use crate::invariants::Violation;
use crate::network::Weather;
use crate::runner::run_one;
use crate::schedule::Schedule;

/// A failure is looked at again so often at most.
const MAX_TRIES: usize = 1_000;

/// A part of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Loss, repetition, reordering, damage.
    Weather,
    /// The operator.
    Orders,
    /// Two clients with one id.
    Twins,
    /// Slow flushes.
    Flush,
    /// Leaders that crash as they change the members.
    Strikes,
    /// The fault of this number.
    Fault(usize),
}

impl Part {
    /// As `AGORA_SIM_WITHOUT` names it.
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "weather" => Self::Weather,
            "orders" => Self::Orders,
            "twins" => Self::Twins,
            "flush" => Self::Flush,
            "strikes" => Self::Strikes,
            number => Self::Fault(number.parse().ok()?),
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weather => f.write_str("weather"),
            Self::Orders => f.write_str("orders"),
            Self::Twins => f.write_str("twins"),
            Self::Flush => f.write_str("flush"),
            Self::Strikes => f.write_str("strikes"),
            Self::Fault(number) => write!(f, "{number}"),
        }
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    /// The seed.
    pub seed: u64,
    /// Of the safety phase.
    pub seconds: u64,
    /// What is left out.
    pub without: BTreeSet<Part>,
}

impl Case {
    /// All of a seed.
    pub(crate) const fn new(seed: u64, seconds: u64) -> Self {
        Self { seed, seconds, without: BTreeSet::new() }
    }

    /// With what a comma list names left out.
    pub(crate) fn without(mut self, list: &str) -> Self {
        self.without.extend(list.split(',').filter_map(Part::read));
        self
    }

    /// The schedule of the seed, less what is left out. Faults keep their numbers.
    pub(crate) fn schedule(&self) -> Schedule {
        let mut schedule = Schedule::new(self.seed, self.seconds);
        for part in &self.without {
            match *part {
                Part::Weather => schedule.weather = Weather::CALM,
                Part::Orders => schedule.orders = None,
                Part::Twins => schedule.twins = false,
                Part::Flush => schedule.flush = 0,
                Part::Strikes => schedule.strikes = false,
                Part::Fault(_) => {}
            }
        }
        schedule
    }

    /// Whether the fault of this number happens.
    pub(crate) fn has_fault(&self, number: usize) -> bool {
        !self.without.contains(&Part::Fault(number))
    }

    /// The least that breaks the same invariant: parts are left out, half of them at a time, then fewer, for as long as it
    /// still fails (delta debugging: Zeller and Hildebrandt, 2002).
    pub(crate) fn shrink(&self, violation: &Violation) -> (Self, Violation) {
        let faults = self.schedule().faults.len();
        let parts = [Part::Weather, Part::Orders, Part::Twins, Part::Flush, Part::Strikes];
        let mut left: Vec<Part> = (0..faults).map(Part::Fault).rev().chain(parts).collect();
        left.retain(|part| !self.without.contains(part));
        let (mut best, mut seen) = (self.clone(), violation.clone());
        let (mut size, mut tries) = (left.len().div_ceil(2), 0);
        while size > 0 {
            let (mut place, before) = (0, left.len());
            while place < left.len() && tries < MAX_TRIES {
                tries += 1;
                let some: Vec<Part> = left[place..(place + size).min(left.len())].to_vec();
                let mut less = best.clone();
                less.without.extend(some.iter().copied());
                match run_one(&less, false) {
                    Err(again) if again.invariant == seen.invariant => {
                        (best, seen) = (less, again);
                        left.drain(place..place + some.len());
                    }
                    _ => place += some.len(),
                }
            }
            // What is left alone now may go once something else has gone.
            let again = size == 1 && left.len() < before && tries < MAX_TRIES;
            size = if again { 1 } else { size / 2 };
        }
        (best, seen)
    }
}

impl fmt::Display for Case {
    /// As the arguments of `.ci/seeds`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--seed {} --seconds {}", self.seed, self.seconds)?;
        let without: Vec<String> = self.without.iter().map(Part::to_string).collect();
        if without.is_empty() { Ok(()) } else { write!(f, " --without {}", without.join(",")) }
    }
}
