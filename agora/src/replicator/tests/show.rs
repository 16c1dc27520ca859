use super::super::message::{Entry, Output};
use super::super::protocol::Replicator;
use super::{at, entry, epoch, member};
use crate::config::Settings;
use crate::id::{Epoch, Index, Position};
use crate::time::Timestamp;

fn first() -> Epoch {
    epoch(1, 1)
}

fn second() -> Epoch {
    epoch(4, 2)
}

fn log() -> Vec<Entry> {
    vec![entry(first(), 1), entry(first(), 2), entry(second(), 3), entry(second(), 4), entry(second(), 5)]
}

/// What a node that holds `log` and knows the first `commit` entries committed shows.
fn shown(commit: u64, after: Position, most: usize) -> Option<Vec<Entry>> {
    let mut replicator = Replicator::new(member(1), &Settings::lan(), 1, Timestamp::ZERO);
    for entry in log() {
        replicator.log.append(entry, &mut Vec::new());
    }
    replicator.commit = Index(commit);
    let mut out = Vec::new();
    replicator.on_show(7, after, most, &mut out);
    match <[Output; 1]>::try_from(out) {
        Ok([Output::Shown { ticket: 7, entries }]) => entries,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_committed_is_shown_and_nothing_beyond() {
    assert_eq!(shown(4, Position::START, 9).as_deref(), Some(&log()[..4]));
    assert_eq!(shown(4, at(first(), 2), 9).as_deref(), Some(&log()[2..4]));
    assert_eq!(shown(4, at(second(), 4), 9).as_deref(), Some(&[][..]));
    assert_eq!(shown(0, Position::START, 9).as_deref(), Some(&[][..]));
}

#[test]
fn no_more_is_shown_than_is_asked_for() {
    assert_eq!(shown(5, Position::START, 2).as_deref(), Some(&log()[..2]));
}

#[test]
fn who_is_ahead_of_the_commit_waits_for_it() {
    assert_eq!(shown(3, at(second(), 5), 9).as_deref(), Some(&[][..]), "held, not known committed here");
    assert_eq!(shown(3, at(second(), 8), 9).as_deref(), Some(&[][..]), "not here yet");
    assert_eq!(shown(3, at(epoch(9, 1), 8), 9).as_deref(), Some(&[][..]), "not here yet");
}

#[test]
fn an_entry_that_cannot_be_in_this_log_is_not_followed() {
    assert_eq!(shown(5, at(second(), 2), 9), None, "another is in its place");
    assert_eq!(shown(3, at(first(), 8), 9), None, "its epoch is over here");
}
