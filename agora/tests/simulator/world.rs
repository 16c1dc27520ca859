//! One run: takes the events in order, lets nodes and clients act, and checks the invariants at every step.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use agora::id::{AuctionId, Index, Member, NodeId, ParticipantId};
use agora::replicator::message::Order;
use agora::wire::{ClusterTag, MAX_DATAGRAM};
use uuid::Uuid;

use crate::case::Case;
use crate::client::{SimClient, Task};
use crate::dice::Dice;
use crate::disk::SimDisk;
use crate::invariants::{Checks, Violation};
use crate::network::Network;
use crate::node::{Effect, LocalClock, SimNode};
use crate::queue::{Datagram, Happening, Micros, Queue};
use crate::report::Report;
use crate::schedule::{MILLI, SECOND, Schedule};
use crate::trace::{Trace, brief};

/// LIVE-1: one leader within so long after all faults have ended.
const ONE_LEADER: Micros = 10 * SECOND;
/// LIVE-1: every request answered within so long after all faults have ended.
const ALL_ANSWERED: Micros = 20 * SECOND;
/// The leader found after the faults must stay for so long.
const CALM: Micros = SECOND;

/// A run.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) schedule: Schedule,
    pub(crate) now: Micros,
    pub(crate) queue: Queue,
    pub(crate) network: Network,
    pub(crate) nodes: Vec<SimNode>,
    pub(crate) clients: Vec<SimClient>,
    pub(crate) checks: Checks,
    pub(crate) trace: Trace,
    pub(crate) dice: Dice,
    pub(crate) report: Report,
    pub(crate) board: Vec<AuctionId>,
    pub(crate) acknowledged: Index,
    /// Who has the address now.
    endpoints: BTreeMap<SocketAddr, usize>,
    uuids: Vec<Uuid>,
    disk: Dice,
    /// When leaders crash as they change the members.
    pub(crate) strikes: Dice,
    tears: Dice,
    turns: Dice,
    cluster: ClusterTag,
    calm_since: Option<(Micros, usize)>,
    pub(crate) healed: bool,
}

impl World {
    /// The world of a seed.
    pub(crate) fn new(case: &Case, print: bool) -> Self {
        let (seed, schedule) = (case.seed, case.schedule());
        let mut dice = Dice::new(seed, 2);
        let uuids = schedule.nodes.iter().map(|_| Uuid::from_u64_pair(dice.number(), dice.number())).collect();
        let nodes: Vec<SimNode> = schedule
            .nodes
            .iter()
            .enumerate()
            .map(|(slot, plan)| {
                let disk = plan.disk.then(|| SimDisk::new(&schedule.settings(slot)));
                SimNode::new(slot, LocalClock { rate: plan.rate, offset: plan.offset }, disk, schedule.pace)
            })
            .collect();
        let mut participants: Vec<ParticipantId> =
            (0..schedule.clients).map(|_| ParticipantId(Uuid::from_u64_pair(dice.number(), dice.number()))).collect();
        if schedule.twins {
            participants[1] = participants[0];
        }
        let disks = schedule.nodes.iter().map(|plan| plan.disk).collect();
        let mut checks = Checks::new(schedule.mode, schedule.promise, schedule.founded_once(), disks);
        let clients: Vec<SimClient> = participants
            .iter()
            .enumerate()
            .map(|(number, participant)| {
                let dice = Dice::new(seed, 100 + number as u64);
                SimClient::new(number, *participant, dice, number == schedule.clients - 1)
            })
            .collect();
        let mut endpoints = BTreeMap::new();
        for (number, client) in clients.iter().enumerate() {
            checks.client(client.address, client.participant);
            endpoints.insert(client.address, nodes.len() + number);
        }
        let mut world = Self {
            now: 0,
            queue: Queue::default(),
            network: Network::new(schedule.weather, Dice::new(seed, 3)),
            checks,
            trace: Trace::new(print),
            dice,
            report: Report::default(),
            board: Vec::new(),
            acknowledged: Index(0),
            endpoints,
            uuids,
            disk: Dice::new(seed, 4),
            strikes: Dice::new(seed, 12),
            tears: Dice::new(seed, 7),
            turns: Dice::new(seed, 5),
            cluster: ClusterTag::of("agora"),
            calm_since: None,
            healed: false,
            nodes,
            clients,
            schedule,
        };
        world.fill_queue(case);
        world
    }

