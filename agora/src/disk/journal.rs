//! The log in the file.

use std::cmp::Ordering;
use std::io;

use uuid::Uuid;

use super::frame::{self, Damage, FORMAT, Line};
use super::storage::Storage;
use crate::config::Mode;
use crate::id::{Epoch, Index, NodeId, Position};
use crate::replicator::message::{Entry, Record, Snapshot};

/// So much of a draft is written at a time, between flushes: they do not wait longer for it.
const DRAFTED_AT_ONCE: usize = 256 * 1024;

/// Whose log it is: a file of another is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's mode and size.
    pub mode: Mode,
}

/// What was in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Whose log.
    pub owner: Owner,
    /// The node whose log it is, with the incarnation that it lives on in.
    pub node: NodeId,
    /// The highest promise.
    pub promise: Epoch,
    /// Up to here, `entries` is a snapshot: what mattered no more is not in it.
    pub base: Position,
    /// The log.
    pub entries: Vec<Entry>,
    /// What was known to be committed when the last mark was written.
    pub commit: Index,
    /// The bytes that are whole.
    pub length: u64,
    /// How many of them were flushed before the last mark.
    pub marked: u64,
    /// A tail that a crash tore: so many bytes that nobody was ever told of.
    pub torn: u64,
}

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What is before the last mark was durable once, and is not what it was.
    #[error("damaged at byte {offset}: {damage}")]
    Damaged {
        /// Where the first record is that cannot be read.
        offset: u64,
        /// What is wrong with it.
        damage: Damage,
    },
    /// It is of another version.
    #[error("written in format {0}, and this program knows only {FORMAT}")]
    Format(u32),
    /// It is another cluster's, or one of another size.
    #[error("it holds the log of cluster {:?} {}", .0.cluster, describe(.0.mode))]
    Other(Owner),
}

fn describe(mode: Mode) -> String {
    match mode {
        Mode::Majority(size) => format!("with cluster-size {size}"),
        Mode::Reachable => "without cluster-size".into(),
    }
}

/// A journal, and what was in it: nothing, where the file is new.
pub type Opened<S> = (Journal<S>, Option<Recovered>);

/// A file of records, open for more.
#[derive(Debug)]
pub struct Journal<S> {
    storage: S,
    owner: Owner,
    /// Where the next record goes.
    length: u64,
    /// Records that are not in the file yet.
    buffer: Vec<u8>,
    node: NodeId,
    promise: Epoch,
    commit: Index,
    rewrite: Option<Rewrite>,
    failed: bool,
}

/// A file that is being written to take this one's place.
#[derive(Debug)]
struct Rewrite {
    snapshot: Snapshot,
    /// How many chunks of the snapshot are in the draft.
    drafted: usize,
    /// How long the draft is.
    length: u64,
    /// What follows the snapshot.
    rest: Vec<u8>,
    /// The file as it is has nothing that comes after it: it waits for the draft.
    install: bool,
}

impl<S: Storage> Journal<S> {
    /// Reads what is there, and cuts what a crash tore.
    pub fn open(mut storage: S, owner: Owner) -> Result<Opened<S>, Unreadable> {
        let bytes = storage.read()?;
        let recovered = inspect(&bytes)?;
        if let Some(found) = &recovered {
            if found.owner != owner {
                return Err(Unreadable::Other(found.owner.clone()));
            }
            if found.torn > 0 {
                storage.truncate(found.length)?;
            }
            // What the process that wrote it had not flushed may be in memory only; from here on it counts.
            storage.flush()?;
        }
        let nobody = NodeId { uuid: Uuid::nil(), incarnation: 0 };
        let known = |found: &Recovered| (found.length, found.node, found.promise, found.commit);
        let (length, node, promise, commit) = recovered.as_ref().map_or((0, nobody, Epoch::NONE, Index(0)), known);
        let buffer = Vec::new();
        Ok((Self { storage, owner, length, buffer, node, promise, commit, rewrite: None, failed: false }, recovered))
    }

    /// A new life begins, without a log; what is there is put aside. Durable when it returns.
    pub fn begin(&mut self, node: NodeId) -> io::Result<()> {
        self.buffer.clear();
        self.rewrite = None;
        (self.node, self.promise, self.commit) = (node, Epoch::NONE, Index(0));
        let bytes = self.head();
        self.storage.replace(&bytes)?;
        self.length = bytes.len() as u64;
        Ok(())
    }

