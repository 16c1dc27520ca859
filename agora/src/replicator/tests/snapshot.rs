//! Logs that dropped what matters no more, and those who lack it.

use std::collections::BTreeSet;

use super::super::log::Log;
use super::super::message::{Body, Entry, Input, Message, Output, Record, Snapshot};
use super::cluster::{Cluster, SECOND};
use super::{at, entry, epoch, member, node};
use crate::config::{Mode, Settings};
use crate::id::{Index, Position};

/// A log of so many entries of epoch 1, the last one of which starts epoch 2.
fn log(length: u64) -> Log {
    let mut log = Log::default();
    for index in 1..length {
        log.append(entry(epoch(1, 1), index), &mut Vec::new());
    }
    let body = Body::EpochStarted { members: vec![member(1)] };
    log.append(Entry { body, ..entry(epoch(2, 2), length) }, &mut Vec::new());
    log
}

/// Drops these up to `to`; what is left up to there, and what follows.
fn compact(log: &mut Log, to: u64, obsolete: &[u64]) -> (Snapshot, Vec<Entry>) {
    log.begin_compaction(Index(to), obsolete.iter().copied().map(Index).collect());
    let before = held(log);
    loop {
        match log.go_on_compacting() {
            Some(Record::Compact { snapshot, rest }) => return (snapshot, rest),
            Some(record) => panic!("{record:?}"),
            None => assert_eq!(held(log), before, "it is what it was until all is done"),
        }
    }
}

fn held(log: &Log) -> Vec<u64> {
    (1..=log.last().index.0).filter(|index| log.get(Index(*index)).is_some()).collect()
}

#[test]
fn a_compacted_log_holds_what_matters_and_knows_every_position() {
    let mut log = log(8);
    log.append(entry(epoch(2, 2), 9), &mut Vec::new());
    log.append(entry(epoch(2, 2), 10), &mut Vec::new());
    let (snapshot, rest) = compact(&mut log, 9, &[2, 3, 5, 7, 8]);
    // 8 began an epoch; 9 is the base; 10 is above it.
    assert_eq!(held(&log), [1, 4, 6, 8, 9, 10]);
    assert_eq!((snapshot.base, snapshot.kept.len(), rest.len()), (at(epoch(2, 2), 9), 5, 1));
    assert!(log.contains(at(epoch(1, 1), 5)) && !log.contains(at(epoch(2, 2), 5)));
    assert_eq!(log.position(Index(11)), None);
    assert_eq!(log.after(Index(1)).next().map(|entry| entry.position.index), Some(Index(4)));
    // The entry that was kept only as the base goes with the next.
    compact(&mut log, 10, &[9]);
    assert_eq!(held(&log), [1, 4, 6, 8, 10]);
    assert_eq!(log.decided_up_to(Index(10)), 9);
}

#[test]
fn what_a_snapshot_and_the_rest_amount_to_is_the_log_again() {
    let mut before = log(8);
    before.append(entry(epoch(2, 2), 9), &mut Vec::new());
    compact(&mut before, 8, &[3, 6]);
    let entries: Vec<Entry> = (1..=9).filter_map(|index| before.get(Index(index)).cloned()).collect();
    let mut after = Log::default();
    after.take(entries);
    after.rest_on(before.base());
    assert_eq!((held(&after), after.last()), (held(&before), before.last()));
    assert!((0..=9).all(|index| after.position(Index(index)) == before.position(Index(index))));
}

/// Three nodes, led by the third, of which the first is away; so many entries, of which the first so many matter no more.
fn compacted(entries: u64, obsolete: u64) -> Cluster {
    let mut cluster = Cluster::with(&Settings { log_tail: 4, mode: Mode::Majority(3), ..Settings::lan() }, 3);
    cluster.meet();
    cluster.run(SECOND / 5);
    cluster.cut.insert(node(1));
    cluster.run(SECOND / 2);
    for number in 1..=entries {
        cluster.propose(3, number);
        cluster.settle();
    }
    cluster.run(SECOND / 5);
    let gone: Vec<Index> = (3..3 + obsolete).map(Index).collect();
    for number in [2, 3] {
        cluster.input(node(number), Input::Obsolete(gone.clone()));
    }
    // A little is dropped in each turn.
    cluster.run(SECOND * 5);
    cluster
}

