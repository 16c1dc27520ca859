//! A simulated node: the real protocols behind mailboxes, a clock of its own, and a memory that a crash empties.
//!
//! Each concern has a mailbox, as its actor has. Which of those with something to do runs next, the seed decides; the
//! order within one mailbox stays. So every interleaving that actors can produce, and no other, can occur.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use agora::auction::protocol::{Manager, Pace};
use agora::config::Settings;
use agora::cookie::Cookies;
use agora::discovery::message::Input as DiscoveryInput;
use agora::discovery::protocol::Discovery;
use agora::disk::Recovered;
use agora::election::protocol::Election;
use agora::heartbeat::message::Input as HeartbeatInput;
use agora::heartbeat::protocol::Heartbeat;
use agora::id::{Index, Member, NodeId};
use agora::machine::Machine;
use agora::node::wiring::{self, Deliver, Host, Transport};
use agora::replicator::message::{Input as ReplicatorInput, Order, Record};
use agora::replicator::protocol::Replicator;
use agora::sequencer::protocol::Sequencer;
use agora::time::Timestamp;
use agora::wire::{ClusterTag, Message, Packer, Sealer, open};

use crate::complaints;
use crate::concern::Concern;
use crate::dice::Dice;
use crate::disk::SimDisk;
use crate::invariants::{Checks, Violation};
use crate::queue::Micros;
use crate::trace::{Trace, brief};

/// How many datagrams wait for a node that does not run; more are lost.
const BACKLOG: usize = 256;
/// One that goes on with so many knows that it is behind.
const BEHIND: usize = 128;
/// In half of the turns, a concern takes up to so many messages together.
const MOST_A_TURN: usize = 16;

/// What a node's turn leads to.
#[derive(Debug)]
pub(crate) enum Effect {
    /// A datagram leaves.
    Send(SocketAddr, Vec<u8>),
    /// A datagram leaves to every node.
    Broadcast(Vec<u8>),
    /// A record goes to the disk.
    Write(u64, Record, Index),
    /// The log has ended: a new incarnation begins.
    ReturnAsNewcomer,
    /// It has stopped cleanly.
    Stopped,
}

/// A node's local clock: it neither agrees with the others' nor runs at the same rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalClock {
    /// Thousandths of the global rate.
    pub rate: u64,
    /// What it shows at global time zero.
    pub offset: u64,
}

impl LocalClock {
    /// What it shows at a global time.
    pub(crate) const fn local(self, global: Micros) -> Timestamp {
        Timestamp::from_micros(self.offset + global * self.rate / 1_000)
    }

    /// When it shows this, or something later, for the first time.
    pub(crate) const fn global(self, local: Timestamp) -> Micros {
        (local.as_micros().saturating_sub(self.offset) * 1_000).div_ceil(self.rate)
    }
}

/// One start of a node, or one incarnation of it.
#[derive(Debug)]
pub(crate) struct Life {
    discovery: Concern<Discovery>,
    heartbeat: Concern<Heartbeat>,
    election: Concern<Election>,
    sequencer: Concern<Sequencer>,
    replicator: Concern<Replicator>,
    manager: Concern<Manager>,
    book: BTreeMap<NodeId, SocketAddr>,
    packer: Packer,
    sealer: Sealer,
}

/// A node of the simulation.
#[derive(Debug)]
pub(crate) struct SimNode {
    /// Its place among the nodes.
    pub slot: usize,
    /// Where it receives.
    pub address: SocketAddr,
    /// Its clock.
    pub clock: LocalClock,
    /// At which it tells events to clients.
    pub pace: Pace,
    /// Counts its starts.
    pub life: u64,
    /// It runs; `None` while it is down.
    pub running: Option<Box<Life>>,
    /// It does not get processor time until then.
    pub paused_until: Micros,
    /// Its disk does not answer until then.
    pub disk_stuck_until: Micros,
    /// When the disk has done everything asked of it so far.
    pub disk_free: Micros,
    /// Its log, if that survives a crash.
    pub disk: Option<SimDisk>,
    /// Its disk has failed, and it ends.
    pub failing: bool,
    /// It was asked to stop: it will be gone soon.
    pub stopping: bool,
    /// For when it next gets processor time.
    pub run_at: Option<Micros>,
    backlog: VecDeque<(SocketAddr, NodeId, Vec<Message>)>,
}

