//! LIVE-1: when all faults end and a quorum of the members still has its log, one leader within 10 s, and every outstanding
//! request gets its answer.

use super::{Oracle, Violation};
use crate::queue::Micros;
use crate::schedule::SECOND;
use crate::seen::Cluster;

/// A request is answered within this, once all faults have ended.
const ANSWER: Micros = 15 * SECOND;

/// What hinders: not one leader, or a node that does not follow it.
pub(crate) fn unsettled(cluster: &Cluster) -> Option<String> {
    let leaders: Vec<usize> = cluster.up().filter(|slot| cluster.nodes[*slot].leads).collect();
    let [leader] = leaders[..] else { return Some(format!("nodes that lead: {leaders:?}")) };
    let uuid = cluster.nodes[leader].uuid;
    let lost = cluster.up().find(|slot| cluster.nodes[*slot].leader != Some(uuid));
    lost.map(|slot| format!("node {slot} follows {:?}, and node {leader} leads", cluster.nodes[slot].leader))
}

/// No request has waited for too long since all faults ended.
pub(crate) fn owed(oracle: &Oracle, healed: Micros, now: Micros) -> Result<(), Violation> {
    let mut open = oracle.asked.iter().filter(|asked| asked.reply.is_none() && !asked.given_up);
    let late = open.find(|asked| now > asked.at.max(healed) + ANSWER);
    match late {
        Some(asked) => Err(Violation::new("LIVE-1", format!("not answered: {asked:?}"))),
        None => Ok(()),
    }
}
