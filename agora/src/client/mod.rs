//! A typed client: finds the leader, retries, follows a failover, delivers events in order.
//!
//! ```text
//!   program ── Client::submit, list, follow … ──▶ ┌───────────┐ ── DISCOVERY_REQUEST ──▶ broadcast, --join
//!                                                 │ Dialogue  │ ◀─ LEADER_DETAILS ────── any node: who leads
//!   program ◀── Reply, Listing, Events ────────── │ (pure)    │ ── requests, HEART_BEAT ▶ leader
//!                                                 └───────────┘ ◀─ answers, events ─────── leader
//! ```
//!
//! - A request keeps its id on every retry and across leaders, so it takes effect at most once (ONCE-1). NO_QUORUM, BUSY
//!   and LEADER_DETAILS are no outcomes: it goes on until its deadline, and then says that its fate is unknown.
//! - Only the leader's own LEADER_DETAILS makes it the leader here, because only its cookie counts there. When another
//!   one leads, everything outstanding is sent to it at once.
//! - Events are numbered without gaps. What does not come is asked for; HEART_BEAT_ACK tells the last number, so that a
//!   lost last event is noticed (ORDER-1).
//!
//! [`protocol::Dialogue`] is all of that without a socket; [`Client`] runs one as a tokio task. [`fold::View`] is what
//! an auction's events add up to.
//!
//! ```no_run
//! use agora::client::message::{Action, Reply};
//! use agora::client::{Client, ClientConfig};
//! use agora::id::{AuctionId, ParticipantId};
//!
//! # async fn example(me: ParticipantId, auction: AuctionId) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect(ClientConfig::new(me)).await?;
//! match client.submit(Action::Join(auction), None).await? {
//!     Reply::Done(ack) => println!("joined, as event {}", ack.receipt.seq),
//!     Reply::Refused(refusal) => println!("refused: {refusal}"),
//! }
//! let mut events = client.follow(auction).await;
//! while let Some(event) = events.next().await {
//!     println!("{:?}", event?.what);
//! }
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "actors")]
mod config;
pub mod event;
pub mod fold;
mod follow;
mod follows;
#[cfg(feature = "actors")]
mod handle;
pub mod message;
mod port;
pub mod protocol;
mod reads;
mod requests;
mod search;
#[cfg(feature = "actors")]
mod socket;
#[cfg(feature = "actors")]
mod task;
#[cfg(test)]
mod tests;

#[cfg(feature = "actors")]
pub use config::ClientConfig;
#[cfg(feature = "actors")]
pub use handle::{Client, Events, Leaders};
#[cfg(feature = "actors")]
pub use socket::ConnectError;
