//! Datagrams ⇄ messages. Nothing else knows bytes.

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
