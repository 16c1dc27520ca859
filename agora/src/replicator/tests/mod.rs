//! One file per room of the replicator; `cluster.rs` drives several nodes by hand, message by message.

mod around;
mod chunks;
mod cluster;
mod late;
mod log;
mod orders;
mod quorum;
mod show;
mod snapshot;

use uuid::Uuid;

use super::message::{Body, Entry};
use crate::id::{Epoch, Index, Member, NodeId, Position};
use crate::time::At;

/// The node with this number; its rank is the number.
fn node(number: u128) -> NodeId {
    NodeId { uuid: Uuid::from_u128(number), incarnation: 1 }
}

fn member(number: u128) -> Member {
    Member { node: node(number), priority: 0 }
}

fn epoch(number: u64, leader: u128) -> Epoch {
    Epoch { number, leader: node(leader) }
}

fn at(epoch: Epoch, index: u64) -> Position {
    Position { epoch, index: Index(index) }
}

fn entry(epoch: Epoch, index: u64) -> Entry {
    Entry { position: at(epoch, index), at: At(0), body: Body::Events(vec![u8::try_from(index).unwrap_or(0)].into()) }
}