impl SimNode {
    /// A node that has not been started.
    pub(crate) fn new(slot: usize, clock: LocalClock, disk: Option<SimDisk>, pace: Pace) -> Self {
        Self {
            slot,
            pace,
            address: Self::address(slot, 0),
            clock,
            life: 0,
            running: None,
            paused_until: 0,
            disk_stuck_until: 0,
            disk_free: 0,
            disk,
            failing: false,
            stopping: false,
            run_at: None,
            backlog: VecDeque::new(),
        }
    }

    fn address(slot: usize, start: u64) -> SocketAddr {
        let slot = u8::try_from(slot).unwrap_or(u8::MAX);
        SocketAddr::from(([10, 0, 0, slot + 1], 5_000 + u16::try_from(start % 1_000).unwrap_or(0)))
    }

    /// Starts a new process (`restart`: a restarted one mostly receives at a new port) or a new incarnation.
    /// It lives on with what its disk `held`, or without a log.
    pub(crate) fn begin(
        &mut self,
        me: Member,
        settings: &Settings,
        now: Micros,
        dice: &mut Dice,
        restart: bool,
        held: Option<Recovered>,
    ) {
        self.life += 1;
        if restart && dice.coin() {
            self.address = Self::address(self.slot, self.life);
        }
        self.backlog.clear();
        self.run_at = None;
        self.disk_free = now;
        self.failing = false;
        self.stopping = false;
        let now = self.clock.local(now);
        let cookies = Cookies::new(dice.number());
        let on_disk = self.disk.is_some();
        let replicator = Replicator::new(me, settings, dice.number(), now).on_disk(on_disk);
        let replicator = match held {
            Some(held) => replicator.restored(held.promise, held.base, held.entries, held.commit),
            None => replicator,
        };
        let mut life = Life {
            discovery: Concern::new(Discovery::new(me, settings, cookies, dice.number(), now).on_disk(on_disk)),
            heartbeat: Concern::new(Heartbeat::new(settings, dice.number())),
            election: Concern::new(Election::new(me, settings, dice.number())),
            sequencer: Concern::new(Sequencer::new()),
            replicator: Concern::new(replicator),
            manager: Concern::new(Manager::new(settings, cookies).paced(self.pace)),
            book: BTreeMap::new(),
            packer: Packer::new(),
            sealer: Sealer::new(ClusterTag::of(&settings.cluster), me.node),
        };
        life.discovery.tell(DiscoveryInput::Bound(self.address));
        self.running = Some(Box::new(life));
    }

    /// Everything in memory is gone.
    pub(crate) fn crash(&mut self, dice: &mut Dice) {
        self.running = None;
        if let Some(disk) = &mut self.disk {
            disk.crash(dice);
        }
        self.backlog.clear();
        self.life += 1;
        self.run_at = None;
        self.paused_until = 0;
        self.disk_stuck_until = 0;
    }

    /// A datagram has arrived.
    pub(crate) fn receive(&mut self, now: Micros, from: SocketAddr, bytes: &[u8], cluster: ClusterTag) -> bool {
        let Ok((header, messages)) = open(bytes, cluster) else { return false };
        let paused = self.paused_until > now;
        let Some(life) = &mut self.running else { return false };
        if paused {
            if self.backlog.len() < BACKLOG {
                self.backlog.push_back((from, header.sender, messages));
            }
        } else {
            for message in messages {
                life.accept(from, header.sender, message);
            }
        }
        true
    }

    /// The disk is full, or not any more; whether there is one.
    pub(crate) fn set_disk_full(&mut self, full: bool) -> bool {
        self.disk.as_mut().is_some_and(|disk| {
            disk.set_broken(full);
            true
        })
    }

    /// The disk has made everything up to `ticket` durable.
    pub(crate) fn flushed(&mut self, ticket: u64) {
        if let Some(life) = &mut self.running {
            life.replicator.tell(ReplicatorInput::Flushed(ticket));
        }
    }

    /// An operator's order, as its manager hands it on.
    pub(crate) fn order(&mut self, order: Order) {
        if let Some(life) = &mut self.running {
            life.replicator.tell(ReplicatorInput::Order { ticket: 0, order });
        }
    }

    /// SIGTERM.
    pub(crate) fn stop(&mut self) {
        self.stopping = true;
        if let Some(life) = &mut self.running {
            life.replicator.tell(ReplicatorInput::Stop);
        }
    }

