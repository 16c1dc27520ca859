//! replicator.

pub mod message;
pub mod protocol;
