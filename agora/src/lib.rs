//! Agora: a fault-tolerant distributed auction system, as a library of actors.
//!
//! Servers find each other over UDP ([`discovery`]), elect a leader ([`election`]), replicate its log ([`replicator`]),
//! order every bid ([`sequencer`]), and carry multi-round sealed-bid auctions ([`auction`]) through crashes.
//!
//! # A node in a program
//!
//! One node on this machine alone, an auction on it, and what is committed as a stream. The node runs on a thread of its
//! own, in any program; its client is a task of the program's tokio runtime.
//!
//! ```
//! use agora::amount::Amount;
//! use agora::auction::event::{Disclosure, Rule, Spec, Start};
//! use agora::client::message::{Action, Reply};
//! use agora::id::{ParticipantId, Position};
//! use agora::node::{Node, Told};
//! use agora::transport::free_broadcast_port;
//! use uuid::Uuid;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let node = Node::builder().loopback(free_broadcast_port()?).build()?.spawn();
//!     println!("at your service on {}", node.ready().await?);
//!
//!     let auctioneer = node.client(ParticipantId(Uuid::from_u128(1))).await?;
//!     let painting = Spec {
//!         item: "Painting".into(),
//!         rule: Rule::Highest,
//!         disclosure: Disclosure::Sealed,
//!         limit: Amount::parse("10.00")?,
//!         rounds: 3,
//!         bidders: 2,
//!         round_timeout_ms: Some(60_000),
//!         start: Start::Auto,
//!     };
//!     let Reply::Done(ack) = auctioneer.submit(Action::Create(painting), None).await? else {
//!         return Err("refused".into());
//!     };
//!
//!     let mut committed = node.committed(Position::START);
//!     let Some(Told::Event { event: decision, .. }) = committed.next().await else {
//!         return Err("ended".into());
//!     };
//!     assert_eq!(decision.events[0].auction(), ack.receipt.auction);
//!
//!     node.shutdown().await;
//!     Ok(())
//! }
//! ```
//!
//! The auctions are one state machine on the log; a service's own can stand in their place ([`machine`]).
//! `agora/examples/` of the repository has programs to start from: a service with a node in it, a bidder, a leader elected
//! for something else, a replicated counter.
//!
//! # Map
//!
//! | module | what |
//! |---|---|
//! | [`node`] | puts a node together, starts, wires and ends it; `node::wiring` says who is told what |
//! | [`machine`] | the seam between the log and the state machine on it |
//! | [`client`] | finds the leader, retries, follows a failover, delivers events in order |
//! | [`auction`] | the rules (`decide`, `apply`, `view`, `winner`), and the auction manager |
//! | [`replicator`] | who holds the log, when an entry is committed, who may lead, who counts |
//! | [`sequencer`] | in which order |
//! | [`election`] | who should lead |
//! | [`heartbeat`] | who is still there |
//! | [`discovery`] | who is there |
#![cfg_attr(feature = "actors", doc = "| [`transport`] | the UDP actor: sockets, bounds, counters |")]
//! | [`wire`] | datagrams ⇄ messages; nothing else knows bytes |
#![cfg_attr(feature = "actors", doc = "| [`actor`] | the one actix shell in which every concern runs |")]
//! | [`protocol`] | what every concern implements: handle, fire, deadline |
//! | [`config`] | settings, presets, and their files |
//! | [`id`], [`time`], [`amount`], [`cookie`] | a type for every name, number, time and sum |
//!
//! Each concern is a folder with the same rooms: `message.rs` (what it says, on the wire and to its neighbours),
//! `protocol.rs` (what it does: pure, no clock, no socket), `tests.rs`. Without the feature `actors` only the protocols
//! build, so one that reaches for a clock or a socket does not compile. Only [`node`] knows all concerns; to everything
//! but [`auction`], [`wire`] and the client's heartbeat the auctions are opaque bytes in a log.
//!
//! How it fits together is in `docs/architecture.md` of the repository, every message in `docs/protocol.md`.

#[cfg(feature = "actors")]
pub mod actor;
pub mod amount;
pub mod auction;
mod chunks;
pub mod client;
pub mod config;
pub mod cookie;
pub mod discovery;
pub mod disk;
mod doubt;
pub mod election;
pub mod heartbeat;
pub mod id;
pub mod machine;
pub mod node;
pub mod protocol;
pub mod replicator;
pub mod sequencer;
pub mod time;
#[cfg(feature = "actors")]
pub mod transport;
pub mod wire;
