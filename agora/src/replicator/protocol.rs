//! The replicator: promises, log, commit index, members. Everything that safety rests on changes here, together.

use std::collections::BTreeMap;
use std::time::Duration;

use super::candidate::Candidate;
use super::compaction::{self, Obsolete};
use super::leader::Leader;
use super::log::Log;
use super::message::{Around, Entry, Fault, Input, Message, Output, Peer, Record, Situation, Standing};
use super::quorum;
use super::snapshot::Incoming;
use super::writing::Disk;
use crate::config::{Mode, Settings};
use crate::discovery::message::About;
use crate::doubt::{self, Doubt};
use crate::id::{Epoch, FoundingId, Index, Member, NodeId, Position};
use crate::protocol::Protocol;
use crate::time::{At, Timestamp};

/// At most so many other nodes are known at a time; the longest unheard goes first.
pub const MAX_NODES: usize = 256;

/// A candidate's epoch may be ahead of what a node has seen by at most this: a forged jump would use numbers up.
pub const MAX_EPOCH_JUMP: u64 = 1 << 32;

/// Who holds what. See the [module](super) for the algorithm.
#[derive(Debug)]
pub struct Replicator {
    pub(super) me: Member,
    pub(super) settings: Settings,
    pub(super) promise: Epoch,
    pub(super) log: Log,
    /// Up to here it is known to be committed.
    pub(super) commit: Index,
    /// Up to here it is handed over to the machine: a little in each turn, where a lot becomes known at once.
    pub(super) handed: Index,
    /// When a leader last showed that all that it had committed is here. Nothing, as long as none has: the node may have
    /// been away, nobody knows how long.
    pub(super) current_at: Option<Timestamp>,
    /// The log is on disk.
    pub(super) on_disk: bool,
    /// The epoch whose leader handed on to this node because an operator ordered it.
    pub(super) to_stay: Option<Epoch>,
    /// Entries that matter no more.
    pub(super) obsolete: Obsolete,
    /// A snapshot on its way here.
    pub(super) incoming: Option<Incoming>,
    /// The highest index that messages of the promised epoch have verified.
    pub(super) verified: Index,
    /// It has once held all that its leader told it was committed.
    pub(super) caught_up: bool,
    pub(super) at_seen: At,
    pub(super) decided: u64,
    pub(super) role: Role,
    /// The leader of the promised epoch, once it has shown.
    pub(super) following: Option<NodeId>,
    /// The newest answered heartbeat: by whom, under which epoch, when it was sent.
    pub(super) heard: Option<(NodeId, Epoch, Timestamp)>,
    /// When the leader, if only through STATE_REPLICATE, or a take-over of it, was last noticed.
    pub(super) noticed: Timestamp,
    pub(super) doubt: Doubt,
    /// How far the candidate of the promised epoch said it had come.
    pub(super) progress: Option<(Epoch, Index)>,
    /// The highest epoch number seen anywhere.
    pub(super) seen: u64,
    /// Other nodes, as discovery found them, and when.
    pub(super) nodes: BTreeMap<NodeId, (About, Timestamp)>,
    /// Another log of this cluster's name, that was warned of last.
    pub(super) stranger: Option<FoundingId>,
    pub(super) window_closed: bool,
    /// When something last spoke against founding alone.
    pub(super) founding_blocked: Timestamp,
    /// When the founder, or a holder of more than a list, was last heard.
    pub(super) founder_heard: Timestamp,
    pub(super) stopping: bool,
    /// It asked to leave the view, and waits until then for the list without it.
    pub(super) leaving: Option<Timestamp>,
    pub(super) ended: bool,
    pub(super) seed: u64,
    pub(super) disk: Disk,
    told: Option<Situation>,
    told_at: Timestamp,
    tick: Timestamp,
    /// When the last turn was.
    pub(super) turn: Timestamp,
}

/// What a node does with its log right now.
#[derive(Debug)]
pub(super) enum Role {
    /// It follows, or nobody does anything.
    Follower,
    /// It tries to take over.
    Candidate(Box<Candidate>),
    /// It leads, or as a founder waits for the founding list to be held.
    Leader(Box<Leader>),
}

