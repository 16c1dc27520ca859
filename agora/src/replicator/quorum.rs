//! The two functions in which the modes differ: when is an entry committed, and who may take over.

use std::collections::BTreeSet;

use crate::config::Mode;
use crate::id::{Index, Member, NodeId};

/// The last index that is held by enough of `members`, where `held` tells how far each one's log is known to reach.
///
/// With `--cluster-size`, a majority is enough; in mode `reachable` it takes all members of the view.
pub(super) fn committed(mode: Mode, members: &[Member], held: impl Fn(NodeId) -> Index) -> Index {
    let mut indices: Vec<Index> = members.iter().map(|member| held(member.node)).collect();
    indices.sort_unstable();
    match mode {
        Mode::Reachable => indices.first().copied().unwrap_or_default(),
        Mode::Majority(_) => {
            // Of n ascending indices, the one at (n - 1) / 2 is reached by n / 2 + 1 members.
            indices.get(indices.len().saturating_sub(1) / 2).copied().unwrap_or_default()
        }
    }
}

/// Whether the promises of `promised` suffice to take over a log whose last list is `members`, and was led by `leader`.
///
/// More than half of the list; in mode `reachable`, of two members the one that did not lead suffices, if a `backup` may.
fn suffices(mode: Mode, members: &[Member], (leader, backup): (NodeId, bool), promised: &BTreeSet<NodeId>) -> bool {
    let count = members.iter().filter(|member| promised.contains(&member.node)).count();
    let backup_of_two = mode == Mode::Reachable
        && backup
        && members.len() == 2
        && members.iter().any(|member| member.node != leader && promised.contains(&member.node));
    count * 2 > members.len() || backup_of_two
}

/// Whether `promised` may take over: it suffices for the list in force and, in mode `reachable`, for the one before it
/// while the last is not known to be committed.
pub(super) fn may_take_over(
    mode: Mode,
    members: &[Member],
    before: Option<&[Member]>,
    leader: (NodeId, bool),
    promised: &BTreeSet<NodeId>,
) -> bool {
    suffices(mode, members, leader, promised)
        && (!matches!(mode, Mode::Reachable) || before.is_none_or(|before| suffices(mode, before, leader, promised)))
}

/// Whether a leader that lately `heard` these (itself included) can rule out that the others follow another one.
pub(super) fn hears_quorum(members: &[Member], heard: impl Fn(NodeId) -> bool) -> bool {
    members.iter().filter(|member| heard(member.node)).count() * 2 > members.len()
}
