//! Entries in order, in chunks: a copy shares them, and no turn has to touch all of them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::message::Entry;
use crate::id::Index;

/// Entries in the order of their indices, which may have gaps. A clone shares what it holds.
#[derive(Debug, Clone)]
pub struct Chunks {
    list: VecDeque<Chunk>,
    /// How many entries.
    length: usize,
    /// So many entries are in a chunk at most.
    most: usize,
}

/// Some entries that follow one another; never none.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    /// The index of its first entry.
    first: Index,
    entries: Arc<Vec<Entry>>,
}

impl Chunk {
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) const fn first(&self) -> Index {
        self.first
    }

    pub(super) fn last(&self) -> Index {
        self.entries.last().map_or(self.first, |entry| entry.position.index)
    }

    /// The place of the first entry after `index`.
    fn place_after(&self, index: Index) -> usize {
        self.entries.partition_point(|entry| entry.position.index <= index)
    }
}

impl Default for Chunks {
    fn default() -> Self {
        Self::of(512)
    }
}

impl Chunks {
    /// Nothing yet, with so many entries in a chunk.
    pub fn of(most: usize) -> Self {
        Self { list: VecDeque::new(), length: 0, most: most.max(1) }
    }

    /// Nothing yet, with as many in a chunk as here.
    pub(super) fn like(&self) -> Self {
        Self::of(self.most)
    }

    /// How many entries.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The first.
    pub fn first(&self) -> Option<&Entry> {
        self.list.front().and_then(|chunk| chunk.entries.first())
    }

    /// The last.
    pub fn last(&self) -> Option<&Entry> {
        self.list.back().and_then(|chunk| chunk.entries.last())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.after(Index(0))
    }

    /// All after `index`.
    pub fn after(&self, index: Index) -> impl Iterator<Item = &Entry> {
        let number = self.number(index);
        let (first, rest) = match self.list.get(number) {
            Some(chunk) => (&chunk.entries[chunk.place_after(index)..], number + 1),
            None => (&[][..], self.list.len()),
        };
        first.iter().chain(self.list.range(rest..).flat_map(|chunk| chunk.entries.iter()))
    }

    /// The entry at `index`.
    pub(super) fn get(&self, index: Index) -> Option<&Entry> {
        let chunk = self.list.get(self.number(index))?;
        // Mostly no entry is missing.
        let place = usize::try_from(index.0.checked_sub(chunk.first.0)?).ok()?;
        match chunk.entries.get(place) {
            Some(entry) if entry.position.index == index => Some(entry),
            _ => chunk.entries.get(chunk.entries.binary_search_by_key(&index, |entry| entry.position.index).ok()?),
        }
    }

    /// How many entries there are up to `index`.
    pub(super) fn up_to(&self, index: Index) -> usize {
        let number = self.number(index);
        let whole: usize = self.list.range(..number.min(self.list.len())).map(|chunk| chunk.entries.len()).sum();
        whole + self.list.get(number).map_or(0, |chunk| chunk.place_after(index))
    }

    /// The chunk with this number, counted from 0.
    pub(crate) fn chunk(&self, number: usize) -> Option<&Chunk> {
        self.list.get(number)
    }

    /// The number of the chunk that the entry at `index` is in, or would be.
    fn number(&self, index: Index) -> usize {
        // Mostly it is about the latest entries.
        match self.list.back() {
            Some(last) if last.first <= index => self.list.len() - 1,
            _ => self.list.partition_point(|chunk| chunk.first <= index).saturating_sub(1),
        }
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: Entry) {
        self.length += 1;
        match self.list.back_mut().filter(|last| last.entries.len() < self.most) {
            Some(last) => Arc::make_mut(&mut last.entries).push(entry),
            None => {
                self.list.push_back(Chunk { first: entry.position.index, entries: Arc::new(vec![entry]) });
            }
        }
    }

    /// Adds a chunk at the end: shared, unless there is room for it in the last one.
    pub(super) fn push_chunk(&mut self, chunk: Chunk) {
        let there = self.list.back().map_or(self.most, |last| last.entries.len());
        if there + chunk.entries.len() <= self.most {
            self.extend(chunk.entries.iter().cloned());
        } else {
            self.length += chunk.entries.len();
            self.list.push_back(chunk);
        }
    }

    /// Takes everything after `index` out.
    pub(super) fn split_off(&mut self, index: Index) -> Self {
        let mut later = self.like();
        later.list = self.list.split_off(self.list.partition_point(|chunk| chunk.first <= index));
        if let Some(last) = self.list.back_mut() {
            let place = last.place_after(index);
            if let Some(first) = last.entries.get(place).map(|entry| entry.position.index) {
                let entries = Arc::new(Arc::make_mut(&mut last.entries).split_off(place));
                later.list.push_front(Chunk { first, entries });
            }
        }
        later.length = later.list.iter().map(|chunk| chunk.entries.len()).sum();
        self.length -= later.length;
        later
    }

    /// Adds what follows.
    pub(super) fn append(&mut self, later: Self) {
        for chunk in later.list {
            self.push_chunk(chunk);
        }
    }

    /// Takes the chunks out, in order.
    pub(super) fn into_chunks(self) -> VecDeque<Chunk> {
        self.list
    }
}

impl FromIterator<Entry> for Chunks {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut chunks = Self::default();
        chunks.extend(entries);
        chunks
    }
}

impl Extend<Entry> for Chunks {
    fn extend<I: IntoIterator<Item = Entry>>(&mut self, entries: I) {
        for entry in entries {
            self.push(entry);
        }
    }
}

impl PartialEq for Chunks {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.iter().eq(other.iter())
    }
}

impl Eq for Chunks {}
