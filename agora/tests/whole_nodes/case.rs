//! What is run: a seed, and what of its schedule is left out.

use std::collections::BTreeSet;
use std::fmt;

use crate::invariants::Violation;
use crate::plan::run_one;
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
    /// Rubbish, and what was sent before.
    Hostile,
    /// Clocks at different rates.
    Clocks,
    /// The fault of this number.
    Fault(usize),
}

impl Part {
    const KINDS: [Self; 5] = [Self::Weather, Self::Orders, Self::Twins, Self::Hostile, Self::Clocks];

    /// As `AGORA_WHOLE_WITHOUT` names it.
    fn read(text: &str) -> Option<Self> {
        let kind = Self::KINDS.into_iter().find(|kind| kind.to_string() == text);
        kind.or_else(|| text.parse().ok().map(Self::Fault))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weather => f.write_str("weather"),
            Self::Orders => f.write_str("orders"),
            Self::Twins => f.write_str("twins"),
            Self::Hostile => f.write_str("hostile"),
            Self::Clocks => f.write_str("clocks"),
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

    /// The schedule of the seed, less what is left out.
    pub(crate) fn schedule(&self) -> Schedule {
        let mut schedule = Schedule::new(self.seed, self.seconds);
        for part in &self.without {
            match part {
                Part::Weather => schedule.weather = schedule.weather.fair(),
                Part::Orders => schedule.operator = None,
                Part::Twins => schedule.twins = false,
                Part::Hostile => schedule.hostile = None,
                Part::Clocks => schedule.rates.fill(1_000),
                Part::Fault(_) => {}
            }
        }
        let mut number = 0..;
        schedule.faults.retain(|_| number.next().is_some_and(|number| !self.without.contains(&Part::Fault(number))));
        schedule
    }

    /// The least that breaks the same invariant, and how; nothing, if all of it is needed.
    pub(crate) fn shrink(&self, violation: &Violation) -> Option<(Self, Violation)> {
        let faults = Schedule::new(self.seed, self.seconds).faults.len();
        let mut parts: Vec<Part> = (0..faults).map(Part::Fault).rev().chain(Part::KINDS).collect();
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
        write!(f, "--tier 2 --seed {} --seconds {}", self.seed, self.seconds)?;
        let without: Vec<String> = self.without.iter().map(Part::to_string).collect();
        if without.is_empty() { Ok(()) } else { write!(f, " --without {}", without.join(",")) }
    }
}

#[test]
fn a_case_leaves_out_what_it_names_and_nothing_else() {
    let whole = Case::new(3, 12);
    let all = whole.schedule().faults;
    assert!(all.len() > 2, "a seed with faults");
    let less = Case::new(3, 12).without("weather,orders,twins,hostile,clocks,0,2");
    assert_eq!(less.to_string(), "--tier 2 --seed 3 --seconds 12 --without weather,orders,twins,hostile,clocks,0,2");
    let schedule = less.schedule();
    assert!(schedule.operator.is_none() && schedule.hostile.is_none() && !schedule.twins);
    assert!(schedule.rates.iter().all(|rate| *rate == 1_000));
    assert_eq!(schedule.weather.loss, 0);
    assert_eq!(schedule.starts, whole.schedule().starts);
    let begins = |faults: &[crate::schedule::Planned]| faults.iter().map(|it| it.begin).collect::<Vec<_>>();
    let expected = begins(&all).into_iter().enumerate().filter(|(number, _)| ![0, 2].contains(number));
    assert_eq!(begins(&schedule.faults), expected.map(|(_, begin)| begin).collect::<Vec<_>>());
}
