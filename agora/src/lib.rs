//! Agora: a fault-tolerant distributed auction system, as a library of actors.
//!
//! Servers find each other over UDP ([`discovery`]), elect a leader ([`election`]), replicate its log ([`replicator`]),
//! order every bid ([`sequencer`]), and carry multi-round sealed-bid auctions ([`auction`]) through crashes.
//!
//! # A node and a client in one program
//!
//! One node on this machine alone, and an auction on it. A node runs on a thread of its own, in any program; the client
//! is a task of the program's tokio runtime.
//!
//! ```
//! use std::net::Ipv4Addr;
//! use std::time::Duration;
//!
//! use agora::amount::Amount;
//! use agora::auction::event::{Disclosure, Rule, Spec, Start};
//! use agora::client::message::{Action, Reply};
//! use agora::client::{Client, ClientConfig};
//! use agora::config::Settings;
//! use agora::id::ParticipantId;
//! use agora::node::{Node, NodeEvent, Options};
//! use agora::transport::free_broadcast_port;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let port = free_broadcast_port()?;
//! let mut node = Node::spawn(Options::loopback(Settings::lan(), port));
//! while let Some(event) = node.events.next().await {
//!     if let NodeEvent::Ready { .. } = event {
//!         break;
//!     }
//! }
//!
//! let mut config = ClientConfig::new(ParticipantId(uuid::Uuid::from_u128(1)));
//! config.bind = (Ipv4Addr::LOCALHOST, 0).into();
//! config.broadcast_port = port;
//! let auctioneer = Client::connect(config).await?;
//! let painting = Spec {
//!     item: "Painting".into(),
//!     rule: Rule::Highest,
//!     disclosure: Disclosure::Sealed,
//!     limit: Amount::parse("10.00")?,
//!     rounds: 3,
//!     bidders: 2,
//!     round_timeout_ms: Some(60_000),
//!     start: Start::Auto,
//! };
//! let Reply::Done(ack) = auctioneer.submit(Action::Create(painting), Some(Duration::from_secs(10))).await? else {
//!     return Err("refused".into());
//! };
//! let auctions = auctioneer.list(None, Some(Duration::from_secs(10))).await?.auctions;
//! assert_eq!(auctions[0].auction, ack.receipt.auction);
//!
//! node.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Map
//!
//! | module | what |
//! |---|---|
//! | [`node`] | starts, wires and ends a node; `node::wiring` says who is told what |
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
//! but [`auction`] the events in the log are opaque bytes.
//!
//! How it fits together is in `docs/architecture.md` of the repository, every message in `docs/protocol.md`.

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
