//! auction.

pub mod event;
pub mod message;
pub mod protocol;
pub mod refusal;
