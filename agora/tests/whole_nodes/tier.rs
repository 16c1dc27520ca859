//! What is of this tier, for what all tiers share: [`crate::runner`] and [`crate::case`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::case::Case;
use crate::complaints;
use crate::invariants::Violation;
use crate::panics;
use crate::report::Report;
use crate::world::World;

/// What the variables of the environment that are its own begin with.
pub(crate) const VARIABLES: &str = "AGORA_WHOLE";
/// What `.ci/seeds` is told so that it runs this one.
pub(crate) const ARGUMENTS: &str = "--tier 2 ";
/// Seeds that `cargo test` runs.
pub(crate) const SEEDS: u64 = 10;
/// Seconds of the safety phase in `cargo test`; a run of so many seeds as the environment says takes [`LONG`].
pub(crate) const SHORT: u64 = 4;
/// See [`SHORT`].
pub(crate) const LONG: u64 = 12;
/// How often progress is told, in seeds.
pub(crate) const PROGRESS: u64 = 50;

/// Runs one case.
pub(crate) fn run_one(case: &Case, trace: bool) -> Result<Report, Violation> {
    complaints::listen();
    panics::listen();
    let run = || World::new(case, trace).run();
    let result = catch_unwind(AssertUnwindSafe(run));
    let noted = panics::none();
    match result {
        Ok(result) => result.and_then(|report| noted.map(|()| report)),
        Err(_) => Err(noted.err().unwrap_or_else(|| Violation::new("NET-1", "a panic".into()))),
    }
}
