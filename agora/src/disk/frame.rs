//! Records ⇄ bytes.

use std::io::Cursor;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::Mode;
use crate::id::{Epoch, Index, Position};
use crate::replicator::message::Entry;

/// Length and checksum.
const HEADER: usize = 8;
/// No record is longer: an entry fits a datagram.
const MAX_PAYLOAD: usize = 4_096;
/// The version of all this.
pub(super) const FORMAT: u32 = 1;

/// A record of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Line {
    /// The first one: whose log this is.
    #[serde(rename = "H")]
    Head {
        /// The version of the format.
        format: u32,
        /// The cluster's name.
        cluster: String,
        /// The cluster's mode and size.
        mode: Mode,
        /// The node's UUID.
        uuid: Uuid,
        /// The life of this log.
        incarnation: u64,
    },
    /// What follows up to this position is a snapshot: without the entries that matter no more.
    #[serde(rename = "B")]
    Base(Position),
    /// The highest promise.
    #[serde(rename = "P")]
    Promise(Epoch),
    /// An entry at the end.
    #[serde(rename = "A")]
    Append(Entry),
    /// Everything from this index on is gone.
    #[serde(rename = "C")]
    Cut(Index),
    /// Everything before this record was flushed.
    #[serde(rename = "M")]
    Mark {
        /// Where this record is.
        offset: u64,
        /// What was committed.
        commit: Index,
    },
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The file ends in it.
    #[error("the file ends in the middle of a record")]
    Short,
    /// No record has that length.
    #[error("no record has that length")]
    Length,
    /// It is not what was written.
    #[error("the checksum is wrong")]
    Checksum,
    /// It is what was written, and means nothing to this version.
    #[error("a record that this version does not know")]
    Unknown,
    /// It does not fit those before it.
    #[error("a record that does not fit those before it")]
    Unfitting,
}

/// Appends a record's frame.
pub(super) fn push(line: &Line, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; HEADER]);
    // Writing to memory fails only for lists that no entry has.
    let written = line.serialize(&mut rmp_serde::Serializer::new(&mut *bytes));
    debug_assert!(written.is_ok());
    let length = u32::try_from(bytes.len() - start - HEADER).unwrap_or(u32::MAX);
    let sum = checksum(length, &bytes[start + HEADER..]);
    bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
    bytes[start + 4..start + HEADER].copy_from_slice(&sum.to_be_bytes());
}

/// The record at `offset`, and where the next one begins.
pub(super) fn read(bytes: &[u8], offset: usize) -> Result<(Line, usize), Damage> {
    let rest = bytes.get(offset..).unwrap_or_default();
    let (length, rest) = rest.split_first_chunk().ok_or(Damage::Short)?;
    let (sum, rest) = rest.split_first_chunk().ok_or(Damage::Short)?;
    let length = u32::from_be_bytes(*length);
    let size = usize::try_from(length).ok().filter(|size| (1..=MAX_PAYLOAD).contains(size)).ok_or(Damage::Length)?;
    let payload = rest.get(..size).ok_or(Damage::Short)?;
    if checksum(length, payload) != u32::from_be_bytes(*sum) {
        return Err(Damage::Checksum);
    }
    let mut deserializer = rmp_serde::Deserializer::new(Cursor::new(payload));
    let line = Line::deserialize(&mut deserializer).map_err(|_| Damage::Unknown)?;
    if deserializer.position() != u64::from(length) {
        return Err(Damage::Unknown);
    }
    Ok((line, offset + HEADER + size))
}

/// Whether a mark stands anywhere at or after `offset`: found by its looks, as what is before it cannot be read.
pub(super) fn has_mark_after(bytes: &[u8], offset: usize) -> bool {
    (offset..bytes.len())
        .any(|place| matches!(read(bytes, place), Ok((Line::Mark { offset: named, .. }, _)) if named == place as u64))
}

fn checksum(length: u32, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length.to_be_bytes()), payload)
}
