//! How a client reaches its cluster.

use std::net::{Ipv4Addr, SocketAddr};

use crate::id::ParticipantId;
use crate::node::BROADCAST_PORT;

/// How a client reaches its cluster, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// The cluster's name; datagrams of other clusters are dropped.
    pub cluster: String,
    /// As whom.
    pub participant: ParticipantId,
    /// `host:port` of nodes that are asked beside the broadcast.
    pub join: Vec<String>,
    /// The nodes' broadcast port.
    pub broadcast_port: u16,
    /// Exactly these; where empty, the broadcast address of every interface and that of loopback.
    pub broadcast_addresses: Vec<Ipv4Addr>,
    /// The address of the client's socket. On loopback it broadcasts on loopback only.
    pub bind: SocketAddr,
}

impl ClientConfig {
    /// The defaults: the cluster `agora`, by broadcast on port 12345.
    pub fn new(participant: ParticipantId) -> Self {
        Self {
            cluster: "agora".into(),
            participant,
            join: Vec::new(),
            broadcast_port: BROADCAST_PORT,
            broadcast_addresses: Vec::new(),
            bind: (Ipv4Addr::UNSPECIFIED, 0).into(),
        }
    }
}
