//! A [`Decision`] as the opaque bytes that the log holds: MessagePack, structures as arrays, so fields are only ever
//! appended.

use crate::auction::event::Decision;

/// The bytes of a decision.
pub(crate) fn encode(decision: &Decision) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    rmp_serde::to_vec(decision)
}

/// The decision in an entry's bytes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decision, rmp_serde::decode::Error> {
    rmp_serde::from_slice(bytes)
}
