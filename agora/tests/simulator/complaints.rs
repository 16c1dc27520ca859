//! What a concern logs as an error is a fault of the system (a bad datagram or bid is not): here it fails the run.

use std::cell::RefCell;
use std::fmt::Display;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::invariants::Violation;

thread_local! {
    /// The first error logged on this thread since it was last asked for.
    static COMPLAINT: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct Complaints;

impl Log for Complaints {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Error
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            COMPLAINT.with_borrow_mut(|complaint| {
                complaint.get_or_insert_with(|| format!("{}: {}", record.target(), record.args()));
            });
        }
    }

    fn flush(&self) {}
}

/// Listens from now on.
pub(crate) fn listen() {
    if log::set_logger(&Complaints).is_ok() {
        log::set_max_level(LevelFilter::Error);
    }
}

/// A violation, if an error was logged on this thread.
pub(crate) fn none(node: impl Display) -> Result<(), Violation> {
    match COMPLAINT.take() {
        Some(complaint) => Err(Violation::new("NET-1", format!("node {node} logs an error: {complaint}"))),
        None => Ok(()),
    }
}
