//! What is run: a seed, and what of its schedule is left out.

use std::collections::BTreeSet;
use std::fmt;

use crate::invariants::Violation;
use crate::network::Weather;
use crate::runner::run_one;
use crate::schedule::Schedule;
use crate::shrink::shrink;

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

    /// The least that breaks the same invariant, and how; nothing, if all of it is needed.
    pub(crate) fn shrink(&self, violation: &Violation) -> Option<(Self, Violation)> {
        let faults = self.schedule().faults.len();
        let kinds = [Part::Weather, Part::Orders, Part::Twins, Part::Flush, Part::Strikes];
        let mut parts: Vec<Part> = (0..faults).map(Part::Fault).rev().chain(kinds).collect();
        parts.retain(|part| !self.without.contains(part));
        let less = |more: &BTreeSet<Part>| Self { without: self.without.union(more).copied().collect(), ..*self };
        let fails = |more: &BTreeSet<Part>| {
            run_one(&less(more), false).err().filter(|again| again.invariant == violation.invariant)
        };
        shrink(parts, fails).map(|(more, violation)| (less(&more), violation))
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
