//! election.

pub mod message;
pub mod protocol;
