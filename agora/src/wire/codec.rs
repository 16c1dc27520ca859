//! Messages ⇄ MessagePack: a map of one pair, a message's name to the array of its fields.
//!
//! That is what `rmp-serde`'s compact form makes of each concern's enum, with UUIDs and byte strings as *bin*. Coming
//! in, the name alone decides whose message it is.

use std::io::Cursor;

use rmp_serde::{Deserializer, Serializer};
use serde::{Deserialize, Serialize};

use super::Message;
use super::error::{TooLarge, WireError};
use super::limits::{MAX_DEPTH, MAX_MESSAGES, MAX_PAYLOAD};

/// Appends a message's bytes to `bytes`; on an error, nothing is appended.
pub fn encode(message: &Message, bytes: &mut Vec<u8>) -> Result<(), TooLarge> {
    let start = bytes.len();
    let encoded = write(message, bytes);
    // A list of more than 2^32 elements is all that rmp-serde refuses of our types.
    if encoded.is_err() || bytes.len() - start > MAX_PAYLOAD {
        bytes.truncate(start);
        return Err(TooLarge);
    }
    Ok(())
}

/// A message's name, as the wire has it.
pub fn name(message: &Message) -> String {
    let mut bytes = Vec::new();
    // The name comes first, so it is there even where a field cannot be written.
    let _ = write(message, &mut bytes);
    peek_name(&bytes).map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default()
}

fn write(message: &Message, bytes: &mut Vec<u8>) -> Result<(), rmp_serde::encode::Error> {
    let mut serializer = Serializer::new(bytes);
    match message {
        Message::Discovery(message) => message.serialize(&mut serializer),
        Message::Heartbeat(message) => message.serialize(&mut serializer),
        Message::Election(message) => message.serialize(&mut serializer),
        Message::Replicator(message) => message.serialize(&mut serializer),
        Message::Lobby(message) => message.serialize(&mut serializer),
        Message::Bidding(message) => message.serialize(&mut serializer),
        Message::Outcome(message) => message.serialize(&mut serializer),
    }
}

/// All messages of a payload, or none.
pub(super) fn decode_all(payload: &[u8]) -> Result<Vec<Message>, WireError> {
    let mut deserializer = Deserializer::new(Cursor::new(payload));
    deserializer.set_max_depth(MAX_DEPTH);
    let mut messages = Vec::new();
    loop {
        // The position never passes the end, and fits: the payload is one datagram's.
        let rest = usize::try_from(deserializer.position()).ok().and_then(|position| payload.get(position..));
        let rest = rest.unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        if messages.len() == MAX_MESSAGES {
            return Err(WireError::TooManyMessages);
        }
        let concern = peek_name(rest).and_then(Concern::of).ok_or(WireError::UnknownMessage)?;
        messages.push(concern.decode(&mut deserializer).map_err(|_| WireError::Malformed)?);
    }
    if messages.is_empty() { Err(WireError::Empty) } else { Ok(messages) }
}

/// The name of the message that `bytes` begin with: the key of a map of one pair.
fn peek_name(bytes: &[u8]) -> Option<&[u8]> {
    const MAP_OF_ONE: u8 = 0x81;
    const SHORT_STRING: u8 = 0b1010_0000;
    const STRING_OF_U8_LENGTH: u8 = 0xd9;
    match bytes {
        [MAP_OF_ONE, STRING_OF_U8_LENGTH, length, rest @ ..] => rest.get(..usize::from(*length)),
        [MAP_OF_ONE, marker, rest @ ..] if marker & 0b1110_0000 == SHORT_STRING => {
            rest.get(..usize::from(marker & 0b0001_1111))
        }
        _ => None,
    }
}

/// Whose message it is.
enum Concern {
    Discovery,
    Heartbeat,
    Election,
    Replicator,
    Lobby,
    Bidding,
    Outcome,
}

