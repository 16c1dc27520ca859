//! What is of this tier, for what all tiers share: [`crate::runner`] and [`crate::case`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::case::Case;
use crate::complaints;
use crate::invariants::Violation;
use crate::report::Report;
use crate::world::World;

/// What the variables of the environment that are its own begin with.
pub(crate) const VARIABLES: &str = "AGORA_SIM";
/// What `.ci/seeds` is told so that it runs this one.
pub(crate) const ARGUMENTS: &str = "";
/// Seeds that `cargo test` runs.
pub(crate) const SEEDS: u64 = 200;
/// Seconds of the safety phase in `cargo test`; a run of so many seeds as the environment says takes [`LONG`].
pub(crate) const SHORT: u64 = 6;
/// See [`SHORT`].
pub(crate) const LONG: u64 = 20;
/// How often progress is told, in seeds.
pub(crate) const PROGRESS: u64 = 500;

/// Runs one case.
pub(crate) fn run_one(case: &Case, trace: bool) -> Result<Report, Violation> {
    complaints::listen();
    let run = || {
        let mut world = World::new(case, trace);
        world.run().map(|()| world.report)
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(Violation::new("NET-1", format!("panic: {}", words.unwrap_or_default())))
    })
}
