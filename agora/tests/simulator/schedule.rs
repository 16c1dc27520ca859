//! What a seed means: the mode, the nodes and their clocks, how bad the network is, and which faults begin when.

use std::time::Duration;

use agora::auction::protocol::Pace;
use agora::config::{Mode, Settings};

use crate::dice::Dice;
use crate::network::Weather;
use crate::queue::Micros;

/// One second.
pub(crate) const SECOND: Micros = 1_000_000;
/// One millisecond.
pub(crate) const MILLI: Micros = 1_000;

/// What the mode promises under the faults of this schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// There is one log; nothing acknowledged is lost.
    OneLog,
    /// Mode `reachable` and partitions: LOG, ORDER and WIN hold per branch.
    Branches,
}

/// A kind of fault that begins and ends at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A node loses its memory; it starts again at the fault's end.
    Crash { leader: bool },
    /// A node is asked to stop (SIGTERM); it starts again at the fault's end.
    Stop { leader: bool },
    /// Every node crashes at once.
    CrashAll,
    /// The leader hears and reaches nobody.
    Isolate,
    /// Two groups that do not hear each other.
    Split,
    /// Two groups that do not hear each other, and one node that both hear.
    Bridge,
    /// What one endpoint sends to another is lost; the way back works.
    OneWay,
    /// A node's links are cut one by one and come back in another order.
    Links,
    /// A node does not run.
    Pause { leader: bool },
    /// A node's disk does not answer.
    Disk { leader: bool },
    /// A node's disk is full: writing fails, and the node ends; it starts again at the fault's end.
    Full { leader: bool },
}

impl Fault {
    /// For the statistics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crash { .. } => "crash",
            Self::Stop { .. } => "stop",
            Self::CrashAll => "crash-all",
            Self::Isolate => "isolate",
            Self::Split => "split",
            Self::Bridge => "bridge",
            Self::OneWay => "one-way",
            Self::Links => "links",
            Self::Pause { .. } => "pause",
            Self::Disk { .. } => "disk",
            Self::Full { .. } => "full-disk",
        }
    }
}

/// A fault, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    /// Its beginning.
    pub begin: Micros,
    /// Its end.
    pub end: Micros,
    /// What.
    pub fault: Fault,
}

/// One node of the plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodePlan {
    /// When it starts first.
    pub start: Micros,
    /// Its clock runs so many thousandths as fast as global time.
    pub rate: u64,
    /// What its clock shows at global time zero.
    pub offset: u64,
    /// `--priority`.
    pub priority: u32,
    /// `--data-dir`: its log survives a crash.
    pub disk: bool,
}

/// Everything that a seed decides before the run begins.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    /// When an entry is committed.
    pub mode: Mode,
    /// What may be demanded.
    pub promise: Promise,
    /// Crashes may take a majority: then only safety is demanded.
    pub reckless: bool,
    /// The nodes.
    pub nodes: Vec<NodePlan>,
    /// How many clients there are.
    pub clients: usize,
    /// The first two clients are one participant that uses the same request ids.
    pub twins: bool,
    /// The network until all faults end.
    pub weather: Weather,
    /// A flush takes up to this long, and one in 50 takes ten times as long.
    pub flush: Micros,
    /// How often an operator gives an order, if one does (`--cluster-size` only).
    pub orders: Option<Micros>,
    /// `member-replace-after`.
    pub replace_after: Micros,
    /// How long answers are kept for repeats, and how many.
    pub kept: (Micros, usize),
    /// `auction-retention`.
    pub retention: Micros,
    /// How many committed entries stay in a log whatever has become of them.
    pub log_tail: usize,
    /// How much followers of auctions are told at a time.
    pub pace: Pace,
    /// Leaders crash as they change the members.
    pub strikes: bool,
    /// The faults.
    pub faults: Vec<Planned>,
    /// When all faults end.
    pub heal: Micros,
}

/// Changes a schedule.
type Change = fn(&mut Schedule);

/// What can be left out of a schedule besides single faults, and how.
pub(crate) const PARTS: [(&str, Change); 5] = [
    // Loss, repetition, reordering, damage.
    ("weather", |schedule| schedule.weather = Weather::CALM),
    ("orders", |schedule| schedule.orders = None),
    ("twins", |schedule| schedule.twins = false),
    ("flush", |schedule| schedule.flush = 0),
    ("strikes", |schedule| schedule.strikes = false),
];

