//! What a configuration file says of a node.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use uuid::Uuid;

use crate::config::Settings;
use crate::transport::Reach;

/// A node's configuration: its settings, its identity and how it reaches others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Timing, limits, cluster and mode.
    pub settings: Settings,
    /// Its UUID, which ranks it in elections; without one, a random one.
    pub id: Option<Uuid>,
    /// Where its socket binds. Loopback keeps the node to this machine.
    pub bind: SocketAddr,
    /// The address that it tells others, where they reach it at another than it is bound to.
    pub advertise: Option<SocketAddr>,
    /// Where it keeps its log; without one, in memory.
    pub data_dir: Option<PathBuf>,
    /// How it reaches nodes that it does not know yet.
    pub reach: Reach,
}

/// Where nodes and clients meet, unless told otherwise.
pub const BROADCAST_PORT: u16 = 12_345;

impl Options {
    /// An ephemeral port on all interfaces, broadcasting to all of them.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            id: None,
            data_dir: None,
            bind: (Ipv4Addr::UNSPECIFIED, 0).into(),
            advertise: None,
            reach: Reach { broadcast_port: BROADCAST_PORT, broadcast_addresses: Vec::new(), join: Vec::new() },
        }
    }
}
