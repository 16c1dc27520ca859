//! What the parts of a run share: the hosts' programs, the sea, and whoever watches.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agora::node::{Ending, NodeEvent};
use agora::wire::{ClusterTag, MAX_DATAGRAM, name, open};

use crate::clients::Board;
use crate::dice::Dice;
use crate::invariants::{Lead1, Logs, Oracle, Seal1, Violation, ack, deny};
use crate::queue::Micros;
use crate::report::Report;
use crate::schedule::Schedule;
use crate::sea::{Datagram, Sea, endpoint};
use crate::seen::Cluster;
use crate::trace::{Trace, brief};

/// What is shared; clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Run(Arc<Mutex<State>>);

#[derive(Debug)]
pub(crate) struct State {
    pub now: Micros,
    pub schedule: Schedule,
    pub trace: Trace,
    pub sea: Sea,
    pub cluster: Cluster,
    pub logs: Logs,
    pub oracle: Oracle,
    pub board: Board,
    pub lead_1: Lead1,
    pub seal_1: Seal1,
    pub report: Report,
    violation: Option<Violation>,
    tag: ClusterTag,
}

impl Run {
    pub(crate) fn new(schedule: Schedule, print: bool) -> Self {
        let endpoints = schedule.endpoints();
        Self(Arc::new(Mutex::new(State {
            now: 0,
            trace: Trace::new(print),
            sea: Sea::new(schedule.weather, Dice::new(schedule.seed, 2), endpoints),
            cluster: Cluster::new(schedule.starts.len(), schedule.seed),
            logs: Logs::default(),
            oracle: Oracle::default(),
            board: Board::default(),
            lead_1: Lead1::default(),
            seal_1: Seal1::default(),
            report: Report::default(),
            violation: None,
            tag: ClusterTag::of(&schedule.settings().cluster),
            schedule,
        })))
    }

    /// For a moment: nobody waits with it, nor ends a host.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The first violation counts.
    pub(crate) fn check(&mut self, result: Result<(), Violation>) {
        if let Err(violation) = result {
            self.trace.line("!", || violation.to_string());
            self.violation.get_or_insert(violation);
        }
    }

    pub(crate) fn violation(&mut self) -> Result<(), Violation> {
        self.violation.take().map_or(Ok(()), Err)
    }

    /// Something happened that is no datagram.
    pub(crate) fn tell(&mut self, who: &str, what: &str) {
        self.trace.mix_bytes(what.as_bytes());
        self.trace.line(who, || what.to_owned());
    }

    /// A datagram leaves a host.
    pub(crate) fn leaves(&mut self, from: usize, address: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        self.mix(address, to, bytes);
        self.report.datagrams += 1;
        if bytes.len() > MAX_DATAGRAM {
            let what = format!("{} sends {} bytes to {to}", self.name(from), bytes.len());
            self.check(Err(Violation::new("NET-1", what)));
            return;
        }
        self.sea.note(Datagram { from: address, to, bytes: bytes.to_vec() });
        let Ok((header, messages)) = open(bytes, self.tag) else {
            let what = format!("{} sends {to} what nobody can read", self.name(from));
            return self.check(Err(Violation::new("NET-1", what)));
        };
        for message in &messages {
            if self.trace.prints() {
                let (name, to) = (self.name(from), self.address(to));
                self.trace.line(name, || format!("-> {to} {}", brief(message)));
            }
            if from < self.schedule.starts.len() {
                self.cluster.sent(from, header.sender, message);
                if let Some(ack) = ack(message) {
                    self.oracle.acknowledges(self.now, from, ack.request);
                }
                let checked = self.lead_1.sent(self.now, header.sender, message);
                self.check(checked);
            }
        }
    }

    /// A datagram has come to a socket; what the socket receives of it now.
    pub(crate) fn comes(&mut self, datagram: Datagram) -> Option<Vec<u8>> {
        self.sea.arrive(self.now, datagram)
    }

    /// A host receives a datagram.
    pub(crate) fn received(&mut self, to: usize, from: SocketAddr, bytes: &[u8]) {
        self.trace.mix(to as u64);
        self.mix(from, from, bytes);
        let nodes = self.schedule.starts.len();
        let opened = open(bytes, self.tag);
        if self.trace.prints() {
            let (who, from) = (self.name(to), self.address(from));
            match &opened {
                Ok((_, messages)) => messages.iter().for_each(|message| {
                    self.trace.line(&who, || format!("<- {from} {}", name(message)));
                }),
                Err(error) => self.trace.line(&who, || format!("<- {from} {error}")),
            }
        }
        if let (Some(client), Ok((header, messages))) = (to.checked_sub(nodes), opened)
            && !header.sender.uuid.is_nil()
        {
            let whose = self.board.participant(client);
            for message in &messages {
                let checked = self.seal_1.received(&self.logs, whose, message);
                self.check(checked);
                if let Some(deny) = deny(message) {
                    self.oracle.denied(deny);
                }
            }
        }
    }

    /// A node tells its program something.
    pub(crate) fn node_event(&mut self, slot: usize, event: &NodeEvent) {
        self.tell(&format!("n{slot}"), &format!("{event:?}"));
        if let NodeEvent::Leader { is_self: true, epoch, .. } = event {
            self.lead_1.leads(self.cluster.nodes[slot].uuid, *epoch);
            self.report.elections += 1;
            let started = self.cluster.nodes.iter().filter(|node| node.lives > 0).count();
            let checked = Lead1::founded(self.schedule.mode, started);
            self.check(checked);
        }
        if matches!(event, NodeEvent::Returned(_)) {
            self.oracle.falls_silent(self.now, slot);
        }
        self.cluster.told(slot, event);
    }

    /// A node has ended.
    pub(crate) fn node_ended(&mut self, slot: usize, ending: &Ending) {
        self.tell(&format!("n{slot}"), &format!("ended: {ending}"));
        if let Ending::Fault(fault) = ending {
            self.check(Err(Violation::new("NET-1", format!("node {slot} ended: {fault}"))));
        }
        self.life_ends(slot);
    }

    /// What the node knew is gone, unless others have it.
    pub(crate) fn life_ends(&mut self, slot: usize) {
        self.oracle.falls_silent(self.now, slot);
        self.cluster.ended(slot);
    }

    fn mix(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        self.trace.mix(self.now);
        for address in [from, to] {
            self.trace.mix((endpoint(address.ip()) as u64) << 16 | u64::from(address.port()));
        }
        self.trace.mix_bytes(bytes);
    }

    fn name(&self, endpoint: usize) -> String {
        match endpoint.checked_sub(self.schedule.starts.len()) {
            Some(client) => format!("c{client}"),
            None => format!("n{endpoint}"),
        }
    }

    fn address(&self, address: SocketAddr) -> String {
        let known = endpoint(address.ip());
        if known < self.schedule.endpoints() { self.name(known) } else { "all".into() }
    }
}
