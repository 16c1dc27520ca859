//! What a seed means: the mode, the nodes, how bad the network is, and which faults begin when.

use std::time::Duration;

use agora::config::{Mode, Settings};

use crate::dice::Dice;
use crate::queue::Micros;
use crate::sea::Weather;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A node loses its memory; it starts again at the fault's end.
    Crash { leader: bool },
    /// A node is asked to stop (SIGTERM); it starts again at the fault's end.
    Stop { leader: bool },
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
}

impl Fault {
    /// For the statistics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crash { .. } => "crash",
            Self::Stop { .. } => "stop",
            Self::Isolate => "isolate",
            Self::Split => "split",
            Self::Bridge => "bridge",
            Self::OneWay => "one-way",
            Self::Links => "links",
            Self::Pause { .. } => "pause",
        }
    }

    /// Whether a node starts again when it is over.
    pub(crate) const fn takes_a_node(self) -> bool {
        matches!(self, Self::Crash { .. } | Self::Stop { .. })
    }

    /// Whether it strikes the leader.
    pub(crate) const fn aims(self) -> bool {
        match self {
            Self::Crash { leader } | Self::Stop { leader } | Self::Pause { leader } => leader,
            Self::Isolate => true,
            Self::Split | Self::Bridge | Self::OneWay | Self::Links => false,
        }
    }
}

/// A fault, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub begin: Micros,
    pub end: Micros,
    pub fault: Fault,
}

/// Everything that a seed decides before the run begins.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub seed: u64,
    pub mode: Mode,
    pub promise: Promise,
    /// When each node starts first.
    pub starts: Vec<Micros>,
    /// How fast each node's clock is, in thousandths.
    pub rates: Vec<u64>,
    /// The second and the third client are one participant, and the third repeats requests of the second.
    pub twins: bool,
    /// How often somebody sends what others sent before, or rubbish, if somebody does.
    pub hostile: Option<Micros>,
    pub weather: Weather,
    /// `member-replace-after`.
    pub replace_after: Micros,
    /// How often an operator gives an order, if one does.
    pub operator: Option<Micros>,
    pub faults: Vec<Planned>,
    /// When all faults end.
    pub heal: Micros,
}

/// How many clients there are: two that hold auctions, and three that bid.
pub(crate) const CLIENTS: usize = 5;

/// Changes a schedule.
type Change = fn(&mut Schedule);

/// What can be left out of a schedule besides single faults, and how.
pub(crate) const PARTS: [(&str, Change); 5] = [
    // Loss, repetition, reordering, damage.
    ("weather", |schedule| schedule.weather = schedule.weather.fair()),
    ("orders", |schedule| schedule.operator = None),
    ("twins", |schedule| schedule.twins = false),
    ("hostile", |schedule| schedule.hostile = None),
    ("clocks", |schedule| schedule.rates.fill(1_000)),
];

impl Schedule {
    /// The schedule of a seed, with faults for `seconds`.
    pub(crate) fn new(seed: u64, seconds: u64) -> Self {
        let mut dice = Dice::new(seed, 1);
        let mode = match dice.below(10) {
            0 => Mode::Majority(1),
            1 => Mode::Majority(2),
            2..=3 => Mode::Majority(3),
            4..=5 => Mode::Majority(5),
            _ => Mode::Reachable,
        };
        let promise = if mode == Mode::Reachable && dice.coin() { Promise::Branches } else { Promise::OneLog };
        let gentle = mode == Mode::Reachable && promise == Promise::OneLog;
        let heal = seconds * SECOND;
        let starts = starts(&mut dice, mode, heal);
        let weather = if gentle { Weather::gentle(&mut dice) } else { Weather::harsh(&mut dice) };
        let faults = if gentle { gentle_faults(&mut dice, heal, &starts) } else { harsh_faults(&mut dice, heal) };
        let hostile = dice.coin().then(|| dice.between(20 * MILLI, 300 * MILLI));
        let replace_after = if dice.coin() { 60 * SECOND } else { 2 * SECOND };
        let mut office = Dice::new(seed, 5);
        let operator = office.coin().then(|| office.between(100 * MILLI, SECOND));
        let twins = dice.coin();
        let mut clocks = Dice::new(seed, 6);
        let differ = clocks.coin();
        let rate = |_: &Micros| if differ { clocks.between(800, 1_250) } else { 1_000 };
        let rates = starts.iter().map(rate).collect();
        Self { seed, mode, promise, starts, rates, twins, hostile, weather, replace_after, operator, faults, heal }
    }