    fn head(&self) -> Vec<u8> {
        let Owner { cluster, mode } = self.owner.clone();
        let NodeId { uuid, incarnation } = self.node;
        let mut bytes = Vec::new();
        frame::push(&Line::Head { format: FORMAT, cluster, mode, uuid, incarnation }, &mut bytes);
        bytes
    }

    /// Adds a record, and what is committed by now; durable after the next [`flush`](Self::flush), but for
    /// [`Record::Compact`], which takes effect some time later.
    pub fn write(&mut self, record: &Record, commit: Index) {
        self.commit = self.commit.max(commit);
        match record {
            Record::Promise(epoch) => {
                self.promise = *epoch;
                self.add(&Line::Promise(*epoch));
            }
            Record::Append(entry) => self.add(&Line::Append(entry.clone())),
            Record::Cut(from) => self.add(&Line::Cut(*from)),
            Record::Compact { snapshot, rest } => self.begin_rewrite(snapshot, rest, false),
            Record::Install(snapshot) => {
                self.buffer.clear();
                self.commit = self.commit.max(snapshot.base.index);
                self.begin_rewrite(snapshot, &[], true);
            }
        }
    }

    /// To this file, and to the one that takes its place.
    fn add(&mut self, line: &Line) {
        let start = self.buffer.len();
        frame::push(line, &mut self.buffer);
        if let Some(rewrite) = &mut self.rewrite {
            rewrite.rest.extend_from_slice(&self.buffer[start..]);
            if rewrite.install {
                self.buffer.truncate(start);
            }
        }
    }

    fn begin_rewrite(&mut self, snapshot: &Snapshot, entries: &[Entry], install: bool) {
        // One that was to be installed is what this one is made of.
        let install = install || self.rewrite.as_ref().is_some_and(|before| before.install);
        let mut rest = Vec::new();
        frame::push(&Line::Promise(self.promise), &mut rest);
        for entry in entries {
            frame::push(&Line::Append(entry.clone()), &mut rest);
        }
        self.rewrite = Some(Rewrite { snapshot: snapshot.clone(), drafted: 0, length: 0, rest, install });
    }

    /// Writes on at the file that is to take this one's place; whether there is more to do. That a draft cannot be written is
    /// no fault, as this file has everything; nor is it that what was kept elsewhere of the entries that go is not durable
    /// (`settled`): then they stay.
    pub fn go_on(&mut self, settled: impl FnOnce() -> bool) -> io::Result<bool> {
        if self.failed {
            return Err(io::Error::other("an earlier write or flush failed"));
        }
        let Some(mut rewrite) = self.rewrite.take() else { return Ok(false) };
        if !rewrite.is_drafted() {
            match self.draft(&mut rewrite) {
                Ok(()) => self.rewrite = Some(rewrite),
                Err(error) => log::warn!("the log on disk is not compacted: {error}"),
            }
            return Ok(self.rewrite.is_some());
        }
        if !settled() {
            log::warn!("the log on disk is not compacted: what it would drop is not archived");
            return Ok(false);
        }
        self.failed = true;
        self.adopt(rewrite)?;
        self.failed = false;
        Ok(false)
    }

    /// Writes the next piece of a snapshot.
    fn draft(&mut self, rewrite: &mut Rewrite) -> io::Result<()> {
        let anew = rewrite.length == 0;
        let mut bytes = if anew { self.head() } else { Vec::new() };
        if anew {
            frame::push(&Line::Base(rewrite.snapshot.base), &mut bytes);
        }
        while let Some(chunk) = rewrite.snapshot.kept.chunk(rewrite.drafted).filter(|_| bytes.len() < DRAFTED_AT_ONCE) {
            for entry in chunk.entries() {
                frame::push(&Line::Append(entry.clone()), &mut bytes);
            }
            rewrite.drafted += 1;
        }
        self.storage.draft(&bytes, anew)?;
        rewrite.length += bytes.len() as u64;
        Ok(())
    }

    /// Ends a draft with what came meanwhile, and puts it in this file's place.
    fn adopt(&mut self, mut rewrite: Rewrite) -> io::Result<()> {
        let offset = rewrite.length + rewrite.rest.len() as u64;
        frame::push(&Line::Mark { offset, commit: self.commit }, &mut rewrite.rest);
        self.storage.draft(&rewrite.rest, false)?;
        self.storage.adopt()?;
        // What was not written to the old file is in this one.
        self.buffer.clear();
        self.length = rewrite.length + rewrite.rest.len() as u64;
        Ok(())
    }

