//! UDP that counts what a node does with it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use agora::transport::{Buffer, Datagram, Later, Net, Received, Socket, Udp};

/// What one node did.
#[derive(Default)]
pub(crate) struct Traffic {
    datagrams_in: AtomicU64,
    datagrams_out: AtomicU64,
    bytes_out: AtomicU64,
    calls: AtomicU64,
}

/// The same, at one moment, or between two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) datagrams_in: u64,
    pub(crate) datagrams_out: u64,
    pub(crate) bytes_out: u64,
    /// Calls of the socket that reach the system: sends, receives, and waits for something to receive, each of which is at
    /// most one call there.
    pub(crate) calls: u64,
}

impl Traffic {
    pub(crate) fn so_far(&self) -> Counted {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counted {
            datagrams_in: read(&self.datagrams_in),
            datagrams_out: read(&self.datagrams_out),
            bytes_out: read(&self.bytes_out),
            calls: read(&self.calls),
        }
    }
}

impl Counted {
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            datagrams_in: self.datagrams_in - earlier.datagrams_in,
            datagrams_out: self.datagrams_out - earlier.datagrams_out,
            bytes_out: self.bytes_out - earlier.bytes_out,
            calls: self.calls - earlier.calls,
        }
    }
}

fn add(count: &AtomicU64, more: usize) {
    count.fetch_add(more as u64, Ordering::Relaxed);
}

/// A network of one node.
pub(crate) struct Counting(pub(crate) Arc<Traffic>);

impl Counting {
    fn wrap(&self, socket: io::Result<Rc<dyn Socket>>) -> io::Result<Rc<dyn Socket>> {
        Ok(Rc::new(CountingSocket { socket: socket?, traffic: Arc::clone(&self.0) }))
    }
}

impl Net for Counting {
    fn unicast(&self, bind: SocketAddr) -> Later<'_, io::Result<Rc<dyn Socket>>> {
        Box::pin(async move { self.wrap(Udp.unicast(bind).await) })
    }

    fn listener(&self, port: u16) -> Later<'_, io::Result<Rc<dyn Socket>>> {
        Box::pin(async move { self.wrap(Udp.listener(port).await) })
    }

    fn lookup<'a>(&'a self, name: &'a str) -> Later<'a, io::Result<Vec<SocketAddr>>> {
        Udp.lookup(name)
    }

    fn broadcast_addresses(&self) -> Vec<Ipv4Addr> {
        Vec::new()
    }

    fn own_address(&self) -> Option<IpAddr> {
        None
    }
}

struct CountingSocket {
    socket: Rc<dyn Socket>,
    traffic: Arc<Traffic>,
}

impl Socket for CountingSocket {
    fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_address()
    }

    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        self.try_send_many(&[Datagram { to, bytes }]).map(|_| ())
    }

    fn try_send_many(&self, datagrams: &[Datagram<'_>]) -> io::Result<usize> {
        add(&self.traffic.calls, 1);
        let sent = self.socket.try_send_many(datagrams)?;
        add(&self.traffic.datagrams_out, sent);
        add(&self.traffic.bytes_out, datagrams.iter().take(sent).map(|datagram| datagram.bytes.len()).sum());
        Ok(sent)
    }

    fn readable(&self) -> Later<'_, io::Result<()>> {
        add(&self.traffic.calls, 1);
        self.socket.readable()
    }

    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        add(&self.traffic.calls, 1);
        let received = self.socket.try_receive(buffer)?;
        add(&self.traffic.datagrams_in, 1);
        Ok(received)
    }

    fn try_receive_many(&self, buffers: &mut [Buffer], received: &mut Vec<Received>) -> io::Result<()> {
        let before = received.len();
        let result = self.socket.try_receive_many(buffers, received);
        // That there is nothing more is known without a call.
        add(&self.traffic.calls, usize::from(result.is_ok()));
        add(&self.traffic.datagrams_in, received.len() - before);
        result
    }
}