    fn fill_queue(&mut self, case: &Case) {
        for (slot, plan) in self.schedule.nodes.iter().enumerate() {
            self.queue.push(plan.start, Happening::Start(slot));
        }
        for client in 0..self.clients.len() {
            self.queue.push(self.dice.below(200 * MILLI), Happening::Client(client));
        }
        for (number, planned) in self.schedule.faults.iter().enumerate().filter(|(number, _)| case.has_fault(*number)) {
            self.queue.push(planned.begin, Happening::FaultBegins(number));
            self.queue.push(planned.end, Happening::FaultEnds(number));
        }
        if let Some(pause) = self.schedule.orders {
            self.queue.push(2 * SECOND + pause, Happening::Order);
        }
        self.queue.push(self.schedule.heal, Happening::Heal);
    }

    /// Runs to the end.
    pub(crate) fn run(&mut self) -> Result<(), Violation> {
        self.trace.line("", || format!("{:#?}", self.schedule));
        while let Some((now, happening)) = self.queue.pop() {
            self.now = now;
            self.trace.at(now);
            self.trace.mix(now);
            self.happen(happening)?;
            if self.healed && self.finished()? {
                break;
            }
        }
        self.report.hash = self.trace.hash();
        self.report.time = self.now;
        self.report.elections = self.checks.elections;
        self.report.member_changes = self.checks.member_changes();
        (self.report.compactions, self.report.snapshots) = (self.checks.compactions, self.checks.snapshots);
        Ok(())
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        match happening {
            Happening::Arrive(datagram) => self.arrive(&datagram),
            Happening::Run { node, life } => {
                if self.nodes[node].life == life && self.nodes[node].run_at == Some(self.now) {
                    self.nodes[node].run_at = None;
                    self.run_node(node)?;
                }
                Ok(())
            }
            Happening::Flushed { node, life, ticket } => {
                if self.nodes[node].life == life {
                    self.flushed(node, ticket);
                }
                Ok(())
            }
            Happening::Strike { node, life } => {
                if self.nodes[node].life == life {
                    self.strike(node);
                }
                Ok(())
            }
            Happening::Order => {
                self.order();
                Ok(())
            }
            Happening::End { node, life } => {
                if self.nodes[node].life == life {
                    self.end(node);
                }
                Ok(())
            }
            Happening::Client(client) => {
                self.act(client);
                Ok(())
            }
            Happening::Start(slot) => self.start(slot),
            Happening::FaultBegins(number) => {
                self.fault_begins(number);
                Ok(())
            }
            Happening::FaultEnds(number) => self.fault_ends(number),
            Happening::Heal => self.heal(),
        }
    }

    fn arrive(&mut self, datagram: &Datagram) -> Result<(), Violation> {
        let Some(endpoint) = self.endpoints.get(&datagram.to).copied() else { return Ok(()) };
        self.trace.mix(endpoint as u64);
        self.trace.mix_bytes(&datagram.bytes);
        if endpoint < self.nodes.len() {
            let node = &mut self.nodes[endpoint];
            if node.address == datagram.to && node.receive(self.now, datagram.from, &datagram.bytes, self.cluster) {
                self.trace_arrival(endpoint, datagram);
                self.schedule_run(endpoint, true);
            }
            return Ok(());
        }
        self.client_receives(endpoint - self.nodes.len(), datagram.from, &datagram.bytes, self.cluster)
    }

    fn trace_arrival(&self, endpoint: usize, datagram: &Datagram) {
        if self.trace.prints() {
            for message in agora::wire::open(&datagram.bytes, self.cluster).map(|opened| opened.1).unwrap_or_default() {
                self.trace.line(endpoint, || format!("<- {} {}", self.name(datagram.from), brief(&message)));
            }
        }
    }

    /// An address, for people.
    pub(crate) fn name(&self, address: SocketAddr) -> String {
        match self.endpoints.get(&address) {
            Some(number) if *number < self.nodes.len() => format!("node {number}"),
            Some(number) => format!("client {}", number - self.nodes.len()),
            None => address.to_string(),
        }
    }

    /// Gives a node processor time, at once or soon after what `arrived`, or when its next deadline is due.
    fn schedule_run(&mut self, slot: usize, arrived: bool) {
        let jitter = if arrived { self.turns.below(60) } else { 1 + self.turns.below(20) };
        let node = &mut self.nodes[slot];
        let Some(due) = node.due(self.now) else { return };
        let at = if due <= self.now { self.now + jitter } else { due };
        if node.run_at.is_none_or(|planned| planned > at) {
            node.run_at = Some(at);
            self.queue.push(at, Happening::Run { node: slot, life: node.life });
        }
    }

    pub(crate) fn run_node(&mut self, slot: usize) -> Result<(), Violation> {
        if self.nodes[slot].paused_until <= self.now {
            let node = &mut self.nodes[slot];
            let effects = node.run(self.now, &mut self.turns, &mut self.checks, &mut self.trace)?;
            for effect in effects {
                self.carry_out(slot, effect)?;
            }
        }
        self.schedule_run(slot, false);
        Ok(())
    }

