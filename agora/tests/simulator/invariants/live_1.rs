//! LIVE-1: when all faults end and a quorum of the members still has its log, one leader within 10 s, and every
//! outstanding request gets its answer.

use std::collections::BTreeSet;

use agora::id::NodeId;
use agora::replicator::message::Standing;

use super::Checks;

/// What hinders: not one leader that hears a quorum, or a node that does not follow it.
pub(crate) fn unsettled(checks: &Checks, up: &[usize]) -> Option<String> {
    let serving: Vec<usize> =
        up.iter().copied().filter(|slot| checks.situation(*slot).is_some_and(|situation| situation.serving)).collect();
    let [leader] = serving[..] else { return Some(format!("nodes that serve: {serving:?}")) };
    let Some(situation) = checks.situation(leader) else { return Some("no situation".into()) };
    if !situation.hears_quorum {
        return Some(format!("node {leader} leads, but hears no quorum"));
    }
    let me = checks.incarnation(leader);
    up.iter().copied().find_map(|slot| {
        let Some(other) = checks.situation(slot) else { return Some(format!("node {slot} has told nothing")) };
        let follows = other.leader == me && other.founding == situation.founding;
        let holds = other.standing != Standing::Newcomer;
        (!follows || !holds).then(|| {
            format!(
                "node {slot} ({:?}, promise {:?}) follows {:?}, not {me:?}",
                other.standing, other.promise, other.leader
            )
        })
    })
}

/// Whether of the last member list of every log that has begun a majority lives, or sleeps on its disk, also after one
/// more crash.
pub(crate) fn quorum_lives(checks: &Checks, after_crash_of: Option<usize>) -> bool {
    let living: BTreeSet<NodeId> = checks
        .shadows
        .iter()
        .enumerate()
        .filter(|(slot, _)| Some(*slot) != after_crash_of || checks.disks[*slot])
        .filter_map(|(slot, shadow)| shadow.as_ref().or(checks.asleep[slot].as_ref()).map(|shadow| shadow.me.node))
        .collect();
    checks.members.values().flat_map(|lists| &lists.lists).all(|members| {
        let alive = members.iter().filter(|member| living.contains(&member.node)).count();
        alive * 2 > members.len() || members.is_empty()
    })
}
