//! LEAD-1: at most one node acknowledges in an epoch.

use std::collections::BTreeMap;

use agora::config::Mode;
use agora::id::{Epoch, NodeId};
use agora::replicator::message::Message as Replicator;
use agora::wire::Message;
use uuid::Uuid;

use super::{Violation, ack};
use crate::queue::Micros;

/// Who sent entries in each epoch, and who has fenced whom.
#[derive(Debug, Default)]
pub(crate) struct Lead1 {
    leaders: BTreeMap<Epoch, NodeId>,
    /// The number of the last epoch that each is known to have led in.
    led: BTreeMap<Uuid, u64>,
    /// What each promised others, and when: it must acknowledge nothing below.
    promised: BTreeMap<NodeId, (Epoch, Micros)>,
    /// Who acknowledged in this step, and what.
    acknowledged: Vec<(NodeId, String)>,
}

impl Lead1 {
    /// A node sends a message: entries only in an epoch that it leads alone.
    pub(crate) fn sent(&mut self, now: Micros, sender: NodeId, message: &Message) -> Result<(), Violation> {
        match message {
            Message::Replicator(Replicator::Replicate { epoch, .. }) => {
                let leader = *self.leaders.entry(*epoch).or_insert(sender);
                self.leads(sender.uuid, epoch.number);
                if leader != sender || epoch.leader != sender {
                    let what = format!("{sender:?} sends entries in {epoch:?}, as {leader:?} did");
                    return Err(Violation::new("LEAD-1", what));
                }
            }
            Message::Replicator(Replicator::PromiseResponse { granted: true, dry: false, epoch, .. })
                if self.promised.get(&sender).is_none_or(|(promised, _)| promised < epoch) =>
            {
                self.promised.insert(sender, (*epoch, now));
            }
            message if ack(message).is_some() => self.acknowledged.push((sender, format!("{message:?}"))),
            _ => {}
        }
        Ok(())
    }

    /// A node leads in the epoch of this number: it sends entries, or tells its program.
    pub(crate) fn leads(&mut self, node: Uuid, number: u64) {
        let led = self.led.entry(node).or_default();
        *led = number.max(*led);
    }

    /// A step is over: who acknowledged has led since its last promise. What is said within one step has no order.
    pub(crate) fn step(&mut self, now: Micros) -> Result<(), Violation> {
        for (node, message) in self.acknowledged.drain(..) {
            let led = self.led.get(&node.uuid).copied().unwrap_or_default();
            if let Some((promised, at)) = self.promised.get(&node)
                && *at < now
                && promised.number > led
            {
                let what = format!("{node:?} leads in {led}, has promised {promised:?}, and acknowledges {message}");
                return Err(Violation::new("LEAD-1", what));
            }
        }
        Ok(())
    }

    /// A node leads, with so many nodes started: fewer than the cluster has found none.
    pub(crate) fn founded(mode: Mode, started: usize) -> Result<(), Violation> {
        match mode {
            Mode::Majority(members) if started < usize::from(members) => {
                Err(Violation::new("MEMB-1", format!("{started} nodes found a cluster of {members}")))
            }
            _ => Ok(()),
        }
    }
}