    /// Runs actors until all are idle, or until the seed takes the processor away.
    pub(crate) fn run(
        &mut self,
        now: Micros,
        dice: &mut Dice,
        checks: &mut Checks,
        trace: &mut Trace,
    ) -> Result<Vec<Effect>, Violation> {
        let mut effects = Vec::new();
        let local = self.clock.local(now);
        let Some(life) = &mut self.running else { return Ok(effects) };
        if self.backlog.len() >= BEHIND {
            life.heartbeat.tell(HeartbeatInput::Behind);
        }
        for (from, sender, messages) in self.backlog.drain(..) {
            for message in messages {
                life.accept(from, sender, message);
            }
        }
        let mut deliver = Vec::new();
        let mut turns = 0;
        while let Some(concern) = life.choose(local, dice) {
            if dice.chance(30) {
                break;
            }
            turns += 1;
            if turns > 10_000 {
                return Err(Violation::new("NET-1", format!("node {}: its actors never come to rest", self.slot)));
            }
            trace.mix(concern as u64);
            let most = if dice.coin() { 1 } else { 1 + dice.index(MOST_A_TURN) };
            life.turn(concern, (local, most), &mut deliver, self.slot, checks)?;
            complaints::none(self.slot)?;
            let mut outbox = Outbox::default();
            for deliver in deliver.drain(..) {
                life.deliver(deliver, self.slot, &mut outbox, &mut effects, trace)?;
            }
            life.send(outbox, &mut effects)?;
        }
        Ok(effects)
    }

    /// When it wants processor time next: at once, if a mailbox is not empty.
    pub(crate) fn due(&self, now: Micros) -> Option<Micros> {
        let life = self.running.as_ref()?;
        let due = if life.busy() || !self.backlog.is_empty() {
            Some(now)
        } else {
            life.deadline().map(|deadline| self.clock.global(deadline).max(now))
        };
        due.map(|due| due.max(self.paused_until))
    }
}

/// What one turn sends, by destination.
#[derive(Debug, Default)]
struct Outbox {
    direct: BTreeMap<SocketAddr, Vec<Message>>,
    broadcast: Vec<Message>,
}

/// The concerns, for choosing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Discovery,
    Heartbeat,
    Election,
    Sequencer,
    Replicator,
    Manager,
}

impl Life {
    fn accept(&mut self, from: SocketAddr, sender: NodeId, message: Message) {
        self.hand_over(wiring::from_network(from, sender, message));
    }

    /// Puts what is for a concern into its mailbox; gives back what is not.
    fn hand_over(&mut self, deliver: Deliver) -> Option<Deliver> {
        match deliver {
            Deliver::Discovery(input) => self.discovery.tell(input),
            Deliver::Heartbeat(input) => self.heartbeat.tell(input),
            Deliver::Election(input) => self.election.tell(input),
            Deliver::Sequencer(input) => self.sequencer.tell(input),
            Deliver::Replicator(input) => self.replicator.tell(input),
            Deliver::Machine(input) => Manager::hears(input).into_iter().for_each(|input| self.manager.tell(input)),
            other => return Some(other),
        }
        None
    }

    fn choose(&self, now: Timestamp, dice: &mut Dice) -> Option<Which> {
        let all = [
            (Which::Discovery, self.discovery.ready(now)),
            (Which::Heartbeat, self.heartbeat.ready(now)),
            (Which::Election, self.election.ready(now)),
            (Which::Sequencer, self.sequencer.ready(now)),
            (Which::Replicator, self.replicator.ready(now)),
            (Which::Manager, self.manager.ready(now)),
        ];
        let count = all.iter().filter(|(_, ready)| *ready).count();
        if count == 0 {
            return None;
        }
        all.iter().filter(|(_, ready)| *ready).nth(dice.index(count)).map(|(which, _)| *which)
    }

    fn busy(&self) -> bool {
        self.discovery.busy()
            || self.heartbeat.busy()
            || self.election.busy()
            || self.sequencer.busy()
            || self.replicator.busy()
            || self.manager.busy()
    }