    fn carry_out(&mut self, slot: usize, effect: Effect) -> Result<(), Violation> {
        match effect {
            Effect::Send(to, bytes) => self.send(slot, self.nodes[slot].address, to, &bytes.into()),
            Effect::Broadcast(bytes) => {
                self.broadcast(slot, self.nodes[slot].address, &bytes.into())?;
                Ok(())
            }
            Effect::Write(ticket, record, commit) => {
                if self.nodes[slot].running.is_some() {
                    self.consider_strike(slot, &record);
                    if let Some(disk) = &mut self.nodes[slot].disk {
                        disk.order(ticket, record, commit);
                    }
                    self.write(slot, ticket);
                }
                Ok(())
            }
            Effect::ReturnAsNewcomer => {
                self.trace.line(slot, || "returns as a newcomer".into());
                self.begin_life(slot, false)
            }
            Effect::Stopped => {
                self.trace.line(slot, || "has stopped".into());
                self.end(slot);
                Ok(())
            }
        }
    }

    /// An operator gives whoever leads some order, sensible or not.
    fn order(&mut self) {
        let Some(pause) = self.schedule.orders.filter(|_| !self.healed) else { return };
        self.queue.push(self.now + pause, Happening::Order);
        let Some(leader) = self.checks.leader() else { return };
        let (one, other) = (self.dice.index(self.uuids.len()), self.dice.index(self.uuids.len()));
        let order = match self.dice.below(5) {
            0 | 1 => Order::Add(self.uuids[one]),
            2 | 3 => Order::Remove(self.uuids[one]),
            _ => Order::Transfer { from: self.uuids[leader], to: self.dice.coin().then(|| self.uuids[other]) },
        };
        self.trace.line(leader, || format!("is ordered to {order:?}"));
        self.report.orders += 1;
        self.nodes[leader].order(order);
        self.schedule_run(leader, true);
    }

    /// Sends a datagram to one address.
    pub(crate) fn send(
        &mut self,
        from: usize,
        address: SocketAddr,
        to: SocketAddr,
        bytes: &Rc<[u8]>,
    ) -> Result<(), Violation> {
        if bytes.len() > MAX_DATAGRAM {
            return Err(Violation::new("NET-1", format!("a datagram of {} bytes", bytes.len())));
        }
        self.report.datagrams += 1;
        let Some(endpoint) = self.endpoints.get(&to).copied() else { return Ok(()) };
        for (delay, damaged) in self.network.carry(from, endpoint) {
            let bytes = if damaged { self.network.damage(bytes).into() } else { Rc::clone(bytes) };
            self.queue.push(self.now + delay, Happening::Arrive(Datagram { from: address, to, bytes }));
        }
        Ok(())
    }

    /// Sends a datagram to every node, the sender too.
    pub(crate) fn broadcast(&mut self, from: usize, address: SocketAddr, bytes: &Rc<[u8]>) -> Result<(), Violation> {
        for slot in 0..self.nodes.len() {
            self.send(from, address, self.nodes[slot].address, bytes)?;
        }
        Ok(())
    }

    fn write(&mut self, slot: usize, ticket: u64) {
        let mut delay = self.disk.below(self.schedule.flush + 1);
        if self.schedule.flush > 0 && self.disk.chance(20) && !self.healed {
            delay *= 10;
        }
        let node = &mut self.nodes[slot];
        // In order: a ticket is never durable before an earlier one.
        node.disk_free = node.disk_free.max(self.now + delay).max(node.disk_stuck_until);
        self.queue.push(node.disk_free, Happening::Flushed { node: slot, life: node.life, ticket });
    }

    fn flushed(&mut self, slot: usize, ticket: u64) {
        if let Some(disk) = &mut self.nodes[slot].disk
            && !disk.flush(ticket, &mut self.disk)
        {
            self.disk_failed(slot);
            return;
        }
        self.checks.flushed(slot, ticket);
        self.trace.line(slot, || format!("flushed {ticket}"));
        self.nodes[slot].flushed(ticket);
        self.schedule_run(slot, true);
    }

    /// It acknowledges nothing more, hands over, and ends.
    fn disk_failed(&mut self, slot: usize) {
        if std::mem::replace(&mut self.nodes[slot].failing, true) {
            return;
        }
        self.trace.line(slot, || "its disk has failed".into());
        self.nodes[slot].stop();
        self.queue.push(self.now + 2 * SECOND, Happening::End { node: slot, life: self.nodes[slot].life });
        self.schedule_run(slot, true);
    }

    /// Starts a node that is down.
    pub(crate) fn start(&mut self, slot: usize) -> Result<(), Violation> {
        if self.nodes[slot].running.is_none() { self.begin_life(slot, true) } else { Ok(()) }
    }

