//! Turns situations into events: what changed since the last one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::event::{MemberState, NodeEvent};
use crate::id::{Index, NodeId};
use crate::replicator::message::{Situation, Standing};

/// What the last situation was like.
#[derive(Debug)]
pub(super) struct Observer {
    address: SocketAddr,
    cluster: String,
    ready: bool,
    leader: Option<(u64, NodeId)>,
    serving: bool,
    members: Vec<NodeId>,
    heard: BTreeMap<NodeId, bool>,
}

impl Observer {
    /// Nothing is known yet.
    pub(super) fn new(address: SocketAddr, cluster: String) -> Self {
        Self {
            address,
            cluster,
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
    pub(super) fn see(&mut self, situation: &Situation) -> Vec<NodeEvent> {
        let mut events = self.leader(situation);
        self.members(situation, &mut events);
        self.peers(situation, &mut events);
        if !self.ready && is_ready(situation) {
            self.ready = true;
            events.push(NodeEvent::Ready { address: self.address, cluster: self.cluster.clone() });
        }
        events
    }

    /// The log has ended: what can be told of that.
    pub(super) fn forget(&mut self, promise: u64) -> Vec<NodeEvent> {
        let lost = self.leader.is_some();
        *self = Self::new(self.address, std::mem::take(&mut self.cluster));
        if lost { vec![NodeEvent::Leader { epoch: promise, leader: None, is_self: false }] } else { Vec::new() }
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

/// It serves, or follows a leader and holds the log, all of it.
fn is_ready(situation: &Situation) -> bool {
    let follows = situation.leader.is_some() && situation.caught_up && situation.commit.index > Index(0);
    situation.serving || (situation.standing != Standing::Newcomer && follows)
}