    /// Makes all records durable. An error is final: every later call fails too.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier write or flush failed"));
        }
        self.failed = true;
        if let Some(mut rewrite) = self.rewrite.take_if(|rewrite| rewrite.install) {
            while !rewrite.is_drafted() {
                self.draft(&mut rewrite)?;
            }
            self.adopt(rewrite)?;
            self.failed = false;
            return Ok(());
        }
        self.storage.append(&self.buffer)?;
        self.storage.flush()?;
        self.length += self.buffer.len() as u64;
        self.buffer.clear();
        // Not flushed itself: it is of use to whoever reads the file after the process alone has died.
        frame::push(&Line::Mark { offset: self.length, commit: self.commit }, &mut self.buffer);
        self.storage.append(&self.buffer)?;
        self.length += self.buffer.len() as u64;
        self.buffer.clear();
        self.failed = false;
        Ok(())
    }

    /// The disk, for whoever made it.
    pub fn storage(&mut self) -> &mut S {
        &mut self.storage
    }
}

impl Rewrite {
    fn is_drafted(&self) -> bool {
        self.length > 0 && self.snapshot.kept.chunk(self.drafted).is_none()
    }
}

/// What the bytes of a file amount to; nothing, where not even the head was ever whole.
pub fn inspect(bytes: &[u8]) -> Result<Option<Recovered>, Unreadable> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let damaged = |offset: usize, damage| Unreadable::Damaged { offset: offset as u64, damage };
    // The head is durable before the file has its name.
    let (head, mut offset) = frame::read(bytes, 0).map_err(|damage| damaged(0, damage))?;
    let Line::Head { format, cluster, mode, uuid, incarnation } = head else {
        return Err(damaged(0, Damage::Unfitting));
    };
    if format != FORMAT {
        return Err(Unreadable::Format(format));
    }
    let mut found = Recovered {
        owner: Owner { cluster, mode },
        node: NodeId { uuid, incarnation },
        promise: Epoch::NONE,
        base: Position::START,
        entries: Vec::new(),
        commit: Index(0),
        length: 0,
        marked: offset as u64,
        torn: 0,
    };
    while offset < bytes.len() {
        match frame::read(bytes, offset).and_then(|(line, next)| found.take(line, offset).map(|()| next)) {
            Ok(next) => offset = next,
            Err(damage) if frame::has_mark_after(bytes, offset) => return Err(damaged(offset, damage)),
            // What can be read, and cannot be, was written so: no crash does that.
            Err(damage @ (Damage::Unknown | Damage::Unfitting)) => return Err(damaged(offset, damage)),
            Err(Damage::Short | Damage::Length | Damage::Checksum) => break,
        }
    }
    if found.last() < found.base.index {
        // The file has its name since all of it was written.
        return Err(damaged(offset, Damage::Unfitting));
    }
    found.length = offset as u64;
    found.torn = (bytes.len() - offset) as u64;
    Ok(Some(found))
}

impl Recovered {
    fn take(&mut self, line: Line, offset: usize) -> Result<(), Damage> {
        let next = self.last().next();
        match line {
            Line::Base(base) if self.entries.is_empty() && self.base == Position::START => {
                (self.base, self.commit) = (base, base.index);
            }
            Line::Promise(epoch) if epoch >= self.promise => self.promise = epoch,
            Line::Append(entry) if self.fits(&entry) => self.entries.push(entry),
            Line::Cut(from) if from > self.commit && from < next => {
                self.entries.truncate(self.entries.partition_point(|entry| entry.position.index < from));
            }
            Line::Mark { offset: named, commit }
                if named == offset as u64 && self.commit <= commit && commit < next =>
            {
                (self.marked, self.commit) = (named, commit);
            }
            Line::Head { .. }
            | Line::Base(_)
            | Line::Promise(_)
            | Line::Append(_)
            | Line::Cut(_)
            | Line::Mark { .. } => return Err(Damage::Unfitting),
        }
        Ok(())
    }

    /// Whether an entry follows what is there: a snapshot has gaps, and ends with the entry at its base.
    fn fits(&self, entry: &Entry) -> bool {
        let (index, last) = (entry.position.index, self.last());
        match index.cmp(&self.base.index) {
            Ordering::Less => index > last,
            Ordering::Equal => entry.position == self.base && index > last,
            Ordering::Greater => index == last.next(),
        }
    }

    /// The last entry's index.
    pub fn last(&self) -> Index {
        self.entries.last().map(|entry| entry.position.index).unwrap_or_default()
    }

    /// Whose log it would be under another UUID.
    pub fn is_of(&self, uuid: Uuid) -> bool {
        self.node.uuid == uuid
    }
}
