//! Discovery as an actor.

use super::protocol::Discovery;
use crate::actor::Concern;

/// [`Discovery`] in the shell that drives it: made with [`Concern::new`], told
/// [`In`](crate::actor::In)`<`[`Input`](super::message::Input)`>`.
///
/// Its outputs go to the transport, and what it finds to the replicator; [`Bound`](super::message::Input::Bound) is the
/// first thing that it has to be told.
pub type DiscoveryActor = Concern<Discovery>;
