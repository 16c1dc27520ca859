//! A typed client: finds the leader, retries, follows a failover, delivers events in order.

pub mod event;
mod follow;
mod follows;
pub mod message;
mod port;
pub mod protocol;
mod reads;
mod requests;
mod search;
