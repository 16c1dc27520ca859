//! A sample or more of every message. The numbers mean nothing; those of different meaning differ.

mod auction;
mod servers;

use agora::id::{AuctionId, Epoch, NodeId, ParticipantId};
use agora::wire::Message;
use uuid::Uuid;

/// Every sample, under the label that `messages.txt` has it under.
pub(crate) fn all() -> Vec<(&'static str, Message)> {
    let mut samples = Vec::new();
    samples.extend(servers::discovery().map(|(label, message)| (label, Message::Discovery(message))));
    samples.extend(servers::heartbeat().map(|(label, message)| (label, Message::Heartbeat(message))));
    samples.extend(servers::election().map(|(label, message)| (label, Message::Election(message))));
    samples.extend(servers::replicator().map(|(label, message)| (label, Message::Replicator(message))));
    samples.extend(auction::lobby().map(|(label, message)| (label, Message::Lobby(message))));
    samples.extend(auction::bidding().map(|(label, message)| (label, Message::Bidding(message))));
    samples.extend(auction::outcome().map(|(label, message)| (label, Message::Outcome(message))));
    samples
}

fn node(number: u8) -> NodeId {
    NodeId { uuid: Uuid::from_bytes([number; 16]), incarnation: 0x0a00 + u64::from(number) }
}

fn epoch(number: u64) -> Epoch {
    Epoch { number, leader: node(1) }
}

fn auction_id() -> AuctionId {
    AuctionId(Uuid::from_bytes([0xa0; 16]))
}

fn participant(number: u8) -> ParticipantId {
    ParticipantId(Uuid::from_bytes([0xb0 + number; 16]))
}