impl Replicator {
    /// A node without a log.
    pub fn new(me: Member, settings: &Settings, seed: u64, now: Timestamp) -> Self {
        Self {
            me,
            settings: settings.clone(),
            promise: Epoch::NONE,
            log: Log::in_chunks_of(compaction::chunk(settings)),
            commit: Index(0),
            handed: Index(0),
            current_at: None,
            on_disk: false,
            to_stay: None,
            obsolete: Obsolete::default(),
            incoming: None,
            verified: Index(0),
            caught_up: false,
            at_seen: At(0),
            decided: 0,
            role: Role::Follower,
            following: None,
            heard: None,
            noticed: now,
            doubt: Doubt::new(settings),
            progress: None,
            seen: 0,
            nodes: BTreeMap::new(),
            stranger: None,
            window_closed: false,
            founding_blocked: now,
            founder_heard: now,
            stopping: false,
            leaving: None,
            ended: false,
            seed,
            disk: Disk::default(),
            told: None,
            told_at: now,
            tick: now,
            turn: now,
        }
    }

    /// The same node, which lives on with what its disk held: all of it is durable, and up to `commit` known to be
    /// committed. Up to `base`, `entries` are a snapshot.
    #[must_use]
    pub fn restored(mut self, promise: Epoch, base: Position, entries: Vec<Entry>, commit: Index) -> Self {
        self.promise = promise;
        self.log.take(entries);
        self.log.rest_on(base);
        self.commit = commit;
        self.seen = promise.number.max(self.log.last().epoch.number);
        self.at_seen = self.log.latest();
        self.disk = Disk::holding(self.log.last().index);
        self
    }

    /// Whether its log is on disk; without this it is not.
    #[must_use]
    pub fn on_disk(mut self, on_disk: bool) -> Self {
        self.on_disk = on_disk;
        self
    }

    /// Promises an epoch: nothing lower is served from here on.
    pub(super) fn promise(&mut self, now: Timestamp, epoch: Epoch, out: &mut Vec<Output>) {
        debug_assert!(epoch > self.promise);
        self.depose(now, epoch, out);
        self.promise = epoch;
        self.incoming.take_if(|incoming| incoming.epoch() < epoch);
        self.seen = self.seen.max(epoch.number);
        self.verified = Index(0);
        self.following = None;
        self.noticed = now;
        out.push(Output::Follow(None));
        self.write(now, vec![Record::Promise(epoch)], out);
    }

    /// Stops leading, or standing, because of `higher`. The log stays as it is.
    pub(super) fn depose(&mut self, now: Timestamp, higher: Epoch, out: &mut Vec<Output>) {
        self.seen = self.seen.max(higher.number);
        match std::mem::replace(&mut self.role, Role::Follower) {
            Role::Follower => {}
            Role::Candidate(_) => out.push(Output::TakeOverFailed),
            Role::Leader(leader) => {
                self.at_seen = self.at_seen.max(leader.at(now));
                out.push(Output::Deposed);
                out.push(Output::TakeOverFailed);
                if self.stopping {
                    self.end(Output::Stopped, out);
                }
            }
        }
    }

    /// Nothing is done after this output.
    pub(super) fn end(&mut self, output: Output, out: &mut Vec<Output>) {
        self.ended = true;
        out.push(output);
    }

    /// Follows the leader of the promised epoch, which has shown.
    pub(super) fn follow(&mut self, leader: NodeId, out: &mut Vec<Output>) {
        if self.following != Some(leader) {
            self.following = Some(leader);
            out.push(Output::Follow(Some(leader)));
        }
    }

    // ---- what others may rely on ----

    /// Whether this node is kept from promising: it hears a leader other than the node that asks.
    pub(super) fn hears_leader(&self, now: Timestamp, asker: NodeId) -> bool {
        match &self.role {
            Role::Leader(leader) => {
                let since = now - self.settings.failure_timeout();
                asker != self.me.node && self.has_heard_quorum(leader, since)
            }
            _ => self.heard.is_some_and(|(leader, epoch, sent)| {
                leader != asker && epoch >= self.promise && now.since(sent) <= self.settings.failure_timeout()
            }),
        }
    }

    /// Whether enough members acknowledged probes sent since then.
    fn has_heard_quorum(&self, leader: &Leader, since: Timestamp) -> bool {
        quorum::hears_quorum(self.log.members(), |node| node == self.me.node || leader.has_heard(node, since))
    }

    /// Since when a member must have answered to be one that its leader hears: within the failure timeout, and longer while
    /// the leader knows itself to be late.
    fn heard_since(&self, now: Timestamp) -> Timestamp {
        let timeouts = if self.doubt.holds(now) { doubt::MOST + 1 } else { 1 };
        now - self.settings.failure_timeout() * timeouts
    }