impl Schedule {
    /// The schedule of a seed, with faults for `seconds`.
    pub(crate) fn new(seed: u64, seconds: u64) -> Self {
        let mut dice = Dice::new(seed, 1);
        let mode = match dice.below(8) {
            0 => Mode::Majority(1),
            1 => Mode::Majority(2),
            2..=3 => Mode::Majority(3),
            4 => Mode::Majority(5),
            _ => Mode::Reachable,
        };
        let promise = if mode == Mode::Reachable && dice.coin() { Promise::Branches } else { Promise::OneLog };
        let gentle = mode == Mode::Reachable && promise == Promise::OneLog;
        let mut nodes = Self::plan_nodes(&mut dice, mode, seconds);
        // A stream of its own: the seeds without disks are what they were before there were any.
        let mut disks = Dice::new(seed, 6);
        let some = disks.below(4);
        for node in &mut nodes {
            node.disk = some == 0 || (some == 1 && disks.coin());
        }
        let weather = if gentle { Weather::gentle(&mut dice) } else { Weather::harsh(&mut dice) };
        let reckless = matches!(mode, Mode::Majority(_)) && dice.chance(80);
        let heal = seconds * SECOND;
        let faults =
            if gentle { gentle_faults(&mut dice, heal, &nodes) } else { harsh_faults(&mut dice, heal, reckless, mode) };
        let faults = if gentle { faults } else { fill_disks(&mut disks, faults) };
        let faults = if nodes.iter().all(|node| node.disk) {
            crash_together(&mut disks, faults, gentle, &nodes)
        } else {
            faults
        };
        let mut operator = Dice::new(seed, 8);
        let orders =
            (matches!(mode, Mode::Majority(_)) && operator.coin()).then(|| operator.between(100 * MILLI, SECOND));
        let replace_after = if operator.coin() { 60 * SECOND } else { 2 * SECOND };
        let mut table = Dice::new(seed, 9);
        let kept = if table.coin() {
            (60 * SECOND, 1_000_000)
        } else {
            (table.between(200 * MILLI, 3 * SECOND), 1 << table.between(5, 10))
        };
        let mut archive = Dice::new(seed, 10);
        let retention = if archive.chance(250) { 60 * SECOND } else { archive.between(100 * MILLI, 3 * SECOND) };
        let log_tail = [4, 32, 8_192][archive.index(3)];
        let strikes = Dice::new(seed, 11).chance(300);
        let flush = if dice.coin() { dice.between(0, 5 * MILLI) } else { 0 };
        let twins = dice.coin();
        Self {
            mode,
            promise,
            reckless,
            nodes,
            clients: 4,
            twins,
            weather,
            flush,
            orders,
            replace_after,
            kept,
            retention,
            log_tail,
            pace: pace(&mut Dice::new(seed, 13)),
            strikes,
            faults,
            heal,
        }
    }

    fn plan_nodes(dice: &mut Dice, mode: Mode, seconds: u64) -> Vec<NodePlan> {
        let (count, spread) = match mode {
            Mode::Majority(members) => {
                let members = u64::from(members);
                let count = if dice.coin() { members } else { members + dice.between(0, 2) };
                (count, if dice.coin() { 50 * MILLI } else { 3 * SECOND })
            }
            Mode::Reachable => (dice.between(1, 4), if dice.coin() { 300 * MILLI } else { seconds * SECOND / 3 }),
        };
        let differ = dice.coin();
        let priorities = dice.chance(250);
        (0..count)
            .map(|_| NodePlan {
                start: dice.between(0, spread),
                rate: if differ { dice.between(800, 1_250) } else { 1_000 },
                offset: dice.below(1_000 * SECOND),
                priority: if priorities { u32::try_from(dice.below(3)).unwrap_or(0) } else { 0 },
                disk: false,
            })
            .collect()
    }

    /// Nothing that happens may lead to a second founding.
    pub(crate) fn founded_once(&self) -> bool {
        self.promise == Promise::OneLog && self.mode == Mode::Reachable
    }

    /// The settings of a node.
    pub(crate) fn settings(&self, node: usize) -> Settings {
        Settings {
            mode: self.mode,
            priority: self.nodes[node].priority,
            auction_start_timeout: Duration::from_secs(5),
            member_replace_after: Duration::from_micros(self.replace_after),
            request_retention: Duration::from_micros(self.kept.0),
            max_requests: self.kept.1,
            auction_retention: Duration::from_micros(self.retention),
            log_tail: self.log_tail,
            ..Settings::lan()
        }
    }
}

/// In half of the seeds so little at a time that what followers are told falls behind what is committed.
fn pace(dice: &mut Dice) -> Pace {
    if dice.coin() {
        return Pace::default();
    }
    let again = Duration::from_micros(dice.between(MILLI, 100 * MILLI));
    let mut bytes = || 1 << dice.between(6, 10);
    Pace { room: bytes(), again, slice: bytes() }
}

