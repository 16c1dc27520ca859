//! Who is there.

use super::message::{Input, Output};
use crate::protocol::Protocol;
use crate::time::Timestamp;

/// Who is there.
#[derive(Debug)]
pub struct Discovery {}

impl Discovery {
    /// A fresh one.
    pub fn new(
        _me: crate::id::Member,
        _settings: &crate::config::Settings,
        _cookies: crate::cookie::Cookies,
        _seed: u64,
        _now: Timestamp,
    ) -> Self {
        Self {}
    }
}

impl Protocol for Discovery {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, _now: Timestamp, _input: Input, _out: &mut Vec<Output>) {}

    fn fire(&mut self, _now: Timestamp, _out: &mut Vec<Output>) {}

    fn deadline(&self) -> Option<Timestamp> {
        None
    }
}
