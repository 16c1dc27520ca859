//! The auction manager.

use super::message::{Input, Output};
use crate::protocol::Protocol;
use crate::time::Timestamp;

/// The auction manager.
#[derive(Debug)]
pub struct Manager {}

impl Manager {
    /// A fresh one.
    pub fn new(_settings: &crate::config::Settings, _cookies: crate::cookie::Cookies) -> Self {
        Self {}
    }
}

impl Protocol for Manager {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, _now: Timestamp, _input: Input, _out: &mut Vec<Output>) {}

    fn fire(&mut self, _now: Timestamp, _out: &mut Vec<Output>) {}

    fn deadline(&self) -> Option<Timestamp> {
        None
    }
}
