//! heartbeat.

pub mod message;
pub mod protocol;
