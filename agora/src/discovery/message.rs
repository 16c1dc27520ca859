//! What discovery says on the wire, and to its neighbours.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::config::Mode;
use crate::id::{Epoch, FoundingId, Index, Member, NodeId, Position};
use crate::replicator::message::Situation;

/// On the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Broadcast, and to every `--join` address: *who is there?* From a node, with what it knows; from a client, with
    /// padding, so that no answer is larger than the question.
    #[serde(rename = "DISCOVERY_REQUEST")]
    Request {
        /// Random per start of a node or client; the response repeats it.
        nonce: u64,
        /// From a node: what it tells of itself. From a client: nothing.
        node: Option<Box<About>>,
        /// Ignored, but for its length: a client sends at least [`CLIENT_PADDING`] bytes, a node [`NODE_PADDING`]. A
        /// shorter one gets no answer.
        #[serde(with = "serde_bytes")]
        padding: Vec<u8>,
    },
    /// A node's answer to a node.
    #[serde(rename = "DISCOVERY_RESPONSE")]
    Response {
        /// The request's.
        nonce: u64,
        /// What the answering node tells of itself.
        node: Box<About>,
        /// Where it lately heard others, at most [`MAX_OTHERS`]: by turns, if it heard more.
        others: Vec<SocketAddr>,
    },
    /// A node's answer to a client, and a new leader's word to the clients: who leads, as far as the sender knows.
    #[serde(rename = "LEADER_DETAILS")]
    LeaderDetails {
        /// The request's nonce; 0 where nobody asked.
        nonce: u64,
        /// The leader and its address, if the sender knows one. An unspecified IP (`0.0.0.0`, `::`) means the address
        /// that this datagram came from: the leader itself answers, and is bound to all its addresses.
        leader: Option<(NodeId, SocketAddr)>,
        /// The highest epoch that the sender has promised.
        epoch: Epoch,
        /// The sender's commit index: what a new request of this client names as known.
        commit: Index,
        /// Proves, repeated in later messages to the same node, that the client receives at its address.
        cookie: u64,
        /// The cluster's heart-beat interval in milliseconds: how often a client polls and retries.
        interval_ms: u32,
    },
}

/// A client's DISCOVERY_REQUEST carries this many bytes of padding: a LEADER_DETAILS is not longer.
pub const CLIENT_PADDING: usize = 160;

/// At most so many addresses in a DISCOVERY_RESPONSE.
pub const MAX_OTHERS: usize = 8;

/// A node's DISCOVERY_REQUEST carries this many bytes of padding: the DISCOVERY_RESPONSE of a node that knows more, and so
/// has more to tell, is not longer.
pub const NODE_PADDING: usize = 512;

/// What a node tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its identity and priority.
    pub member: Member,
    /// Its mode and size; a node of another one exits 2.
    pub mode: Mode,
    /// Its log is on disk.
    pub disk: bool,
    /// The founding of the log that it holds, if it holds one.
    pub founding: Option<FoundingId>,
    /// Its highest promise.
    pub promise: Epoch,
    /// Whom it follows, or itself while it leads.
    pub leader: Option<NodeId>,
    /// It leads and serves.
    pub serving: bool,
    /// The last entry that it knows committed.
    pub commit: Position,
    /// The last entry that it holds.
    pub last: Position,
    /// How many auction entries are committed in its log.
    pub decided: u64,
}

/// What discovery is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// From the transport: a message and the address that it came from. `sender` is the node in the datagram's header
    /// (nil for clients).
    Message {
        /// The datagram's source address.
        from: SocketAddr,
        /// The node in the datagram's header.
        sender: NodeId,
        /// What it says.
        message: Message,
    },
    /// From the transport, once, at the start: the address that this node's socket is bound to, which LEADER_DETAILS
    /// names while it leads.
    Bound(SocketAddr),
    /// From the replicator, whenever any of it changes.
    Situation(Box<Situation>),
    /// From the auction manager: a client asked here, and this node does not serve (or its cookie is stale); tell it
    /// who leads.
    Redirect(SocketAddr),
    /// From the auction manager, once it serves: tell these clients who leads now.
    Announce(Vec<SocketAddr>),
}

/// What discovery wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To the broadcast addresses and every `--join` address.
    Broadcast(Message),
    /// To one address.
    SendTo {
        /// The address.
        to: SocketAddr,
        /// What.
        message: Message,
    },
    /// To replicator (and, with the address, to the transport): what a node told of itself.
    Found {
        /// Where it is.
        address: SocketAddr,
        /// What it told.
        about: Box<About>,
    },
    /// To the replicator, once: the discovery window is over.
    WindowClosed,
    /// To the host: this UUID is already running, under another incarnation. Exit 1.
    SameUuid(SocketAddr),
    /// To the host: a node of this cluster name runs in another mode or size. Exit 2.
    OtherMode {
        /// Where it is.
        address: SocketAddr,
        /// What it runs.
        mode: Mode,
    },
}
