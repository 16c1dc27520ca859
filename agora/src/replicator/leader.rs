//! Leading: append what is proposed, count acknowledgements, commit, answer heartbeats and reads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use super::message::{Body, Entry, Message, Output, Record};
use super::peer::Peer;
use super::protocol::{Replicator, Role};
use super::quorum;
use crate::id::{Epoch, Index, NodeId, Position, Probe};
use crate::time::{At, Timestamp};

/// So many entries may wait for their commit before the manager has no more credit.
const ROOM: usize = 2_048;
/// Proposals already on their way when credit ran out are still taken, up to here.
const HARD_LIMIT: usize = 3 * ROOM;
/// So many reads may wait for their barrier; more are dropped, and their clients ask again.
const MAX_READS: usize = 1_024;

/// One leadership.
#[derive(Debug)]
pub(super) struct Leader {
    pub(super) epoch: Epoch,
    started: Timestamp,
    at_start: At,
    /// Where this leadership's EpochStarted stands; 0 while a founder waits for its list to be held.
    pub(super) epoch_started: Index,
    /// The EpochStarted is committed.
    pub(super) serving: bool,
    /// Everyone that is replicated to: members and observers.
    pub(super) peers: BTreeMap<NodeId, Peer>,
    probe: Probe,
    next_proposal: u64,
    refusing: bool,
    /// Reads and the probe that a quorum must acknowledge first.
    reads: VecDeque<(u64, Probe)>,
    /// The last credit told.
    credit: (usize, bool),
    pub(super) beat: Timestamp,
    pub(super) transfer: Option<super::members::Transfer>,
    pub(super) last_transfer: Timestamp,
    /// An operator gave it the leadership: it hands on to no higher rank by itself.
    pub(super) stays: bool,
    pub(super) leave: Option<super::members::Leave>,
    /// Who may become a member, once it has answered a later probe than this; and since when.
    pub(super) proving: Option<(NodeId, Probe, Timestamp)>,
}

impl Leader {
    /// `promised` have just been heard. The first beat is due at `beat`.
    pub(super) fn new(epoch: Epoch, now: Timestamp, at_seen: At, promised: &BTreeSet<NodeId>, beat: Timestamp) -> Self {
        let peers = promised.iter().map(|node| (*node, Peer::new(now, true))).collect();
        Self {
            epoch,
            started: now,
            at_start: at_seen,
            epoch_started: Index(0),
            serving: false,
            peers,
            probe: Probe(0),
            next_proposal: 1,
            refusing: false,
            reads: VecDeque::new(),
            credit: (0, false),
            beat,
            transfer: None,
            last_transfer: now,
            stays: false,
            leave: None,
            proving: None,
        }
    }

    /// Leadership time now.
    pub(super) fn at(&self, now: Timestamp) -> At {
        self.at_start + now.since(self.started)
    }

    /// Whether a node acknowledged a probe that was sent at or after `since`.
    pub(super) fn has_heard(&self, node: NodeId, since: Timestamp) -> bool {
        self.peers.get(&node).is_some_and(|peer| peer.heard_at.is_some_and(|at| at >= since))
    }

    /// The last probe that was sent to anyone.
    pub(super) fn last_probe(&self) -> Probe {
        self.probe
    }

    pub(super) fn deadline(&self) -> Timestamp {
        self.peers.values().filter_map(Peer::deadline).fold(self.beat, Timestamp::min)
    }
}

impl Replicator {
    /// Appends an entry of this leadership at the log's end.
    pub(super) fn append(&mut self, now: Timestamp, body: Body, out: &mut Vec<Output>) {
        let Role::Leader(leader) = &self.role else { return };
        let at = leader.at(now).max(self.at_seen);
        self.at_seen = at;
        let position = Position { epoch: leader.epoch, index: self.log.last().index.next() };
        let mut records: Vec<Record> = Vec::new();
        self.log.append(Entry { position, at, body }, &mut records);
        self.write(now, records, out);
    }

    /// Sends what each peer lacks, and to members the probe that a read waits for; to those with nothing to send, nothing.
    pub(super) fn replicate_to_all(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Role::Leader(leader) = &self.role else { return };
        let barrier = leader.reads.back().map_or(Probe(0), |(_, barrier)| *barrier);
        let peers: Vec<(NodeId, bool)> =
            leader.peers.iter().map(|(node, peer)| (*node, peer.last_probe() < barrier)).collect();
        for (peer, awaited) in peers {
            let probe = awaited && self.is_member(peer);
            self.replicate(now, peer, probe, out);
        }
    }