    fn deadline(&self) -> Option<Timestamp> {
        [
            self.discovery.deadline(),
            self.heartbeat.deadline(),
            self.election.deadline(),
            self.sequencer.deadline(),
            self.replicator.deadline(),
            self.manager.deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn turn(
        &mut self,
        which: Which,
        (now, most): (Timestamp, usize),
        deliver: &mut Vec<Deliver>,
        slot: usize,
        checks: &mut Checks,
    ) -> Result<(), Violation> {
        match which {
            Which::Discovery => {
                self.discovery.turn(now, most)?.for_each(|output| wiring::from_discovery(output, deliver));
            }
            Which::Heartbeat => {
                self.heartbeat.turn(now, most)?.for_each(|output| wiring::from_heartbeat(output, deliver));
            }
            Which::Election => {
                self.election.turn(now, most)?.for_each(|output| wiring::from_election(output, deliver));
            }
            Which::Sequencer => {
                self.sequencer.turn(now, most)?.for_each(|output| wiring::from_sequencer(output, deliver));
            }
            Which::Replicator => {
                for output in self.replicator.turn(now, most)? {
                    checks.replicator(slot, &output)?;
                    wiring::from_replicator(output, deliver);
                }
            }
            Which::Manager => {
                let outputs = self.manager.turn(now, most)?;
                checks.manager(slot, outputs.as_slice())?;
                for output in outputs.filter_map(Manager::says) {
                    // Nothing is asked of it but by messages.
                    wiring::from_machine(output, deliver);
                }
            }
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        deliver: Deliver,
        slot: usize,
        outbox: &mut Outbox,
        effects: &mut Vec<Effect>,
        trace: &Trace,
    ) -> Result<(), Violation> {
        match self.hand_over(deliver) {
            Some(Deliver::Transport(transport)) => self.transport(transport, slot, outbox, trace),
            Some(Deliver::Disk { ticket, record, commit }) => {
                trace.line(slot, || format!("  writes {ticket}: {}", short(&record)));
                effects.push(Effect::Write(ticket, record, commit));
            }
            Some(Deliver::Host(host)) => match host {
                Host::Situation(_) | Host::Shown { .. } => {}
                Host::ReturnAsNewcomer(_) => effects.push(Effect::ReturnAsNewcomer),
                Host::Stopped => effects.push(Effect::Stopped),
                Host::Fault(fault) => return Err(Violation::new("LOG-2", format!("node {slot}: fault: {fault}"))),
                Host::SameUuid(address) => {
                    return Err(Violation::new("LIVE-1", format!("node {slot}: its UUID runs at {address}")));
                }
                Host::OtherMode(address, mode) => {
                    return Err(Violation::new("LIVE-1", format!("node {slot}: {address} runs in mode {mode:?}")));
                }
            },
            _ => {}
        }
        Ok(())
    }

    fn transport(&mut self, transport: Transport, slot: usize, outbox: &mut Outbox, trace: &Trace) {
        match transport {
            Transport::ToNode(node, message) => {
                if let Some(address) = self.book.get(&node) {
                    trace.line(slot, || format!("  -> {node:?} {}", brief(&message)));
                    outbox.direct.entry(*address).or_default().push(message);
                }
            }
            Transport::ToAddress(address, message) => {
                trace.line(slot, || format!("  -> {address} {}", brief(&message)));
                outbox.direct.entry(address).or_default().push(message);
            }
            Transport::ToEach(addresses, message) => {
                for address in addresses {
                    trace.line(slot, || format!("  -> {address} {}", brief(&message)));
                    outbox.direct.entry(address).or_default().push(message.clone());
                }
            }
            Transport::Broadcast(message) => {
                trace.line(slot, || format!("  -> all {}", brief(&message)));
                outbox.broadcast.push(message);
            }
            Transport::Learn(node, address) => {
                self.book.insert(node, address);
            }
        }
    }

    fn send(&mut self, outbox: Outbox, effects: &mut Vec<Effect>) -> Result<(), Violation> {
        let Outbox { direct, broadcast } = outbox;
        for (address, messages) in direct {
            for bytes in self.pack(&messages)? {
                effects.push(Effect::Send(address, bytes));
            }
        }
        for bytes in self.pack(&broadcast)? {
            effects.push(Effect::Broadcast(bytes));
        }
        Ok(())
    }

    fn pack(&mut self, messages: &[Message]) -> Result<Vec<Vec<u8>>, Violation> {
        for message in messages {
            if self.packer.push(message).is_err() {
                return Err(Violation::new("NET-1", format!("larger than a datagram: {message:?}")));
            }
        }
        Ok(self.packer.finish(&mut self.sealer).map(<[u8]>::to_vec).collect())
    }
}

fn short(record: &Record) -> String {
    match record {
        Record::Promise(epoch) => format!("promise {epoch:?}"),
        Record::Append(entry) => format!("append {:?} {}", entry.position, brief(&entry.body)),
        Record::Cut(index) => format!("cut from {index}"),
        Record::Compact { snapshot, rest } => {
            format!("compact up to {:?}: {} kept, {} follow", snapshot.base, snapshot.kept.len(), rest.len())
        }
        Record::Install(snapshot) => format!("install up to {:?}: {} kept", snapshot.base, snapshot.kept.len()),
    }
}
