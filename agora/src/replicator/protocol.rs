//! Who holds it.

use super::message::{Input, Output};
use crate::protocol::Protocol;
use crate::time::Timestamp;

/// Who holds it.
#[derive(Debug)]
pub struct Replicator {}

impl Replicator {
    /// A fresh one.
    pub fn new(_me: crate::id::Member, _settings: &crate::config::Settings, _seed: u64, _now: Timestamp) -> Self {
        Self {}
    }
}

impl Protocol for Replicator {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, _now: Timestamp, _input: Input, _out: &mut Vec<Output>) {}

    fn fire(&mut self, _now: Timestamp, _out: &mut Vec<Output>) {}

    fn deadline(&self) -> Option<Timestamp> {
        None
    }
}
