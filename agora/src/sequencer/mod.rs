//! sequencer.

pub mod message;
pub mod protocol;
