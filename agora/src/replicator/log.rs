//! The log: entries in memory, in order, and which of them name members.
//!
//! ```text
//!   1 ····· kept ····· base │ base+1 ··· entries ··· last
//!   what still matters      │ every entry
//! ```
//!
//! Up to its *base*, all of which is committed, a log holds only what still matters: the entries in which it speaks of itself
//! (members, leaderships), and those that the machine has not called obsolete. A log with a base is a snapshot and what
//! follows it; the snapshot is made of entries like any other, so folding it gives the state that folding all gave.

use std::collections::BTreeSet;

use super::compaction::{Compaction, Retired};
use super::message::{Body, Chunks, Entry, Record, Snapshot};
use crate::id::{Epoch, FoundingId, Index, Member, Position};
use crate::time::At;

/// So many bytes of entries fit a STATE_REPLICATE.
const ENTRIES_IN_DATAGRAM: usize = 970;

/// The replicated log of one node.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Up to `base` what still matters, the entry at the base included; after it, everything.
    entries: Chunks,
    base: Position,
    /// The first position of each epoch in it, ascending. No epoch's first entry becomes obsolete.
    epochs: Vec<Position>,
    /// The indices of entries that name members, ascending.
    lists: Vec<Index>,
    /// The last of those lists: it is looked at in every turn.
    members: Vec<Member>,
    /// The first index at which an epoch started, if one did.
    started: Option<Index>,
    /// The same without what is obsolete, as far as it is made.
    compaction: Option<Compaction>,
    retired: Retired,
}

/// What following a leader's (or an adopted) log did to this one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// The entry before the new ones is not here, or another is in its place.
    Mismatch,
    /// All entries are here now, up to this index.
    Verified(Index),
    /// A committed entry would have to go.
    CutBelowCommit(Index),
}

impl Log {
    /// An empty one, with so many entries in a chunk.
    pub(super) fn in_chunks_of(most: usize) -> Self {
        Self { entries: Chunks::of(most), ..Self::default() }
    }

    /// An empty one, in chunks like these.
    pub(super) fn empty(&self) -> Self {
        Self { entries: self.entries.like(), ..Self::default() }
    }

