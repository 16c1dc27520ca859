//! The log: entries in memory, in order, and which of them name members.

use super::message::{Body, Entry, Record};
use crate::id::{Epoch, FoundingId, Index, Member, Position};
use crate::time::At;

/// So many bytes of entries fit a STATE_REPLICATE.
const ENTRIES_IN_DATAGRAM: usize = 970;

/// The replicated log of one node.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
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
    /// A log of these entries, which are in order.
    pub(super) fn of(entries: Vec<Entry>) -> Self {
        let mut log = Self::default();
        for entry in entries {
            log.push(entry);
        }
        log
    }

    /// The latest leadership time of all entries.
    pub(super) fn latest(&self) -> At {
        self.entries.iter().map(|entry| entry.at).max().unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The last entry's position.
    pub(super) fn last(&self) -> Position {
        self.entries.last().map_or(Position::START, |entry| entry.position)
    }

    pub(super) fn get(&self, index: Index) -> Option<&Entry> {
        let place = usize::try_from(index.0.checked_sub(1)?).ok()?;
        self.entries.get(place)
    }

    /// The position of the entry at `index`; the start for 0.
    pub(super) fn position(&self, index: Index) -> Option<Position> {
        if index.0 == 0 { Some(Position::START) } else { self.get(index).map(|entry| entry.position) }
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
        if entry.body.members().is_some() {
            self.lists.push(entry.position.index);
        }
        if self.started.is_none() && matches!(entry.body, Body::EpochStarted { .. }) {
            self.started = Some(entry.position.index);
        }
        self.entries.push(entry);
    }

    fn cut(&mut self, from: Index, records: &mut Vec<Record>) {
        records.push(Record::Cut(from));
        self.entries.truncate(usize::try_from(from.0.saturating_sub(1)).unwrap_or(usize::MAX));
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
            match self.get(verified).map(|held| held.position.epoch) {
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

    /// As many entries after `after` as fit a datagram, and whether more could have followed if it were larger.
    pub(super) fn datagram_after(&self, after: Index) -> (Vec<Entry>, bool) {
        let start = usize::try_from(after.0).unwrap_or(usize::MAX).min(self.entries.len());
        let mut bytes = 0;
        let mut entries = Vec::new();
        for entry in &self.entries[start..] {
            bytes += size_bound(entry);
            if bytes > ENTRIES_IN_DATAGRAM && !entries.is_empty() {
                return (entries, true);
            }
            entries.push(entry.clone());
        }
        (entries, false)
    }
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
