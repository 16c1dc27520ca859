//! What lies between the hosts besides turmoil's links: what becomes of a single datagram.
//!
//! turmoil carries datagrams, cuts links, and ends and starts hosts. It neither loses single datagrams nor repeats, damages
//! or delays them for seconds. That happens at the receiving socket; a datagram that comes later than the others is kept
//! here and comes through the socket's side [door](crate::door).

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::dice::Dice;
use crate::door::Door;
use crate::queue::Micros;
use crate::schedule::{MILLI, SECOND};

/// So many of the last datagrams can be sent again by somebody.
const LATELY: usize = 256;

/// How bad the network is, until all faults end. Chances are in thousandths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// A datagram takes so many milliseconds.
    pub latency: u64,
    pub loss: u64,
    pub duplication: u64,
    pub reordering: u64,
    /// It comes seconds late.
    pub stragglers: u64,
    pub damage: u64,
}

impl Weather {
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
            latency: if dice.chance(250) { dice.between(2, 15) } else { 1 },
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

/// A datagram under way.
#[derive(Debug, Clone)]
pub(crate) struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// Which datagram faults happened, and how often.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spoilt {
    pub lost: u64,
    pub repeated: u64,
    pub reordered: u64,
    pub stragglers: u64,
    pub damaged: u64,
}

impl Spoilt {
    /// For the statistics.
    pub(crate) fn named(self) -> [(&'static str, u64); 5] {
        [
            ("lost", self.lost),
            ("repeated", self.repeated),
            ("reordered", self.reordered),
            ("straggler", self.stragglers),
            ("damaged", self.damaged),
        ]
    }
}

/// The sea.
#[derive(Debug)]
pub(crate) struct Sea {
    weather: Weather,
    dice: Dice,
    /// What comes later, by when; the number keeps those of one moment apart.
    late: BTreeMap<(Micros, u64), Datagram>,
    number: u64,
    doors: BTreeMap<SocketAddr, Door>,
    /// How many faults cut the way from one endpoint to another.
    cuts: BTreeMap<(usize, usize), u32>,
    /// Who says nothing more: destructors run when turmoil ends a host, and a dead process has none.
    muted: Vec<bool>,
    lately: VecDeque<Datagram>,
    pub spoilt: Spoilt,
}

/// A way from one endpoint to another.
pub(crate) type WayTo = (usize, usize);

impl Sea {
    pub(crate) fn new(weather: Weather, dice: Dice, endpoints: usize) -> Self {
        Self {
            weather,
            dice,
            late: BTreeMap::new(),
            number: 0,
            doors: BTreeMap::new(),
            cuts: BTreeMap::new(),
            muted: vec![false; endpoints],
            lately: VecDeque::new(),
            spoilt: Spoilt::default(),
        }
    }

    /// All faults end.
    pub(crate) fn calm(&mut self) {
        self.weather = self.weather.fair();
    }

    pub(crate) fn mute(&mut self, endpoint: usize, mute: bool) {
        self.muted[endpoint] = mute;
    }

    pub(crate) fn is_mute(&self, endpoint: usize) -> bool {
        self.muted[endpoint]
    }

    /// A socket is open.
    pub(crate) fn open_door(&mut self, at: SocketAddr) -> Door {
        let door = Door::default();
        self.doors.insert(at, door.clone());
        door
    }

    pub(crate) fn close_door(&mut self, at: SocketAddr) {
        self.doors.remove(&at);
    }

    /// Notes what somebody may send again.
    pub(crate) fn note(&mut self, datagram: Datagram) {
        if self.lately.len() == LATELY {
            self.lately.pop_front();
        }
        self.lately.push_back(datagram);
    }

    /// A datagram that was sent lately.
    pub(crate) fn any_of_late(&mut self) -> Option<Datagram> {
        let place = self.dice.index(self.lately.len());
        self.lately.get(place).cloned()
    }

