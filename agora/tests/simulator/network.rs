//! The network: what becomes of a datagram.

use std::collections::BTreeMap;

use crate::dice::Dice;
use crate::queue::Micros;
use crate::schedule::{MILLI, SECOND};

/// How bad the network is in a run, until all faults end. Chances are in thousandths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// A datagram takes at least so long.
    pub latency: Micros,
    /// A datagram is lost.
    pub loss: u64,
    /// It arrives twice.
    pub duplication: u64,
    /// It is overtaken by later ones.
    pub reordering: u64,
    /// It comes seconds late.
    pub stragglers: u64,
    /// Some bits of it are wrong.
    pub damage: u64,
}

impl Weather {
    /// None: every datagram arrives once, in order, and soon.
    pub(crate) const CALM: Self =
        Self { latency: 1_000, loss: 0, duplication: 0, reordering: 0, stragglers: 0, damage: 0 };

    /// Each kind of fault is switched on with probability one half.
    pub(crate) fn harsh(dice: &mut Dice) -> Self {
        let mut maybe = |low: u64, high: u64| {
            let value = dice.between(low, high);
            if dice.coin() { value } else { 0 }
        };
        Self {
            loss: maybe(10, 300),
            duplication: maybe(10, 200),
            reordering: maybe(10, 300),
            stragglers: maybe(1, 20),
            damage: maybe(1, 20),
            latency: if dice.chance(250) { dice.between(2 * MILLI, 15 * MILLI) } else { dice.between(100, 2 * MILLI) },
        }
    }

    /// No live node goes unheard for the removal time.
    pub(crate) fn gentle(dice: &mut Dice) -> Self {
        let harsh = Self::harsh(dice);
        Self { loss: harsh.loss / 3, ..harsh }
    }

    /// No faults.
    pub(crate) const fn fair(self) -> Self {
        Self { loss: 0, duplication: 0, reordering: 0, stragglers: 0, damage: 0, ..self }
    }
}

/// The links between endpoints: nodes first, then clients.
#[derive(Debug)]
pub(crate) struct Network {
    weather: Weather,
    dice: Dice,
    /// How many faults cut the way from one endpoint to another.
    cuts: BTreeMap<(usize, usize), u32>,
    /// Which ways each fault under way has cut.
    by_fault: BTreeMap<usize, Vec<(usize, usize)>>,
}

impl Network {
    /// All links work.
    pub(crate) fn new(weather: Weather, dice: Dice) -> Self {
        Self { weather, dice, cuts: BTreeMap::new(), by_fault: BTreeMap::new() }
    }

    /// How long each copy of a datagram takes, and whether it is damaged on the way; none if it is lost.
    pub(crate) fn carry(&mut self, from: usize, to: usize) -> Vec<(Micros, bool)> {
        if from == to {
            return vec![(20, false)];
        }
        if self.cuts.contains_key(&(from, to)) || self.dice.chance(self.weather.loss) {
            return Vec::new();
        }
        let copies = if self.dice.chance(self.weather.duplication) { 2 } else { 1 };
        (0..copies).map(|_| (self.delay(), self.dice.chance(self.weather.damage))).collect()
    }

    fn delay(&mut self) -> Micros {
        let mut delay = self.weather.latency + self.dice.below(100);
        if self.dice.chance(self.weather.reordering) {
            delay += self.dice.below(20 * MILLI);
        }
        if self.dice.chance(self.weather.stragglers) {
            delay += self.dice.between(200 * MILLI, 8 * SECOND);
        }
        delay
    }

    /// Damages a datagram.
    pub(crate) fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut damaged = bytes.to_vec();
        if self.dice.chance(300) {
            damaged.truncate(self.dice.index(bytes.len()));
        } else {
            for _ in 0..self.dice.between(1, 4) {
                let at = self.dice.index(damaged.len());
                if let Some(byte) = damaged.get_mut(at) {
                    *byte ^= u8::try_from(self.dice.between(1, 255)).unwrap_or(1);
                }
            }
        }
        damaged
    }

    /// A fault cuts these ways.
    pub(crate) fn cut(&mut self, fault: usize, ways: Vec<(usize, usize)>) {
        for way in &ways {
            *self.cuts.entry(*way).or_default() += 1;
        }
        self.by_fault.entry(fault).or_default().extend(ways);
    }

    /// A fault ends.
    pub(crate) fn restore(&mut self, fault: usize) {
        for way in self.by_fault.remove(&fault).unwrap_or_default() {
            if let Some(count) = self.cuts.get_mut(&way) {
                *count -= 1;
                if *count == 0 {
                    self.cuts.remove(&way);
                }
            }
        }
    }

    /// All faults end.
    pub(crate) fn heal(&mut self) {
        self.cuts.clear();
        self.by_fault.clear();
        self.weather = self.weather.fair();
    }

    /// The ways in both directions between two groups.
    pub(crate) fn between(left: &[usize], right: &[usize]) -> Vec<(usize, usize)> {
        left.iter().flat_map(|a| right.iter().flat_map(move |b| [(*a, *b), (*b, *a)])).collect()
    }
}
