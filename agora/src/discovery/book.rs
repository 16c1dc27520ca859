//! The address book.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::id::NodeId;
use crate::time::Timestamp;

/// At most so many nodes: far more than a cluster has, and little memory for whoever makes up more.
pub(super) const MAX_NODES: usize = 1_024;

/// Where each node was last heard.
#[derive(Debug, Default)]
pub(super) struct AddressBook {
    nodes: BTreeMap<NodeId, (SocketAddr, Timestamp)>,
}

impl AddressBook {
    /// `node` was heard from `address`. In a full book it takes the place of the one that is unheard for longest.
    pub(super) fn heard(&mut self, now: Timestamp, node: NodeId, address: SocketAddr) {
        if self.nodes.len() == MAX_NODES && !self.nodes.contains_key(&node) {
            let longest_unheard = self.nodes.iter().min_by_key(|(_, (_, heard))| *heard).map(|(node, _)| *node);
            longest_unheard.map(|node| self.nodes.remove(&node));
        }
        self.nodes.insert(node, (address, now));
    }

    /// Where others than `but` were heard within `lately`, as many as `most` of them; from the `turn`-th on, so that all
    /// have their turn.
    pub(super) fn others(
        &self,
        now: Timestamp,
        lately: Duration,
        but: SocketAddr,
        most: usize,
        turn: usize,
    ) -> Vec<SocketAddr> {
        let is_other = |(address, heard): &&(SocketAddr, Timestamp)| *address != but && now.since(*heard) <= lately;
        let all: Vec<SocketAddr> = self.nodes.values().filter(is_other).map(|(address, _)| *address).collect();
        (0..all.len().min(most)).map(|place| all[(turn + place) % all.len()]).collect()
    }

    /// Where `node` was last heard.
    pub(super) fn address(&self, node: NodeId) -> Option<SocketAddr> {
        self.nodes.get(&node).map(|(address, _)| *address)
    }
}
