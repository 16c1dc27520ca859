//! The network of one host: turmoil's sockets behind the library's seam.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

use agora::transport::{Later, Net, Socket};
use agora::wire::MAX_DATAGRAM;
use turmoil::net::UdpSocket;

use crate::door::Door;
use crate::run::Run;
use crate::sea::{Datagram, address};

/// The only broadcast address that turmoil knows.
pub(crate) const EVERYBODY: Ipv4Addr = Ipv4Addr::BROADCAST;

/// What one endpoint opens its sockets in.
pub(crate) struct Shore {
    pub run: Run,
    pub endpoint: usize,
}

impl Shore {
    async fn open(&self, bind: SocketAddr) -> io::Result<Rc<dyn Socket>> {
        let udp = UdpSocket::bind(bind).await?;
        udp.set_broadcast(true)?;
        let at = SocketAddr::new(address(self.endpoint), udp.local_addr()?.port());
        let door = self.run.lock().sea.open_door(at);
        Ok(Rc::new(Wet { udp, at, door, run: self.run.clone(), endpoint: self.endpoint }))
    }
}

impl Net for Shore {
    fn unicast(&self, bind: SocketAddr) -> Later<'_, io::Result<Rc<dyn Socket>>> {
        Box::pin(self.open(bind))
    }

    fn listener(&self, port: u16) -> Later<'_, io::Result<Rc<dyn Socket>>> {
        Box::pin(self.open((Ipv4Addr::UNSPECIFIED, port).into()))
    }

    fn lookup<'a>(&'a self, _: &'a str) -> Later<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn broadcast_addresses(&self) -> Vec<Ipv4Addr> {
        vec![EVERYBODY]
    }

    fn own_address(&self) -> Option<IpAddr> {
        Some(address(self.endpoint))
    }
}

/// A socket of turmoil's, with a side door.
struct Wet {
    udp: UdpSocket,
    at: SocketAddr,
    door: Door,
    run: Run,
    endpoint: usize,
}

impl Socket for Wet {
    fn local_address(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        {
            let mut state = self.run.lock();
            if state.sea.is_mute(self.endpoint) {
                return Ok(());
            }
            state.leaves(self.endpoint, self.at, to, bytes);
        }
        if bytes.len() > MAX_DATAGRAM {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.udp.try_send_to(bytes, to).map(|_| ())
    }

    fn readable(&self) -> Later<'_, io::Result<()>> {
        Box::pin(async {
            tokio::select! {
                biased;
                () = self.door.rings() => Ok(()),
                readable = self.udp.readable() => readable,
            }
        })
    }

    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            // What comes through the door has had its weather.
            let (bytes, from) = if let Some(late) = self.door.take() {
                late
            } else {
                let mut whole = [0; MAX_DATAGRAM + 1];
                let (length, from) = self.udp.try_recv_from(&mut whole)?;
                let datagram = Datagram { from, to: self.at, bytes: whole[..length].to_vec() };
                match self.run.lock().comes(datagram) {
                    Some(bytes) => (bytes, from),
                    None => continue,
                }
            };
            self.run.lock().received(self.endpoint, from, &bytes);
            let length = bytes.len().min(buffer.len());
            buffer[..length].copy_from_slice(&bytes[..length]);
            return Ok((length, from));
        }
    }
}

impl Drop for Wet {
    fn drop(&mut self) {
        self.run.lock().sea.close_door(self.at);
    }
}
