//! How large what the network brings may be, and why.

/// No datagram is longer, header and tag included: it passes every Ethernet, tunnel and IPv6 path in one piece (IPv6
/// guarantees 1,280 bytes, less 48 for IPv6 and UDP, less room for a tunnel).
pub const MAX_DATAGRAM: usize = 1_200;

/// Bytes of the header, see [`super::Header`].
pub const HEADER: usize = 44;

/// Bytes of the tag at the end: as long as that of an authenticated cipher, so that keys move no byte.
pub const TAG: usize = 16;

/// What is left for messages; a single message is not longer either.
pub const MAX_PAYLOAD: usize = MAX_DATAGRAM - HEADER - TAG;

/// At most so many messages in one datagram: it bounds the work that one datagram can cause.
pub const MAX_MESSAGES: usize = 64;

/// Nesting of lists and structures in a message. The deepest (the members in an entry in STATE_REPLICATE) needs 7; more
/// is refused before it can use up the stack.
pub const MAX_DEPTH: usize = 12;
