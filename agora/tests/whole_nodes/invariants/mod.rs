//! What must hold: a file for each invariant of `docs/protocol.md` that can be seen from outside of the nodes. NET-1 is
//! looked at where datagrams leave ([`crate::run`]) and where panics are noted ([`crate::panics`]).

#[path = "../../simulator/invariants/fold.rs"]
mod fold;
mod lead_1;
mod live_1;
mod log;
mod once_1;
mod oracle;
mod order_1;
mod seal_1;
#[cfg(test)]
mod tests;
mod win_1;

use std::fmt;

pub(crate) use lead_1::Lead1;
pub(crate) use live_1::{owed, unsettled};
pub(crate) use log::Logs;
pub(crate) use oracle::{Ended, Oracle, ack, deny};
pub(crate) use seal_1::Seal1;

use crate::schedule::Promise;

/// An invariant that does not hold.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub invariant: &'static str,
    what: String,
}

impl Violation {
    pub(crate) fn new(invariant: &'static str, what: String) -> Self {
        Self { invariant, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// Compares what clients were told with what nodes have committed, when all is over.
pub(crate) fn in_the_end(logs: &Logs, oracle: &Oracle, promise: Promise) -> Result<(), Violation> {
    once_1::check(logs, oracle, promise)?;
    order_1::check(logs, oracle, promise)?;
    win_1::check(logs, oracle, promise)
}
