//! Election as an actor.

use super::protocol::Election;
use crate::actor::Concern;

/// [`Election`] in the shell that drives it: made with [`Concern::new`], told
/// [`In`](crate::actor::In)`<`[`Input`](super::message::Input)`>`.
///
/// Its outputs go to the transport and to whoever can take over: here the replicator, elsewhere a service of another
/// kind, which then has to tell it [`Situation`](super::message::Input::Situation)s.
pub type ElectionActor = Concern<Election>;
