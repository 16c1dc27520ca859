//! The sequencer as an actor.

use super::protocol::Sequencer;
use crate::actor::Concern;

/// [`Sequencer`] in the shell that drives it: made with [`Concern::new`], told
/// [`In`](crate::actor::In)`<`[`Input`](super::message::Input)`>`.
///
/// Its outputs go to the replicator, in the order in which they come.
pub type SequencerActor = Concern<Sequencer>;
