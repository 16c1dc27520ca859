//! One life of the concerns: from a new incarnation to the end of its log.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Addr, Recipient};
use tokio::sync::mpsc;

use super::questions::Questions;
use super::store;
use super::switch::{self, Switch, Word};
use super::wiring::{self, Deliver};
use crate::actor::{Clock, Concern, In, ToMachine};
use crate::config::Settings;
use crate::cookie::Cookies;
use crate::discovery::protocol::Discovery;
use crate::disk::{Archivist, Recovered, Writer};
use crate::election::protocol::Election;
use crate::heartbeat::protocol::Heartbeat;
use crate::id::Member;
use crate::machine::{Input, Machine, Seat};
use crate::protocol::Protocol;
use crate::replicator::protocol::Replicator;
use crate::sequencer::protocol::Sequencer;
use crate::transport::{Attach, Inlet};
use crate::{discovery, replicator};

/// The concerns at work.
pub(super) struct Life<M: Machine> {
    switch: Rc<Switch>,
    machine: Addr<Concern<M>>,
}

/// What a life begins with.
pub(super) struct Start<'a> {
    pub(super) me: Member,
    pub(super) settings: &'a Settings,
    /// What LEADER_DETAILS names.
    pub(super) address: SocketAddr,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) random: &'a mut dyn FnMut() -> u64,
    pub(super) transport: &'a Recipient<In<Attach>>,
    pub(super) disk: Option<Disk<'a>>,
    pub(super) archive: Option<&'a Archivist>,
}

/// Where a life's log is kept.
pub(super) struct Disk<'a> {
    pub(super) writer: &'a Writer,
    pub(super) host: &'a mpsc::UnboundedSender<Word>,
    /// What is there to live on.
    pub(super) recovered: Option<Recovered>,
}

impl<M: Machine> Life<M> {
    /// Starts all concerns as `me` and lets the network in.
    pub(super) fn begin(
        start: Start<'_>,
        switch: Switch,
        make: &mut dyn FnMut(&Seat<'_>) -> M,
        questions: &Rc<RefCell<Questions<M>>>,
    ) -> Self {
        let Start { me, settings, address, clock, random, transport, disk, archive } = start;
        let concerns = Concerns { clock, switch: Rc::new(switch) };
        let (cookies, now) = (Cookies::new(random()), clock.now());
        let (on_disk, archives) = (disk.is_some(), archive.is_some());
        let machine = make(&Seat { me, settings, cookies, seed: random(), now, on_disk, archives });
        let (disk, held) = match disk {
            Some(Disk { writer, host, recovered }) => (Some((writer, host)), recovered),
            None => (None, None),
        };
        let anew = held.is_none().then_some(me.node);
        let replicator = Replicator::new(me, settings, random(), now).on_disk(disk.is_some());
        let replicator = match held {
            Some(held) => replicator.restored(held.promise, held.base, held.entries, held.commit),
            None => replicator,
        };
        let discovery = Discovery::new(me, settings, cookies, random(), now).on_disk(disk.is_some());
        let heartbeat = Heartbeat::new(settings, random());
        let election = Election::new(me, settings, random());
        let machine = concerns.machine(machine, questions);
        let inlet = Inlet {
            replicator: concerns.start("replicator", replicator, wiring::from_replicator).recipient(),
            discovery: concerns.start("discovery", discovery, wiring::from_discovery).recipient(),
            heartbeat: concerns.start("heartbeat", heartbeat, wiring::from_heartbeat).recipient(),
            election: concerns.start("election", election, wiring::from_election).recipient(),
            machine: machine.clone().recipient(),
        };
        let sequencer = concerns.start("sequencer", Sequencer::new(), wiring::from_sequencer).recipient();
        let switch = concerns.switch;
        // No concern runs before this function returns: actors begin when their task is first polled.
        let disk = disk.map(|(writer, host)| store::begin(writer, anew, inlet.replicator.clone(), host.clone()));
        if let Some(archive) = archive {
            let machine = inlet.machine.clone();
            archive.begin(Box::new(move |news| machine.do_send(ToMachine(vec![Input::Archive(news)]))));
        }
        switch.connect(switch::Concerns { inlet: inlet.clone(), sequencer, disk, archive: archive.cloned() });
        switch.carry_out(Deliver::Discovery(discovery::message::Input::Bound(address)));
        transport.do_send(In(Attach { me: me.node, inlet }));
        Self { switch, machine }
    }

    /// Passes a question on to the machine.
    pub(super) fn ask(&self, ticket: u64, ask: M::Ask) {
        if let Some(input) = M::hears(Input::Asked { ticket, ask }) {
            self.machine.do_send(In(vec![input]));
        }
    }

    /// Passes a question on to the replicator.
    pub(super) fn tell_replicator(&self, input: replicator::message::Input) {
        self.switch.carry_out(Deliver::Replicator(input));
    }
}

impl<M: Machine> Drop for Life<M> {
    /// The concerns end, and what they still say goes nowhere.
    fn drop(&mut self) {
        self.switch.cut();
    }
}

struct Concerns<'a> {
    clock: &'a Arc<dyn Clock>,
    switch: Rc<Switch>,
}

impl Concerns<'_> {
    fn start<P>(&self, name: &'static str, protocol: P, route: fn(P::Output, &mut Vec<Deliver>)) -> Addr<Concern<P>>
    where
        P: Protocol<Input: 'static, Output: Unpin + 'static> + Unpin + 'static,
    {
        self.run(name, protocol, route)
    }

    /// What the machine answers goes to who asked.
    fn machine<M: Machine>(&self, machine: M, questions: &Rc<RefCell<Questions<M>>>) -> Addr<Concern<M>> {
        let questions = Rc::clone(questions);
        self.run("state machine", machine, move |output, delivers| {
            if let Some(output) = M::says(output)
                && let Some((ticket, answer)) = wiring::from_machine(output, delivers)
            {
                questions.borrow_mut().answer(ticket, answer);
            }
        })
    }

    fn run<P>(
        &self,
        name: &'static str,
        protocol: P,
        mut route: impl FnMut(P::Output, &mut Vec<Deliver>) + 'static,
    ) -> Addr<Concern<P>>
    where
        P: Protocol<Input: 'static, Output: Unpin + 'static> + Unpin + 'static,
    {
        let wire = Wire { name, switch: Rc::clone(&self.switch) };
        let mut delivers = Vec::new();
        let carry_out = Box::new(move |outputs: &mut Vec<P::Output>| {
            for output in outputs.drain(..) {
                route(output, &mut delivers);
            }
            wire.switch.carry_out_all(&mut delivers);
        });
        Concern::new(protocol, Arc::clone(self.clock), carry_out).start()
    }
}

/// A concern's end of the switch; it goes with the actor, however that ends.
struct Wire {
    name: &'static str,
    switch: Rc<Switch>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.switch.ended(self.name);
    }
}
