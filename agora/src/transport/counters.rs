//! What the transport did with every datagram and message, counted by kind.

use std::sync::atomic::{AtomicU64, Ordering};

/// A kind of thing that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// A datagram came in.
    Received,
    /// A message went to its concern.
    Delivered,
    /// A datagram of another cluster: dropped.
    Foreign,
    /// A datagram of this very node, heard through broadcast: dropped.
    Own,
    /// A datagram that is none of ours, or of a length that ours never have: dropped.
    Rubbish,
    /// A datagram whose tag does not match: dropped.
    Damaged,
    /// A datagram of another version, key or log: dropped.
    OtherVersion,
    /// A datagram of ours that holds something else than messages: dropped.
    Malformed,
    /// A datagram from beyond loopback, at a node that keeps to it: dropped.
    Outside,
    /// A message whose concern has too much to do: dropped.
    Full,
    /// A message that came while no concern was there: dropped.
    Detached,
    /// A datagram went out.
    Sent,
    /// A datagram that the socket had no room for: dropped.
    Blocked,
    /// A datagram that could not be sent for another reason: dropped.
    Unsent,
    /// A message to a node without a known address: dropped.
    Unknown,
    /// A message that no datagram can hold: dropped.
    TooLarge,
    /// Receiving failed.
    ReceiveError,
    /// A node that the address book had no room for.
    BookFull,
}

impl Count {
    /// Every kind, in the order of [`Counters::all`].
    pub const ALL: [Self; 18] = [
        Self::Received,
        Self::Delivered,
        Self::Foreign,
        Self::Own,
        Self::Rubbish,
        Self::Damaged,
        Self::OtherVersion,
        Self::Malformed,
        Self::Outside,
        Self::Full,
        Self::Detached,
        Self::Sent,
        Self::Blocked,
        Self::Unsent,
        Self::Unknown,
        Self::TooLarge,
        Self::ReceiveError,
        Self::BookFull,
    ];
}

/// The counts since the node started; any thread may read them.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; Count::ALL.len()]);

impl Counters {
    /// One more.
    pub fn add(&self, kind: Count) {
        self.add_many(kind, 1);
    }

    /// So many more.
    pub fn add_many(&self, kind: Count, more: u64) {
        self.0[kind as usize].fetch_add(more, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self, kind: Count) -> u64 {
        self.0[kind as usize].load(Ordering::Relaxed)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (Count, u64)> {
        Count::ALL.into_iter().map(|kind| (kind, self.get(kind)))
    }
}
