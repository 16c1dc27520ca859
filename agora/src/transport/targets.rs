//! Where broadcasts go.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::net::Net;

/// How a node reaches nodes that it does not know yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Heard here, and sent there.
    pub broadcast_port: u16,
    /// Exactly these; where empty, what [`Reach::broadcasts`] finds.
    pub broadcast_addresses: Vec<Ipv4Addr>,
    /// `host:port` of nodes that get every broadcast too.
    pub join: Vec<String>,
}

/// Reaches every node of this machine.
const LOOPBACK: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);

/// More addresses behind one name than any cluster has nodes are a mistake.
const MOST_PER_NAME: usize = 64;

impl Reach {
    /// The broadcast addresses of a node bound to `local`: those configured; else, bound to loopback, loopback's;
    /// else those of all interfaces. None for IPv6, which has no broadcast.
    pub fn broadcasts(&self, local: IpAddr, net: &dyn Net) -> Vec<SocketAddr> {
        if local.is_ipv6() {
            return Vec::new();
        }
        let mut addresses = self.broadcast_addresses.clone();
        if addresses.is_empty() {
            if !local.is_loopback() {
                addresses = net.broadcast_addresses();
            }
            addresses.push(LOOPBACK);
        }
        addresses.into_iter().map(|address| (address, self.broadcast_port).into()).collect()
    }

    /// The addresses behind the `--join` names that a node bound to `local` can send to, and the names without any.
    pub async fn joins(&self, local: IpAddr, net: &dyn Net) -> (Vec<SocketAddr>, Vec<String>) {
        let (mut found, mut failed) = (Vec::new(), Vec::new());
        for name in &self.join {
            let addresses = net.lookup(name).await.unwrap_or_default();
            let before = found.len();
            found.extend(addresses.into_iter().filter(|to| to.is_ipv6() == local.is_ipv6()).take(MOST_PER_NAME));
            if found.len() == before {
                failed.push(name.clone());
            }
        }
        found.sort_unstable();
        found.dedup();
        (found, failed)
    }
}