    /// Takes the next entries of a snapshot, or of what follows it.
    pub(super) fn take(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.push(entry);
        }
    }

    /// All that is here is a snapshot up to `base`.
    pub(super) fn rest_on(&mut self, base: Position) -> Snapshot {
        self.base = base;
        Snapshot { base, kept: self.entries.clone() }
    }

    /// The latest leadership time of all entries.
    pub(super) fn latest(&self) -> At {
        self.entries.last().map(|entry| entry.at).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last().index.0 == 0
    }

    /// The last entry's position.
    pub(super) fn last(&self) -> Position {
        self.entries.last().map_or(self.base, |entry| entry.position)
    }

    /// Up to where it holds only what still matters.
    pub(super) fn base(&self) -> Position {
        self.base
    }

    /// The entry at `index`, if it is here.
    pub(super) fn get(&self, index: Index) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// The entries after `index` that are here.
    pub(super) fn after(&self, index: Index) -> impl Iterator<Item = &Entry> {
        self.entries.after(index)
    }

    /// The position of the entry at `index`, even where that is not here any more; the start for 0.
    pub(super) fn position(&self, index: Index) -> Option<Position> {
        if index.0 == 0 {
            return Some(Position::START);
        }
        if index > self.last().index {
            return None;
        }
        let later = self.epochs.partition_point(|first| first.index <= index);
        let first = self.epochs.get(later.checked_sub(1)?)?;
        Some(Position { epoch: first.epoch, index })
    }

    /// Whether this very entry is in the log.
    pub(super) fn contains(&self, position: Position) -> bool {
        self.position(position.index) == Some(position)
    }

    /// The founding that this log goes back to.
    pub(super) fn founding(&self) -> Option<FoundingId> {
        match self.entries.first().map(|entry| &entry.body) {
            Some(Body::Founded { founding, .. }) => Some(*founding),
            _ => None,
        }
    }

    /// Whether a leadership has begun in it.
    pub(super) fn has_started(&self) -> bool {
        self.started.is_some()
    }

    /// The member list in force: the last one, committed or not.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Where the list in force stands.
    pub(super) fn members_index(&self) -> Index {
        self.lists.last().copied().unwrap_or_default()
    }

    /// The list before the one in force.
    pub(super) fn members_before(&self) -> Option<&[Member]> {
        let before = self.lists.len().checked_sub(2)?;
        self.lists.get(before).and_then(|index| self.get(*index)).and_then(|entry| entry.body.members())
    }

    /// The epoch of the last EpochStarted: whose leader it is that the view was led by.
    pub(super) fn last_epoch(&self) -> Epoch {
        self.last().epoch
    }

    pub(super) fn append(&mut self, entry: Entry, records: &mut Vec<Record>) {
        records.push(Record::Append(entry.clone()));
        self.push(entry);
    }

    fn push(&mut self, entry: Entry) {
        if let Some(members) = entry.body.members() {
            self.members = members.to_vec();
            self.lists.push(entry.position.index);
        }
        if self.started.is_none() && matches!(entry.body, Body::EpochStarted { .. }) {
            self.started = Some(entry.position.index);
        }
        if self.epochs.last().is_none_or(|last| last.epoch != entry.position.epoch) {
            self.epochs.push(entry.position);
        }
        self.entries.push(entry);
    }

    /// Never at or below what is committed, and so above the base.
    fn cut(&mut self, from: Index, records: &mut Vec<Record>) {
        debug_assert!(from > self.base.index);
        records.push(Record::Cut(from));
        self.entries.split_off(Index(from.0.saturating_sub(1)));
        while self.epochs.last().is_some_and(|first| first.index >= from) {
            self.epochs.pop();
        }
        while self.lists.last().is_some_and(|index| *index >= from) {
            self.lists.pop();
        }
        let list = self.lists.last().and_then(|index| self.get(*index));
        self.members = list.and_then(|entry| entry.body.members()).unwrap_or_default().to_vec();
        if self.started.is_some_and(|index| index >= from) {
            self.started = None;
        }
    }

    /// Makes this log agree with one in which `entries` follow `previous`. Entries of the same epoch stay; the log is
    /// cut only from the first entry whose epoch differs, never at or below `commit`.
    pub(super) fn merge(
        &mut self,
        previous: Position,
        entries: Vec<Entry>,
        commit: Index,
        records: &mut Vec<Record>,
    ) -> Merge {
        if !self.contains(previous) {
            return if previous.index <= commit { Merge::CutBelowCommit(previous.index) } else { Merge::Mismatch };
        }
        let mut verified = previous.index;
        for entry in entries {
            if entry.position.index != verified.next() {
                return Merge::Mismatch;
            }
            verified = entry.position.index;
            match self.position(verified).map(|held| held.epoch) {
                Some(epoch) if epoch == entry.position.epoch => {}
                Some(_) if verified <= commit => return Merge::CutBelowCommit(verified),
                Some(_) => {
                    self.cut(verified, records);
                    self.append(entry, records);
                }
                None => self.append(entry, records),
            }
        }
        Merge::Verified(verified)
    }

    /// As many entries after `after`, which is not before the base, as fit a datagram.
    pub(super) fn datagram_after(&self, after: Index) -> Vec<Entry> {
        as_many_as_fit(self.entries.after(after))
    }

    /// Whether the entries after `after` are more than fit a datagram.
    pub(super) fn fills_datagram_after(&self, after: Index) -> bool {
        let mut bytes = 0;
        self.entries.after(after).any(|entry| {
            bytes += size_bound(entry);
            bytes > ENTRIES_IN_DATAGRAM
        })
    }

    /// As many entries of the snapshot after `after` as fit a datagram.
    pub(super) fn snapshot_after(&self, after: Index) -> Vec<Entry> {
        as_many_as_fit(self.entries.after(after).take_while(|entry| entry.position.index <= self.base.index))
    }

    /// Begins to drop what is `obsolete`, all of it before `to`, which is committed.
    pub(super) fn begin_compaction(&mut self, to: Index, obsolete: BTreeSet<Index>) {
        let base = self.position(to).filter(|_| to > self.base.index);
        self.compaction = base.map(|base| Compaction::new(base, obsolete, self.entries.like()));
    }

    /// Whether it is being compacted.
    pub(super) const fn is_compacting(&self) -> bool {
        self.compaction.is_some()
    }

    /// Goes on with dropping, for a turn; the record of it, once it is done.
    pub(super) fn go_on_compacting(&mut self) -> Option<Record> {
        self.retired.go_on();
        let compaction = self.compaction.as_mut()?;
        if !compaction.go_on(&self.entries) {
            return None;
        }
        let (base, mut entries) = self.compaction.take()?.into_parts();
        let rest = self.entries.split_off(base.index);
        let record = Record::Compact {
            snapshot: Snapshot { base, kept: entries.clone() },
            rest: rest.iter().cloned().collect(),
        };
        entries.append(rest);
        self.retired.add(std::mem::replace(&mut self.entries, entries));
        self.base = base;
        Some(record)
    }

    /// Is what was `before`, from here on.
    pub(super) fn take_the_place_of(&mut self, before: Self) {
        self.retired = before.retired;
        self.retired.add(before.entries);
    }

    /// How many entries up to `to` are here.
    pub(super) fn held_up_to(&self, to: Index) -> usize {
        self.entries.up_to(to)
    }

    /// How many of the machine's own entries it has had up to `index`: all the others name members, and never become
    /// obsolete.
    pub(super) fn decided_up_to(&self, index: Index) -> u64 {
        index.0.saturating_sub(self.lists.partition_point(|list| *list <= index) as u64)
    }
}

/// At least one, if there is any.
fn as_many_as_fit<'a>(candidates: impl IntoIterator<Item = &'a Entry>) -> Vec<Entry> {
    let mut bytes = 0;
    let fits = |entry: &&Entry| {
        let first = bytes == 0;
        bytes += size_bound(entry);
        first || bytes <= ENTRIES_IN_DATAGRAM
    };
    candidates.into_iter().take_while(fits).cloned().collect()
}

/// An upper bound of an entry's size on the wire (a test holds it against the codec).
pub(super) fn size_bound(entry: &Entry) -> usize {
    const AROUND: usize = 64;
    const MEMBER: usize = 36;
    match &entry.body {
        Body::Founded { members, .. } => AROUND + 24 + MEMBER * members.len(),
        Body::EpochStarted { members } | Body::Members(members) => AROUND + MEMBER * members.len(),
        Body::Events(bytes) => AROUND + bytes.len(),
    }
}
