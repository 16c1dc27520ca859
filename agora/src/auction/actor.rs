//! The auction manager as an actor.

use super::protocol::Manager;
use crate::actor::Concern;

/// [`Manager`] in the shell that drives it: made with [`Concern::new`], told
/// [`In`](crate::actor::In)`<`[`Input`](super::message::Input)`>`.
///
/// Its outputs go to the transport, the sequencer, the replicator and discovery. Another
/// [`Machine`](crate::machine::Machine) can stand in its place.
pub type ManagerActor = Concern<Manager>;
