//! Numbering proposals.

use super::message::{Input, Output};
use crate::id::Epoch;
use crate::protocol::Protocol;
use crate::time::Timestamp;

/// Numbers an epoch's proposals 1, 2, …; see the [module](super).
#[derive(Debug)]
pub struct Sequencer {
    /// The highest epoch of which it heard.
    epoch: Epoch,
    /// The number that the next proposal of that epoch carries.
    next: u64,
}

impl Sequencer {
    /// One that has numbered nothing.
    pub const fn new() -> Self {
        Self { epoch: Epoch::NONE, next: 1 }
    }

    /// Whether `epoch` is the one in which numbers count; a higher one becomes it.
    fn counts_in(&mut self, epoch: Epoch) -> bool {
        if epoch > self.epoch {
            *self = Self { epoch, next: 1 };
        }
        epoch == self.epoch
    }
}

impl Default for Sequencer {
    fn default() -> Self {
        Self::new()
    }
}

impl Protocol for Sequencer {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, _now: Timestamp, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Propose { epoch, events } if self.counts_in(epoch) => {
                out.push(Output::Propose { epoch, number: self.next, events });
                self.next += 1;
            }
            Input::Rebuilt { epoch } if self.counts_in(epoch) => {
                out.push(Output::Rebuilt { epoch, next: self.next });
            }
            Input::Propose { .. } | Input::Rebuilt { .. } => {}
        }
    }

    fn fire(&mut self, _now: Timestamp, _out: &mut Vec<Output>) {}

    fn deadline(&self) -> Option<Timestamp> {
        None
    }
}
