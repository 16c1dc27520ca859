//! The replicator as an actor.

use super::protocol::Replicator;
use crate::actor::Concern;

/// [`Replicator`] in the shell that drives it: made with [`Concern::new`], told
/// [`In`](crate::actor::In)`<`[`Input`](super::message::Input)`>`.
///
/// Its outputs go to the transport, the disk, and all other concerns. Every `Write` has to be answered with `Flushed`,
/// or nothing is ever acknowledged.
pub type ReplicatorActor = Concern<Replicator>;
