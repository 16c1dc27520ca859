//! Agora: a fault-tolerant distributed auction system, as a library of actors.
//!
//! Servers find each other over UDP ([`discovery`]), elect a leader ([`election`]), replicate its log ([`replicator`]),
//! order every bid ([`sequencer`]), and carry multi-round sealed-bid auctions ([`auction`]) through crashes.
//!
//! Each concern is a folder with the same rooms: `message.rs` (what it says, on the wire and to its neighbours),
//! `protocol.rs` (what it does: pure, no clock, no socket), `actor.rs` (a thin actix shell), `tests.rs`. Only [`node`]
//! knows them all; only [`wire`] knows bytes.

#[cfg(feature = "actors")]
pub mod actor;
pub mod amount;
pub mod auction;
pub mod client;
pub mod config;
pub mod cookie;
pub mod discovery;
pub mod election;
pub mod heartbeat;
pub mod id;
pub mod node;
pub mod protocol;
pub mod replicator;
pub mod sequencer;
pub mod time;
#[cfg(feature = "actors")]
pub mod transport;
pub mod wire;
