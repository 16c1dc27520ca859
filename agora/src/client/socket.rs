//! The client's UDP socket, and where its broadcasts go.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::UdpSocket;

use super::config::ClientConfig;
use crate::id::NodeId;
use crate::transport::{self, Net, Udp};
use crate::wire::{ClusterTag, MAX_DATAGRAM, Message, Packer, Sealer, open};

/// Names are looked up for at most so long.
const LOOKUP: Duration = Duration::from_secs(2);
/// At most so many datagrams are taken before timers and commands have their turn.
const AT_ONCE: usize = 64;
/// Reaches every node of this machine.
const LOOPBACK: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);

/// Why a client cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The socket.
    #[error("cannot bind {address}: {reason}")]
    Bind {
        /// As configured.
        address: SocketAddr,
        /// The system's words.
        reason: String,
    },
    /// A `--join` name.
    #[error("cannot find the address of `{name}`: {reason}")]
    Lookup {
        /// As configured.
        name: String,
        /// The system's words.
        reason: String,
    },
}

/// What the client needs of a datagram socket: tokio's, whose futures may change threads, or that of a [`Net`], whose
/// may not.
pub(super) trait Datagrams {
    fn readable(&self) -> impl Future<Output = io::Result<()>>;
    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()>;
    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;
}

impl Datagrams for UdpSocket {
    fn readable(&self) -> impl Future<Output = io::Result<()>> {
        Self::readable(self)
    }

    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        Self::try_send_to(self, bytes, to).map(|_| ())
    }

    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.try_recv_from(buffer)
    }
}

impl Datagrams for Rc<dyn transport::Socket> {
    fn readable(&self) -> impl Future<Output = io::Result<()>> {
        (**self).readable()
    }

    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        (**self).try_send_to(bytes, to)
    }

    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        (**self).try_receive(buffer)
    }
}

/// The socket, with what is to leave in this turn.
pub(super) struct Socket<D> {
    udp: D,
    net: Arc<dyn Net>,
    local: SocketAddr,
    cluster: ClusterTag,
    sealer: Sealer,
    packer: Packer,
    outgoing: BTreeMap<SocketAddr, Vec<Message>>,
    joins: Vec<SocketAddr>,
    broadcast_port: u16,
    broadcast_addresses: Vec<Ipv4Addr>,
}

impl Socket<UdpSocket> {
    pub(super) async fn open(config: &ClientConfig, session: u64) -> Result<Self, ConnectError> {
        let joins = look_up(&config.join).await?;
        let address = bind_address(config, &joins);
        let failed = |error: io::Error| ConnectError::Bind { address, reason: error.to_string() };
        let udp = UdpSocket::bind(address).await.map_err(failed)?;
        if address.is_ipv4() {
            udp.set_broadcast(true).map_err(failed)?;
        }
        let local = udp.local_addr().map_err(failed)?;
        // Until tokio has seen the socket writable once, `try_send_to` would refuse without trying.
        udp.writable().await.map_err(failed)?;
        Ok(Self::on(udp, local, Arc::new(Udp), config, session, joins))
    }
}

impl Socket<Rc<dyn transport::Socket>> {
    pub(super) async fn open_in(net: Arc<dyn Net>, config: &ClientConfig, session: u64) -> Result<Self, ConnectError> {
        let mut joins = Vec::new();
        for name in &config.join {
            let failed = |error: io::Error| ConnectError::Lookup { name: name.clone(), reason: error.to_string() };
            joins.extend(net.lookup(name).await.map_err(failed)?);
        }
        let address = bind_address(config, &joins);
        let failed = |error: io::Error| ConnectError::Bind { address, reason: error.to_string() };
        let udp = net.unicast(address).await.map_err(failed)?;
        let local = udp.local_address().map_err(failed)?;
        Ok(Self::on(udp, local, net, config, session, joins))
    }
}

