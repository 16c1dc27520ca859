//! The log in the file.

use std::io;

use uuid::Uuid;

use super::frame::{self, Damage, FORMAT, Line};
use super::storage::Storage;
use crate::config::Mode;
use crate::id::{Epoch, Index, NodeId};
use crate::replicator::message::{Entry, Record};

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
    /// The log, from index 1.
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
    commit: Index,
    failed: bool,
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
        let (length, commit) = recovered.as_ref().map_or((0, Index(0)), |found| (found.length, found.commit));
        Ok((Self { storage, owner, length, buffer: Vec::new(), commit, failed: false }, recovered))
    }

    /// A new life begins, without a log; what is there is put aside. Durable when it returns.
    pub fn begin(&mut self, node: NodeId) -> io::Result<()> {
        let Owner { cluster, mode } = self.owner.clone();
        let head = Line::Head { format: FORMAT, cluster, mode, uuid: node.uuid, incarnation: node.incarnation };
        self.buffer.clear();
        self.commit = Index(0);
        let mut bytes = Vec::new();
        frame::push(&head, &mut bytes);
        self.storage.replace(&bytes)?;
        self.length = bytes.len() as u64;
        Ok(())
    }

    /// Adds a record, and what is committed by now; durable after the next [`flush`](Self::flush).
    pub fn write(&mut self, record: &Record, commit: Index) {
        self.commit = commit;
        frame::push(&Line::from(record), &mut self.buffer);
    }

    /// Makes all records durable. An error is final: every later call fails too.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier write or flush failed"));
        }
        self.failed = true;
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
    found.length = offset as u64;
    found.torn = (bytes.len() - offset) as u64;
    Ok(Some(found))
}

impl Recovered {
    fn take(&mut self, line: Line, offset: usize) -> Result<(), Damage> {
        let next = Index(self.entries.len() as u64 + 1);
        match line {
            Line::Promise(epoch) if epoch >= self.promise => self.promise = epoch,
            Line::Append(entry) if entry.position.index == next => self.entries.push(entry),
            Line::Cut(from) if from > self.commit && from < next => {
                self.entries.truncate(usize::try_from(from.0 - 1).unwrap_or(usize::MAX));
            }
            Line::Mark { offset: named, commit }
                if named == offset as u64 && self.commit <= commit && commit < next =>
            {
                (self.marked, self.commit) = (named, commit);
            }
            Line::Head { .. } | Line::Promise(_) | Line::Append(_) | Line::Cut(_) | Line::Mark { .. } => {
                return Err(Damage::Unfitting);
            }
        }
        Ok(())
    }

    /// Whose log it would be under another UUID.
    pub fn is_of(&self, uuid: Uuid) -> bool {
        self.node.uuid == uuid
    }
}
