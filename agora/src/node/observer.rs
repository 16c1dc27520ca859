//! Turns situations into events: what changed since the last one, and what a node waits for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::event::{MemberState, NodeEvent};
use super::waiting::{Waiting, at_work};
use crate::config::Settings;
use crate::id::NodeId;
use crate::replicator::message::{LogEnd, Situation};
use crate::time::Timestamp;

/// So long a node is silent before it says what it waits for: an election or a founding mostly takes less.
const PATIENCE: Duration = Duration::from_secs(1);
/// So long it keeps to that, however often it changes.
const REPEAT: Duration = Duration::from_secs(5);

/// What the last situation was like.
#[derive(Debug)]
pub(super) struct Observer {
    address: SocketAddr,
    settings: Settings,
    /// Since when it has neither led nor followed.
    idle_since: Option<Timestamp>,
    waiting: Option<Waiting>,
    /// What was last said of that, since it last led or followed.
    said: Option<Waiting>,
    said_at: Option<Timestamp>,
    ready: bool,
    leader: Option<(u64, NodeId)>,
    serving: bool,
    members: Vec<NodeId>,
    heard: BTreeMap<NodeId, bool>,
}

impl Observer {
    /// Nothing is known yet at `now`.
    pub(super) fn new(address: SocketAddr, settings: Settings, now: Timestamp) -> Self {
        Self {
            address,
            settings,
            idle_since: Some(now),
            waiting: None,
            said: None,
            said_at: None,
            ready: false,
            leader: None,
            serving: false,
            members: Vec::new(),
            heard: BTreeMap::new(),
        }
    }

    /// Where others reach the node, if it is ready.
    pub(super) fn ready(&self) -> Option<SocketAddr> {
        self.ready.then_some(self.address)
    }

    /// What `situation` changes.
    pub(super) fn see(&mut self, now: Timestamp, situation: &Situation) -> Vec<NodeEvent> {
        let mut events = self.leader(situation);
        self.members(situation, &mut events);
        self.peers(situation, &mut events);
        if !self.ready && at_work(situation) {
            self.ready = true;
            let (address, cluster) = (self.address, self.settings.cluster.clone());
            events.push(NodeEvent::Ready { address, cluster, standing: situation.standing });
        }
        self.waiting = Waiting::seen(situation, &self.settings);
        if self.waiting.is_some() {
            self.idle_since.get_or_insert(now);
        } else {
            (self.idle_since, self.said) = (None, None);
        }
        events
    }

    /// The log has ended: what can be told of that.
    pub(super) fn forget(&mut self, now: Timestamp, promise: u64, end: LogEnd) -> Vec<NodeEvent> {
        let mut events = vec![NodeEvent::Returned(end)];
        if self.leader.is_some() {
            events.insert(0, NodeEvent::Leader { epoch: promise, leader: None, is_self: false });
        }
        let said_at = self.said_at;
        *self = Self { said_at, ..Self::new(self.address, self.settings.clone(), now) };
        events
    }

    /// The node ends: one that led does so no more, and who leads next it does not hear.
    pub(super) fn end(&mut self, promise: u64) -> Option<NodeEvent> {
        self.leader = None;
        std::mem::take(&mut self.serving).then_some(NodeEvent::Leader { epoch: promise, leader: None, is_self: false })
    }

    /// When there will be something to say of waiting, unless a situation comes before.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let news = self.waiting.is_some() && self.waiting != self.said;
        let patient = self.idle_since? + PATIENCE;
        news.then(|| self.said_at.map_or(patient, |at| patient.max(at + REPEAT)))
    }

    /// What there is to say of waiting.
    pub(super) fn fire(&mut self, now: Timestamp) -> Option<NodeEvent> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        (self.said, self.said_at) = (self.waiting, Some(now));
        self.waiting.map(NodeEvent::Waiting)
    }

    fn leader(&mut self, situation: &Situation) -> Vec<NodeEvent> {
        let epoch = situation.promise.number;
        // A leader that hears no quorum accepts nothing: for those who watch, there is none.
        let cut_off = situation.serving && !situation.hears_quorum;
        let leader = situation.leader.filter(|_| !cut_off).map(|leader| (epoch, leader));
        let serving = situation.serving && !cut_off;
        if leader == self.leader && serving == self.serving {
            return Vec::new();
        }
        (self.leader, self.serving) = (leader, serving);
        vec![NodeEvent::Leader { epoch, leader: leader.map(|(_, leader)| leader.uuid), is_self: serving }]
    }

    fn members(&mut self, situation: &Situation, events: &mut Vec<NodeEvent>) {
        let now: Vec<NodeId> = situation.members.iter().map(|member| member.node).collect();
        let mut tell = |node: &NodeId, state| events.push(NodeEvent::Member { member: node.uuid, state });
        for left in self.members.iter().filter(|node| !now.contains(node)) {
            tell(left, MemberState::Left);
        }
        for joined in now.iter().filter(|node| !self.members.contains(node)) {
            tell(joined, MemberState::Joined);
        }
        self.members = now;
    }

    /// A peer is silent only after it was heard in this leadership.
    fn peers(&mut self, situation: &Situation, events: &mut Vec<NodeEvent>) {
        self.heard.retain(|node, _| situation.peers.iter().any(|peer| peer.node == *node));
        for peer in &situation.peers {
            let before = self.heard.get(&peer.node).copied();
            if before.is_some() || peer.heard {
                self.heard.insert(peer.node, peer.heard);
            }
            let state = match (before, peer.heard) {
                (Some(true), false) => MemberState::Silent,
                (Some(false), true) => MemberState::Heard,
                _ => continue,
            };
            events.push(NodeEvent::Member { member: peer.node.uuid, state });
        }
    }
}
