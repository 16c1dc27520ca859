//! A [`Decision`] as the opaque bytes that the log holds: MessagePack, structures as arrays, so fields are only ever
//! appended.

use bytes::Bytes;

use crate::auction::event::Decision;

/// The bytes of a decision: no more memory than they need, because the log keeps them. `scratch` is where they are written
/// first.
pub(crate) fn encode(decision: &Decision, scratch: &mut Vec<u8>) -> Result<Bytes, rmp_serde::encode::Error> {
    scratch.clear();
    rmp_serde::encode::write(scratch, decision)?;
    Ok(Bytes::copy_from_slice(scratch))
}

/// The decision in an entry's bytes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decision, rmp_serde::decode::Error> {
    rmp_serde::from_slice(bytes)
}
