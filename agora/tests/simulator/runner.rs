//! Many seeds: across threads, with progress, and with the command that repeats a failure.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::case::Case;
use crate::invariants::Violation;
use crate::ledger;
use crate::queue::Micros;
use crate::report::Report;
use crate::schedule::PARTS;
use crate::tier::{LONG, PROGRESS, SEEDS, SHORT, VARIABLES, run_one};

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
    time: Micros,
    figures: Vec<(&'static str, u64)>,
    faults: BTreeMap<&'static str, u64>,
}

impl Plan {
    /// As the environment says, in variables such as `AGORA_SIM_SEEDS`.
    pub(crate) fn from_environment() -> Self {
        let text = |name: &str| std::env::var(format!("{VARIABLES}_{name}")).ok();
        let is_on = |name: &str| text(name).is_some_and(|value| value != "0");
        let number = |name: &str| {
            text(name).map(|text| text.parse().unwrap_or_else(|_| panic!("{VARIABLES}_{name}: {text:?} is no number")))
        };
        let (seed, seeds) = (number("SEED"), number("SEEDS"));
        let without = text("WITHOUT").unwrap_or_default();
        if let Err(name) = Case::new(0, 0).without(&without) {
            let parts = PARTS.map(|(name, _)| name).join(", ");
            panic!("{VARIABLES}_WITHOUT: {name:?} is neither the number of a fault nor one of {parts}");
        }
        Self {
            from: seed.or_else(|| number("FROM")).unwrap_or(0),
            seeds: if seed.is_some() { 1 } else { seeds.unwrap_or(SEEDS) },
            seconds: number("SECONDS").unwrap_or(if seeds.is_some() { LONG } else { SHORT }),
            trace: is_on("TRACE"),
            progress: seeds.is_some(),
            keep_going: is_on("KEEP_GOING"),
            without,
            only_reachable: text("ONLY").is_some_and(|only| only == "reachable"),
            append: text("APPEND").map(PathBuf::from),
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
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end.load(Ordering::Relaxed) {
                            return;
                        }
                        let case = Case::new(seed, self.seconds).without(&self.without).expect("looked at before");
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

    fn add(&self, sum: &Mutex<Sum>, report: &Report, began: Instant) {
        let mut sum = sum.lock().expect("no thread panics with it");
        sum.add(report);
        if self.progress && sum.runs.is_multiple_of(PROGRESS) {
            eprintln!("{}", sum.told(began));
        }
    }

    /// Adds this run to a file of runs, if there is one.
    fn append(&self, sum: &Sum, failure: Option<&Failure>) {
        let Some(path) = &self.append else { return };
        let mut run: Map<String, Value> =
            sum.figures.iter().map(|(name, figure)| ((*name).to_owned(), json!(figure))).collect();
        run.insert("from".into(), json!(self.from));
        run.insert("seeds".into(), json!(sum.runs));
        run.insert("simulated-seconds".into(), json!(sum.time / 1_000_000));
        run.insert("faults".into(), json!(sum.faults.values().sum::<u64>()));
        run.insert("failed".into(), json!(failure.map(|failure| failure.case.seed)));
        ledger::append(path, &Value::Object(run));
    }
}

impl Sum {
    fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.time += report.time;
        let figures = report.figures();
        if self.figures.is_empty() {
            self.figures = figures.iter().map(|(name, _)| (*name, 0)).collect();
        }
        for ((_, sum), (_, figure)) in self.figures.iter_mut().zip(figures) {
            *sum += figure;
        }
        for (fault, count) in &report.faults {
            *self.faults.entry(fault).or_default() += count;
        }
    }

    fn told(&self, began: Instant) -> String {
        let spent = began.elapsed().as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let (seeds, simulated) = (self.runs as f64 / spent, self.time as f64 / 1e6 / spent);
        let list = |figures: &mut dyn Iterator<Item = (&str, u64)>| {
            let figures: Vec<String> = figures.map(|(name, figure)| format!("{name} {figure}")).collect();
            figures.join(", ")
        };
        format!(
            "{} seeds in {spent:.0} s, {seeds:.1} a second, {simulated:.0} simulated seconds a second; {}; faults: {}",
            self.runs,
            list(&mut self.figures.iter().copied()),
            list(&mut self.faults.iter().map(|(fault, count)| (*fault, *count)).filter(|(_, count)| *count > 0))
        )
    }
}