    /// Whether a leader may accept bids and answer heartbeats: with `--cluster-size`, while it hears a quorum.
    pub(super) fn may_answer(&self, now: Timestamp, leader: &Leader) -> bool {
        self.settings.mode == Mode::Reachable || self.has_heard_quorum(leader, self.heard_since(now))
    }

    pub(super) fn is_member(&self, node: NodeId) -> bool {
        self.log.members().iter().any(|member| member.node == node)
    }

    pub(super) fn standing(&self) -> Standing {
        if self.log.is_empty() {
            Standing::Newcomer
        } else if self.is_member(self.me.node) {
            Standing::Member
        } else {
            Standing::Observer
        }
    }

    /// Whether it may stand at all: it knows of a leadership that began, and is not going away.
    pub(super) fn can_stand(&self) -> bool {
        let enough = match self.settings.mode {
            Mode::Majority(_) => self.standing() == Standing::Member,
            Mode::Reachable => self.standing() != Standing::Newcomer,
        };
        enough && self.log.has_started() && !self.stopping && !self.ended
    }

    fn situation(&self, now: Timestamp) -> Situation {
        let (leader, serving, hears_quorum, peers) = match &self.role {
            Role::Leader(leader) => {
                let since = self.heard_since(now);
                let peers = leader.peers.iter().map(|(node, peer)| Peer {
                    node: *node,
                    index: peer.matched,
                    heard: peer.heard_at.is_some_and(|at| at >= since),
                });
                let me = leader.serving.then_some(self.me.node);
                (me, leader.serving, self.may_answer(now, leader), peers.collect())
            }
            _ => (self.following.filter(|_| !self.leader_lost(now)), false, false, Vec::new()),
        };
        let led = leader.is_some() && (hears_quorum || !serving);
        let around = if led { Around::default() } else { self.around(now) };
        Situation {
            promise: self.promise,
            leader,
            standing: self.standing(),
            serving,
            hears_quorum,
            can_stand: self.can_stand(),
            candidate: matches!(self.role, Role::Candidate(_)),
            founding: self.log.founding(),
            commit: self.log.position(self.commit).unwrap_or(Position::START),
            last: self.log.last(),
            caught_up: self.caught_up,
            members: self.log.members().to_vec(),
            peers,
            at: self.at_seen,
            decided: self.decided,
            around,
        }
    }

    fn leader_lost(&self, now: Timestamp) -> bool {
        now > (self.noticed + self.settings.failure_timeout()).max(self.doubt.until())
    }

    /// Tells where this node stands, if others must know at once or have not been told lately.
    fn tell_situation(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let due = now.since(self.told_at) >= self.settings.heart_beat_interval.min(self.settings.discovery_window);
        let urgent = self.told.as_ref().is_none_or(|told| {
            told.promise != self.promise
                || told.candidate != matches!(self.role, Role::Candidate(_))
                || told.serving != matches!(&self.role, Role::Leader(leader) if leader.serving)
                || (told.leader != self.following && !matches!(self.role, Role::Leader(_)))
                || told.can_stand != self.can_stand()
                || told.caught_up != self.caught_up
                || told.founding != self.log.founding()
        });
        if !due && !urgent {
            return;
        }
        let situation = self.situation(now);
        self.told_at = now;
        // That time passes is no news: an idle node would wake everyone at every beat.
        let same = |told: &Situation| *told == Situation { at: told.at, ..situation.clone() };
        if !self.told.as_ref().is_some_and(same) {
            self.told = Some(situation.clone());
            out.push(Output::Situation(Box::new(situation)));
        }
    }