impl Concern {
    /// By name, those that a loaded leader receives most first.
    fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"BID_SUBMIT"
            | b"BID_SUBMIT_RETRANSMIT"
            | b"BID_ACK"
            | b"BID_DENY"
            | b"BID_BROADCAST"
            | b"ROUND_START"
            | b"ROUND_COMPLETE"
            | b"AUCTION_CREATED"
            | b"PARTICIPANT_JOINED"
            | b"PARTICIPANT_LEFT"
            | b"AUCTION_READY_CHECK"
            | b"AUCTION_START" => Self::Bidding,
            b"STATE_REPLICATE"
            | b"STATE_REPLICATE_ACK"
            | b"STATE_REPLICATE_DENY"
            | b"STATE_REPLICATION_REQUEST"
            | b"STATE_REPLICATION_RESPONSE"
            | b"STATE_SNAPSHOT"
            | b"STATE_SNAPSHOT_REQUEST"
            | b"LEADER_ELECTION_COORDINATION_REQUEST"
            | b"LEADER_ACK_RESPONSE"
            | b"LEADER_TRANSFER"
            | b"MEMBER_LEAVE"
            | b"LEADER_SUPERSEDED" => Self::Replicator,
            b"HEART_BEAT" | b"HEART_BEAT_ACK" => Self::Heartbeat,
            b"AUCTION_WINNER"
            | b"AUCTION_LOSER"
            | b"AUCTION_RESULT"
            | b"AUCTION_CANCEL"
            | b"AUCTION_CANCEL_REQUEST"
            | b"AUCTION_CANCEL_ACK"
            | b"AUCTION_CANCEL_DENY"
            | b"AUCTION_EVENTS_REQUEST"
            | b"AUCTION_EVENTS_RESPONSE"
            | b"STATUS_REQUEST"
            | b"STATUS_RESPONSE"
            | b"CLUSTER_ORDER_REQUEST"
            | b"CLUSTER_ORDER_RESPONSE" => Self::Outcome,
            b"AUCTION_CREATE_REQUEST"
            | b"AUCTION_CREATE_ACK"
            | b"AUCTION_CREATE_DENY"
            | b"AUCTION_LIST_REQUEST"
            | b"AUCTION_LIST_RESPONSE"
            | b"AUCTION_JOIN_REQUEST"
            | b"AUCTION_LEAVE_REQUEST"
            | b"AUCTION_LEAVE_ACK"
            | b"AUCTION_LEAVE_DENY"
            | b"AUCTION_JOIN_ACK"
            | b"AUCTION_JOIN_DENY"
            | b"AUCTION_READY_CONFIRM"
            | b"AUCTION_READY_CONFIRM_ACK"
            | b"AUCTION_READY_CONFIRM_DENY" => Self::Lobby,
            b"DISCOVERY_REQUEST" | b"DISCOVERY_RESPONSE" | b"LEADER_DETAILS" => Self::Discovery,
            b"LEADER_ELECTION_REQUEST" | b"LEADER_ELECTION_RESPONSE" => Self::Election,
            _ => return None,
        })
    }

    fn decode(
        &self,
        deserializer: &mut Deserializer<rmp_serde::decode::ReadReader<Cursor<&[u8]>>>,
    ) -> Result<Message, rmp_serde::decode::Error> {
        Ok(match self {
            Self::Discovery => Message::Discovery(Deserialize::deserialize(deserializer)?),
            Self::Heartbeat => Message::Heartbeat(Deserialize::deserialize(deserializer)?),
            Self::Election => Message::Election(Deserialize::deserialize(deserializer)?),
            Self::Replicator => Message::Replicator(Deserialize::deserialize(deserializer)?),
            Self::Lobby => Message::Lobby(Deserialize::deserialize(deserializer)?),
            Self::Bidding => Message::Bidding(Deserialize::deserialize(deserializer)?),
            Self::Outcome => Message::Outcome(Deserialize::deserialize(deserializer)?),
        })
    }
}
