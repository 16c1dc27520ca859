//! What belongs to entries of the log, in their order, in chunks: a copy shares them, and no turn has to touch all of
//! them, as it would where one long list moves because it has grown.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::id::Index;

/// Has a place in the log.
pub trait Indexed {
    /// Which.
    fn index(&self) -> Index;
}

/// What is in the order of its indices, which may have gaps. A clone shares what it holds.
#[derive(Clone)]
pub struct Chunks<T> {
    list: VecDeque<Chunk<T>>,
    /// How many entries.
    length: usize,
    /// So many entries are in a chunk at most.
    most: usize,
}

/// Some entries that follow one another; never none.
#[derive(Debug, Clone)]
pub(crate) struct Chunk<T> {
    /// The index of its first entry.
    first: Index,
    entries: Arc<Vec<T>>,
}

impl<T: Indexed> Chunk<T> {
    pub(crate) fn entries(&self) -> &[T] {
        &self.entries
    }

    pub(crate) const fn first(&self) -> Index {
        self.first
    }

    pub(crate) fn last(&self) -> Index {
        self.entries.last().map_or(self.first, T::index)
    }

    /// The place of the first entry after `index`.
    fn place_after(&self, index: Index) -> usize {
        self.entries.partition_point(|entry| entry.index() <= index)
    }
}

impl<T: Indexed + Clone + fmt::Debug> fmt::Debug for Chunks<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Indexed + Clone> Default for Chunks<T> {
    fn default() -> Self {
        Self::of(512)
    }
}

impl<T: Indexed + Clone> Chunks<T> {
    /// Nothing yet, with so many entries in a chunk.
    pub fn of(most: usize) -> Self {
        Self { list: VecDeque::new(), length: 0, most: most.max(1) }
    }

    /// Nothing yet, with as many in a chunk as here.
    pub(crate) fn like(&self) -> Self {
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
    pub fn first(&self) -> Option<&T> {
        self.list.front().and_then(|chunk| chunk.entries.first())
    }

    /// The last.
    pub fn last(&self) -> Option<&T> {
        self.list.back().and_then(|chunk| chunk.entries.last())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.after(Index(0))
    }

    /// All after `index`.
    pub fn after(&self, index: Index) -> impl Iterator<Item = &T> {
        let number = self.number(index);
        let (first, rest) = match self.list.get(number) {
            Some(chunk) => (&chunk.entries[chunk.place_after(index)..], number + 1),
            None => (&[][..], self.list.len()),
        };
        first.iter().chain(self.list.range(rest..).flat_map(|chunk| chunk.entries.iter()))
    }

    /// The entry at `index`.
    pub(crate) fn get(&self, index: Index) -> Option<&T> {
        let chunk = self.list.get(self.number(index))?;
        // Mostly no entry is missing.
        let place = usize::try_from(index.0.checked_sub(chunk.first.0)?).ok()?;
        match chunk.entries.get(place) {
            Some(entry) if entry.index() == index => Some(entry),
            _ => chunk.entries.get(chunk.entries.binary_search_by_key(&index, T::index).ok()?),
        }
    }

    /// How many entries there are up to `index`.
    pub(crate) fn up_to(&self, index: Index) -> usize {
        let number = self.number(index);
        let whole: usize = self.list.range(..number.min(self.list.len())).map(|chunk| chunk.entries.len()).sum();
        whole + self.list.get(number).map_or(0, |chunk| chunk.place_after(index))
    }

    /// The chunk with this number, counted from 0.
    pub(crate) fn chunk(&self, number: usize) -> Option<&Chunk<T>> {
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
    pub fn push(&mut self, entry: T) {
        self.length += 1;
        if let Some(last) = self.list.back_mut().filter(|last| last.entries.len() < self.most) {
            Arc::make_mut(&mut last.entries).push(entry);
            return;
        }
        let (first, mut entries) = (entry.index(), Vec::with_capacity(self.most));
        entries.push(entry);
        self.list.push_back(Chunk { first, entries: Arc::new(entries) });
    }

    /// Adds a chunk at the end: shared, unless there is room for it in the last one.
    pub(crate) fn push_chunk(&mut self, chunk: Chunk<T>) {
        let there = self.list.back().map_or(self.most, |last| last.entries.len());
        if there + chunk.entries.len() <= self.most {
            self.extend(chunk.entries.iter().cloned());
        } else {
            self.length += chunk.entries.len();
            self.list.push_back(chunk);
        }
    }

    /// Takes everything after `index` out.
    pub(crate) fn split_off(&mut self, index: Index) -> Self {
        let mut later = self.like();
        later.list = self.list.split_off(self.list.partition_point(|chunk| chunk.first <= index));
        if let Some(last) = self.list.back_mut() {
            let place = last.place_after(index);
            if let Some(first) = last.entries.get(place).map(T::index) {
                let entries = Arc::new(Arc::make_mut(&mut last.entries).split_off(place));
                later.list.push_front(Chunk { first, entries });
            }
        }
        later.length = later.list.iter().map(|chunk| chunk.entries.len()).sum();
        self.length -= later.length;
        later
    }

    /// Adds what follows.
    pub(crate) fn append(&mut self, later: Self) {
        for chunk in later.list {
            self.push_chunk(chunk);
        }
    }

    /// Takes the chunks out, in order.
    pub(crate) fn into_chunks(self) -> VecDeque<Chunk<T>> {
        self.list
    }
}

impl<T: Indexed + Clone> FromIterator<T> for Chunks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut chunks = Self::default();
        chunks.extend(entries);
        chunks
    }
}

impl<T: Indexed + Clone> Extend<T> for Chunks<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, entries: I) {
        for entry in entries {
            self.push(entry);
        }
    }
}

impl<T: Indexed + Clone + PartialEq> PartialEq for Chunks<T> {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.iter().eq(other.iter())
    }
}

impl<T: Indexed + Clone + Eq> Eq for Chunks<T> {}
