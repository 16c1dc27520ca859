//! Where in the log a request was answered: a hash table of entries' indices, which does not repeat the keys.
//!
//! Twenty bytes a request instead of the forty of a map by key, and one look instead of one for each level of a tree of a
//! million. Half of them are the key's hash: without it, a table that grows looks at every entry, all over the memory (a
//! tenth of a leader's processor time). Nobody sees its order, so it may differ from run to run.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::auction::event::RequestKey;
use crate::id::Index;

/// Each has its part of the keys, and grows by itself: one table for all would stop everything while it moves.
const PARTS: usize = 256;

/// The hash of a request's key, and the entry that answered it.
type Place = (u64, Index);

/// Indices of entries by the requests that they answer. The keys are whoever's who calls.
#[derive(Default)]
pub(crate) struct Places {
    /// Keyed by chance: no participant can choose requests that all fall into one place.
    hash: RandomState,
    /// None, or [`PARTS`].
    parts: Vec<HashTable<Place>>,
}

impl fmt::Debug for Places {
    /// Without the order that nobody sees.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length: usize = self.parts.iter().map(HashTable::len).sum();
        f.debug_struct("Places").field("length", &length).finish_non_exhaustive()
    }
}

impl Places {
    /// The entry that answered `key`; `key_of` tells which request an entry answered.
    pub(crate) fn find(&self, key: &RequestKey, key_of: impl Fn(Index) -> Option<RequestKey>) -> Option<Index> {
        let hash = self.hash.hash_one(key);
        let is_it = |(its, index): &Place| *its == hash && key_of(*index).as_ref() == Some(key);
        self.parts.get(part(hash))?.find(hash, is_it).map(|(_, index)| *index)
    }

    /// The entry at `index` answers `key`, which has had no answer.
    pub(crate) fn insert(&mut self, key: &RequestKey, index: Index) {
        self.parts.resize_with(PARTS, HashTable::new);
        let hash = self.hash.hash_one(key);
        if let Some(part) = self.parts.get_mut(part(hash)) {
            part.insert_unique(hash, (hash, index), |(hash, _)| *hash);
        }
    }

    /// The entry at `index` answers `key` no more.
    pub(crate) fn remove(&mut self, key: &RequestKey, index: Index) {
        let hash = self.hash.hash_one(key);
        if let Some(part) = self.parts.get_mut(part(hash))
            && let Ok(found) = part.find_entry(hash, |(_, here)| *here == index)
        {
            found.remove();
        }
    }
}

/// The part that a hash belongs to: by bits that its place in the part does not depend on.
const fn part(hash: u64) -> usize {
    (hash >> 32) as usize % PARTS
}
