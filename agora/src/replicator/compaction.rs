//! Dropping what matters no more: the log is made anew without it, a little in each turn.
//!
//! ```text
//!   entries     ▒▒▒░▒▒░▒░░▒ │ ░▒▒▒▒▒ ··· tail      ░ obsolete
//!   made anew   ▒▒▒▒▒▒      ↑ base to be
//!                     ╰ scanned so far: a turn shares the chunks that have nothing obsolete, and copies of others what stays
//! ```
//!
//! Until all is made, the log is what it was. What it was then goes chunk by chunk too, so that no turn is long: a leader that
//! is busy with millions of entries for a second is one that others take for dead.

use std::collections::{BTreeSet, VecDeque, btree_set};
use std::iter::Peekable;

use super::message::{Body, Chunks, Entry, Output};
use super::protocol::{Replicator, Role};
use crate::chunks::Chunk;
use crate::config::Settings;
use crate::id::{Index, Position};
use crate::time::Timestamp;

/// At most so many entries are in a chunk.
const CHUNK: usize = 512;

/// So many chunks are made anew, and so many go, in a turn.
const CHUNKS_A_TURN: usize = 2;

/// A log is compacted although others still lag, when so many times as much is obsolete as would be enough.
const PATIENCE: usize = 8;

/// What of a log may go.
#[derive(Debug, Default)]
pub(super) struct Obsolete {
    entries: BTreeSet<Index>,
    /// Fewer are not worth looking whether they are enough.
    look_at: usize,
}

/// A log that is made anew.
#[derive(Debug)]
pub(super) struct Compaction {
    /// It will hold only what matters up to here.
    base: Position,
    /// What goes, of what is not scanned yet.
    obsolete: Peekable<btree_set::IntoIter<Index>>,
    anew: Chunks,
    /// So many chunks are scanned.
    scanned: usize,
}

/// Chunks that go.
#[derive(Debug, Default)]
pub(super) struct Retired(VecDeque<Chunk<Entry>>);

impl Retired {
    pub(super) fn add(&mut self, entries: Chunks) {
        self.0.extend(entries.into_chunks());
    }

    /// Drops some.
    pub(super) fn go_on(&mut self) {
        self.0.truncate(self.0.len().saturating_sub(CHUNKS_A_TURN));
    }
}

/// How many entries are in a chunk of a log whose tail is so long: a short one, so that little of it is shared, is for tests.
pub(super) fn chunk(settings: &Settings) -> usize {
    (settings.log_tail / 16).clamp(1, CHUNK)
}

impl Compaction {
    /// Of a log, up to `base`; `anew` is empty.
    pub(super) fn new(base: Position, obsolete: BTreeSet<Index>, anew: Chunks) -> Self {
        Self { base, obsolete: obsolete.into_iter().peekable(), anew, scanned: 0 }
    }

    /// Scans on; whether all is scanned.
    pub(super) fn go_on(&mut self, entries: &Chunks) -> bool {
        for _ in 0..CHUNKS_A_TURN {
            match entries.chunk(self.scanned).filter(|chunk| chunk.first() <= self.base.index) {
                Some(chunk) => self.scan(chunk),
                None => return true,
            }
        }
        false
    }

    /// The base, and what is left up to there.
    pub(super) fn into_parts(self) -> (Position, Chunks) {
        (self.base, self.anew)
    }

    fn scan(&mut self, chunk: &Chunk<Entry>) {
        self.scanned += 1;
        let all = chunk.last() <= self.base.index;
        if all && self.obsolete.peek().is_none_or(|next| *next > chunk.last()) {
            self.anew.push_chunk(chunk.clone());
            return;
        }
        let stays = |entry: &&Entry| {
            let index = entry.position.index;
            while self.obsolete.next_if(|next| *next < index).is_some() {}
            self.obsolete.next_if_eq(&index).is_none() || !matches!(entry.body, Body::Events(_))
        };
        let here = chunk.entries().iter().take_while(|entry| entry.position.index <= self.base.index);
        self.anew.extend(here.filter(stays).cloned());
    }
}

impl Replicator {
    /// The machine says what matters no more.
    pub(super) fn on_obsolete(&mut self, now: Timestamp, indices: Vec<Index>) {
        let (log, commit) = (&self.log, self.commit);
        self.obsolete.entries.extend(indices.into_iter().filter(|it| *it <= commit && log.get(*it).is_some()));
        self.consider_compaction(now);
    }

    /// Compacts once half of what could go may go, so that on average each entry is copied once.
    fn consider_compaction(&mut self, now: Timestamp) {
        let tail = self.settings.log_tail;
        let obsolete = self.obsolete.entries.len();
        if self.log.is_compacting() || obsolete < self.obsolete.look_at.max(tail) {
            return;
        }
        let to = Index(self.commit.0.saturating_sub(tail as u64));
        let fruit = obsolete - self.obsolete.entries.range(to..).count();
        let enough = fruit >= tail && fruit * 2 >= self.log.held_up_to(to);
        if !enough || (self.lag_behind(now, to) && fruit < tail * PATIENCE) {
            self.obsolete.look_at = obsolete + tail.div_ceil(4);
            return;
        }
        self.obsolete.look_at = 0;
        // The entry at the base stays: it tells that a snapshot is whole.
        let later = self.obsolete.entries.split_off(&to);
        self.log.begin_compaction(to, std::mem::replace(&mut self.obsolete.entries, later));
    }

    /// Whether somebody that this leader hears still needs what is above its base, and no snapshot yet.
    fn lag_behind(&self, now: Timestamp, to: Index) -> bool {
        let since = now - self.settings.failure_timeout();
        let Role::Leader(leader) = &self.role else { return false };
        leader.peers.values().any(|peer| peer.matched < to && peer.heard_at.is_some_and(|at| at >= since))
    }

    /// Goes on with dropping, for a turn.
    pub(super) fn go_on_compacting(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if let Some(record) = self.log.go_on_compacting() {
            self.write(now, vec![record], out);
        }
    }
}