    /// What a socket receives of a datagram that has come to it: as it is, damaged, or nothing now.
    pub(crate) fn arrive(&mut self, now: Micros, mut datagram: Datagram) -> Option<Vec<u8>> {
        if datagram.from.ip() == datagram.to.ip() {
            return Some(datagram.bytes);
        }
        let weather = self.weather;
        if self.dice.chance(weather.loss) {
            self.spoilt.lost += 1;
            return None;
        }
        if self.dice.chance(weather.damage) {
            self.spoilt.damaged += 1;
            datagram.bytes = damage(&mut self.dice, &datagram.bytes);
        }
        if self.dice.chance(weather.duplication) {
            self.spoilt.repeated += 1;
            let after = self.dice.between(0, 50 * MILLI);
            self.send_later(now + after, datagram.clone());
        }
        if self.dice.chance(weather.stragglers) {
            self.spoilt.stragglers += 1;
            let after = self.dice.between(200 * MILLI, 8 * SECOND);
            self.send_later(now + after, datagram);
            return None;
        }
        if self.dice.chance(weather.reordering) {
            self.spoilt.reordered += 1;
            let after = self.dice.between(MILLI, 20 * MILLI);
            self.send_later(now + after, datagram);
            return None;
        }
        Some(datagram.bytes)
    }

    /// It comes through the side door, whoever has sent it.
    pub(crate) fn send_later(&mut self, at: Micros, datagram: Datagram) {
        self.number += 1;
        self.late.insert((at, self.number), datagram);
    }

    /// What is due comes, unless the way is cut or nobody is there.
    pub(crate) fn flow(&mut self, now: Micros) {
        while let Some(first) = self.late.first_entry() {
            if first.key().0 > now {
                return;
            }
            let Datagram { from, to, bytes } = first.remove();
            if self.cuts.contains_key(&(endpoint(from.ip()), endpoint(to.ip()))) {
                continue;
            }
            if let Some(door) = self.doors.get(&to) {
                door.put(bytes, from);
            }
        }
    }

    /// A fault cuts these ways; which of them were open.
    pub(crate) fn cut(&mut self, ways: &[WayTo]) -> Vec<WayTo> {
        let mut cut = Vec::new();
        for way in ways {
            let count = self.cuts.entry(*way).or_default();
            *count += 1;
            if *count == 1 {
                cut.push(*way);
            }
        }
        cut
    }

    /// A fault ends; which of its ways are open now.
    pub(crate) fn restore(&mut self, ways: &[WayTo]) -> Vec<WayTo> {
        let mut open = Vec::new();
        for way in ways {
            let Some(count) = self.cuts.get_mut(way) else { continue };
            *count -= 1;
            if *count == 0 {
                self.cuts.remove(way);
                open.push(*way);
            }
        }
        open
    }
}

/// Some bits of it are wrong, or its end is missing.
pub(crate) fn damage(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    if dice.chance(300) {
        damaged.truncate(dice.index(bytes.len()));
        return damaged;
    }
    for _ in 0..dice.between(1, 4) {
        let at = dice.index(damaged.len());
        if let Some(byte) = damaged.get_mut(at) {
            *byte ^= u8::try_from(dice.between(1, 255)).unwrap_or(1);
        }
    }
    damaged
}

/// Where an endpoint is.
pub(crate) fn address(endpoint: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, u8::try_from(endpoint + 1).unwrap_or(u8::MAX)).into()
}

/// Who is there.
pub(crate) fn endpoint(address: IpAddr) -> usize {
    match address {
        IpAddr::V4(address) => usize::from(address.octets()[3]).saturating_sub(1),
        IpAddr::V6(_) => usize::MAX,
    }
}

/// The ways in both directions between two groups.
pub(crate) fn between(left: &[usize], right: &[usize]) -> Vec<WayTo> {
    left.iter().flat_map(|a| right.iter().flat_map(move |b| [(*a, *b), (*b, *a)])).collect()
}
