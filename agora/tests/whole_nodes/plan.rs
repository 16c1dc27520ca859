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
use crate::run::Report;
use crate::world::World;
use crate::{complaints, ledger, panics};

/// Seeds that `cargo test` runs.
const SEEDS: u64 = 10;
/// Seconds of the safety phase in `cargo test`; a run of `AGORA_WHOLE_SEEDS` takes [`LONG`].
const SHORT: u64 = 4;
/// See [`SHORT`].
const LONG: u64 = 12;
/// How often progress is told, in seeds.
const PROGRESS: u64 = 50;

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
        if let Some((least, violation)) = least {
            let (left, faults) = (least.schedule().faults.len(), case.schedule().faults.len());
            writeln!(f, "with {left} of its {faults} faults: {violation}")?;
        }
        write!(f, "repeat: .ci/seeds {} --trace", least.as_ref().map_or(case, |(least, _)| least))
    }
}

impl Plan {
    /// As the environment says.
    pub(crate) fn from_environment() -> Self {
        let seed = number("AGORA_WHOLE_SEED");
        let seeds = number("AGORA_WHOLE_SEEDS");
        Self {
            from: seed.or_else(|| number("AGORA_WHOLE_FROM")).unwrap_or(0),
            seeds: if seed.is_some() { 1 } else { seeds.unwrap_or(SEEDS) },
            seconds: number("AGORA_WHOLE_SECONDS").unwrap_or(if seeds.is_some() { LONG } else { SHORT }),
            trace: std::env::var_os("AGORA_WHOLE_TRACE").is_some_and(|value| value != "0"),
            progress: seeds.is_some(),
            keep_going: std::env::var_os("AGORA_WHOLE_KEEP_GOING").is_some(),
            without: std::env::var("AGORA_WHOLE_WITHOUT").unwrap_or_default(),
            append: std::env::var_os("AGORA_WHOLE_APPEND").map(PathBuf::from),
        }
    }

    /// Runs the seeds; gives the failure with the lowest seed.
    pub(crate) fn run(&self) -> Result<(), Box<Failure>> {
        let next = AtomicU64::new(self.from);
        let end = AtomicU64::new(self.from + self.seeds);
        let sum = Mutex::new(Sum::default());
        let failure = Mutex::new(None::<Failure>);
        #[expect(clippy::disallowed_methods, reason = "how fast the simulation itself is")]
        let began = Instant::now();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let worker = || loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end.load(Ordering::Relaxed) {
                return;
            }
            let case = Case::new(seed, self.seconds).without(&self.without);
            match run_one(&case, self.trace) {
                Ok(report) => {
                    let mut sum = sum.lock().expect("no thread panics with it");
                    sum.add(&report);
                    if self.progress && sum.runs.is_multiple_of(PROGRESS) {
                        eprintln!("{}", sum.told(began));
                    }
                }
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
        };
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(worker);
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

    fn append(&self, sum: &Sum, failure: Option<&Failure>) {
        let Some(path) = &self.append else { return };
        let Report { time, live, datagrams, elections, acknowledged, bids, results, faults, .. } = &sum.all;
        let run = json!({
            "from": self.from, "seeds": sum.runs, "with-liveness": live, "simulated-seconds": time / 1_000_000,
            "elections": elections, "acknowledged": acknowledged, "bids": bids, "results": results,
            "datagrams": datagrams, "faults": faults.values().sum::<u64>(),
            "failed": failure.map(|failure| failure.case.seed),
        });
        ledger::append(path, &run);
    }
}

/// What all runs have seen together.
#[derive(Debug, Default)]
struct Sum {
    runs: u64,
    all: Report,
}

impl Sum {
    fn add(&mut self, report: &Report) {
        self.runs += 1;
        let all = &mut self.all;
        all.time += report.time;
        all.live += report.live;
        all.datagrams += report.datagrams;
        all.elections += report.elections;
        all.acknowledged += report.acknowledged;
        all.bids += report.bids;
        all.results += report.results;
        all.amounts += report.amounts;
        all.lost_branches += report.lost_branches;
        all.given_up += report.given_up;
        for (fault, count) in &report.faults {
            *all.faults.entry(fault).or_default() += count;
        }
    }

    fn told(&self, began: Instant) -> String {
        let spent = began.elapsed().as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let (seeds, simulated) = (self.runs as f64 / spent, self.all.time as f64 / 1e6 / spent);
        let faults: BTreeMap<_, _> = self.all.faults.iter().filter(|(_, count)| **count > 0).collect();
        let faults: Vec<String> = faults.iter().map(|(fault, count)| format!("{fault} {count}")).collect();
        let Report {
            live, elections, acknowledged, bids, results, amounts, datagrams, lost_branches, given_up, ..
        } = &self.all;
        format!(
            "{} seeds ({live} with liveness) in {spent:.0} s, {seeds:.2} a second, {simulated:.0} simulated seconds a second; \
             {elections} elections, {acknowledged} requests acknowledged ({bids} bids), {results} results, \
             {amounts} amounts disclosed, {lost_branches} branches lost, {given_up} requests of those open, \
             {datagrams} datagrams; faults: {}",
            self.runs,
            faults.join(", ")
        )
    }
}

/// Runs one case.
pub(crate) fn run_one(case: &Case, trace: bool) -> Result<Report, Violation> {
    complaints::listen();
    panics::listen();
    let run = || World::new(case.schedule(), trace).run();
    let result = catch_unwind(AssertUnwindSafe(run));
    let noted = panics::none();
    match result {
        Ok(result) => result.and_then(|report| noted.map(|()| report)),
        Err(_) => Err(noted.err().unwrap_or_else(|| Violation::new("NET-1", "a panic".into()))),
    }
}

fn number<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}