    /// Sends a peer what it lacks, as far as the flow to it allows; with `probe` at least one datagram.
    pub(super) fn replicate(&mut self, now: Timestamp, to: NodeId, probe: bool, out: &mut Vec<Output>) {
        let Some(founding) = self.log.founding().filter(|_| self.promise_is_flushed()) else { return };
        let failure_timeout = self.settings.failure_timeout();
        let Role::Leader(leader) = &mut self.role else { return };
        let at = leader.at(now);
        let mut owed = probe;
        loop {
            let Some(peer) = leader.peers.get_mut(&to) else { return };
            let heard = peer.heard_at.is_some_and(|at| now.since(at) <= failure_timeout);
            let before = Index(peer.next.0.saturating_sub(1));
            // Who lacks more than what is whole here is probed only: it asks for the snapshot.
            let lacks = before < self.log.base().index;
            let previous = self.log.position(before.max(self.log.base().index)).unwrap_or(Position::START);
            let more = !lacks && previous.index < self.log.last().index;
            let wanted = more && peer.may_send(heard, || self.log.fills_datagram_after(previous.index));
            if !wanted && !owed {
                return;
            }
            owed = false;
            let entries = if wanted { self.log.datagram_after(previous.index) } else { Vec::new() };
            leader.probe = leader.probe.next();
            peer.sent(now, leader.probe, previous.index, entries.len());
            let (epoch, probe, commit) = (leader.epoch, leader.probe, self.commit);
            let message = Message::Replicate { founding, epoch, probe, previous, entries, commit, at };
            out.push(Output::Send { to, message });
        }
    }

    pub(super) fn on_replicate_ack(
        &mut self,
        now: Timestamp,
        from: NodeId,
        epoch: Epoch,
        probe: Probe,
        index: Index,
        out: &mut Vec<Output>,
    ) {
        let end = self.log.last().index;
        let Role::Leader(leader) = &mut self.role else { return };
        if epoch != leader.epoch || probe > leader.probe || index > end {
            return;
        }
        let Some(peer) = leader.peers.get_mut(&from) else { return };
        peer.acknowledged(now, probe, index);
        if peer.heard_at.is_some_and(|at| now.since(at) <= self.settings.failure_timeout()) {
            self.doubt.heard();
        }
        self.consider_proof(now, from, out);
    }

    /// The peer's log does not have the entry before what was sent: send from where it says.
    pub(super) fn on_rewind(
        &mut self,
        now: Timestamp,
        from: NodeId,
        probe: Probe,
        after: Position,
        out: &mut Vec<Output>,
    ) {
        // Where its log ends with an entry that is not in this one, the entry before it is tried; if that does not match
        // either, it asks after its commit index, which every leader's log contains.
        let after = if self.log.contains(after) { after.index } else { Index(after.index.0.saturating_sub(1)) };
        let Role::Leader(leader) = &mut self.role else { return };
        let last = leader.probe;
        if let Some(peer) = leader.peers.get_mut(&from)
            && peer.rewind(now, probe, last, after)
        {
            self.replicate(now, from, true, out);
        }
    }

    /// A node that this one replicates to has promised a higher epoch: this leadership is over.
    pub(super) fn on_deny(&mut self, now: Timestamp, from: NodeId, promise: Epoch, out: &mut Vec<Output>) {
        if !self.believable(promise) {
            return;
        }
        self.seen = self.seen.max(promise.number);
        let fenced = |leader: &Leader| leader.epoch < promise && leader.peers.contains_key(&from);
        if matches!(&self.role, Role::Leader(leader) if fenced(leader)) {
            self.depose(now, promise, out);
            self.noticed = now;
            if !self.ended {
                out.push(Output::Fenced(promise));
            }
        }
    }

    /// Commits what enough members hold: an entry of this leader's own epoch, and everything before it.
    pub(super) fn advance(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.found_if_all_hold(now, out);
        let Role::Leader(leader) = &self.role else { return };
        if leader.epoch_started.0 == 0 {
            return;
        }
        let (me, durable) = (self.me.node, self.durable());
        let held = |node: NodeId| {
            if node == me { durable } else { leader.peers.get(&node).map(|peer| peer.matched).unwrap_or_default() }
        };
        let index = quorum::committed(self.settings.mode, self.log.members(), held);
        let own = self.log.position(index).is_some_and(|position| position.epoch == leader.epoch);
        let before = self.commit;
        if own && index > self.commit {
            self.commit_to(index, out);
        }
        let Role::Leader(leader) = &mut self.role else { return };
        if !leader.serving && self.handed >= leader.epoch_started && self.handed == self.commit {
            leader.serving = true;
            let (epoch, at) = (leader.epoch, leader.at(now));
            out.push(Output::Leading { epoch, at, room: 0 });
        }
        self.answer_reads(out);
        self.tell_credit(now, self.commit > before, out);
    }

