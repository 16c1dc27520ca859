//! Refusals: replies with a stable code, not errors.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a request was refused: the code for programs, the reason for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct Refusal {
    /// Stable.
    pub code: Code,
    /// For people; at most [`MAX_REASON`] bytes.
    pub reason: String,
}

/// At most so many bytes of reason.
pub const MAX_REASON: usize = 200;

/// Stable refusal codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// No such auction.
    NotFound,
    /// The auction is not in a state that allows this (waiting for joins, active for bids).
    NotOpen,
    /// The asker has not joined.
    NotParticipant,
    /// Only the auctioneer may.
    NotAuctioneer,
    /// The auctioneer may not.
    IsAuctioneer,
    /// The asker has joined before.
    AlreadyJoined,
    /// Another bid (or a pass) of the asker stands in this round.
    AlreadyBid,
    /// That round is not the open one, and has not been.
    WrongRound,
    /// That round is complete.
    RoundClosed,
    /// Below the minimum bid.
    BelowMinimum,
    /// Above the maximum bid.
    AboveMaximum,
    /// Not an amount, or the total would be too large to write.
    BadAmount,
    /// Not a well-formed request; the reason says what is wrong.
    BadRequest,
    /// The minimum of bidders has not joined.
    NotReady,
    /// The auction has all the bidders that it can hold.
    Full,
    /// Too old to tell whether it was carried out. Never carried out now.
    Expired,
    /// No outcome: the leader hears no quorum. The client goes on with the same id.
    NoQuorum,
    /// No outcome: too much at once. The client goes on with the same id, later.
    Busy,
}

impl Code {
    /// As written on the wire and in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::NotOpen => "NOT_OPEN",
            Self::NotParticipant => "NOT_PARTICIPANT",
            Self::NotAuctioneer => "NOT_AUCTIONEER",
            Self::IsAuctioneer => "IS_AUCTIONEER",
            Self::AlreadyJoined => "ALREADY_JOINED",
            Self::AlreadyBid => "ALREADY_BID",
            Self::WrongRound => "WRONG_ROUND",
            Self::RoundClosed => "ROUND_CLOSED",
            Self::BelowMinimum => "BELOW_MINIMUM",
            Self::AboveMaximum => "ABOVE_MAXIMUM",
            Self::BadAmount => "BAD_AMOUNT",
            Self::BadRequest => "BAD_REQUEST",
            Self::NotReady => "NOT_READY",
            Self::Full => "FULL",
            Self::Expired => "EXPIRED",
            Self::NoQuorum => "NO_QUORUM",
            Self::Busy => "BUSY",
        }
    }

    /// Whether it says nothing about the request's fate: the client goes on with the same id.
    pub const fn is_no_outcome(self) -> bool {
        matches!(self, Self::NoQuorum | Self::Busy)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
