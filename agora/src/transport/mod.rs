//! Datagrams in and out: the UDP actor.
//!
//! A node owns two sockets. Everything it says leaves from the *unicast* socket, broadcasts too, so that a datagram's
//! source is the address that the node answers at. The *broadcast listener* shares its port (12345) with every other
//! node of the machine and only hears.
//!
//! ```text
//!              ┌────────────────────────────────────────────────┐
//!   unicast ──▶│ at most 128 datagrams a turn → sift (cluster,  │──▶ Inlet: one message to each concern
//!   listener ─▶│ not mine, decodes; else dropped and counted)   │    (full: dropped and counted)
//!              │                                                │
//!   unicast ◀──│ one datagram for many messages to one address, │◀── wiring::Transport
//!              │ sent at the end of the turn                    │
//!              └────────────────────────────────────────────────┘
//! ```
//!
//! Sending never waits and never fails the node: what the network does not take is counted, and the protocols send
//! again. [`Net`] and [`Socket`] are the seam for a simulated network.

mod actor;
mod address_book;
mod counters;
mod inlet;
#[cfg(target_os = "linux")]
mod many;
mod net;
mod outgoing;
mod sift;
mod sockets;
mod targets;

#[cfg(test)]
mod tests;

pub use actor::{Attach, Close, Tap, Transport, Way};
pub use counters::{Count, Counters};
pub(crate) use inlet::tell;
pub use inlet::{Bundle, Inlet, Offered};
pub use net::{Buffer, Datagram, Later, Net, Received, Socket, Udp, free_broadcast_port};
pub use sockets::{OpenError, Sockets};
pub use targets::Reach;
