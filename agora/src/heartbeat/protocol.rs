//! Who is still there.

use super::message::{Input, Output};
use crate::protocol::Protocol;
use crate::time::Timestamp;

/// Who is still there.
#[derive(Debug)]
pub struct Heartbeat {}

impl Heartbeat {
    /// A fresh one.
    pub fn new(_settings: &crate::config::Settings, _seed: u64) -> Self {
        Self {}
    }
}

impl Protocol for Heartbeat {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, _now: Timestamp, _input: Input, _out: &mut Vec<Output>) {}

    fn fire(&mut self, _now: Timestamp, _out: &mut Vec<Output>) {}

    fn deadline(&self) -> Option<Timestamp> {
        None
    }
}
