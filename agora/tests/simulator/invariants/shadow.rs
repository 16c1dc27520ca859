//! What is known of an incarnation from outside: the log that its writes amount to, and what is durable of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use agora::auction::event::RequestKey;
use agora::disk::Recovered;
use agora::id::{AuctionId, Epoch, FoundingId, Index, Member, Position, Round};
use agora::replicator::message::{Body, Entry, Record, Situation};
use agora::time::At;

use crate::trace::words;

/// An entry that a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Where.
    pub position: Position,
    /// Its content.
    pub digest: u64,
    /// Its leadership time.
    pub at: At,
}

impl Held {
    /// What is kept of an entry.
    pub(crate) fn of(entry: &Entry) -> Self {
        Self { position: entry.position, digest: digest(entry), at: entry.at }
    }
}

/// A number that differs where entries differ.
pub(crate) fn digest(entry: &Entry) -> u64 {
    let hash = |bytes: &[u8]| {
        let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        words(bytes).fold(bytes.len() as u64, mix)
    };
    let body = match &entry.body {
        Body::Events(bytes) => hash(bytes),
        other => hash(format!("{other:?}").as_bytes()),
    };
    body ^ entry.at.0.rotate_left(40)
}

/// One incarnation, from outside.
#[derive(Debug)]
pub(crate) struct Shadow {
    /// Who.
    pub me: Member,
    /// The log, from index 1; `None`: it matters no more, and need not be there.
    pub log: Vec<Option<Held>>,
    /// The founding that it holds.
    pub founding: Option<FoundingId>,
    /// The last entry handed over as committed.
    pub commit: Index,
    /// What it knew as committed when it began to live on.
    pub remembered: Index,
    /// Where the last snapshot that it took from another ends: committed, before its manager has been handed all of it.
    installed: Index,
    /// The highest promise written, durable or not.
    pub promise: Epoch,
    /// The highest promise that is durable.
    pub durable_promise: Epoch,
    /// What it last told of itself.
    pub situation: Option<Situation>,
    /// The requests that its manager has applied.
    pub applied: BTreeMap<RequestKey, Index>,
    /// The last entry that its manager has applied.
    pub applied_index: Index,
    /// So many times its log was replaced, and its manager has not yet begun anew.
    pub resets: u32,
    /// How far it was handed over before: it may still be in the manager's mailbox.
    pub handed_before: Index,
    /// The rounds that its manager has seen complete.
    pub complete: BTreeSet<(AuctionId, Round)>,
    /// The log as far as it is durable.
    pub durable_log: Vec<Option<Held>>,
    unflushed: VecDeque<(u64, Record)>,
}

impl Shadow {
    /// An incarnation without a log.
    pub(crate) const fn new(me: Member) -> Self {
        Self {
            me,
            log: Vec::new(),
            founding: None,
            commit: Index(0),
            remembered: Index(0),
            installed: Index(0),
            promise: Epoch::NONE,
            durable_promise: Epoch::NONE,
            situation: None,
            applied: BTreeMap::new(),
            applied_index: Index(0),
            resets: 0,
            handed_before: Index(0),
            complete: BTreeSet::new(),
            durable_log: Vec::new(),
            unflushed: VecDeque::new(),
        }
    }

    /// One that lives on with what its disk held.
    pub(crate) fn resumed(me: Member, held: &Recovered) -> Self {
        let log = sparse(&held.entries);
        let founding = held.entries.first().and_then(|entry| match &entry.body {
            Body::Founded { founding, .. } => Some(*founding),
            _ => None,
        });
        let (promise, durable_log, remembered) = (held.promise, log.clone(), held.commit);
        Self { log, founding, promise, durable_promise: promise, durable_log, remembered, ..Self::new(me) }
    }

    /// Whether a crash may leave this: what is durable, and the first so many records of what is not.
    pub(crate) fn may_leave(&self, held: &Recovered) -> bool {
        let found = sparse(&held.entries);
        let agrees = |log: &[Option<Held>]| {
            let agrees = |(held, found): (&Option<Held>, &Option<Held>)| held.is_none() || held == found;
            log.len() == found.len() && log.iter().zip(&found).all(agrees)
        };
        let committed = self.commit.max(self.remembered).max(self.installed);
        let (mut promise, mut log) = (self.durable_promise, self.durable_log.clone());
        let mut unflushed = self.unflushed.iter();
        loop {
            if promise == held.promise && agrees(&log) && held.commit <= committed {
                return true;
            }
            let Some((_, record)) = unflushed.next() else { return false };
            apply(record, &mut promise, &mut log);
        }
    }

    /// The entry at an index.
    pub(crate) fn at(&self, index: Index) -> Option<&Held> {
        self.log.get(usize::try_from(index.0.checked_sub(1)?).ok()?)?.as_ref()
    }

    /// The last index.
    pub(crate) const fn last(&self) -> Index {
        Index(self.log.len() as u64)
    }

    /// Takes a record in.
    pub(crate) fn written(&mut self, ticket: u64, record: &Record) {
        let first = match record {
            Record::Append(entry) => Some(entry),
            Record::Install(snapshot) => snapshot.kept.first(),
            _ => None,
        };
        if let Record::Install(snapshot) = record {
            self.installed = snapshot.base.index;
        }
        if let Some(Body::Founded { founding, .. }) = first.map(|entry| &entry.body) {
            self.founding = Some(*founding);
        }
        apply(record, &mut self.promise, &mut self.log);
        self.unflushed.push_back((ticket, record.clone()));
    }

    /// Everything up to a ticket is durable.
    pub(crate) fn flushed(&mut self, ticket: u64) {
        while let Some((first, _)) = self.unflushed.front()
            && *first <= ticket
        {
            if let Some((_, record)) = self.unflushed.pop_front() {
                apply(&record, &mut self.durable_promise, &mut self.durable_log);
            }
        }
    }

    /// Whether all that it holds up to an index would survive. What has been cut since says nothing.
    pub(crate) fn durable(&self, index: Index) -> bool {
        let cut = |record: &Record| matches!(record, Record::Cut(from) if *from <= index);
        if self.unflushed.iter().any(|(_, record)| cut(record)) {
            return true;
        }
        let waits = |record: &Record| match record {
            Record::Append(entry) => entry.position.index <= index,
            // Of what was committed here, nothing waits for it.
            Record::Install(snapshot) => snapshot.base.index <= index,
            Record::Promise(_) | Record::Cut(_) | Record::Compact { .. } => false,
        };
        index <= self.last() && !self.unflushed.iter().any(|(_, record)| waits(record))
    }
}

/// A log of these entries: what is between them matters no more.
fn sparse<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<Option<Held>> {
    let mut log = Vec::new();
    for entry in entries {
        log.resize(place(entry.position.index), None);
        log.push(Some(Held::of(entry)));
    }
    log
}

fn place(index: Index) -> usize {
    usize::try_from(index.0.saturating_sub(1)).unwrap_or(usize::MAX)
}

fn apply(record: &Record, promise: &mut Epoch, log: &mut Vec<Option<Held>>) {
    match record {
        Record::Compact { snapshot, .. } => {
            let kept = sparse(snapshot.kept.iter());
            for (held, kept) in log.iter_mut().zip(kept) {
                *held = kept;
            }
        }
        Record::Install(snapshot) => *log = sparse(snapshot.kept.iter()),
        Record::Promise(epoch) => *promise = *epoch,
        Record::Append(entry) => log.push(Some(Held::of(entry))),
        Record::Cut(index) => log.truncate(usize::try_from(index.0.saturating_sub(1)).unwrap_or(0)),
    }
}