    /// How many more proposals are taken, and whether a quorum is heard; told when it matters.
    pub(super) fn tell_credit(&mut self, now: Timestamp, advanced: bool, out: &mut Vec<Output>) {
        let waiting = self.waiting();
        let Role::Leader(leader) = &self.role else { return };
        if !leader.serving {
            return;
        }
        let quorum = self.may_answer(now, leader);
        let open = quorum && leader.transfer.is_none() && !self.disk_hangs(now);
        let room = if open { ROOM.saturating_sub(waiting) } else { 0 };
        let credit = (room, quorum);
        let Role::Leader(leader) = &mut self.role else { return };
        if credit != leader.credit || advanced {
            leader.credit = credit;
            out.push(Output::Credit { room, quorum });
        }
    }

    /// Entries that wait for their commit.
    fn waiting(&self) -> usize {
        usize::try_from(self.log.last().index.0.saturating_sub(self.commit.0)).unwrap_or(usize::MAX)
    }

    pub(super) fn on_propose(
        &mut self,
        now: Timestamp,
        epoch: Epoch,
        number: u64,
        events: Bytes,
        out: &mut Vec<Output>,
    ) {
        let full = self.waiting() >= HARD_LIMIT || events.len() > super::message::MAX_EVENTS;
        let Role::Leader(leader) = &mut self.role else { return };
        if epoch != leader.epoch || leader.refusing {
            return;
        }
        if full || !leader.serving || number != leader.next_proposal || leader.transfer.is_some() {
            leader.refusing = true;
            out.push(Output::Refused { epoch, number });
            return;
        }
        leader.next_proposal += 1;
        self.append(now, Body::Events(events), out);
    }

    pub(super) fn on_rebuilt(&mut self, now: Timestamp, epoch: Epoch, next: u64, out: &mut Vec<Output>) {
        let Role::Leader(leader) = &mut self.role else { return };
        if epoch == leader.epoch && leader.refusing {
            leader.refusing = false;
            leader.next_proposal = next;
            self.tell_credit(now, true, out);
        }
    }

    /// A read leaves once a quorum has acknowledged a probe that was sent after it arrived.
    pub(super) fn on_read(&mut self, ticket: u64) {
        let Role::Leader(leader) = &mut self.role else { return };
        if leader.reads.len() < MAX_READS {
            leader.reads.push_back((ticket, leader.last_probe().next()));
        }
    }

    fn answer_reads(&mut self, out: &mut Vec<Output>) {
        let (me, mode, members) = (self.me.node, self.settings.mode, self.log.members());
        let Role::Leader(leader) = &mut self.role else { return };
        if leader.reads.is_empty() {
            return;
        }
        let peers = &leader.peers;
        let acknowledged = |node: NodeId| {
            if node == me {
                return Index(u64::MAX);
            }
            Index(peers.get(&node).map_or(0, |peer| peer.acknowledged_probe().0))
        };
        let probe = Probe(quorum::committed(mode, members, acknowledged).0);
        while let Some((ticket, _)) = leader.reads.pop_front_if(|(_, barrier)| *barrier <= probe) {
            out.push(Output::ReadReady { ticket });
        }
    }

    /// An idle follower is sent its probe with the answer: one datagram, and one wake-up, for both.
    pub(super) fn on_heart_beat(&mut self, now: Timestamp, from: NodeId, number: u64, out: &mut Vec<Output>) {
        let Role::Leader(leader) = &self.role else { return };
        let epoch = leader.epoch;
        let Some(peer) = leader.peers.get(&from).filter(|_| self.may_answer(now, leader)) else { return };
        let probe = peer.quiet_for(now) > self.settings.beat_interval() / 2;
        self.gated(Output::HeartBeatAck { to: from, number, epoch }, out);
        if probe {
            self.replicate(now, from, true, out);
        }
    }

    pub(super) fn fire_leader(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Role::Leader(leader) = &mut self.role else { return };
        let mut overdue = Vec::new();
        for (node, peer) in &mut leader.peers {
            if peer.resend_if_due(now) {
                overdue.push(*node);
            }
        }
        for node in overdue {
            self.replicate(now, node, true, out);
        }
        let Role::Leader(leader) = &mut self.role else { return };
        if leader.beat > now {
            return;
        }
        let interval = self.settings.beat_interval();
        leader.beat = now + interval;
        // Whose heartbeat is about to come is probed with the answer.
        let idle = |peer: &Peer| peer.quiet_for(now) > interval * 4 / 5;
        let idle: Vec<NodeId> = leader.peers.iter().filter(|(_, peer)| idle(peer)).map(|(node, _)| *node).collect();
        for node in idle {
            self.replicate(now, node, true, out);
        }
        self.look_after_members(now, out);
    }
}
