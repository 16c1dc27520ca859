//! Where nodes were last heard.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::id::NodeId;
use crate::time::Timestamp;

/// At most so many nodes have an address: far more than any cluster has, and little memory.
const MOST: usize = 1_024;
/// Who was heard within it keeps its line, so that a flood of invented names cannot push out the members.
const KEPT: Duration = Duration::from_secs(60);

/// Node → address, bounded.
#[derive(Debug, Default)]
pub(super) struct AddressBook {
    lines: BTreeMap<NodeId, Line>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    address: SocketAddr,
    heard: Timestamp,
}

impl AddressBook {
    /// `node` was heard at `address`. False if there is no room for it.
    pub(super) fn learn(&mut self, node: NodeId, address: SocketAddr, now: Timestamp) -> bool {
        let line = Line { address, heard: now };
        if let Some(known) = self.lines.get_mut(&node) {
            *known = line;
            return true;
        }
        if self.lines.len() >= MOST && !self.forget_oldest(now) {
            return false;
        }
        self.lines.insert(node, line);
        true
    }

    /// Where `node` was last heard.
    pub(super) fn find(&self, node: NodeId) -> Option<SocketAddr> {
        self.lines.get(&node).map(|line| line.address)
    }

    fn forget_oldest(&mut self, now: Timestamp) -> bool {
        let oldest = self.lines.iter().min_by_key(|(_, line)| line.heard).map(|(node, line)| (*node, line.heard));
        match oldest {
            Some((node, heard)) if now.since(heard) > KEPT => self.lines.remove(&node).is_some(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn node(number: u64) -> NodeId {
        NodeId { uuid: Uuid::from_u64_pair(0, number), incarnation: 1 }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn the_last_address_counts() {
        let mut book = AddressBook::default();
        let (old, new) = (([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
        book.learn(node(1), old, at(0));
        book.learn(node(1), new, at(1));
        assert_eq!(book.find(node(1)), Some(new));
        assert_eq!(book.find(node(2)), None);
    }

    #[test]
    fn a_flood_of_names_is_bounded_and_pushes_out_nobody_who_was_heard_lately() {
        let mut book = AddressBook::default();
        let address = ([127, 0, 0, 1], 1).into();
        assert!(book.learn(node(0), address, at(0)));
        for number in 1..MOST as u64 {
            assert!(book.learn(node(number), address, at(1)));
        }
        assert!(!book.learn(node(9_999), address, at(60)));
        assert_eq!(book.find(node(0)), Some(address));
        assert!(book.learn(node(9_999), address, at(61)), "the line of node 0 is old enough now");
        assert_eq!(book.find(node(0)), None);
        assert_eq!(book.lines.len(), MOST);
    }
}
