//! What the replicator says on the wire, and to its neighbours.

mod entry;
mod neighbours;
mod orders;
mod situation;
mod wire;

pub use entry::{Body, Chunks, Entry, MAX_EVENTS, MAX_MEMBERS, MAX_VOTERS, Record, Snapshot};
pub use neighbours::{Fault, Input, LogEnd, Output};
pub use orders::{Order, Ordered, Unfit};
pub use situation::{Around, Peer, Situation, Standing};
pub use wire::Message;
