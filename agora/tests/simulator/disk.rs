//! A node's disk: the journal that a running node uses, on bytes of which a crash leaves what it likes of those that were
//! not flushed.

use std::collections::VecDeque;
use std::io;

use agora::config::Settings;
use agora::disk::{Journal, Owner, Recovered, Storage};
use agora::id::{Index, NodeId};
use agora::replicator::message::Record;

use crate::dice::Dice;
use crate::invariants::Violation;

/// What reaches a disk at once, or not at all: a sector, or, as nothing promises that much, a few bytes.
const UNITS: [usize; 2] = [512, 16];

/// The file's bytes.
#[derive(Debug, Default)]
struct Bytes {
    durable: Vec<u8>,
    /// Behind them, and not flushed.
    pending: Vec<u8>,
    /// Appending and flushing fail.
    broken: bool,
    /// The machine goes down before the next flush is done.
    crashing: bool,
    /// What is to take their place.
    draft: Vec<u8>,
}

impl Bytes {
    fn error() -> io::Error {
        io::ErrorKind::StorageFull.into()
    }

    /// The process has ended (`power` stays: all that it wrote is there), or the machine.
    fn crash(&mut self, power: bool, dice: &mut Dice) {
        self.crashing = false;
        self.draft.clear();
        if power {
            // What is not flushed can be read, and still be lost when the power goes.
            return;
        }
        let mut rest = std::mem::take(&mut self.pending);
        // The file's length may have arrived, and what is in it not.
        if dice.coin() {
            rest.truncate(dice.index(rest.len() + 1));
        }
        let (start, unit) = (self.durable.len(), UNITS[dice.index(UNITS.len())]);
        let salt = dice.number();
        for (place, byte) in rest.iter_mut().enumerate() {
            // They arrive in any order, so that one may be missing before another that is there.
            let number = ((start + place) / unit) as u64;
            if ((number ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32).is_multiple_of(3) {
                *byte = 0;
            }
        }
        self.durable.append(&mut rest);
    }
}

impl Storage for Bytes {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok([&self.durable[..], &self.pending].concat())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = if self.broken { bytes.len() / 2 } else { bytes.len() };
        self.pending.extend_from_slice(&bytes[..room]);
        if self.broken { Err(Self::error()) } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        // What is in a full disk's file has its place.
        if self.crashing {
            return Err(Self::error());
        }
        self.durable.append(&mut self.pending);
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.durable.append(&mut self.pending);
        self.durable.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }

    fn draft(&mut self, bytes: &[u8], anew: bool) -> io::Result<()> {
        if self.broken {
            return Err(Self::error());
        }
        if anew {
            self.draft.clear();
        }
        self.draft.extend_from_slice(bytes);
        Ok(())
    }

    fn adopt(&mut self) -> io::Result<()> {
        if self.crashing {
            return Err(Self::error());
        }
        self.durable = std::mem::take(&mut self.draft);
        self.pending.clear();
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.durable = bytes.to_vec();
        self.pending.clear();
        Ok(())
    }
}

/// The disk.
#[derive(Debug)]
pub(crate) struct SimDisk {
    /// `None` while it is handed over.
    journal: Option<Journal<Bytes>>,
    /// Records that the node has ordered to be written.
    ordered: VecDeque<(u64, Record, Index)>,
    owner: Owner,
}

impl SimDisk {
    /// An empty one.
    pub(crate) fn new(settings: &Settings) -> Self {
        let owner = Owner { cluster: settings.cluster.clone(), mode: settings.mode };
        let journal = Journal::open(Bytes::default(), owner.clone()).ok().map(|(journal, _)| journal);
        Self { journal, ordered: VecDeque::new(), owner }
    }

    /// A process starts: what it finds.
    pub(crate) fn open(&mut self) -> Result<Option<Recovered>, Violation> {
        let bytes = self.journal.take().map(|mut journal| std::mem::take(journal.storage())).unwrap_or_default();
        let (journal, found) = Journal::open(bytes, self.owner.clone())
            .map_err(|refused| Violation::new("LOG-1", format!("a log that a crash left is refused: {refused}")))?;
        self.journal = Some(journal);
        Ok(found)
    }

    /// A life begins without a log.
    pub(crate) fn begin(&mut self, node: NodeId) {
        self.ordered.clear();
        if let Some(journal) = &mut self.journal {
            // It never fails in memory.
            let _ = journal.begin(node);
        }
    }

    /// The node orders a record to be written.
    pub(crate) fn order(&mut self, ticket: u64, record: Record, commit: Index) {
        self.ordered.push_back((ticket, record, commit));
    }

    /// Writes and flushes everything up to a ticket, and mostly goes on with a compaction; whether that went well.
    pub(crate) fn flush(&mut self, ticket: u64, dice: &mut Dice) -> bool {
        let Some(journal) = &mut self.journal else { return false };
        while let Some((_, record, commit)) = self.ordered.pop_front_if(|(first, ..)| *first <= ticket) {
            journal.write(&record, commit);
        }
        let mut good = journal.flush();
        while matches!(good, Ok(())) && dice.chance(700) {
            match journal.go_on(|| true) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => good = Err(error),
            }
        }
        good.is_ok()
    }

    /// The node ends in the middle of what it does.
    pub(crate) fn crash(&mut self, dice: &mut Dice) {
        let Some(journal) = &mut self.journal else { return };
        let written = dice.index(self.ordered.len() + 1);
        for (_, record, commit) in self.ordered.drain(..).take(written) {
            journal.write(&record, commit);
        }
        // In the middle of a flush, or of a compaction.
        if dice.coin() {
            let _ = journal.go_on(|| true);
        }
        journal.storage().crashing = true;
        let _ = journal.flush();
        let power = dice.coin();
        journal.storage().crash(power, dice);
    }

    /// From now on it is full, or not any more.
    pub(crate) fn set_broken(&mut self, broken: bool) {
        if let Some(journal) = &mut self.journal {
            journal.storage().broken = broken;
        }
    }
}
