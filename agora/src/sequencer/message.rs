//! What the sequencer is told and wants done. It says nothing on the wire.

use bytes::Bytes;

use crate::id::Epoch;

/// What the sequencer is told, always by the auction manager (or whatever state machine stands in its place).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The manager has decided `events` in `epoch`.
    Propose {
        /// In which this node leads, as far as the manager knows.
        epoch: Epoch,
        /// Opaque to everyone but the manager.
        events: Bytes,
    },
    /// The manager has dropped what was refused, and decides again on a state without it.
    Rebuilt {
        /// In which this node leads.
        epoch: Epoch,
    },
}

/// What the sequencer wants done, always by the replicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Append this as proposal `number` of `epoch`.
    Propose {
        /// In which the number counts.
        epoch: Epoch,
        /// 1, 2, … in this epoch.
        number: u64,
        /// Opaque.
        events: Bytes,
    },
    /// Passed on behind the proposals that came before it. The next proposal has number `next`.
    Rebuilt {
        /// In which this node leads.
        epoch: Epoch,
        /// The number that the next proposal will carry.
        next: u64,
    },
}
