use std::collections::BTreeSet;

use super::super::quorum::{committed, hears_quorum, may_take_over};
use super::{member, node};
use crate::config::Mode;
use crate::id::{Index, Member, NodeId};

fn members(numbers: &[u128]) -> Vec<Member> {
    numbers.iter().map(|number| member(*number)).collect()
}

fn nodes(numbers: &[u128]) -> BTreeSet<NodeId> {
    numbers.iter().map(|number| node(*number)).collect()
}

/// Node n holds everything up to `held[n - 1]`.
fn committed_with(mode: Mode, held: &[u64]) -> u64 {
    let list: Vec<Member> = (1..).zip(held).map(|(number, _)| member(number)).collect();
    committed(mode, &list, |of| {
        let place = usize::try_from(of.uuid.as_u128() - 1).expect("small");
        Index(held[place])
    })
    .0
}

#[test]
fn a_majority_commits_what_more_than_half_hold() {
    assert_eq!(committed_with(Mode::Majority(1), &[7]), 7);
    assert_eq!(committed_with(Mode::Majority(2), &[7, 3]), 3);
    assert_eq!(committed_with(Mode::Majority(3), &[7, 3, 0]), 3);
    assert_eq!(committed_with(Mode::Majority(4), &[7, 5, 3, 0]), 3);
    assert_eq!(committed_with(Mode::Majority(5), &[7, 5, 4, 1, 0]), 4);
}

#[test]
fn a_view_commits_what_all_of_it_hold() {
    assert_eq!(committed_with(Mode::Reachable, &[7]), 7);
    assert_eq!(committed_with(Mode::Reachable, &[7, 5, 6]), 5);
    assert_eq!(committed_with(Mode::Reachable, &[7, 0, 6]), 0);
}

#[test]
fn a_take_over_needs_more_than_half() {
    let three = members(&[1, 2, 3]);
    let may = |promised: &[u128]| may_take_over(Mode::Majority(3), &three, None, (node(3), true), &nodes(promised));
    assert!(may(&[1, 2]));
    assert!(!may(&[1]));
    assert!(!may(&[1, 4, 5]), "strangers do not count");
    let two = members(&[1, 2]);
    assert!(!may_take_over(Mode::Majority(2), &two, None, (node(2), true), &nodes(&[1])));
}

#[test]
fn of_a_view_of_two_the_backup_alone_may_take_over_and_the_leader_may_not() {
    let two = members(&[1, 2]);
    assert!(may_take_over(Mode::Reachable, &two, None, (node(2), true), &nodes(&[1])));
    assert!(!may_take_over(Mode::Reachable, &two, None, (node(1), true), &nodes(&[1])));
    assert!(!may_take_over(Mode::Reachable, &two, None, (node(2), false), &nodes(&[1])), "it was away");
}

#[test]
fn while_the_last_view_is_not_known_committed_the_one_before_counts_too() {
    let (last, before) = (members(&[1, 2, 3]), members(&[1, 4, 5]));
    let may =
        |promised: &[u128]| may_take_over(Mode::Reachable, &last, Some(&before), (node(5), true), &nodes(promised));
    assert!(!may(&[1, 2]));
    assert!(may(&[1, 2, 4]));
}

#[test]
fn a_leader_hears_a_quorum_only_with_more_than_half() {
    assert!(hears_quorum(&members(&[1, 2, 3]), |node| nodes(&[1, 2]).contains(&node)));
    assert!(!hears_quorum(&members(&[1, 2]), |node| nodes(&[1]).contains(&node)));
    assert!(!hears_quorum(&members(&[1, 2, 3, 4]), |node| nodes(&[1, 2]).contains(&node)));
}