fn base(cluster: &Cluster, number: u128) -> u64 {
    cluster.nodes[&node(number)].log.base().index.0
}

/// The indices that a node handed over as committed, since its log was replaced last.
fn folded(cluster: &mut Cluster, number: u128) -> Vec<u64> {
    let mut folded = Vec::new();
    for output in cluster.told(number) {
        match output {
            Output::Reset => folded.clear(),
            Output::Committed(entry) => folded.push(entry.position.index.0),
            _ => {}
        }
    }
    folded
}

#[test]
fn a_log_is_compacted_once_half_of_it_matters_no_more_and_its_tail_stays() {
    let cluster = compacted(40, 10);
    assert_eq!(base(&cluster, 3), 0);
    let cluster = compacted(40, 30);
    assert_eq!((base(&cluster, 3), cluster.commit(3)), (42 - 4, 42));
}

#[test]
fn who_lacks_what_is_gone_is_given_the_snapshot_and_what_follows() {
    let mut cluster = compacted(200, 180);
    cluster.propose(3, 201);
    cluster.settle();
    cluster.cut.clear();
    folded(&mut cluster, 1);
    cluster.run(SECOND / 2);
    assert_eq!((base(&cluster, 1), cluster.commit(1)), (base(&cluster, 3), 203));
    let folded = folded(&mut cluster, 1);
    assert_eq!(folded[..3], [1, 2, 183], "the list, the epoch, and what still matters");
    assert_eq!(folded.len(), 203 - 180);
    // And it counts: with node 3 it is a majority.
    cluster.cut.insert(node(2));
    cluster.propose(3, 202);
    cluster.run(SECOND / 5);
    assert_eq!(cluster.commit(1), 204);
}

#[test]
fn a_snapshot_arrives_although_a_third_of_its_datagrams_are_lost() {
    let mut cluster = compacted(250, 126);
    cluster.cut.clear();
    cluster.lose_every_third_piece = true;
    cluster.run(SECOND * 3);
    assert_eq!((base(&cluster, 1), cluster.commit(1)), (base(&cluster, 3), 252));
}

#[test]
fn a_candidate_far_behind_adopts_a_snapshot() {
    let mut cluster = compacted(200, 180);
    cluster.cut = BTreeSet::from([node(3)]);
    cluster.run(SECOND);
    cluster.take_over(1);
    cluster.run(SECOND / 2);
    assert!(cluster.situation(1).serving);
    assert_eq!((base(&cluster, 1), cluster.commit(1)), (base(&cluster, 2), 203), "and its EpochStarted");
    assert_eq!(folded(&mut cluster, 1).len(), 203 - 180);
}

#[test]
fn a_late_piece_of_an_earlier_snapshot_does_not_set_a_later_one_back() {
    let mut cluster = compacted(200, 180);
    let epoch = cluster.situation(3).promise;
    let founding = cluster.situation(3).founding.expect("it is founded");
    let piece = |base: u64, previous: u64, index: u64| {
        let (base, entries) = (Position { epoch, index: Index(base) }, vec![entry(epoch, index)]);
        let message = Message::Snapshot { founding, epoch, base, previous: Index(previous), entries, asks: false };
        Input::Message { from: node(3), message }
    };
    for late in [piece(100, 0, 1), piece(90, 0, 1), piece(100, 1, 3)] {
        cluster.input(node(1), late);
    }
    let incoming = cluster.nodes[&node(1)].incoming.as_ref().map(super::super::snapshot::Incoming::last);
    assert_eq!(incoming, Some(Index(3)));
}

