//! Wires the concerns into a node: the only place that knows them all.
//!
//! A node is put together by [`Node::builder`] and started by [`Node::spawn`], on a thread of its own, from any program.
//! The [`NodeHandle`] passes messages to it from wherever it is:
//!
//! ```text
//!   NodeHandle ── ready, ended ──────────▶ where it is reached, or how it ended
//!              ── events ────────────────▶ NodeEvent: leaders, members, what it waits for, its end
//!              ── committed(after) ──────▶ Told: what is committed, in order, from any place on
//!              ── client(participant) ───▶ Client: commands, exactly once, whoever leads
//!              ── ask ───────────────────▶ the answer of a state machine of one's own
//!              ── stop, shutdown, kill
//! ```
//!
//! [`wiring`] says who is told what. When the replicator's log ends, the concerns are started afresh under a new
//! incarnation, on the same sockets.
//!
//! ```no_run
//! use agora::node::Node;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let node = Node::builder().build()?.spawn();
//! println!("at your service on {}", node.ready().await?);
//! node.shutdown().await;
//! # Ok(())
//! # }
//! ```

pub mod wiring;

#[cfg(feature = "actors")]
mod audience;
#[cfg(feature = "actors")]
mod builder;
#[cfg(feature = "actors")]
mod committed;
#[cfg(feature = "actors")]
mod edge;
#[cfg(feature = "actors")]
mod event;
#[cfg(feature = "actors")]
mod handle;
#[cfg(feature = "actors")]
mod host;
#[cfg(feature = "actors")]
mod life;
#[cfg(feature = "actors")]
mod link;
#[cfg(feature = "actors")]
mod observer;
#[cfg(feature = "actors")]
mod options;
#[cfg(feature = "actors")]
mod questions;
#[cfg(feature = "actors")]
mod store;
#[cfg(feature = "actors")]
mod switch;
#[cfg(feature = "actors")]
mod waiting;

#[cfg(all(test, feature = "actors"))]
mod tests;

#[cfg(feature = "actors")]
pub use self::{
    builder::{Builder, Node},
    committed::{Committed, Told},
    event::{Ending, Events, MemberState, NodeEvent, NodeFault},
    handle::{AskError, ClientError, NodeHandle},
    options::{BROADCAST_PORT, Options},
    store::BuildError,
    waiting::Waiting,
};
