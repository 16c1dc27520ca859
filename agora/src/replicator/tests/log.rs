use uuid::Uuid;

use super::super::log::{Log, Merge, size_bound};
use super::super::message::{Body, Entry, MAX_EVENTS, MAX_MEMBERS, Message, Record};
use super::{at, entry, epoch, member};
use crate::id::{FoundingId, Index, NodeId, Position, Probe};
use crate::time::At;
use crate::wire;

/// A log of the given epoch numbers, led by node 1.
fn log(epochs: &[u64]) -> Log {
    let mut log = Log::default();
    for (index, number) in (1..).zip(epochs) {
        log.append(entry(epoch(*number, 1), index), &mut Vec::new());
    }
    log
}

fn epochs(log: &Log) -> Vec<u64> {
    (1..=log.last().index.0).map(|index| log.get(Index(index)).expect("held").position.epoch.number).collect()
}

#[test]
fn entries_of_the_same_epoch_stay_and_a_late_duplicate_cuts_nothing() {
    let mut held = log(&[1, 1, 1, 1]);
    let mut records = Vec::new();
    let merged = held.merge(at(epoch(1, 1), 1), vec![entry(epoch(1, 1), 2)], Index(0), &mut records);
    assert_eq!(merged, Merge::Verified(Index(2)), "what this message verified, not the log's end");
    assert_eq!((epochs(&held), records), (vec![1, 1, 1, 1], vec![]));
}

#[test]
fn the_log_is_cut_from_the_first_entry_whose_epoch_differs() {
    let mut held = log(&[1, 1, 2, 2]);
    let new = entry(epoch(3, 1), 3);
    let mut records = Vec::new();
    let merged = held.merge(at(epoch(1, 1), 1), vec![entry(epoch(1, 1), 2), new.clone()], Index(2), &mut records);
    assert_eq!(merged, Merge::Verified(Index(3)));
    assert_eq!(epochs(&held), [1, 1, 3]);
    assert_eq!(records, [Record::Cut(Index(3)), Record::Append(new)]);
}

#[test]
fn a_committed_entry_is_never_cut() {
    let mut held = log(&[1, 1, 2]);
    let merged = held.merge(at(epoch(1, 1), 2), vec![entry(epoch(3, 1), 3)], Index(3), &mut Vec::new());
    assert_eq!(merged, Merge::CutBelowCommit(Index(3)));
    assert_eq!(epochs(&held), [1, 1, 2]);
}

#[test]
fn a_previous_entry_that_is_missing_or_another_does_not_match() {
    let mut held = log(&[1, 1]);
    let later = held.merge(at(epoch(1, 1), 3), vec![entry(epoch(1, 1), 4)], Index(0), &mut Vec::new());
    let other = held.merge(at(epoch(2, 1), 2), vec![entry(epoch(2, 1), 3)], Index(0), &mut Vec::new());
    assert_eq!((later, other, epochs(&held)), (Merge::Mismatch, Merge::Mismatch, vec![1, 1]));
}

#[test]
fn entries_with_a_hole_are_not_appended() {
    let mut held = log(&[1]);
    let merged = held.merge(at(epoch(1, 1), 1), vec![entry(epoch(1, 1), 3)], Index(0), &mut Vec::new());
    assert_eq!((merged, epochs(&held)), (Merge::Mismatch, vec![1]));
}

#[test]
fn the_member_list_holds_from_its_append_and_falls_back_with_its_entry() {
    let mut held = log(&[1]);
    let list = |index, members: &[u128]| Entry {
        position: at(epoch(1, 1), index),
        at: At(0),
        body: Body::Members(members.iter().map(|number| member(*number)).collect()),
    };
    held.append(list(2, &[1, 2]), &mut Vec::new());
    held.append(list(3, &[1, 2, 3]), &mut Vec::new());
    assert_eq!((held.members().len(), held.members_before().map(<[_]>::len)), (3, Some(2)));
    held.merge(at(epoch(1, 1), 2), vec![entry(epoch(2, 1), 3)], Index(0), &mut Vec::new());
    assert_eq!((held.members().len(), held.members_index()), (2, Index(2)));
}

#[test]
fn what_is_cut_for_a_datagram_fits_one() {
    let far = NodeId { uuid: Uuid::from_u128(u128::MAX), incarnation: u64::MAX };
    let late = crate::id::Epoch { number: u64::MAX, leader: far };
    let wide = crate::id::Member { node: far, priority: u32::MAX };
    let bodies = [
        Body::Founded { founding: FoundingId(Uuid::max()), members: vec![wide; MAX_MEMBERS] },
        Body::EpochStarted { members: vec![wide; MAX_MEMBERS] },
        Body::Members(vec![wide; MAX_MEMBERS]),
        Body::Events(vec![0; MAX_EVENTS].into()),
        Body::Events(vec![0; 3].into()),
    ];
    for body in bodies {
        let entry = Entry { position: Position { epoch: late, index: Index(u64::MAX) }, at: At(u64::MAX), body };
        let encoded = rmp_serde::to_vec(&entry).expect("encodes").len();
        assert!(encoded <= size_bound(&entry), "{encoded} bytes, bound {}", size_bound(&entry));
        let mut log = Log::default();
        for _ in 0..40 {
            log.append(entry.clone(), &mut Vec::new());
        }
        let entries = log.datagram_after(Index(0));
        let message = Message::Replicate {
            founding: FoundingId(Uuid::max()),
            epoch: late,
            probe: Probe(u64::MAX),
            previous: entry.position,
            entries,
            commit: Index(u64::MAX),
            at: At(u64::MAX),
        };
        assert_eq!(wire::Packer::new().push(&wire::Message::Replicator(message)), Ok(()));
    }
}
