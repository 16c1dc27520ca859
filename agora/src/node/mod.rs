//! Wires the concerns into a node: the only place that knows them all.
//!
//! [`wiring`] says who is told what. A [`Node`] starts the actors, gives them a network, a clock and randomness
//! ([`Edge`]), and tells what happens as [`NodeEvent`]s. When the replicator's log ends, the concerns are started afresh
//! under a new incarnation, on the same sockets.
//!
//! ```no_run
//! use agora::config::Settings;
//! use agora::node::{Node, NodeEvent, Options};
//!
//! # async fn example() {
//! let mut node = Node::spawn(Options::new(Settings::lan()));
//! while let Some(event) = node.events.next().await {
//!     if let NodeEvent::Ready { address, .. } = event {
//!         println!("at your service on {address}");
//!         break;
//!     }
//! }
//! node.shutdown().await;
//! # }
//! ```

pub mod wiring;

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
mod observer;
#[cfg(feature = "actors")]
mod options;
#[cfg(feature = "actors")]
mod switch;

#[cfg(all(test, feature = "actors"))]
mod tests;

#[cfg(feature = "actors")]
pub use self::{
    edge::{Edge, MonotonicClock, random},
    event::{Ending, Events, MemberState, NodeEvent, NodeFault},
    handle::{Node, NodeHandle},
    options::{Applied, BROADCAST_PORT, Options},
};
