//! discovery.

pub mod message;
pub mod protocol;