    fn message(&mut self, now: Timestamp, from: NodeId, message: Message, out: &mut Vec<Output>) {
        match message {
            Message::Replicate { founding, epoch, probe, previous, entries, commit, at } => {
                let replicate = super::follower::Replicate { founding, epoch, probe, previous, entries, commit, at };
                self.on_replicate(now, from, replicate, out);
            }
            Message::PromiseRequest { founding, epoch, dry, transfer, progress } => {
                let request = super::follower::PromiseRequest { founding, epoch, dry, transfer, progress };
                self.on_promise_request(now, from, &request, out);
            }
            Message::Snapshot { founding, epoch, base, previous, entries, asks } => {
                let piece = super::snapshot::Piece { founding, epoch, base, previous, entries, asks };
                self.on_snapshot(now, from, piece, out);
            }
            _ if self.log.founding() != Some(message.founding()) => {}
            Message::ReplicateAck { epoch, probe, index, .. } => {
                self.on_replicate_ack(now, from, epoch, probe, index, out);
            }
            Message::ReplicateDeny { promise, .. } => self.on_deny(now, from, promise, out),
            Message::ReplicationRequest { epoch, probe, after, .. } => {
                self.on_replication_request(now, from, epoch, probe, after, out);
            }
            Message::ReplicationResponse { epoch, previous, entries, .. } => {
                self.on_replication_response(now, from, epoch, previous, entries, out);
            }
            Message::SnapshotRequest { epoch, base, after, .. } => {
                self.on_snapshot_request(now, from, epoch, (base, after), out);
            }
            Message::PromiseResponse { epoch, dry, granted, promise, last, commit, at, .. } => {
                let answer = super::candidate::Answer { granted, promise, last, commit, at };
                self.on_promise_response(now, from, epoch, dry, answer, out);
            }
            Message::Transfer { epoch, stays, .. } => self.on_transfer(from, epoch, stays, out),
            Message::Leave { epoch, .. } => self.on_leave(now, from, epoch, out),
            Message::Superseded { epoch, winner, .. } => self.on_superseded(from, epoch, winner, out),
        }
    }

    /// Founding is looked at often; a node with a log of its own only has to notice that its leader is lost.
    fn tick_interval(&self) -> Duration {
        if self.log.has_started() {
            self.settings.failure_timeout() / 2
        } else {
            self.settings.heart_beat_interval.min(self.settings.discovery_window / 5)
        }
    }

    pub(super) fn fault(&mut self, fault: Fault, out: &mut Vec<Output>) {
        self.end(Output::Fault(fault), out);
    }
}

impl Protocol for Replicator {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Timestamp, input: Input, out: &mut Vec<Output>) {
        if self.ended {
            return;
        }
        self.go_on(now, out);
        match input {
            Input::Message { from, message } => self.message(now, from, message, out),
            Input::HeartBeat { from, number } => self.on_heart_beat(now, from, number, out),
            Input::Heard { leader, epoch, sent } => {
                if self.heard.is_none_or(|(_, _, newest)| sent > newest) {
                    self.heard = Some((leader, epoch, sent));
                }
                self.noticed = now;
                self.doubt.heard();
            }
            Input::Late => {
                self.doubt.late(now);
            }
            Input::Found(about) => self.on_found(now, *about, out),
            Input::WindowClosed => {
                self.window_closed = true;
                self.consider_founding(now, out);
            }
            Input::TakeOver { promise, transfer, alone } => self.on_take_over(now, promise, transfer, alone, out),
            Input::Propose { epoch, number, events } => self.on_propose(now, epoch, number, events, out),
            Input::Rebuilt { epoch, next } => self.on_rebuilt(now, epoch, next, out),
            Input::Obsolete(indices) => self.on_obsolete(now, indices),
            Input::Read { ticket } => self.on_read(ticket),
            Input::Show { ticket, after, most } => self.on_show(ticket, after, most, out),
            Input::Order { ticket, order } => self.on_order(now, ticket, order, out),
            Input::Flushed(ticket) => {
                self.flushed(now, ticket, out);
                self.count_own_promise(now, out);
            }
            Input::Stop => self.on_stop(now, out),
        }
    }

    fn fire(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if self.ended {
            return;
        }
        self.doubt.fired(self.deadline(), now);
        self.go_on(now, out);
        if self.tick <= now {
            self.tick = now + self.tick_interval();
            self.consider_founding(now, out);
            self.consider_giving_up(now, out);
            self.go_on_leaving(now, out);
        }
        if self.ended {
            return;
        }
        match &self.role {
            Role::Follower => {}
            Role::Candidate(_) => self.fire_candidate(now, out),
            Role::Leader(_) => self.fire_leader(now, out),
        }
    }

    /// A leader commits what enough members hold by now, and sends each what it lacks: once for all that came together.
    fn settle(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if self.ended {
            return;
        }
        self.advance(now, out);
        self.replicate_to_all(now, out);
        self.tell_situation(now, out);
    }

    fn deadline(&self) -> Option<Timestamp> {
        if self.ended {
            return None;
        }
        if let Some(next) = self.hands_on_at() {
            return Some(next);
        }
        Some(match &self.role {
            Role::Follower => self.tick,
            Role::Candidate(candidate) => candidate.deadline().min(self.tick),
            // Its beat does what a tick would.
            Role::Leader(leader) if self.log.has_started() => leader.deadline(),
            Role::Leader(leader) => leader.deadline().min(self.tick),
        })
    }
}
