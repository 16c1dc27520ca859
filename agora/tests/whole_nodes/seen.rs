//! What is seen of the nodes from outside: what they tell their programs, and what they send.

use std::collections::BTreeMap;

use agora::config::Mode;
use agora::discovery::message::Message as Discovery;
use agora::id::{Epoch, FoundingId, Index, Member, NodeId, Position};
use agora::node::{NodeEvent, NodeHandle};
use agora::replicator::message::{Body, Message as Replicator};
use agora::wire::Message;
use uuid::Uuid;

use crate::dice::Dice;
use crate::gate::Gate;
use crate::schedule::Promise;

/// One node.
#[derive(Debug)]
pub(crate) struct Seen {
    pub uuid: Uuid,
    pub gate: Gate,
    /// While it runs.
    pub handle: Option<NodeHandle>,
    /// How often it was started.
    pub lives: u64,
    /// It was asked to stop.
    pub stopping: bool,
    /// The life of its log.
    incarnation: Option<NodeId>,
    /// It leads, and serves.
    pub leads: bool,
    /// It has, in this life.
    led: bool,
    /// Whom it follows, or itself.
    pub leader: Option<Uuid>,
    /// In which epoch it sent entries last.
    epoch: Option<Epoch>,
    /// How far its log was verified last.
    verified: Option<(Epoch, Index)>,
}

/// What is known of a log.
#[derive(Debug, Default)]
struct Log {
    lists: BTreeMap<Position, Vec<Member>>,
    /// An epoch has started: something may be acknowledged.
    begun: bool,
    /// Somebody else holds it: an epoch may start at any moment.
    held: bool,
    commit: Index,
}

/// All nodes.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub nodes: Vec<Seen>,
    logs: BTreeMap<FoundingId, Log>,
}

impl Cluster {
    pub(crate) fn new(nodes: usize, seed: u64) -> Self {
        let mut dice = Dice::new(seed, 3);
        let node = |slot: usize| Seen {
            uuid: Uuid::from_u64_pair(dice.number(), slot as u64),
            gate: Gate::default(),
            handle: None,
            lives: 0,
            stopping: false,
            incarnation: None,
            leads: false,
            led: false,
            leader: None,
            epoch: None,
            verified: None,
        };
        Self { nodes: (0..nodes).map(node).collect(), logs: BTreeMap::new() }
    }

    pub(crate) fn up(&self) -> impl Iterator<Item = usize> {
        self.nodes.iter().enumerate().filter(|(_, node)| node.handle.is_some()).map(|(slot, _)| slot)
    }

    /// Who leads, as far as nodes say so.
    pub(crate) fn leader(&self) -> Option<usize> {
        self.nodes.iter().rposition(|node| node.leads)
    }

    pub(crate) fn begins(&mut self, slot: usize, handle: NodeHandle) {
        let node = &mut self.nodes[slot];
        node.handle = Some(handle);
        node.stopping = false;
    }

    pub(crate) fn ended(&mut self, slot: usize) {
        let node = &mut self.nodes[slot];
        (node.handle, node.incarnation, node.leader, node.epoch, node.verified) = (None, None, None, None, None);
        (node.leads, node.led) = (false, false);
    }

    pub(crate) fn told(&mut self, slot: usize, event: &NodeEvent) {
        let node = &mut self.nodes[slot];
        match event {
            NodeEvent::Leader { leader, is_self, .. } => {
                (node.leader, node.leads) = (*leader, *is_self);
                node.led |= *is_self;
            }
            NodeEvent::Returned(_) => (node.leader, node.leads) = (None, false),
            _ => {}
        }
    }

