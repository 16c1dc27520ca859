//! What is taken from the network at all.

use std::net::SocketAddr;

use super::counters::Count;
use crate::id::NodeId;
use crate::wire::{ClusterTag, Header, Message, WireError, open};

/// What a node takes: messages of its cluster, from others, and, bound to loopback, from this machine only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sieve {
    /// The node's.
    pub(super) cluster: ClusterTag,
    /// The node keeps to loopback.
    pub(super) loopback_only: bool,
}

impl Sieve {
    /// The messages of a datagram, or the kind of reason why it is dropped.
    pub(super) fn sift(self, me: NodeId, from: SocketAddr, bytes: &[u8]) -> Result<(Header, Vec<Message>), Count> {
        if self.loopback_only && !from.ip().is_loopback() {
            return Err(Count::Outside);
        }
        let (header, messages) = open(bytes, self.cluster).map_err(kind)?;
        if header.sender == me { Err(Count::Own) } else { Ok((header, messages)) }
    }
}

fn kind(error: WireError) -> Count {
    match error {
        WireError::TooShort | WireError::TooLong | WireError::Magic => Count::Rubbish,
        WireError::Cluster => Count::Foreign,
        WireError::Version | WireError::Key | WireError::Log => Count::OtherVersion,
        WireError::Tag => Count::Damaged,
        WireError::Empty | WireError::TooManyMessages | WireError::UnknownMessage | WireError::Malformed => {
            Count::Malformed
        }
    }
}
