//! The seam to the network: what the transport needs of it, and UDP by tokio.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;

use socket2::{Domain, Protocol, Socket as Raw, Type};
use tokio::net::UdpSocket;

use crate::wire::MAX_DATAGRAM;

/// A future of one thread.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A datagram that is to leave.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// For whom.
    pub to: SocketAddr,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Room for one that comes, and one byte more than any of ours, so that a longer one is noticed.
pub type Buffer = [u8; MAX_DATAGRAM + 1];

/// Of a datagram that came: its length, and where it came from, if that is an address.
pub type Received = (usize, Option<SocketAddr>);

/// A datagram socket.
pub trait Socket: 'static {
    /// The address that it is bound to.
    fn local_address(&self) -> io::Result<SocketAddr>;
    /// Sends one datagram, or fails at once.
    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()>;
    /// Sends datagrams in order, one at least, and says how many; fails at once if it does not take the first.
    fn try_send_many(&self, datagrams: &[Datagram<'_>]) -> io::Result<usize> {
        let Some(first) = datagrams.first() else { return Ok(0) };
        self.try_send_to(first.bytes, first.to)?;
        Ok(1)
    }
    /// Waits until there may be something to receive.
    fn readable(&self) -> Later<'_, io::Result<()>>;
    /// Receives one datagram, or fails with [`io::ErrorKind::WouldBlock`]. What `buffer` cannot hold is cut off.
    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;
    /// Receives some datagrams, one at least, each into the next of `buffers`, and adds them to `received`; fails with
    /// [`io::ErrorKind::WouldBlock`] if there is none.
    fn try_receive_many(&self, buffers: &mut [Buffer], received: &mut Vec<Received>) -> io::Result<()> {
        if let Some(first) = buffers.first_mut() {
            let (length, from) = self.try_receive(first)?;
            received.push((length, Some(from)));
        }
        Ok(())
    }
}

/// What a node needs of the network around it.
pub trait Net: Send + Sync + 'static {
    /// A socket of this node's own.
    fn unicast(&self, bind: SocketAddr) -> Later<'_, io::Result<Rc<dyn Socket>>>;
    /// A socket that hears broadcasts on `port`, together with every other node of this machine.
    fn listener(&self, port: u16) -> Later<'_, io::Result<Rc<dyn Socket>>>;
    /// The addresses of `host:port`.
    fn lookup<'a>(&'a self, name: &'a str) -> Later<'a, io::Result<Vec<SocketAddr>>>;
    /// The broadcast address of every interface but loopback.
    fn broadcast_addresses(&self) -> Vec<Ipv4Addr>;
    /// The address of the first interface but loopback.
    fn own_address(&self) -> Option<IpAddr>;
}

/// UDP.
#[derive(Debug, Clone, Copy, Default)]
pub struct Udp;

/// Asked of the kernel, which may give less: room for a burst while the node is busy.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

impl Net for Udp {
    fn unicast(&self, bind: SocketAddr) -> Later<'_, io::Result<Rc<dyn Socket>>> {
        Box::pin(async move {
            let raw = raw(bind)?;
            raw.bind(&bind.into())?;
            open(raw).await
        })
    }

    fn listener(&self, port: u16) -> Later<'_, io::Result<Rc<dyn Socket>>> {
        Box::pin(async move { open(shared(port)?).await })
    }

    fn lookup<'a>(&'a self, name: &'a str) -> Later<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host(name).await?.collect()) })
    }

    fn broadcast_addresses(&self) -> Vec<Ipv4Addr> {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let mut addresses: Vec<Ipv4Addr> = interfaces
            .into_iter()
            .filter_map(|interface| match interface.addr {
                // Computed, not as configured: Linux routes it even where no broadcast address is set.
                if_addrs::IfAddr::V4(v4) if !v4.ip.is_loopback() && v4.prefixlen < 31 => Some(v4.ip | !v4.netmask),
                _ => None,
            })
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    fn own_address(&self) -> Option<IpAddr> {
        let interfaces = if_addrs::get_if_addrs().ok()?;
        interfaces.into_iter().filter(|interface| !interface.is_loopback()).map(|interface| interface.ip()).find(|ip| {
            match ip {
                IpAddr::V4(v4) => !v4.is_link_local(),
                IpAddr::V6(_) => false,
            }
        })
    }
}

/// A port on which nobody listens for broadcasts, for a cluster that shall be alone on a shared machine.
pub fn free_broadcast_port() -> io::Result<u16> {
    let address = shared(0)?.local_addr()?;
    Ok(address.as_socket().map_or(0, |address| address.port()))
}

/// Several sockets share a port: on Linux each of them gets every broadcast (and one of them each unicast datagram).
fn shared(port: u16) -> io::Result<Raw> {
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let raw = raw(address)?;
    raw.set_reuse_address(true)?;
    #[cfg(unix)]
    raw.set_reuse_port(true)?;
    raw.bind(&address.into())?;
    Ok(raw)
}

fn raw(address: SocketAddr) -> io::Result<Raw> {
    let raw = Raw::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    raw.set_nonblocking(true)?;
    if address.is_ipv4() {
        raw.set_broadcast(true)?;
    }
    // Less is no fault.
    let _ = raw.set_recv_buffer_size(RECEIVE_BUFFER);
    Ok(raw)
}

async fn open(raw: Raw) -> io::Result<Rc<dyn Socket>> {
    let socket = UdpSocket::from_std(raw.into())?;
    // Until tokio has seen the socket writable once, `try_send_to` would refuse without trying.
    socket.writable().await?;
    Ok(Rc::new(socket))
}

impl Socket for UdpSocket {
    fn local_address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        UdpSocket::try_send_to(self, bytes, to).map(|_| ())
    }

    #[cfg(target_os = "linux")]
    fn try_send_many(&self, datagrams: &[Datagram<'_>]) -> io::Result<usize> {
        super::many::send(self, datagrams)
    }

    fn readable(&self) -> Later<'_, io::Result<()>> {
        Box::pin(UdpSocket::readable(self))
    }

    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.try_recv_from(buffer)
    }

    #[cfg(target_os = "linux")]
    fn try_receive_many(&self, buffers: &mut [Buffer], received: &mut Vec<Received>) -> io::Result<()> {
        super::many::receive(self, buffers, received)
    }
}
