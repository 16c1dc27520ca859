//! Many seeds: across threads, with progress, and with the command that repeats a failure.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::invariants::Violation;
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
}

/// A seed that broke an invariant.
#[derive(Debug)]
pub(crate) struct Failure {
    seed: u64,
    seconds: u64,
    violation: Violation,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, seconds, violation } = self;
        writeln!(f, "seed {seed} breaks {violation}")?;
        write!(
            f,
            "repeat: AGORA_SIM_SEED={seed} AGORA_SIM_SECONDS={seconds} AGORA_SIM_TRACE=1 \
             cargo test -p agora --test simulator seeds -- --nocapture"
        )
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
    member_changes: u64,
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
        }
    }

    /// Runs the seeds; gives the failure with the lowest seed.
    pub(crate) fn run(&self) -> Result<(), Failure> {
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
                        match run_one(seed, self.seconds, self.trace) {
                            Ok(report) => self.add(&sum, &report, began),
                            Err(violation) => {
                                if self.keep_going {
                                    eprintln!("seed {seed} breaks {violation}");
                                } else {
                                    end.fetch_min(seed, Ordering::Relaxed);
                                }
                                let mut failure = failure.lock().expect("no thread panics with it");
                                if failure.as_ref().is_none_or(|known| known.seed > seed) {
                                    *failure = Some(Failure { seed, seconds: self.seconds, violation });
                                }
                            }
                        }
                    }
                });
            }
        });
        if let Ok(sum) = sum.lock() {
            eprintln!("{}", sum.told(began));
        }
        failure.into_inner().ok().flatten().map_or(Ok(()), Err)
    }

    fn add(&self, sum: &Mutex<Sum>, report: &Report, began: Instant) {
        let mut sum = sum.lock().expect("no thread panics with it");
        sum.runs += 1;
        sum.live += u64::from(report.live);
        sum.time += report.time;
        sum.elections += report.elections;
        sum.orders += report.orders;
        sum.member_changes += report.member_changes;
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
             {} member changes, \
             {} requests acknowledged ({} bids), {} refused, {} results, {} datagrams; faults: {}",
            self.runs,
            self.live,
            self.elections,
            self.orders,
            self.member_changes,
            self.acknowledged,
            self.bids,
            self.refused,
            self.results,
            self.datagrams,
            faults.join(", ")
        )
    }
}

/// Runs one seed.
pub(crate) fn run_one(seed: u64, seconds: u64, trace: bool) -> Result<Report, Violation> {
    crate::complaints::listen();
    let run = || {
        let mut world = World::new(seed, seconds, trace);
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
