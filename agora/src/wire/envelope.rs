//! The header before the messages, and the tag behind them.

use uuid::Uuid;

use super::Message;
use super::codec;
use super::error::WireError;
use super::limits::{HEADER, MAX_DATAGRAM, TAG};
use crate::id::NodeId;

const MAGIC: [u8; 2] = *b"Ag";
const VERSION: u8 = 1;
/// The key id of a tag that is a checksum.
const NO_KEY: u8 = 0;
/// The one replicated log that a node carries today.
const LOG: u32 = 0;

/// Which cluster a datagram belongs to: the CRC-32 of the cluster's name.
///
/// It keeps clusters on one network apart; it does not keep anybody out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterTag(u32);

impl ClusterTag {
    /// The tag of the cluster of this name.
    pub fn of(name: &str) -> Self {
        Self(crc32fast::hash(name.as_bytes()))
    }
}

/// What a datagram says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The sender's cluster.
    pub cluster: ClusterTag,
    /// The sender. A client has a nil UUID, and its session as incarnation.
    pub sender: NodeId,
    /// How many datagrams the sender had sealed before: no two of one incarnation have the same.
    pub counter: u64,
}

/// Seals the datagrams of one sender, and counts them.
#[derive(Debug)]
pub struct Sealer {
    header: Header,
}

impl Sealer {
    /// For a node; for a client, with a nil UUID and its session as incarnation. One per incarnation: the counter
    /// starts anew with it.
    pub const fn new(cluster: ClusterTag, sender: NodeId) -> Self {
        Self { header: Header { cluster, sender, counter: 0 } }
    }

    /// Fills in the first [`HEADER`] and the last [`TAG`] bytes of `datagram`, which has its messages between them.
    pub(super) fn seal(&mut self, datagram: &mut [u8]) {
        let Some(sealed) = datagram.len().checked_sub(TAG) else { return };
        if let Some(header) = datagram.first_chunk_mut() {
            *header = write_header(&self.header);
        }
        let tag = tag(&datagram[..sealed]);
        datagram[sealed..].copy_from_slice(&tag);
        self.header.counter = self.header.counter.wrapping_add(1);
    }
}

/// Opens a datagram of `cluster`: whole and well-formed, or not at all.
///
/// This is the one entrance for bytes from outside. It takes any bytes, never panics, and allocates in proportion to
/// [`MAX_DATAGRAM`] only.
pub fn open(datagram: &[u8], cluster: ClusterTag) -> Result<(Header, Vec<Message>), WireError> {
    if datagram.len() > MAX_DATAGRAM {
        return Err(WireError::TooLong);
    }
    let (sealed, found) = datagram.split_last_chunk::<TAG>().ok_or(WireError::TooShort)?;
    let (header, payload) = sealed.split_first_chunk::<HEADER>().ok_or(WireError::TooShort)?;
    let header = read_header(header, cluster, || tag(sealed) == *found)?;
    Ok((header, codec::decode_all(payload)?))
}

fn tag(sealed: &[u8]) -> [u8; TAG] {
    let mut tag = [0; TAG];
    tag[..4].copy_from_slice(&crc32fast::hash(sealed).to_be_bytes());
    tag
}

fn write_header(header: &Header) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[0..2].copy_from_slice(&MAGIC);
    bytes[2] = VERSION;
    bytes[3] = NO_KEY;
    bytes[4..8].copy_from_slice(&header.cluster.0.to_be_bytes());
    bytes[8..12].copy_from_slice(&LOG.to_be_bytes());
    bytes[12..28].copy_from_slice(header.sender.uuid.as_bytes());
    bytes[28..36].copy_from_slice(&header.sender.incarnation.to_be_bytes());
    bytes[36..44].copy_from_slice(&header.counter.to_be_bytes());
    bytes
}

/// What is foreign is told from what is damaged, as far as that can be told: the tag is looked at only where all that
/// comes before it is ours.
fn read_header(
    bytes: &[u8; HEADER],
    cluster: ClusterTag,
    undamaged: impl FnOnce() -> bool,
) -> Result<Header, WireError> {
    if bytes[0..2] != MAGIC {
        return Err(WireError::Magic);
    }
    if bytes[2] != VERSION {
        return Err(WireError::Version);
    }
    if bytes[3] != NO_KEY {
        return Err(WireError::Key);
    }
    if number::<4>(bytes, 4) != u64::from(cluster.0) {
        return Err(WireError::Cluster);
    }
    if !undamaged() {
        return Err(WireError::Tag);
    }
    if number::<4>(bytes, 8) != u64::from(LOG) {
        return Err(WireError::Log);
    }
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&bytes[12..28]);
    let sender = NodeId { uuid: Uuid::from_bytes(uuid), incarnation: number::<8>(bytes, 28) };
    Ok(Header { cluster, sender, counter: number::<8>(bytes, 36) })
}

/// The big-endian number of `N` bytes at `at`.
fn number<const N: usize>(bytes: &[u8; HEADER], at: usize) -> u64 {
    bytes[at..at + N].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
