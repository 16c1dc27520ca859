//! Opening a node's sockets.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::net::{Net, Socket};
use super::targets::Reach;

/// How long a starting node waits for names.
const LOOKUP: Duration = Duration::from_secs(2);

/// Why the sockets could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The unicast socket.
    #[error("cannot bind {address}: {reason}")]
    Bind {
        /// As configured.
        address: SocketAddr,
        /// The system's words.
        reason: String,
    },
    /// The broadcast listener.
    #[error("cannot listen on broadcast port {port}: {reason}")]
    BroadcastPort {
        /// As configured.
        port: u16,
        /// The system's words.
        reason: String,
    },
}

/// A node's sockets, open.
pub struct Sockets {
    pub(super) net: Arc<dyn Net>,
    pub(super) unicast: Rc<dyn Socket>,
    pub(super) listener: Option<Rc<dyn Socket>>,
    pub(super) reach: Reach,
    pub(super) joins: Vec<SocketAddr>,
    /// The `--join` names without an address.
    pub(super) unfound: Vec<String>,
    local: SocketAddr,
}

impl Sockets {
    /// Opens them and looks the `--join` names up. Without the broadcast port a node goes on if it has names to join.
    pub async fn open(net: Arc<dyn Net>, bind: SocketAddr, reach: Reach) -> Result<Self, OpenError> {
        let failed = |error: io::Error| OpenError::Bind { address: bind, reason: error.to_string() };
        let unicast = net.unicast(bind).await.map_err(failed)?;
        let local = unicast.local_address().map_err(failed)?;
        let listener = if local.is_ipv6() { None } else { listen(&*net, &reach).await? };
        let lookup = tokio::time::timeout(LOOKUP, reach.joins(local.ip(), &*net)).await;
        let (joins, unfound) = lookup.unwrap_or_else(|_| (Vec::new(), reach.join.clone()));
        warn_of_names(&[], &unfound);
        Ok(Self { net, unicast, listener, reach, joins, unfound, local })
    }

    /// The unicast socket's address, as bound.
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// The address that others reach this node at: as bound, or on the first interface where all are bound.
    pub fn reachable(&self) -> SocketAddr {
        let ip = self.local.ip();
        if !ip.is_unspecified() {
            return self.local;
        }
        let loopback = if ip.is_ipv4() { IpAddr::from([127, 0, 0, 1]) } else { IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]) };
        let own = self.net.own_address().filter(|own| own.is_ipv4() == ip.is_ipv4());
        (own.unwrap_or(loopback), self.local.port()).into()
    }
}

/// Says which names have no address, but for those that had none `before`.
pub(super) fn warn_of_names(before: &[String], unfound: &[String]) {
    for name in fresh(before, unfound) {
        log::warn!(
            "--join {name}: no address that this node can send to. It goes on looking, and without it may found a cluster \
             of its own"
        );
    }
}

/// What `now` has and `before` had not.
pub(super) fn fresh<'a>(before: &'a [String], now: &'a [String]) -> impl Iterator<Item = &'a String> {
    now.iter().filter(|name| !before.contains(name))
}

async fn listen(net: &dyn Net, reach: &Reach) -> Result<Option<Rc<dyn Socket>>, OpenError> {
    match net.listener(reach.broadcast_port).await {
        Ok(socket) => Ok(Some(socket)),
        Err(error) if reach.join.is_empty() => {
            Err(OpenError::BroadcastPort { port: reach.broadcast_port, reason: error.to_string() })
        }
        Err(error) => {
            log::warn!("no broadcast on port {}: {error}; only --join finds other nodes", reach.broadcast_port);
            Ok(None)
        }
    }
}
