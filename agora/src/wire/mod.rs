//! Datagrams ⇄ messages. Nothing else knows bytes.
//!
//! Messages are packed into datagrams first; then each datagram is sealed:
//!
//! ```text
//!  0   2   3   4        8       12            28            36         44          len-16       len
//!  ├───┼───┼───┼────────┼────────┼─────────────┼─────────────┼──────────┼─────···─────┼───────────┤
//!  │Ag │ 1 │key│cluster │  log   │ sender UUID │ incarnation │ counter  │  messages   │    tag    │
//!  └───┴───┴───┴────────┴────────┴─────────────┴─────────────┴──────────┴─────···─────┴───────────┘
//! ```
//!
//! All numbers are big-endian. *cluster* is the CRC-32 of the cluster's name, *log* the number of the replicated log
//! (0), *key* the key that the tag was made with (0: none). Clients send a nil UUID and their session in the place of the
//! incarnation. Without keys the tag is the CRC-32 of all bytes before it, then twelve zeros: it finds damage, not
//! forgery.
//!
//! A message is a MessagePack map of one pair, its name to the array of its fields; messages follow each other without
//! anything between them. The names, and the bytes of one message each, are frozen in `tests/golden_wire`.
//!
//! The way out is [`Packer`], the way in is [`open`], which takes any bytes whatsoever and never panics.

mod codec;
mod envelope;
mod error;
mod limits;
mod pack;
#[cfg(test)]
mod tests;

pub use codec::{encode, name};
pub use envelope::{ClusterTag, Header, Sealer, open};
pub use error::{TooLarge, WireError};
pub use limits::{HEADER, MAX_DATAGRAM, MAX_DEPTH, MAX_MESSAGES, MAX_PAYLOAD, TAG};
pub use pack::Packer;

use crate::auction::message::{Bidding, Lobby, Outcome};
use crate::{discovery, election, heartbeat, replicator};

/// Any message, by the concern that owns it. On the wire each is a MessagePack map of one pair, its name to its
/// fields; the names of all concerns are distinct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Who is there.
    Discovery(discovery::message::Message),
    /// Who is still there.
    Heartbeat(heartbeat::message::Message),
    /// Who should lead.
    Election(election::message::Message),
    /// Who holds what.
    Replicator(replicator::message::Message),
    /// Setting up auctions.
    Lobby(Lobby),
    /// Running them.
    Bidding(Bidding),
    /// How they end, and reading their events.
    Outcome(Outcome),
}
