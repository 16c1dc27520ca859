//! LEAD-1: at most one node acknowledges in an epoch.

use std::collections::BTreeMap;

use agora::id::{Epoch, NodeId};

use super::{Shadow, Violation};

/// Who has led in each epoch.
#[derive(Debug, Default)]
pub(crate) struct Lead1 {
    leaders: BTreeMap<Epoch, NodeId>,
}

impl Lead1 {
    /// A node begins to serve in an epoch.
    pub(crate) fn leading(&mut self, shadow: &Shadow, epoch: Epoch) -> Result<(), Violation> {
        let node = shadow.me.node;
        let other = self.leaders.insert(epoch, node);
        if other.is_some() || epoch.leader != node {
            return Err(Violation::new("LEAD-1", format!("{node:?} leads in {epoch:?}, as {other:?} did")));
        }
        Ok(())
    }
}
