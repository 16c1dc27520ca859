//! What is recovered from what a crash, or damage, leaves.

use std::io;

use proptest::prelude::*;
use uuid::Uuid;

use super::frame::Damage;
use super::journal::{Journal, Owner, Recovered, Unreadable};
use super::storage::Storage;
use crate::config::Mode;
use crate::id::{Epoch, Index, NodeId, Position};
use crate::replicator::message::{Body, Entry, Record};
use crate::time::At;

/// A file in memory.
#[derive(Debug, Clone, Default)]
struct Memory {
    bytes: Vec<u8>,
    /// What a crash leaves for sure.
    durable: usize,
    aside: Vec<Vec<u8>>,
    /// Calls that succeed before all fail.
    good: Option<usize>,
}

impl Memory {
    fn call(&mut self) -> io::Result<()> {
        match &mut self.good {
            Some(0) => Err(io::ErrorKind::StorageFull.into()),
            Some(good) => {
                *good -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Storage for Memory {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.bytes.clone())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.call()?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call()?;
        self.durable = self.bytes.len();
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.bytes.truncate(usize::try_from(length).expect("small"));
        self.durable = self.bytes.len();
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.bytes.is_empty() {
            self.aside.push(std::mem::take(&mut self.bytes));
        }
        self.bytes = bytes.to_vec();
        self.durable = bytes.len();
        Ok(())
    }
}

const NODE: NodeId = NodeId { uuid: Uuid::from_u128(7), incarnation: 77 };

fn owner() -> Owner {
    Owner { cluster: "agora".into(), mode: Mode::Majority(3) }
}

fn epoch(number: u64) -> Epoch {
    Epoch { number, leader: NODE }
}

fn entry(number: u64, index: u64) -> Entry {
    let position = Position { epoch: epoch(number), index: Index(index) };
    Entry { position, at: At(index * 10), body: Body::Events(vec![7; 20]) }
}

fn open(memory: Memory) -> Result<(Journal<Memory>, Option<Recovered>), Unreadable> {
    Journal::open(memory, owner())
}

fn begun() -> Journal<Memory> {
    let (mut journal, found) = open(Memory::default()).expect("an empty file");
    assert_eq!(found, None);
    journal.begin(NODE).expect("memory");
    journal
}

/// What was in the file.
fn found(memory: &Memory) -> Recovered {
    open(memory.clone()).expect("a sound file").1.expect("a log")
}

fn write(journal: &mut Journal<Memory>, records: &[Record]) {
    for record in records {
        journal.write(record, Index(0));
    }
    journal.flush().expect("memory");
}

#[test]
fn what_was_flushed_is_there_again() {
    let mut journal = begun();
    write(&mut journal, &[Record::Promise(epoch(1)), Record::Append(entry(1, 1)), Record::Append(entry(1, 2))]);
    write(&mut journal, &[Record::Append(entry(1, 3)), Record::Promise(epoch(2))]);
    write(&mut journal, &[Record::Cut(Index(3)), Record::Append(entry(2, 3))]);
    let recovered = found(journal.storage());
    assert_eq!((recovered.node, recovered.promise, recovered.torn), (NODE, epoch(2), 0));
    assert_eq!(recovered.entries, [entry(1, 1), entry(1, 2), entry(2, 3)]);
    let (mut journal, _) = open(journal.storage().clone()).expect("a sound file");
    write(&mut journal, &[Record::Append(entry(2, 4))]);
    assert_eq!(found(journal.storage()).entries.len(), 4, "and goes on");
}

#[test]
fn what_was_committed_is_known_again_as_of_the_last_mark() {
    let mut journal = begun();
    journal.write(&Record::Append(entry(1, 1)), Index(0));
    journal.write(&Record::Append(entry(1, 2)), Index(1));
    journal.flush().expect("memory");
    assert_eq!(found(journal.storage()).commit, Index(1));
    let (mut journal, _) = open(journal.storage().clone()).expect("a sound file");
    journal.write(&Record::Append(entry(1, 3)), Index(2));
    assert_eq!(found(journal.storage()).commit, Index(1), "not written yet");
    journal.flush().expect("memory");
    assert_eq!(found(journal.storage()).commit, Index(2));
    // A committed entry is never cut.
    journal.write(&Record::Cut(Index(2)), Index(2));
    journal.flush().expect("memory");
    assert!(matches!(open(journal.storage().clone()), Err(Unreadable::Damaged { damage: Damage::Unfitting, .. })));
}

#[test]
fn a_tail_that_a_crash_tore_is_cut_wherever_it_was_torn() {
    let mut journal = begun();
    write(&mut journal, &[Record::Append(entry(1, 1))]);
    let whole = journal.storage().bytes.len();
    journal.write(&Record::Append(entry(1, 2)), Index(0));
    journal.flush().expect("memory");
    let bytes = journal.storage().bytes.clone();
    // The second record, and the mark behind it, are torn anywhere.
    for length in whole..bytes.len() {
        let mut memory = Memory { bytes: bytes[..length].to_vec(), ..Memory::default() };
        let recovered = found(&memory);
        let entries = recovered.entries.len();
        assert!(entries == 1 || (entries == 2 && length > whole), "{length}");
        assert_eq!(recovered.length + recovered.torn, length as u64);
        // What is left is whole, and goes on.
        let (mut journal, _) = open(std::mem::take(&mut memory)).expect("cut");
        assert_eq!(journal.storage().bytes.len() as u64, recovered.length);
        write(&mut journal, &[Record::Append(entry(1, entries as u64 + 1))]);
        assert_eq!(found(journal.storage()).entries.len(), entries + 1);
    }
}

#[test]
fn damage_before_a_mark_is_refused_with_its_place() {
    let mut journal = begun();
    write(&mut journal, &[Record::Append(entry(1, 1))]);
    let first = journal.storage().bytes.len();
    write(&mut journal, &[Record::Append(entry(1, 2))]);
    write(&mut journal, &[Record::Append(entry(1, 3))]);
    let bytes = journal.storage().bytes.clone();
    for place in first..first + 40 {
        let mut bytes = bytes.clone();
        bytes[place] ^= 0x40;
        let refused = open(Memory { bytes, ..Memory::default() });
        let Err(Unreadable::Damaged { offset, .. }) = refused else { panic!("byte {place}: {refused:?}") };
        assert_eq!(offset, first as u64);
    }
}

#[test]
fn a_file_that_is_none_is_refused() {
    for bytes in [b"hello, world".to_vec(), vec![0; 100], vec![0xff; 100]] {
        let refused = open(Memory { bytes, ..Memory::default() });
        assert!(matches!(refused, Err(Unreadable::Damaged { offset: 0, .. })), "{refused:?}");
    }
}

#[test]
fn another_cluster_s_log_is_refused() {
    let mut journal = begun();
    let memory = journal.storage().clone();
    for other in [
        Owner { cluster: "other".into(), ..owner() },
        Owner { mode: Mode::Reachable, ..owner() },
        Owner { mode: Mode::Majority(5), ..owner() },
    ] {
        let refused = Journal::open(memory.clone(), other);
        assert!(matches!(&refused, Err(Unreadable::Other(whose)) if *whose == owner()), "{refused:?}");
    }
}

#[test]
fn what_does_not_fit_what_was_before_is_refused() {
    for records in [
        &[Record::Append(entry(1, 2))][..],
        &[Record::Append(entry(1, 1)), Record::Append(entry(1, 1))],
        &[Record::Cut(Index(1))],
        &[Record::Append(entry(1, 1)), Record::Cut(Index(0))],
        &[Record::Promise(epoch(2)), Record::Promise(epoch(1))],
    ] {
        let mut journal = begun();
        write(&mut journal, records);
        let refused = open(journal.storage().clone());
        assert!(matches!(refused, Err(Unreadable::Damaged { damage: Damage::Unfitting, .. })), "{refused:?}");
    }
}

#[test]
fn a_new_life_puts_the_old_log_aside() {
    let mut journal = begun();
    write(&mut journal, &[Record::Promise(epoch(1)), Record::Append(entry(1, 1))]);
    let before = journal.storage().bytes.clone();
    let node = NodeId { incarnation: 78, ..NODE };
    journal.begin(node).expect("memory");
    assert_eq!(journal.storage().aside, [before]);
    let recovered = found(journal.storage());
    assert_eq!((recovered.node, recovered.promise, recovered.entries.len()), (node, Epoch::NONE, 0));
}

#[test]
fn after_an_error_nothing_is_written_any_more() {
    for good in 0..3 {
        let mut journal = begun();
        journal.storage().good = Some(good);
        journal.write(&Record::Append(entry(1, 1)), Index(0));
        assert!(journal.flush().is_err(), "{good}");
        journal.storage().good = None;
        let bytes = journal.storage().bytes.clone();
        journal.write(&Record::Append(entry(1, 2)), Index(0));
        assert!(journal.flush().is_err(), "never retried");
        assert_eq!(journal.storage().bytes, bytes);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut journal = begun();
        let mut memory = journal.storage().clone();
        memory.bytes.extend(bytes);
        if let Ok((_, found)) = open(memory) {
            prop_assert!(found.is_some_and(|found| found.entries.is_empty()));
        }
    }

    /// A crash leaves what was flushed, and of what was not, any part, the rest rubbish.
    #[test]
    fn nothing_that_was_flushed_is_lost(
        flushed in 1..20_u64,
        unflushed in 0..5_u64,
        kept in 0.0..1.0_f64,
        rubbish in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut journal = begun();
        for index in 1..=flushed {
            write(&mut journal, &[Record::Append(entry(1, index))]);
        }
        let durable = journal.storage().durable;
        for more in 1..=unflushed {
            write(&mut journal, &[Record::Append(entry(1, flushed + more))]);
        }
        let bytes = journal.storage().bytes.clone();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let kept = ((bytes.len() - durable) as f64 * kept) as usize;
        let mut bytes = bytes[..durable + kept].to_vec();
        bytes.extend(rubbish);
        let recovered = found(&Memory { bytes, ..Memory::default() });
        prop_assert!(recovered.entries.len() as u64 >= flushed);
        prop_assert!(recovered.entries.iter().zip(1..).all(|(held, index)| *held == entry(1, index)));
    }
}
