//! Heartbeat as an actor.

use super::protocol::Heartbeat;
use crate::actor::Concern;

/// [`Heartbeat`] in the shell that drives it: made with [`Concern::new`], told
/// [`In`](crate::actor::In)`<`[`Input`](super::message::Input)`>`.
///
/// Its outputs go to the transport, to replicator and election. Without `Follow` it rests.
pub type HeartbeatActor = Concern<Heartbeat>;
