//! What every request and every answer carries.

use serde::{Deserialize, Serialize};

use crate::auction::event::{Receipt, RequestKey};
use crate::auction::refusal::Refusal;
use crate::heartbeat::message::Session;
use crate::id::{Index, RequestId};

/// What every request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Who asks, from where.
    pub session: Session,
    /// Chosen once, kept on every retry.
    pub request: RequestId,
    /// The commit index that the client knew when it first sent this: the request cannot have been carried out at or
    /// before it.
    pub known: Index,
}

impl Call {
    /// The key under which it takes effect at most once.
    pub const fn key(&self) -> RequestKey {
        RequestKey { participant: self.session.participant, request: self.request }
    }
}

/// What the leader says of an acknowledged request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The request's.
    pub request: RequestId,
    /// What was done.
    pub receipt: Receipt,
    /// What the acknowledgement rests on.
    pub durability: Durability,
    /// Whether it is on disk.
    pub disk: bool,
}

/// What an acknowledgement rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Durability {
    /// A majority of the members holds it.
    #[serde(rename = "quorum")]
    Quorum,
    /// All members of the view hold it.
    #[serde(rename = "reachable")]
    Reachable,
}

/// What the leader says of a refused request. After `NO_QUORUM` and `BUSY` its fate is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deny {
    /// The request's.
    pub request: RequestId,
    /// Why.
    pub refusal: Refusal,
    /// With `BUSY`: how long to wait before it is sent again, in milliseconds, where that is known.
    pub retry_ms: Option<u64>,
}
