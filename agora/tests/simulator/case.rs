//! What is run: a seed, and what of its schedule is left out.

use std::collections::BTreeSet;
use std::fmt;

use crate::invariants::Violation;
use crate::schedule::{PARTS, Schedule};
use crate::shrink::shrink;
use crate::tier::{ARGUMENTS, run_one};

/// A part of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// One of [`PARTS`].
    Named(&'static str),
    /// The fault of this number.
    Fault(usize),
}

impl Part {
    fn read(text: &str) -> Option<Self> {
        let named = PARTS.into_iter().find(|(name, _)| *name == text);
        named.map(|(name, _)| Self::Named(name)).or_else(|| text.parse().ok().map(Self::Fault))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
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

    /// With what a comma list names left out; the first name that is of no part, if there is one.
    pub(crate) fn without(mut self, list: &str) -> Result<Self, &str> {
        for name in list.split(',').filter(|name| !name.is_empty()) {
            self.without.insert(Part::read(name).ok_or(name)?);
        }
        Ok(self)
    }

    /// The schedule of the seed, less the named parts that are left out; which faults happen, [`has_fault`] tells.
    ///
    /// [`has_fault`]: Self::has_fault
    pub(crate) fn schedule(&self) -> Schedule {
        let mut schedule = Schedule::new(self.seed, self.seconds);
        for (name, leave_out) in PARTS {
            if self.without.contains(&Part::Named(name)) {
                leave_out(&mut schedule);
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
        let mut parts: Vec<Part> = (0..faults).map(Part::Fault).rev().collect();
        parts.extend(PARTS.map(|(name, _)| Part::Named(name)));
        parts.retain(|part| !self.without.contains(part));
        let less = |more: &BTreeSet<Part>| Self { without: self.without.union(more).copied().collect(), ..*self };
        let fails = |more: &BTreeSet<Part>| {
            let less = less(more);
            let again = run_one(&less, false).err().filter(|again| again.invariant == violation.invariant)?;
            eprintln!("so does {less}");
            Some(again)
        };
        shrink(parts, fails).map(|(more, violation)| (less(&more), violation))
    }
}

impl fmt::Display for Case {
    /// As the arguments of `.ci/seeds`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ARGUMENTS}--seed {} --seconds {}", self.seed, self.seconds)?;
        let without: Vec<String> = self.without.iter().map(Part::to_string).collect();
        if without.is_empty() { Ok(()) } else { write!(f, " --without {}", without.join(",")) }
    }
}

#[test]
fn a_case_is_read_as_it_is_told() {
    let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
    let list = format!("{},0,12", names.join(","));
    let case = Case::new(3, 12).without(&list).expect("all are parts");
    assert_eq!(case.without.len(), PARTS.len() + 2);
    let told = case.to_string();
    let again = told.rsplit(' ').next().map(|list| Case::new(3, 12).without(list));
    assert_eq!(again, Some(Ok(case.clone())), "{told}");
    assert!(case.has_fault(1) && !case.has_fault(0) && !case.has_fault(12));
    assert_eq!(Case::new(3, 12).without("0,wether"), Err("wether"));
}

#[test]
fn each_part_that_is_left_out_changes_some_seeds_and_none_of_their_faults() {
    let schedule = |seed, part| Case::new(seed, 12).without(part).expect("a part").schedule();
    for (part, _) in PARTS {
        let mut changed = 0;
        for seed in 0..40 {
            let (whole, less) = (schedule(seed, ""), schedule(seed, part));
            changed += usize::from(format!("{whole:?}") != format!("{less:?}"));
            assert_eq!(format!("{:?}", whole.faults), format!("{:?}", less.faults), "{part} of seed {seed}");
        }
        assert!(changed > 0, "{part}");
    }
}

#[test]
fn faults_that_are_left_out_do_not_happen() {
    let happened = |case: &Case| -> u64 {
        let report = run_one(case, false).expect("holds every invariant");
        let kinds: BTreeSet<&str> = case.schedule().faults.iter().map(|planned| planned.fault.name()).collect();
        kinds.into_iter().filter_map(|kind| report.faults.get(kind)).sum()
    };
    let whole = Case::new(2, 4);
    let faults: Vec<String> = (0..whole.schedule().faults.len()).map(|number| number.to_string()).collect();
    assert!(happened(&whole) > 0);
    assert_eq!(happened(&whole.without(&faults.join(",")).expect("parts")), 0);
}
