//! The events to come, in order of time, and of scheduling among equals.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

/// Global time in microseconds. No node sees it: each has a clock of its own.
pub(crate) type Micros = u64;

/// A datagram under way.
#[derive(Debug, Clone)]
pub(crate) struct Datagram {
    /// Its source address.
    pub from: SocketAddr,
    /// Where it goes.
    pub to: SocketAddr,
    /// What it carries.
    pub bytes: Rc<[u8]>,
}

/// What happens. A node's `life` is a number per start: what was meant for an earlier one is dropped.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A datagram arrives.
    Arrive(Datagram),
    /// A node's actors get processor time.
    Run { node: usize, life: u64 },
    /// A node's disk has made this ticket durable.
    Flushed { node: usize, life: u64, ticket: u64 },
    /// A leader that has just changed the members crashes.
    Strike { node: usize, life: u64 },
    /// An operator gives an order.
    Order,
    /// A node whose disk has failed has had its time to hand over.
    End { node: usize, life: u64 },
    /// A client acts.
    Client(usize),
    /// A node is started, or started again.
    Start(usize),
    /// The fault with this place in the schedule begins.
    FaultBegins(usize),
    /// It ends.
    FaultEnds(usize),
    /// All faults end.
    Heal,
}

/// The queue of events.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    events: BTreeMap<Reverse<(Micros, u64)>, Happening>,
    scheduled: u64,
}

impl Queue {
    /// Something will happen at `at`.
    pub(crate) fn push(&mut self, at: Micros, what: Happening) {
        self.scheduled += 1;
        self.events.insert(Reverse((at, self.scheduled)), what);
    }

    /// What happens next, and when.
    pub(crate) fn pop(&mut self) -> Option<(Micros, Happening)> {
        self.events.pop_last().map(|(Reverse((at, _)), what)| (at, what))
    }
}