    /// Mode `reachable`, and one log is promised.
    pub(crate) fn founded_once(&self) -> bool {
        self.promise == Promise::OneLog && self.mode == Mode::Reachable
    }

    /// Every endpoint: nodes, then clients, then whoever looks at the end, then the operator.
    pub(crate) fn endpoints(&self) -> usize {
        self.starts.len() + CLIENTS + 2
    }

    /// The settings of every node.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            mode: self.mode,
            auction_start_timeout: Duration::from_secs(3),
            member_replace_after: Duration::from_micros(self.replace_after),
            ..Settings::lan()
        }
    }
}

/// With `--cluster-size N`: N nodes, or up to two more, or N of which one is missing for long, so that for as long there
/// must be no cluster.
fn starts(dice: &mut Dice, mode: Mode, heal: Micros) -> Vec<Micros> {
    let Mode::Majority(members) = mode else {
        let spread = if dice.coin() { 300 * MILLI } else { heal / 3 };
        return (0..dice.between(1, 4)).map(|_| dice.between(0, spread)).collect();
    };
    let missing = members > 1 && dice.chance(250);
    let extra = if missing || dice.coin() { 0 } else { dice.between(0, 2) };
    let spread = if dice.coin() { 50 * MILLI } else { 3 * SECOND };
    let mut starts: Vec<Micros> = (0..u64::from(members) + extra).map(|_| dice.between(0, spread)).collect();
    if missing {
        let last = dice.index(starts.len());
        starts[last] = if dice.coin() { heal } else { dice.between(2 * SECOND, heal) };
    }
    starts
}

/// One fault after another, with time to heal between: what mode `reachable` survives. Crashes last, all else is over long
/// before the removal time.
///
/// Nor is a node cut off from the others in its discovery window: it would found a log beside theirs, which is a partition
/// at the founding, and no fault that this mode promises one log for.
fn gentle_faults(dice: &mut Dice, heal: Micros, starts: &[Micros]) -> Vec<Planned> {
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
            _ if fault.takes_a_node() && dice.chance(300) => heal,
            _ if fault.takes_a_node() => begin + dice.between(300 * MILLI, 3 * SECOND),
            _ => begin + dice.between(50 * MILLI, 450 * MILLI),
        };
        let founds = starts.iter().any(|start| *start <= end && begin <= start + WINDOW);
        if fault.takes_a_node() || !founds {
            faults.push(Planned { begin, end: end.min(heal), fault });
        }
        begin = if end < heal { end } else { begin + SECOND } + dice.between(1_300 * MILLI, 3 * SECOND);
    }
    faults
}

/// Anything, overlapping; each kind is switched on with probability one half.
fn harsh_faults(dice: &mut Dice, heal: Micros) -> Vec<Planned> {
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
    ];
    kinds.retain(|_| dice.coin());
    // A storm strikes again before anybody has recovered from the last stroke.
    let storm = dice.coin();
    let mut faults = Vec::new();
    let mut begin = dice.between(SECOND / 2, 3 * SECOND);
    while !kinds.is_empty() && begin < heal {
        let fault = kinds[dice.index(kinds.len())];
        let length = if dice.chance(if storm { 850 } else { 500 }) {
            dice.between(50 * MILLI, if storm { 500 * MILLI } else { SECOND })
        } else {
            dice.between(SECOND, 4 * SECOND)
        };
        faults.push(Planned { begin, end: (begin + length).min(heal), fault });
        begin += if storm { dice.between(20 * MILLI, 600 * MILLI) } else { dice.between(200 * MILLI, 3 * SECOND) };
    }
    faults
}
