//! What is recovered from what a crash, or damage, leaves.

use std::io;

use proptest::prelude::*;
use uuid::Uuid;

use super::frame::Damage;
use super::journal::{Journal, Owner, Recovered, Unreadable};
use super::storage::Storage;
use crate::config::Mode;
use crate::id::{Epoch, Index, NodeId, Position};
use crate::replicator::message::{Body, Entry, Record, Snapshot};
use crate::time::At;

/// A file in memory.
#[derive(Debug, Clone, Default)]
struct Memory {
    bytes: Vec<u8>,
    /// What a crash leaves for sure.
    durable: usize,
    aside: Vec<Vec<u8>>,
    draft: Vec<u8>,
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

    fn draft(&mut self, bytes: &[u8], anew: bool) -> io::Result<()> {
        self.call()?;
        if anew {
            self.draft.clear();
        }
        self.draft.extend_from_slice(bytes);
        Ok(())
    }

    fn adopt(&mut self) -> io::Result<()> {
        self.call()?;
        self.bytes = std::mem::take(&mut self.draft);
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
    Entry { position, at: At(index * 10), body: Body::Events(vec![7; 20].into()) }
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

/// The log of three entries without the second, of which the third is its base.
fn without_the_second() -> Snapshot {
    Snapshot { base: entry(1, 3).position, kept: [entry(1, 1), entry(1, 3)].into_iter().collect() }
}

fn indices(recovered: &Recovered) -> Vec<u64> {
    recovered.entries.iter().map(|entry| entry.position.index.0).collect()
}

/// Five entries, of which the first three are compacted, and what came while that was written.
fn compacting() -> Journal<Memory> {
    let mut journal = begun();
    let appends: Vec<Record> = (1..=5).map(|index| Record::Append(entry(1, index))).collect();
    write(&mut journal, &[Record::Promise(epoch(1))]);
    write(&mut journal, &appends);
    let rest = vec![entry(1, 4), entry(1, 5)];
    journal.write(&Record::Compact { snapshot: without_the_second(), rest }, Index(3));
    journal.write(&Record::Append(entry(1, 6)), Index(4));
    journal.flush().expect("memory");
    journal
}

#[test]
fn a_compacted_log_takes_the_place_of_the_whole_one_when_it_is_written() {
    let mut journal = compacting();
    assert_eq!(indices(&found(journal.storage())), [1, 2, 3, 4, 5, 6], "nothing waits for it");
    let before = journal.storage().bytes.len();
    assert!(journal.go_on(|| true).expect("memory"), "drafted");
    journal.write(&Record::Promise(epoch(2)), Index(4));
    journal.write(&Record::Cut(Index(6)), Index(4));
    journal.flush().expect("memory");
    assert!(!journal.go_on(|| true).expect("memory"), "done");
    assert!(journal.storage().bytes.len() < before);
    let recovered = found(journal.storage());
    assert_eq!(indices(&recovered), [1, 3, 4, 5]);
    assert_eq!((recovered.base, recovered.promise), (entry(1, 3).position, epoch(2)));
    assert_eq!((recovered.commit, recovered.torn), (Index(4), 0));
    assert!(!journal.go_on(|| true).expect("nothing more"));
    write(&mut journal, &[Record::Append(entry(2, 6))]);
    assert_eq!(found(journal.storage()).last(), Index(6), "and goes on");
}

#[test]
fn what_was_not_flushed_yet_is_in_a_compacted_log_once() {
    let mut journal = compacting();
    assert!(journal.go_on(|| true).expect("memory"));
    journal.write(&Record::Append(entry(1, 7)), Index(4));
    assert!(!journal.go_on(|| true).expect("memory"));
    assert_eq!(indices(&found(journal.storage())), [1, 3, 4, 5, 6, 7]);
    journal.flush().expect("memory");
    assert_eq!(indices(&found(journal.storage())), [1, 3, 4, 5, 6, 7]);
}

#[test]
fn a_draft_that_cannot_be_written_is_given_up_and_the_log_stays() {
    let mut journal = compacting();
    journal.storage().good = Some(0);
    assert!(!journal.go_on(|| true).expect("no fault"));
    journal.storage().good = None;
    write(&mut journal, &[Record::Append(entry(1, 7))]);
    assert_eq!(indices(&found(journal.storage())), [1, 2, 3, 4, 5, 6, 7]);
    // Nor does it take the log's place while what it drops is not kept elsewhere.
    let mut journal = compacting();
    assert!(journal.go_on(|| true).expect("memory"));
    assert!(!journal.go_on(|| false).expect("no fault"));
    assert_eq!(indices(&found(journal.storage())), [1, 2, 3, 4, 5, 6]);
    // But what fails as it takes the log's place is one: nobody knows what is there.
    let mut journal = compacting();
    assert!(journal.go_on(|| true).expect("memory"));
    journal.storage().good = Some(1);
    assert!(journal.go_on(|| true).is_err() && journal.flush().is_err());
}

#[test]
fn an_installed_snapshot_is_the_log_once_it_is_flushed() {
    let mut journal = begun();
    write(&mut journal, &[Record::Promise(epoch(1)), Record::Append(entry(1, 1)), Record::Append(entry(9, 2))]);
    let before = journal.storage().bytes.clone();
    journal.write(&Record::Append(entry(9, 3)), Index(1));
    journal.write(&Record::Promise(epoch(10)), Index(1));
    journal.write(&Record::Install(without_the_second()), Index(1));
    journal.write(&Record::Append(entry(1, 4)), Index(3));
    assert_eq!(journal.storage().bytes, before);
    journal.flush().expect("memory");
    let recovered = found(journal.storage());
    assert_eq!((indices(&recovered), recovered.promise), (vec![1, 3, 4], epoch(10)));
    assert_eq!((recovered.base, recovered.commit), (entry(1, 3).position, Index(3)));
    // In the middle of that, the old log is there.
    let mut journal = begun();
    write(&mut journal, &[Record::Append(entry(1, 1))]);
    journal.write(&Record::Install(without_the_second()), Index(1));
    journal.storage().good = Some(2);
    assert!(journal.flush().is_err());
    journal.storage().good = None;
    assert_eq!(indices(&found(journal.storage())), [1]);
}

#[test]
fn a_snapshot_that_is_not_whole_or_not_in_order_is_refused() {
    for kept in [vec![], vec![entry(1, 1)], vec![entry(1, 3), entry(1, 1)], vec![entry(1, 1), entry(2, 3)]] {
        let mut journal = begun();
        journal
            .write(&Record::Install(Snapshot { kept: kept.into_iter().collect(), ..without_the_second() }), Index(0));
        journal.flush().expect("memory");
        let refused = open(journal.storage().clone());
        assert!(matches!(refused, Err(Unreadable::Damaged { damage: Damage::Unfitting, .. })), "{refused:?}");
    }
}

#[test]
fn a_large_snapshot_is_drafted_piece_by_piece() {
    let mut journal = begun();
    let kept: Vec<Entry> = (1..=20_000).map(|index| entry(1, index)).collect();
    for record in kept.iter().cloned().map(Record::Append) {
        journal.write(&record, Index(0));
    }
    journal.flush().expect("memory");
    let snapshot = Snapshot { base: entry(1, 20_000).position, kept: kept.into_iter().collect() };
    journal.write(&Record::Compact { snapshot, rest: Vec::new() }, Index(20_000));
    let mut pieces = 0;
    while journal.go_on(|| true).expect("memory") {
        pieces += 1;
    }
    assert!(pieces > 3, "{pieces}");
    assert_eq!(found(journal.storage()).entries.len(), 20_000);
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
