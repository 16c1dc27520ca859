//! Who should lead.

use super::message::{Input, Output};
use crate::protocol::Protocol;
use crate::time::Timestamp;

/// Who should lead.
#[derive(Debug)]
pub struct Election {}

impl Election {
    /// A fresh one.
    pub fn new(_me: crate::id::Member, _settings: &crate::config::Settings, _seed: u64) -> Self {
        Self {}
    }
}

impl Protocol for Election {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, _now: Timestamp, _input: Input, _out: &mut Vec<Output>) {}

    fn fire(&mut self, _now: Timestamp, _out: &mut Vec<Output>) {}

    fn deadline(&self) -> Option<Timestamp> {
        None
    }
}