    /// A node has ended by itself; when all faults have ended, it is started again.
    fn end(&mut self, slot: usize) {
        self.crash(slot);
        if self.healed {
            self.queue.push(self.now + MILLI, Happening::Start(slot));
        }
    }

    fn begin_life(&mut self, slot: usize, restart: bool) -> Result<(), Violation> {
        let fresh = NodeId { uuid: self.uuids[slot], incarnation: self.dice.number() | 1 };
        let held = match &mut self.nodes[slot].disk {
            Some(disk) if restart => disk.open()?,
            _ => None,
        };
        if let (Some(disk), None) = (&mut self.nodes[slot].disk, &held) {
            disk.begin(fresh);
        }
        let node = held.as_ref().map_or(fresh, |held| held.node);
        let me = Member { node, priority: self.schedule.nodes[slot].priority };
        let settings = self.schedule.settings(slot);
        self.endpoints.remove(&self.nodes[slot].address);
        match &held {
            Some(held) => self.checks.resume(slot, me, held)?,
            None => self.checks.begin(slot, me),
        }
        self.trace.line(slot, || match &held {
            Some(held) => format!("lives on as {node:?}, promise {:?}, {} entries", held.promise, held.entries.len()),
            None => format!("starts as {node:?}"),
        });
        self.nodes[slot].begin(me, &settings, self.now, &mut self.dice, restart, held);
        self.endpoints.insert(self.nodes[slot].address, slot);
        self.schedule_run(slot, true);
        Ok(())
    }

    /// Takes a node down, with all it had in memory.
    pub(crate) fn crash(&mut self, slot: usize) {
        self.trace.line(slot, || "is down".into());
        self.nodes[slot].crash(&mut self.tears);
        self.checks.end(slot);
    }

    /// The nodes that run.
    pub(crate) fn up(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|slot| self.nodes[*slot].running.is_some()).collect()
    }

    fn heal(&mut self) -> Result<(), Violation> {
        self.trace.line("", || "all faults end".into());
        self.healed = true;
        self.network.heal();
        for slot in 0..self.nodes.len() {
            self.nodes[slot].paused_until = self.now.min(self.nodes[slot].paused_until);
            self.nodes[slot].set_disk_full(false);
            self.start(slot)?;
            self.schedule_run(slot, true);
        }
        for client in &mut self.clients {
            client.closing = true;
        }
        Ok(())
    }

    /// After all faults: whether all that LIVE-1 demands is reached; a violation, if the time for it is over.
    fn finished(&mut self) -> Result<bool, Violation> {
        let after = self.now - self.schedule.heal;
        let demanded = !matches!(self.schedule.mode, agora::config::Mode::Majority(_))
            || (self.checks.quorum_lives(None) && self.checks.foundings() <= 1);
        if !demanded {
            return Ok(after > 2 * SECOND);
        }
        self.report.live = 1;
        let unsettled = self.checks.unsettled(&self.up());
        match (&unsettled, self.checks.leader()) {
            (None, Some(leader)) => {
                if self.calm_since.is_none_or(|(_, before)| before != leader) {
                    self.calm_since = Some((self.now, leader));
                }
            }
            _ => self.calm_since = None,
        }
        let calm = self.calm_since.is_some_and(|(since, _)| self.now - since >= CALM);
        if !calm && after > ONE_LEADER + CALM {
            let why = unsettled.unwrap_or_else(|| "the leader changes".into());
            return Err(Violation::new("LIVE-1", format!("{} s after all faults: {why}", after / SECOND)));
        }
        // A request that knows more than is committed is of a history that was set aside: nobody answers it.
        let commit = self.checks.leader().and_then(|leader| self.checks.situation(leader));
        let commit = commit.map_or(Index(u64::MAX), |situation| situation.commit.index);
        let is_open = |task: &Task| task.is_read() || task.known <= commit;
        let tasks = || self.clients.iter().flat_map(|client| &client.tasks).filter(|(_, task)| is_open(task));
        let open = tasks().count();
        if open > 0 && after > ALL_ANSWERED {
            let first = tasks().next();
            return Err(Violation::new("LIVE-1", format!("{open} requests have no answer, such as {first:?}")));
        }
        if !(calm && open == 0) && after <= ALL_ANSWERED {
            return Ok(false);
        }
        let lacking = self.clients.iter().find_map(|client| {
            let (auction, _) =
                client.follows.iter().find(|(auction, follow)| self.checks.lacks(**auction, follow.last))?;
            Some((client.address, *auction))
        });
        if let Some(lacking) = lacking
            && after > ALL_ANSWERED
        {
            return Err(Violation::new("ORDER-1", format!("a client was never told all events: {lacking:?}")));
        }
        Ok(calm && open == 0 && lacking.is_none())
    }
}
