//! LOG-2: one entry per (epoch, index); a committed prefix is the same on every node and never rewritten.

use std::collections::BTreeMap;

use agora::disk::Recovered;
use agora::id::{Index, Position};
use agora::replicator::message::{Entry, Record, Snapshot};

use super::shadow::{Held, digest};
use super::{Ledger, Shadow, Violation};

/// Every entry ever written, by its name.
#[derive(Debug, Default)]
pub(crate) struct Log2 {
    entries: BTreeMap<Position, u64>,
}

impl Log2 {
    /// A node lives on and has forgotten a promise that was not durable: what it wrote in that epoch was told to nobody
    /// (LOG-3), and it may use the epoch anew.
    pub(crate) fn resumed(&mut self, held: &Recovered) {
        self.entries.retain(|position, _| position.epoch.leader != held.node || position.epoch <= held.promise);
    }

    /// A node writes.
    pub(crate) fn written(&mut self, shadow: &Shadow, record: &Record) -> Result<(), Violation> {
        let violation = |what: String| Err(Violation::new("LOG-2", format!("{:?} {what}", shadow.me.node)));
        match record {
            Record::Promise(_) => {}
            Record::Append(entry) => {
                if entry.position.index != shadow.last().next() {
                    return violation(format!("appends {:?} behind {:?}", entry.position, shadow.last()));
                }
                let last = shadow.at(shadow.last());
                if last.is_some_and(|last| last.position.epoch > entry.position.epoch) {
                    return violation(format!("appends {:?} behind a higher epoch", entry.position));
                }
                if last.is_some_and(|last| last.at > entry.at) {
                    return violation(format!("appends {:?} of an earlier leadership time", entry.position));
                }
                let digest = digest(entry);
                if *self.entries.entry(entry.position).or_insert(digest) != digest {
                    return violation(format!("appends another entry as {:?}", entry.position));
                }
            }
            Record::Compact { snapshot, rest } => {
                let first = snapshot
                    .kept
                    .iter()
                    .chain(rest)
                    .find(|entry| shadow.at(entry.position.index) != Some(&Held::of(entry)));
                if let Some(entry) = first {
                    return violation(format!("compacts, and holds {:?} then", entry.position));
                }
                let last = rest.last().map_or(snapshot.base, |entry| entry.position).index;
                if last != shadow.last() || snapshot.base.index > shadow.commit || !is_whole(snapshot) {
                    let commit = shadow.commit;
                    return violation(format!("compacts up to {:?} of {last}; {commit} is committed", snapshot.base));
                }
            }
            Record::Install(snapshot) => {
                for entry in snapshot.kept.iter() {
                    let digest = digest(entry);
                    if *self.entries.entry(entry.position).or_insert(digest) != digest {
                        return violation(format!("installs another entry as {:?}", entry.position));
                    }
                }
                if snapshot.base.index <= shadow.commit || !is_whole(snapshot) {
                    let commit = shadow.commit;
                    return violation(format!("installs up to {:?}; {commit} is committed", snapshot.base));
                }
            }
            Record::Cut(index) => {
                if *index <= shadow.commit {
                    return violation(format!("cuts from {index}, but {} is committed", shadow.commit));
                }
            }
        }
        Ok(())
    }
}

/// Its entries are in order, and the last one is where it ends.
fn is_whole(snapshot: &Snapshot) -> bool {
    let in_order = snapshot
        .kept
        .iter()
        .is_sorted_by(|one, next| one.position < next.position && one.position.index < next.position.index);
    in_order && snapshot.kept.last().is_some_and(|last| last.position == snapshot.base)
}

/// A node hands an entry over as committed: in order, leaving out only what matters no more, and as it holds it.
pub(crate) fn committed(shadow: &Shadow, entry: &Entry) -> Result<(), Violation> {
    let index = entry.position.index;
    let mut skipped = (shadow.commit.0 + 1..index.0).map(Index);
    if index <= shadow.commit
        || skipped.any(|index| shadow.at(index).is_some())
        || shadow.at(index) != Some(&Held::of(entry))
    {
        let what = format!(
            "{:?} commits {:?} after {}; it holds {:?}",
            shadow.me.node,
            entry.position,
            shadow.commit,
            shadow.at(index).map(|held| held.position)
        );
        return Err(Violation::new("LOG-2", what));
    }
    Ok(())
}

/// The first node that commits an entry defines it; all others agree.
pub(crate) fn agreed(shadow: &Shadow, ledger: &mut Ledger, entry: &Entry) -> Result<(), Violation> {
    let held = Held::of(entry);
    match ledger.at(entry.position.index) {
        Some(known) if *known == held => Ok(()),
        Some(known) => {
            let what = format!("{:?} commits {:?}, others {:?}", shadow.me.node, held.position, known.position);
            Err(Violation::new("LOG-2", what))
        }
        None if entry.position.index.0 > ledger.entries.len() as u64 + 1 => {
            let (node, next) = (shadow.me.node, ledger.entries.len() + 1);
            Err(Violation::new("LOG-2", format!("{node:?} commits {:?}, and nobody {next}", held.position)))
        }
        None => {
            ledger.entries.push(held);
            Ok(())
        }
    }
}
