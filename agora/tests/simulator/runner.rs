//! Many seeds: across threads, with progress, and with the command that repeats a failure.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::json;

use crate::case::Case;
use crate::invariants::Violation;
use crate::ledger;
use crate::world::{Report, World};

/// Seeds that `cargo test` runs.
const SEEDS: u64 = 200;
/// Seconds of the safety phase in `cargo test`; a run of `AGORA_SIM_SEEDS` takes [`LONG`].
const SHORT: u64 = 6;
/// See [`SHORT`].
const LONG: u64 = 20;

/// Which seeds to run, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    from: u64,
    seeds: u64,
    seconds: u64,
    trace: bool,
    progress: bool,
    keep_going: bool,
    without: String,
    /// Only seeds of mode `reachable` that promise one log: what few seeds show, these do sooner.
    only_reachable: bool,
    append: Option<PathBuf>,
}

/// A seed that broke an invariant.
#[derive(Debug)]
pub(crate) struct Failure {
    case: Case,
    violation: Violation,
    /// The least that breaks the same invariant.
    least: Option<(Case, Violation)>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, violation, least } = self;
        writeln!(f, "seed {} breaks {violation}", case.seed)?;
        let shown = match least {
            Some((least, violation)) => {
                let faults = case.schedule().faults.len();
                let left = (0..faults).filter(|number| least.has_fault(*number)).count();
                writeln!(f, "with {left} of its {faults} faults: {violation}")?;
                least
            }
            None => case,
        };
        write!(f, "repeat: .ci/seeds {shown} --trace")
    }
}

/// What all runs have seen together.
#[derive(Debug, Default)]
struct Sum {
    runs: u64,
    live: u64,
    time: u64,
    elections: u64,
    orders: u64,
    expired: u64,
    member_changes: u64,
    compactions: u64,
    snapshots: u64,
    acknowledged: u64,
    bids: u64,
    refused: u64,
    results: u64,
    datagrams: u64,
    faults: BTreeMap<&'static str, u64>,
}

impl Plan {
    /// As the environment says.
    pub(crate) fn from_environment() -> Self {
        let seed = number("AGORA_SIM_SEED");
        let seeds = number("AGORA_SIM_SEEDS");
        Self {
            from: seed.or_else(|| number("AGORA_SIM_FROM")).unwrap_or(0),
            seeds: if seed.is_some() { 1 } else { seeds.unwrap_or(SEEDS) },
            seconds: number("AGORA_SIM_SECONDS").unwrap_or(if seeds.is_some() { LONG } else { SHORT }),
            trace: std::env::var_os("AGORA_SIM_TRACE").is_some_and(|value| value != "0"),
            progress: seeds.is_some(),
            keep_going: std::env::var_os("AGORA_SIM_KEEP_GOING").is_some(),
            without: std::env::var("AGORA_SIM_WITHOUT").unwrap_or_default(),
            only_reachable: std::env::var("AGORA_SIM_ONLY").is_ok_and(|only| only == "reachable"),
            append: std::env::var_os("AGORA_SIM_APPEND").map(PathBuf::from),
        }
    }

    /// Runs the seeds; gives the failure with the lowest seed.
    pub(crate) fn run(&self) -> Result<(), Box<Failure>> {
        let next = AtomicU64::new(self.from);
        let end = AtomicU64::new(self.from + self.seeds);
        let sum = Mutex::new(Sum::default());
        let failure = Mutex::new(None::<Failure>);
        #[expect(clippy::disallowed_methods, reason = "how fast the simulator itself is")]
        let began = Instant::now();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end.load(Ordering::Relaxed) {
                            return;
                        }
                        let case = Case::new(seed, self.seconds).without(&self.without);
                        if self.only_reachable && !case.schedule().founded_once() {
                            continue;
                        }
                        match run_one(&case, self.trace) {
                            Ok(report) => self.add(&sum, &report, began),
                            Err(violation) => {
                                if self.keep_going {
                                    eprintln!("seed {seed} breaks {violation}");
                                } else {
                                    end.fetch_min(seed, Ordering::Relaxed);
                                }
                                let mut failure = failure.lock().expect("no thread panics with it");
                                if failure.as_ref().is_none_or(|known| known.case.seed > seed) {
                                    *failure = Some(Failure { case, violation, least: None });
                                }
                            }
                        }
                    }
                });
            }
        });
        let failure = failure.into_inner().ok().flatten();
        if let Ok(sum) = sum.lock() {
            eprintln!("{}", sum.told(began));
            self.append(&sum, failure.as_ref());
        }
        let Some(mut failure) = failure else { return Ok(()) };
        if self.progress && !self.trace {
            eprintln!("seed {} breaks {}; looking for the least that does", failure.case.seed, failure.violation);
            failure.least = failure.case.shrink(&failure.violation);
        }
        Err(Box::new(failure))
    }

    /// Adds this run to a file of runs, a JSON object a line, and tells what they are together.
    fn append(&self, sum: &Sum, failure: Option<&Failure>) {
        let Some(path) = &self.append else { return };
        let run = json!({
            "from": self.from, "seeds": sum.runs, "with-liveness": sum.live, "simulated-seconds": sum.time / 1_000_000,
            "elections": sum.elections, "member-changes": sum.member_changes,
            "compactions": sum.compactions, "snapshots": sum.snapshots, "acknowledged": sum.acknowledged,
            "faults": sum.faults.values().sum::<u64>(), "failed": failure.map(|failure| failure.case.seed),
        });
        ledger::append(path, &run);
    }

    fn add(&self, sum: &Mutex<Sum>, report: &Report, began: Instant) {
        let mut sum = sum.lock().expect("no thread panics with it");
        sum.runs += 1;
        sum.live += u64::from(report.live);
        sum.time += report.time;
        sum.elections += report.elections;
        sum.orders += report.orders;
        sum.expired += report.expired;
        sum.member_changes += report.member_changes;
        sum.compactions += report.compactions;
        sum.snapshots += report.snapshots;
        sum.acknowledged += report.acknowledged;
        sum.bids += report.bids;
        sum.refused += report.refused;
        sum.results += report.results;
        sum.datagrams += report.datagrams;
        for (fault, count) in &report.faults {
            *sum.faults.entry(fault).or_default() += count;
        }
        if self.progress && sum.runs.is_multiple_of(500) {
            eprintln!("{}", sum.told(began));
        }
    }
}

impl Sum {
    fn told(&self, began: Instant) -> String {
        let spent = began.elapsed().as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let (seeds, simulated) = (self.runs as f64 / spent, self.time as f64 / 1e6 / spent);
        let faults: Vec<String> = self.faults.iter().map(|(fault, count)| format!("{fault} {count}")).collect();
        format!(
            "{} seeds ({} with liveness), {seeds:.1} a second, {simulated:.0} simulated seconds a second; {} elections, {} orders, \
             {} member changes, {} compactions, {} snapshots taken, \
             {} requests acknowledged ({} bids), {} refused, {} expired, {} results, {} datagrams; faults: {}",
            self.runs,
            self.live,
            self.elections,
            self.orders,
            self.member_changes,
            self.compactions,
            self.snapshots,
            self.acknowledged,
            self.bids,
            self.refused,
            self.expired,
            self.results,
            self.datagrams,
            faults.join(", ")
        )
    }
}

/// Runs one case.
pub(crate) fn run_one(case: &Case, trace: bool) -> Result<Report, Violation> {
    crate::complaints::listen();
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

fn number<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}
