//! UDP that can be cut between all nodes: the transport's seam at work.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use agora::transport::{Later, Net, Socket, Udp};

/// Whether datagrams pass.
#[derive(Clone)]
pub(crate) struct Cut(Arc<AtomicBool>);

impl Cut {
    pub(crate) fn open(open: bool) -> Self {
        Self(Arc::new(AtomicBool::new(open)))
    }

    pub(crate) fn set_open(&self, open: bool) {
        self.0.store(open, Ordering::Relaxed);
    }

    pub(crate) fn net(&self) -> impl Net {
        CutNet(self.clone())
    }
}

struct CutNet(Cut);

impl CutNet {
    fn wrap(&self, socket: io::Result<Rc<dyn Socket>>) -> io::Result<Rc<dyn Socket>> {
        Ok(Rc::new(CutSocket { socket: socket?, cut: self.0.clone() }))
    }
}

impl Net for CutNet {
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

struct CutSocket {
    socket: Rc<dyn Socket>,
    cut: Cut,
}

impl Socket for CutSocket {
    fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_address()
    }

    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        if self.cut.0.load(Ordering::Relaxed) { self.socket.try_send_to(bytes, to) } else { Ok(()) }
    }

    fn readable(&self) -> Later<'_, io::Result<()>> {
        self.socket.readable()
    }

    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.try_receive(buffer)
    }
}
