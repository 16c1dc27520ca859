//! In which order.

use super::message::{Input, Output};
use crate::protocol::Protocol;
use crate::time::Timestamp;

/// In which order.
#[derive(Debug)]
pub struct Sequencer {}

impl Sequencer {
    /// A fresh one.
    pub fn new() -> Self {
        Self {}
    }
}

impl Protocol for Sequencer {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, _now: Timestamp, _input: Input, _out: &mut Vec<Output>) {}

    fn fire(&mut self, _now: Timestamp, _out: &mut Vec<Output>) {}

    fn deadline(&self) -> Option<Timestamp> {
        None
    }
}
