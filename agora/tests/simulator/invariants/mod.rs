//! The invariants of `docs/protocol.md`, a file each, checked at every output of every concern.
//!
//! They rest on what anybody can observe: the records that a node writes, the entries that it hands over as committed,
//! what it tells of itself, and what clients receive. Each keeps the little that it needs, so that a check costs little.

mod fate_1;
mod fold;
mod lead_1;
mod ledger;
mod live_1;
mod log_1;
mod log_2;
mod log_3;
mod memb_1;
mod once_1;
mod order_1;
mod seal_1;
mod shadow;
mod win_1;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use agora::auction::message::{Bidding, Output as ManagerOutput};
use agora::auction::view::Shown;
use agora::config::Mode;
use agora::disk::Recovered;
use agora::id::{AuctionId, FoundingId, Index, Member, NodeId, ParticipantId, Position, Seq};
use agora::replicator::message::{Body, Output, Record, Situation};

pub(crate) use ledger::Ledger;
pub(crate) use once_1::Outcome;
pub(crate) use order_1::head;
pub(crate) use shadow::Shadow;

use crate::schedule::Promise;

/// An invariant does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Its id in `docs/protocol.md`.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

impl Violation {
    /// Of the invariant with this id.
    pub(crate) fn new(invariant: &'static str, what: String) -> Self {
        Self { invariant, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// The newest member list of a log, and the one before it, which counts too while nobody knows which of them survives.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    newest: Option<Position>,
    lists: [Vec<Member>; 2],
}

impl Lists {
    fn take(&mut self, position: Position, members: &[Member]) {
        if self.newest.is_none_or(|newest| newest <= position) {
            self.newest = Some(position);
            if self.lists[1] != members {
                self.lists.swap(0, 1);
                self.lists[1] = members.to_vec();
            }
        }
    }
}

/// What the invariants remember of one run.
#[derive(Debug)]
pub(crate) struct Checks {
    /// What may be demanded.
    promise: Promise,
    /// Nothing that the schedule does can make two logs.
    founded_once: bool,
    /// What is known of each node's present incarnation; `None` while it is down.
    shadows: Vec<Option<Shadow>>,
    /// Those of nodes that are down and whose disk keeps their log.
    asleep: Vec<Option<Shadow>>,
    /// Which nodes' logs survive a crash.
    disks: Vec<bool>,
    /// What is committed, by the log's founding.
    ledgers: BTreeMap<FoundingId, Ledger>,
    /// The newest member list of every log in which an epoch has begun.
    members: BTreeMap<FoundingId, Lists>,
    mode: Mode,
    memb_1: memb_1::Memb1,
    log_2: log_2::Log2,
    lead_1: lead_1::Lead1,
    once_1: once_1::Once1,
    /// Whose client receives where.
    participants: BTreeMap<SocketAddr, ParticipantId>,
    /// Leaderships that served.
    pub elections: u64,
    /// Logs that were compacted.
    pub compactions: u64,
    /// Logs that were replaced by snapshots.
    pub snapshots: u64,
}

impl Checks {
    /// For nodes with disks, or without.
    pub(crate) fn new(mode: Mode, promise: Promise, founded_once: bool, disks: Vec<bool>) -> Self {
        let nodes = disks.len();
        Self {
            promise,
            founded_once,
            shadows: (0..nodes).map(|_| None).collect(),
            asleep: (0..nodes).map(|_| None).collect(),
            disks,
            ledgers: BTreeMap::new(),
            members: BTreeMap::new(),
            mode,
            memb_1: memb_1::Memb1::default(),
            log_2: log_2::Log2::default(),
            lead_1: lead_1::Lead1::default(),
            once_1: once_1::Once1::default(),
            participants: BTreeMap::new(),
            elections: 0,
            compactions: 0,
            snapshots: 0,
        }
    }

    /// A participant's client receives at this address.
    pub(crate) fn client(&mut self, address: SocketAddr, participant: ParticipantId) {
        self.participants.insert(address, participant);
    }

    /// A new incarnation begins in this slot.
    pub(crate) fn begin(&mut self, slot: usize, me: Member) {
        self.asleep[slot] = None;
        self.shadows[slot] = Some(Shadow::new(me));
    }

    /// An incarnation lives on in this slot with what its disk held: LOG-3.
    pub(crate) fn resume(&mut self, slot: usize, me: Member, held: &Recovered) -> Result<(), Violation> {
        let before = self.asleep[slot].take().filter(|before| before.me.node == me.node);
        log_3::resumed(before.as_ref(), me, held)?;
        self.log_2.resumed(held);
        self.shadows[slot] = Some(Shadow::resumed(me, held));
        Ok(())
    }

    /// The node in this slot is down.
    pub(crate) fn end(&mut self, slot: usize) {
        let shadow = self.shadows[slot].take();
        if self.disks[slot] && shadow.is_some() {
            self.asleep[slot] = shadow;
        }
    }

    /// There is one log, so that what clients see can be compared across nodes.
    pub(crate) fn one_log(&self) -> bool {
        self.promise == Promise::OneLog && self.ledgers.len() <= 1
    }

    /// The one log's committed content.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        if self.one_log() { self.ledgers.values().next() } else { None }
    }

    /// The client that receives at this address still lacks an event of an auction that it follows: ORDER-1.
    pub(crate) fn lacks(&self, auction: AuctionId, last: Seq) -> bool {
        let folded = self.ledger().and_then(|ledger| ledger.auctions.get(&auction));
        folded.is_some_and(|folded| !folded.archived && (folded.events.len() as u64) > last.0)
    }

    /// How often the members changed with `--cluster-size`.
    pub(crate) fn member_changes(&self) -> u64 {
        self.memb_1.changes
    }

    /// How many logs have committed entries.
    pub(crate) fn foundings(&self) -> usize {
        self.ledgers.len()
    }

    /// Where the node in this slot stands, as it last told.
    pub(crate) fn situation(&self, slot: usize) -> Option<&Situation> {
        self.shadows.get(slot)?.as_ref()?.situation.as_ref()
    }

    /// The incarnation that lives in this slot.
    pub(crate) fn incarnation(&self, slot: usize) -> Option<NodeId> {
        self.shadows.get(slot)?.as_ref().map(|shadow| shadow.me.node)
    }

    /// The node whose replicator says that it serves, of the highest epoch.
    pub(crate) fn leader(&self) -> Option<usize> {
        (0..self.shadows.len())
            .filter(|slot| self.situation(*slot).is_some_and(|situation| situation.serving))
            .max_by_key(|slot| self.situation(*slot).map(|situation| situation.promise))
    }

    /// The disk of this node has made everything up to `ticket` durable.
    pub(crate) fn flushed(&mut self, slot: usize, ticket: u64) {
        if let Some(shadow) = &mut self.shadows[slot] {
            shadow.flushed(ticket);
        }
    }

    /// Checks an output of a replicator.
    pub(crate) fn replicator(&mut self, slot: usize, output: &Output) -> Result<(), Violation> {
        let Some(shadow) = &mut self.shadows[slot] else { return Ok(()) };
        match output {
            Output::Write { ticket, record, .. } => {
                log_3::written(shadow, record)?;
                self.log_2.written(shadow, record)?;
                if let Record::Append(entry) = record {
                    self.memb_1.written(self.mode, shadow, entry)?;
                }
                match record {
                    Record::Compact { .. } => self.compactions += 1,
                    Record::Install(_) => self.snapshots += 1,
                    _ => {}
                }
                shadow.written(*ticket, record);
                if let (Some(founding), Record::Append(entry)) = (shadow.founding, record)
                    && let Body::EpochStarted { members } | Body::Members(members) = &entry.body
                {
                    self.members.entry(founding).or_default().take(entry.position, members);
                }
            }
            Output::Send { message, .. } => log_3::sent(shadow, message)?,
            Output::Reset => {
                shadow.handed_before = shadow.handed_before.max(shadow.commit);
                shadow.commit = Index(0);
                shadow.resets += 1;
            }
            Output::Committed(entry) => {
                log_2::committed(shadow, entry)?;
                if let Body::Founded { founding, .. } = &entry.body {
                    shadow.founding = Some(*founding);
                }
                if let Some(founding) = shadow.founding {
                    if self.founded_once && self.ledgers.keys().any(|other| *other != founding) {
                        let what = format!("{:?} commits in a second log, {founding:?}", shadow.me.node);
                        return Err(Violation::new("LOG-2", what));
                    }
                    let ledger = self.ledgers.entry(founding).or_default();
                    if self.promise == Promise::OneLog {
                        log_2::agreed(shadow, ledger, entry)?;
                    }
                }
                shadow.commit = entry.position.index;
            }
            Output::Leading { epoch, .. } => {
                self.elections += 1;
                self.lead_1.leading(shadow, *epoch)?;
                if self.promise == Promise::OneLog
                    && let Some(ledger) = shadow.founding.and_then(|founding| self.ledgers.get(&founding))
                {
                    log_1::leading(shadow, *epoch, ledger)?;
                }
            }
            Output::Situation(situation) => {
                log_3::situation(shadow, situation)?;
                shadow.situation = Some((**situation).clone());
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks the outputs of a turn of an auction manager: what it applies, then what it says of it.
    pub(crate) fn manager(&mut self, slot: usize, outputs: &[ManagerOutput]) -> Result<(), Violation> {
        let Some(shadow) = &mut self.shadows[slot] else { return Ok(()) };
        for output in outputs {
            if let ManagerOutput::Applied { index, decision } = output {
                once_1::applied(shadow, *index, decision)?;
                seal_1::applied(shadow, decision);
                if self.promise == Promise::OneLog
                    && let Some(ledger) = shadow.founding.and_then(|founding| self.ledgers.get_mut(&founding))
                {
                    ledger.applied(*index, decision)?;
                }
            }
        }
        for output in outputs {
            match output {
                ManagerOutput::Bidding(to, message) => {
                    let to = self.participants.get(to).copied();
                    seal_1::sent(shadow, to, message)?;
                    if let Bidding::Ack(ack) = message {
                        once_1::acknowledged(shadow, to, ack)?;
                    }
                }
                ManagerOutput::Shown(to, Shown::Bidding(message)) => {
                    for to in to {
                        seal_1::sent(shadow, self.participants.get(to).copied(), message)?;
                    }
                }
                ManagerOutput::Outcome(_, message) => fate_1::sent(slot, message)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// A client was told the outcome of a request: LOG-1, ONCE-1. Gives the entry that holds it.
    pub(crate) fn answered(
        &mut self,
        key: agora::auction::event::RequestKey,
        outcome: &Outcome,
    ) -> Result<Option<Index>, Violation> {
        if !self.one_log() {
            return Ok(None);
        }
        self.once_1.answered(key, outcome)?;
        log_1::acknowledged(self.ledgers.values().next(), key, outcome)
    }

    /// A client was sent an event.
    pub(crate) fn event(
        &mut self,
        participant: ParticipantId,
        message: &agora::wire::Message,
    ) -> Result<(), Violation> {
        let Some(ledger) = self.ledger() else { return Ok(()) };
        order_1::received(ledger, participant, message)?;
        win_1::received(ledger, participant, message)
    }

    /// What still hinders everybody from agreeing on one leader: LIVE-1.
    pub(crate) fn unsettled(&self, up: &[usize]) -> Option<String> {
        live_1::unsettled(self, up)
    }

    /// Whether a majority of the members still has its log, as far as the nodes' own logs tell.
    pub(crate) fn quorum_lives(&self, after_crash_of: Option<usize>) -> bool {
        live_1::quorum_lives(self, after_crash_of)
    }
}
