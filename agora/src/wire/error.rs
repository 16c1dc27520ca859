//! What can be wrong with a datagram, a kind each, so that the transport can count them.

/// Why a datagram was dropped. It has no data, so a table by kind has a few lines, whatever arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum WireError {
    /// Shorter than header and tag.
    #[error("too short for header and tag")]
    TooShort,
    /// Longer than [`MAX_DATAGRAM`](super::MAX_DATAGRAM).
    #[error("longer than a datagram may be")]
    TooLong,
    /// It does not begin with the magic bytes: no datagram of ours.
    #[error("not an Agora datagram")]
    Magic,
    /// A version that this program does not speak.
    #[error("unknown version")]
    Version,
    /// Of another cluster.
    #[error("of another cluster")]
    Cluster,
    /// Sealed with a key; this program knows none.
    #[error("sealed with an unknown key")]
    Key,
    /// Damaged on the way.
    #[error("damaged")]
    Tag,
    /// Of a replicated log that this node does not carry.
    #[error("of another log")]
    Log,
    /// No message inside.
    #[error("empty")]
    Empty,
    /// More than [`MAX_MESSAGES`](super::MAX_MESSAGES) messages.
    #[error("too many messages")]
    TooManyMessages,
    /// Where a message should begin there is something else, or a name that no concern has.
    #[error("unknown message")]
    UnknownMessage,
    /// A message with a known name whose fields are not what they should be.
    #[error("malformed message")]
    Malformed,
}

/// A message that no datagram can carry: longer than [`MAX_PAYLOAD`](super::MAX_PAYLOAD) by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("message does not fit into a datagram")]
pub struct TooLarge;