impl<D: Datagrams> Socket<D> {
    fn on(
        udp: D,
        local: SocketAddr,
        net: Arc<dyn Net>,
        config: &ClientConfig,
        session: u64,
        joins: Vec<SocketAddr>,
    ) -> Self {
        let cluster = ClusterTag::of(&config.cluster);
        let sender = NodeId { uuid: uuid::Uuid::nil(), incarnation: session };
        Self {
            udp,
            net,
            local,
            cluster,
            sealer: Sealer::new(cluster, sender),
            packer: Packer::new(),
            outgoing: BTreeMap::new(),
            joins: joins.into_iter().filter(|to| to.is_ipv6() == local.is_ipv6()).collect(),
            broadcast_port: config.broadcast_port,
            broadcast_addresses: config.broadcast_addresses.clone(),
        }
    }

    /// Where it is bound.
    pub(super) const fn address(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn push(&mut self, to: SocketAddr, message: Message) {
        self.outgoing.entry(to).or_default().push(message);
    }

    /// To the broadcast addresses as they are now, and to every `--join` address.
    pub(super) fn broadcast(&mut self, message: &Message) {
        let mut to: Vec<SocketAddr> = self.joins.clone();
        if self.local.is_ipv4() {
            to.extend(self.broadcasts().into_iter().map(|address| SocketAddr::from((address, self.broadcast_port))));
        }
        to.sort_unstable();
        to.dedup();
        for to in to {
            self.push(to, message.clone());
        }
    }

    fn broadcasts(&self) -> Vec<Ipv4Addr> {
        if !self.broadcast_addresses.is_empty() {
            return self.broadcast_addresses.clone();
        }
        let mut addresses = if self.local.ip().is_loopback() { Vec::new() } else { self.net.broadcast_addresses() };
        addresses.push(LOOPBACK);
        addresses
    }

    /// Sends what was pushed. What the network does not take is lost, as any datagram may be: the protocol sends again.
    pub(super) fn flush(&mut self) {
        for (to, messages) in std::mem::take(&mut self.outgoing) {
            for message in &messages {
                if self.packer.push(message).is_err() {
                    log::error!("a message to {to} does not fit a datagram and is not sent");
                }
            }
            for datagram in self.packer.finish(&mut self.sealer) {
                if let Err(error) = self.udp.try_send_to(datagram, to) {
                    log::debug!("a datagram to {to} was not sent: {error}");
                }
            }
        }
    }

    /// Waits for datagrams and hands over the messages of those that a node of the cluster sent. Cancelling loses none.
    pub(super) async fn receive(&self, mut take: impl FnMut(SocketAddr, NodeId, Message)) {
        if self.udp.readable().await.is_err() {
            return;
        }
        // One byte more than a datagram may have, so that a longer one is noticed.
        let mut buffer = [0; MAX_DATAGRAM + 1];
        for _ in 0..AT_ONCE {
            let (length, from) = match self.udp.try_receive(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => continue,
            };
            match open(&buffer[..length], self.cluster) {
                Ok((header, messages)) if !header.sender.uuid.is_nil() => {
                    for message in messages {
                        take(from, header.sender, message);
                    }
                }
                Ok(_) => {}
                Err(error) => log::debug!("a datagram from {from} was dropped: {error}"),
            }
        }
    }
}

/// Where to bind: a client that only IPv6 addresses are named to speaks IPv6.
fn bind_address(config: &ClientConfig, joins: &[SocketAddr]) -> SocketAddr {
    let only_v6 = !joins.is_empty() && joins.iter().all(SocketAddr::is_ipv6);
    match config.bind {
        bind if bind.ip() == IpAddr::from(Ipv4Addr::UNSPECIFIED) && only_v6 => {
            (Ipv6Addr::UNSPECIFIED, bind.port()).into()
        }
        bind => bind,
    }
}

async fn look_up(names: &[String]) -> Result<Vec<SocketAddr>, ConnectError> {
    let mut found = Vec::new();
    for name in names {
        let failed = |reason: String| ConnectError::Lookup { name: name.clone(), reason };
        match tokio::time::timeout(LOOKUP, tokio::net::lookup_host(name)).await {
            Ok(Ok(addresses)) => found.extend(addresses),
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed("no answer in time".into())),
        }
    }
    Ok(found)
}
