//! What a node is started with.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use uuid::Uuid;

use crate::auction::event::Decision;
use crate::config::Settings;
use crate::id::Index;
use crate::transport::{Reach, Tap};

/// Is told every entry of the auctions that is committed on this node, in order. It must not wait.
pub type Applied = Arc<dyn Fn(Index, &Decision) + Send + Sync>;

/// What a node is started with: its settings, its identity and how it reaches others.
#[derive(Clone)]
pub struct Options {
    /// Timing, limits, cluster and mode.
    pub settings: Settings,
    /// Its UUID, which ranks it in elections; without one, a random one.
    pub id: Option<Uuid>,
    /// Where its socket binds. Loopback keeps the node to this machine.
    pub bind: SocketAddr,
    /// The address that it tells others, where they reach it at another than it is bound to.
    pub advertise: Option<SocketAddr>,
    /// How it reaches nodes that it does not know yet.
    pub reach: Reach,
    /// Sees every message.
    pub tap: Option<Tap>,
    /// Is told what is committed.
    pub applied: Option<Applied>,
}

/// Where nodes and clients meet, unless told otherwise.
pub const BROADCAST_PORT: u16 = 12_345;

impl Options {
    /// An ephemeral port on all interfaces, broadcasting to all of them.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            id: None,
            bind: (Ipv4Addr::UNSPECIFIED, 0).into(),
            advertise: None,
            reach: Reach { broadcast_port: BROADCAST_PORT, broadcast_addresses: Vec::new(), join: Vec::new() },
            tap: None,
            applied: None,
        }
    }

    /// An ephemeral port on loopback, broadcasting on `broadcast_port` of this machine only.
    pub fn loopback(settings: Settings, broadcast_port: u16) -> Self {
        let mut options = Self::new(settings);
        options.bind = (Ipv4Addr::LOCALHOST, 0).into();
        options.reach.broadcast_port = broadcast_port;
        options
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("settings", &self.settings)
            .field("id", &self.id)
            .field("bind", &self.bind)
            .field("advertise", &self.advertise)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}