#[test]
fn pieces_that_fit_nothing_are_dropped() {
    let mut cluster = compacted(200, 180);
    cluster.cut.insert(node(3));
    let epoch = cluster.situation(3).promise;
    let founding = cluster.situation(3).founding.expect("it is founded");
    let (last, end) = (cluster.commit(1), Position { epoch, index: Index(100) });
    let piece = |previous: u64, entries: &[u64]| {
        let entries = entries.iter().map(|index| entry(epoch, *index)).collect();
        Message::Snapshot { founding, epoch, base: end, previous: Index(previous), entries, asks: true }
    };
    // Out of order, beyond its base, behind what has not come, and an end that nothing leads to.
    for piece in [piece(0, &[3, 2]), piece(0, &[101]), piece(50, &[60]), piece(60, &[100]), piece(0, &[])] {
        cluster.input(node(1), Input::Message { from: node(3), message: piece });
    }
    // One that is whole, and does not begin as a log does.
    cluster.input(node(1), Input::Message { from: node(3), message: piece(0, &[1, 100]) });
    assert!(!cluster.told(1).into_iter().any(|output| matches!(output, Output::Fault(_) | Output::Reset)));
    // And one that does, in which what is committed here is another entry.
    let mut first = cluster.nodes[&node(1)].log.get(Index(1)).cloned().expect("its founding");
    first.position.epoch.number = 0;
    let entries = vec![first, entry(epoch, 100)];
    let message = Message::Snapshot { founding, epoch, base: end, previous: Index(0), entries, asks: false };
    cluster.input(node(1), Input::Message { from: node(3), message });
    let ended = cluster.told(1).into_iter().any(|output| matches!(output, Output::Fault(_)));
    assert!(ended, "its committed entries are not in it");
    assert_eq!((base(&cluster, 1), cluster.commit(1)), (0, last));
}

#[test]
fn a_node_lives_on_with_a_snapshot() {
    let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
    let mut log = log(8);
    log.append(entry(epoch(2, 2), 9), &mut Vec::new());
    let kept = [entry(epoch(1, 1), 1), entry(epoch(1, 1), 6)];
    let entries: Vec<Entry> = kept.into_iter().chain(log.after(Index(7)).cloned()).collect();
    let now = crate::time::Timestamp::from_micros(1);
    let mut node = super::super::protocol::Replicator::new(member(1), &settings, 1, now).restored(
        epoch(2, 2),
        at(epoch(2, 2), 8),
        entries,
        Index(9),
    );
    let mut out = Vec::new();
    crate::protocol::Protocol::fire(&mut node, now, &mut out);
    let committed = out.iter().filter_map(|output| match output {
        Output::Committed(entry) => Some(entry.position.index.0),
        _ => None,
    });
    assert_eq!(committed.collect::<Vec<_>>(), [1, 6, 8, 9]);
    assert_eq!(node.decided, 8, "all but the EpochStarted");
}

#[test]
fn a_candidate_that_holds_the_base_without_knowing_it_committed_fetches_what_follows() {
    let mut cluster = compacted(200, 180);
    cluster.cut.clear();
    cluster.run(SECOND / 2);
    let base = base(&cluster, 2);
    // As if it had heard of no commit since long before: its log holds the base of the others', and less than they.
    cluster.cut.insert(node(1));
    for number in 201..=203 {
        cluster.propose(3, number);
        cluster.settle();
    }
    cluster.run(SECOND / 5);
    let behind = cluster.nodes.get_mut(&node(1)).expect("it is there");
    assert!(behind.log.base().index.0 >= base, "it was given the snapshot");
    behind.commit = Index(base - 1);
    cluster.cut = BTreeSet::from([node(3)]);
    cluster.run(SECOND);
    cluster.take_over(1);
    cluster.run(SECOND);
    assert!(cluster.situation(1).serving);
    assert_eq!(cluster.commit(1), 200 + 2 + 3 + 1, "all of it, and its EpochStarted");
}
