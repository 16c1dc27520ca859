//! MEMB-1: any two quorums that can act in consecutive member lists intersect. With `--cluster-size` that is so where two
//! lists that follow each other in a log differ by one member at most, and the next change comes only once the last list is
//! committed.

use std::collections::{BTreeMap, BTreeSet};

use agora::config::Mode;
use agora::id::{Member, NodeId, Position};
use agora::replicator::message::Entry;

use super::{Shadow, Violation};

/// Every member list ever written, by its entry.
#[derive(Debug, Default)]
pub(crate) struct Memb1 {
    lists: BTreeMap<Position, BTreeSet<NodeId>>,
    /// How many lists differed from the one before.
    pub changes: u64,
}

impl Memb1 {
    /// A node appends an entry.
    pub(crate) fn written(&mut self, mode: Mode, shadow: &Shadow, entry: &Entry) -> Result<(), Violation> {
        let Some(members) = entry.body.members() else { return Ok(()) };
        let list: BTreeSet<NodeId> = members.iter().map(|member: &Member| member.node).collect();
        let held = shadow.log.iter().rev().flatten().find(|held| self.lists.contains_key(&held.position));
        let before = held.and_then(|held| Some((held.position, self.lists.get(&held.position)?)));
        if let (Mode::Majority(_), Some((place, before))) = (mode, before) {
            let differences = before.symmetric_difference(&list).count();
            if differences > 1 || list.is_empty() {
                let what = format!("{:?} appends {list:?} as {:?} behind {before:?}", shadow.me.node, entry.position);
                return Err(Violation::new("MEMB-1", what));
            }
            // Not where it adopts what it appended in an earlier leadership.
            let epoch = entry.position.epoch;
            let own = epoch.leader == shadow.me.node && epoch == shadow.promise;
            if differences == 1 && own && place.index > shadow.commit {
                let what = format!("{:?} changes the members again before {place:?} is committed", shadow.me.node);
                return Err(Violation::new("MEMB-1", what));
            }
            if differences == 1 && !self.lists.contains_key(&entry.position) {
                self.changes += 1;
            }
        }
        self.lists.insert(entry.position, list);
        Ok(())
    }
}