    pub(crate) fn sent(&mut self, slot: usize, sender: NodeId, message: &Message) {
        let node = &mut self.nodes[slot];
        node.incarnation = Some(sender);
        match message {
            Message::Replicator(Replicator::Replicate { founding, epoch, entries, commit, .. }) => {
                node.epoch = Some(*epoch);
                let log = self.logs.entry(*founding).or_default();
                log.commit = log.commit.max(*commit);
                for entry in entries {
                    log.begun |= matches!(entry.body, Body::EpochStarted { .. });
                    if let Some(members) = entry.body.members() {
                        log.lists.insert(entry.position, members.to_vec());
                    }
                }
            }
            Message::Discovery(
                Discovery::Request { node: Some(about), .. } | Discovery::Response { node: about, .. },
            ) => {
                if let Some(founding) = about.founding {
                    self.logs.entry(founding).or_default().begun |= about.commit.index > Index(0);
                }
            }
            Message::Replicator(Replicator::ReplicateAck { founding, epoch, index, .. }) => {
                self.logs.entry(*founding).or_default().held = true;
                node.verified = Some((*epoch, *index));
            }
            _ => {}
        }
    }

    /// Whether what the mode promises allows that this node loses its log.
    pub(crate) fn may_fall(&self, slot: usize, mode: Mode, promise: Promise) -> bool {
        match (mode, promise) {
            (Mode::Majority(_), _) => self.quorum_lives(Some(slot)),
            (Mode::Reachable, Promise::Branches) => true,
            (Mode::Reachable, Promise::OneLog) => self.has_backup(slot),
        }
    }

    /// Whether a majority of each member list that may be in force lives, also after the loss of one more.
    pub(crate) fn quorum_lives(&self, after_loss_of: Option<usize>) -> bool {
        let living: Vec<NodeId> = self
            .up()
            .filter(|slot| Some(*slot) != after_loss_of)
            .filter_map(|slot| self.nodes[slot].incarnation)
            .collect();
        if after_loss_of.is_some_and(|slot| self.leads_itself_alone(slot)) {
            return false;
        }
        // A founding that was given up has no member that lives as such.
        let begins = |log: &Log| log.held && log.lists.values().flatten().any(|member| living.contains(&member.node));
        let counts = |log: &&Log| log.begun || (after_loss_of.is_some() && begins(log));
        self.logs.values().filter(counts).all(|log| {
            let settled = log.lists.iter().rev().find(|(position, _)| position.index <= log.commit);
            let since = settled.map_or(Position::START, |(position, _)| *position);
            log.lists.range(since..).all(|(_, members)| {
                let alive = members.iter().filter(|member| living.contains(&member.node)).count();
                alive * 2 > members.len()
            })
        })
    }

    /// A node has led, and sent entries to nobody.
    fn leads_itself_alone(&self, slot: usize) -> bool {
        let node = &self.nodes[slot];
        let is_member = |member: &Member| Some(member.node) == node.incarnation;
        let mut lists = self.logs.values().flat_map(|log| log.lists.values());
        node.led && !lists.any(|members| members.iter().any(is_member))
    }

    /// How many clusters there are. With `--cluster-size N`, so many nodes without a log that hear nobody else found one.
    pub(crate) fn foundings(&self) -> usize {
        self.logs.values().filter(|log| log.begun).count()
    }

    /// A leader serves, and all in its view live and hold the view under it; one of them is another than this node.
    fn has_backup(&self, slot: usize) -> bool {
        let Some(leader) = self.leader() else { return false };
        let Some(epoch) = self.nodes[leader].epoch else { return false };
        let lists = self.logs.values().filter_map(|log| log.lists.last_key_value());
        let Some((position, members)) = lists.max_by_key(|(position, _)| **position) else { return false };
        let holds = |member: &Member| {
            let place = self.up().find(|other| self.nodes[*other].incarnation == Some(member.node));
            place.filter(|other| {
                let verified = self.nodes[*other].verified;
                *other == leader || verified.is_some_and(|(under, index)| under == epoch && index >= position.index)
            })
        };
        let holders: Vec<Option<usize>> = members.iter().map(holds).collect();
        position.epoch == epoch
            && holders.iter().all(Option::is_some)
            && holders.iter().any(|holder| holder.is_some_and(|holder| holder != slot))
    }
}
