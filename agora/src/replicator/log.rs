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

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::message::{Body, Entry, Record, Snapshot};
use crate::id::{Epoch, FoundingId, Index, Member, Position};
use crate::time::At;

/// So many bytes of entries fit a STATE_REPLICATE.
const ENTRIES_IN_DATAGRAM: usize = 970;

/// The replicated log of one node.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// What still matters up to `base`, that one included: shared with whoever writes it to the disk.
    kept: Arc<Vec<Entry>>,
    base: Position,
    /// Everything after `base`.
    entries: VecDeque<Entry>,
    /// The first position of each epoch in it, ascending. No epoch's first entry becomes obsolete.
    epochs: Vec<Position>,
    /// The indices of entries that name members, ascending.
    lists: Vec<Index>,
    /// The first index at which an epoch started, if one did.
    started: Option<Index>,
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
    /// A log of these entries, which are in order: a snapshot up to `base`, and all that follows.
    pub(super) fn of(base: Position, entries: Vec<Entry>) -> Self {
        let mut log = Self { base, ..Self::default() };
        let mut kept = entries;
        let rest = kept.split_off(kept.partition_point(|entry| entry.position.index <= base.index));
        for entry in &kept {
            log.note(entry);
        }
        log.kept = Arc::new(kept);
        for entry in rest {
            log.push(entry);
        }
        log
    }

    /// The latest leadership time of all entries.
    pub(super) fn latest(&self) -> At {
        self.entries.back().or(self.kept.last()).map(|entry| entry.at).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last().index.0 == 0
    }

    /// The last entry's position.
    pub(super) fn last(&self) -> Position {
        self.entries.back().map_or(self.base, |entry| entry.position)
    }

    /// Up to where it holds only what still matters.
    pub(super) fn base(&self) -> Position {
        self.base
    }

    /// The entry at `index`, if it is here.
    pub(super) fn get(&self, index: Index) -> Option<&Entry> {
        match index.0.checked_sub(self.base.index.0 + 1) {
            Some(place) => self.entries.get(usize::try_from(place).ok()?),
            None => self.kept.get(self.kept.binary_search_by_key(&index, |entry| entry.position.index).ok()?),
        }
    }

    /// The next entry after `index` that is here.
    pub(super) fn after(&self, index: Index) -> Option<&Entry> {
        if index >= self.base.index {
            return self.get(index.next());
        }
        self.kept.get(self.kept.partition_point(|entry| entry.position.index <= index))
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
        match self.kept.first().or(self.entries.front()).map(|entry| &entry.body) {
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
        self.lists.last().and_then(|index| self.get(*index)).and_then(|entry| entry.body.members()).unwrap_or_default()
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
        self.note(&entry);
        self.entries.push_back(entry);
    }

    fn note(&mut self, entry: &Entry) {
        if entry.body.members().is_some() {
            self.lists.push(entry.position.index);
        }
        if self.started.is_none() && matches!(entry.body, Body::EpochStarted { .. }) {
            self.started = Some(entry.position.index);
        }
        if self.epochs.last().is_none_or(|last| last.epoch != entry.position.epoch) {
            self.epochs.push(entry.position);
        }
    }

    /// Never at or below what is committed, and so above the base.
    fn cut(&mut self, from: Index, records: &mut Vec<Record>) {
        debug_assert!(from > self.base.index);
        records.push(Record::Cut(from));
        let stay = from.0.saturating_sub(self.base.index.0 + 1);
        self.entries.truncate(usize::try_from(stay).unwrap_or(usize::MAX));
        while self.epochs.last().is_some_and(|first| first.index >= from) {
            self.epochs.pop();
        }
        while self.lists.last().is_some_and(|index| *index >= from) {
            self.lists.pop();
        }
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

    /// As many entries after `after`, which is not before the base, as fit a datagram, and whether more could have followed
    /// if it were larger.
    pub(super) fn datagram_after(&self, after: Index) -> (Vec<Entry>, bool) {
        let start = usize::try_from(after.0.saturating_sub(self.base.index.0)).unwrap_or(usize::MAX);
        as_many_as_fit(self.entries.range(start.min(self.entries.len())..))
    }

    /// As many entries of the snapshot after `after` as fit a datagram.
    pub(super) fn snapshot_after(&self, after: Index) -> Vec<Entry> {
        let start = self.kept.partition_point(|entry| entry.position.index <= after);
        as_many_as_fit(&self.kept[start..]).0
    }

    /// How many entries up to `to`, above the base, are here.
    pub(super) fn held_up_to(&self, to: Index) -> usize {
        let above = to.0.saturating_sub(self.base.index.0);
        self.kept.len() + usize::try_from(above).unwrap_or(usize::MAX).min(self.entries.len())
    }

    /// Raises the base to `to`, which is committed, and drops everything `obsolete` up to there; what of that is dropped
    /// leaves the set.
    pub(super) fn compact(&mut self, to: Index, obsolete: &mut BTreeSet<Index>) -> Option<Record> {
        let base = self.position(to).filter(|_| to > self.base.index)?;
        let moved = usize::try_from(to.0 - self.base.index.0).ok()?;
        let mut kept = Arc::unwrap_or_clone(std::mem::take(&mut self.kept));
        kept.extend(self.entries.drain(..moved));
        kept.retain(|entry| {
            let index = entry.position.index;
            // The entry at the base tells that a snapshot is whole.
            index == to || !matches!(entry.body, Body::Events(_)) || !obsolete.remove(&index)
        });
        kept.shrink_to_fit();
        self.kept = Arc::new(kept);
        self.base = base;
        let snapshot = Snapshot { base, kept: Arc::clone(&self.kept) };
        Some(Record::Compact { snapshot, rest: self.entries.iter().cloned().collect() })
    }

    /// How many of the machine's own entries it has had up to `index`: the others never become obsolete.
    pub(super) fn decided_up_to(&self, index: Index) -> u64 {
        let own = |entry: &&Entry| entry.position.index <= index && !matches!(entry.body, Body::Events(_));
        let own = self.kept.iter().chain(&self.entries).filter(own).count() as u64;
        index.0.saturating_sub(own)
    }
}

fn as_many_as_fit<'a>(candidates: impl IntoIterator<Item = &'a Entry>) -> (Vec<Entry>, bool) {
    let mut bytes = 0;
    let mut entries = Vec::new();
    for entry in candidates {
        bytes += size_bound(entry);
        if bytes > ENTRIES_IN_DATAGRAM && !entries.is_empty() {
            return (entries, true);
        }
        entries.push(entry.clone());
    }
    (entries, false)
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