/// One fault after another, with time to heal between: what mode `reachable` survives. Crashes last, all else is over long
/// before the removal time, also by the fastest clock.
///
/// Nor is a node cut off from the others in its discovery window: it would found a log beside theirs, which is a partition
/// at the founding, and no fault that this mode promises one log for.
fn gentle_faults(dice: &mut Dice, heal: Micros, nodes: &[NodePlan]) -> Vec<Planned> {
    // The window of the slowest clock, and a little more.
    const WINDOW: Micros = 700 * MILLI;
    let mut faults = Vec::new();
    let cuts = dice.coin();
    let mut begin = dice.between(2 * SECOND, 4 * SECOND);
    while begin + SECOND < heal {
        let leader = dice.chance(650);
        let fault = match dice.below(if cuts { 10 } else { 5 }) {
            0 => Fault::Stop { leader },
            1..=4 => Fault::Crash { leader },
            5 => Fault::Isolate,
            6 => Fault::Split,
            7 => Fault::OneWay,
            8 => Fault::Links,
            _ => Fault::Pause { leader },
        };
        let end = match fault {
            Fault::Stop { .. } | Fault::Crash { .. } if dice.chance(300) => heal,
            Fault::Stop { .. } | Fault::Crash { .. } => begin + dice.between(300 * MILLI, 3 * SECOND),
            _ => begin + dice.between(50 * MILLI, 450 * MILLI),
        };
        let lasts = matches!(fault, Fault::Stop { .. } | Fault::Crash { .. });
        if lasts || !nodes.iter().any(|node| node.start <= end && begin <= node.start + WINDOW) {
            faults.push(Planned { begin, end: end.min(heal), fault });
        }
        begin = if end < heal { end } else { begin + SECOND } + dice.between(1_300 * MILLI, 3 * SECOND);
    }
    faults
}

/// In half of the seeds some of the disks that hang are full instead.
fn fill_disks(dice: &mut Dice, mut faults: Vec<Planned>) -> Vec<Planned> {
    let any = dice.coin();
    for planned in &mut faults {
        if let Fault::Disk { leader } = planned.fault
            && any
            && dice.coin()
        {
            planned.fault = Fault::Full { leader };
        }
    }
    faults
}

/// Where all logs survive, all nodes may crash at once: in half of the seeds some crashes are everybody's.
///
/// In mode `reachable` a node that starts for the first time while nobody is there founds a log: no seed that promises one
/// log has it start then.
fn crash_together(dice: &mut Dice, mut faults: Vec<Planned>, gentle: bool, nodes: &[NodePlan]) -> Vec<Planned> {
    let any = dice.coin();
    for planned in &mut faults {
        let founds = |node: &NodePlan| planned.begin <= node.start + SECOND && node.start <= planned.end + SECOND;
        let alone = gentle && nodes.iter().any(founds);
        if matches!(planned.fault, Fault::Crash { .. }) && any && dice.chance(300) && !alone {
            planned.fault = Fault::CrashAll;
        }
    }
    faults
}

/// Anything, overlapping; each kind is switched on with probability one half.
fn harsh_faults(dice: &mut Dice, heal: Micros, reckless: bool, mode: Mode) -> Vec<Planned> {
    let aimed = dice.coin();
    let mut kinds = vec![
        Fault::Crash { leader: aimed },
        Fault::Stop { leader: aimed },
        Fault::Isolate,
        Fault::Split,
        Fault::Bridge,
        Fault::OneWay,
        Fault::Links,
        Fault::Pause { leader: aimed },
        Fault::Disk { leader: aimed },
    ];
    kinds.retain(|_| dice.coin());
    if (reckless || mode == Mode::Reachable) && dice.chance(300) {
        kinds.push(Fault::CrashAll);
    }
    // A storm strikes again before anybody has recovered from the last stroke.
    let storm = dice.coin();
    let mut faults = Vec::new();
    let mut begin = dice.between(SECOND / 2, 3 * SECOND);
    while !kinds.is_empty() && begin < heal {
        let fault = kinds[dice.index(kinds.len())];
        let (short, long) = if storm { (20 * MILLI, 500 * MILLI) } else { (50 * MILLI, SECOND) };
        let length = if dice.chance(if storm { 850 } else { 500 }) {
            dice.between(short, long)
        } else {
            dice.between(SECOND, 5 * SECOND)
        };
        faults.push(Planned { begin, end: (begin + length).min(heal), fault });
        begin += if storm { dice.between(20 * MILLI, 600 * MILLI) } else { dice.between(200 * MILLI, 3 * SECOND) };
    }
    faults
}
