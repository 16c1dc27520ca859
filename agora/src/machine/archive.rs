//! The archive: what a machine keeps beside the log, for good, where its node has a data directory. The log may then drop
//! the entries that it came from.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

/// Text by the line. It is written by whoever keeps it, so that a machine hands over much at no cost.
#[derive(Clone)]
pub struct Lines(Arc<Line>);

type Line = dyn Fn(usize) -> Option<String> + Send + Sync;

impl Lines {
    /// Those that `line` gives for 0, 1, …; nothing after the last. No line has a line break in it.
    pub fn new(line: impl Fn(usize) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(line))
    }

    /// The line of this number.
    pub fn line(&self, number: usize) -> Option<String> {
        (self.0)(number)
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lines").field(&self.line(0)).finish()
    }
}

impl PartialEq for Lines {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Lines {}

/// What a machine wants of the archive. Without a data directory, nothing happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToArchive {
    /// Keep this under its key; what was kept under it goes. It is durable before an entry that is called obsolete after this
    /// leaves the log on disk.
    Keep {
        /// The key.
        key: Uuid,
        /// What.
        lines: Lines,
    },
    /// What is kept under this key?
    Retrieve {
        /// Repeated in [`FromArchive::Retrieved`].
        ticket: u64,
        /// The key.
        key: Uuid,
    },
    /// What is kept, in the order of the keys?
    Browse {
        /// Repeated in [`FromArchive::Browsed`].
        ticket: u64,
        /// Only under those after this.
        after: Option<Uuid>,
        /// At most so many.
        most: usize,
    },
}

/// What the archive answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromArchive {
    /// All lines; nothing, where there is nothing, or it cannot be read.
    Retrieved {
        /// The question's.
        ticket: u64,
        /// The text.
        text: Option<String>,
    },
    /// Keys, each with its first line.
    Browsed {
        /// The question's.
        ticket: u64,
        /// In order.
        found: Vec<(Uuid, String)>,
    },
}
