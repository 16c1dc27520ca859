//! Several datagrams with one system call, where the system can: `sendmmsg` and `recvmmsg` of Linux.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::net::{Buffer, Datagram, Received};

/// So many at a time: more would save nothing that counts.
const AT_ONCE: usize = 64;

/// Sends as many as the socket takes; fails if it does not take the first.
pub(super) fn send(socket: &UdpSocket, datagrams: &[Datagram<'_>]) -> io::Result<usize> {
    let datagrams = datagrams.get(..AT_ONCE).unwrap_or(datagrams);
    let slices: Vec<[IoSlice<'_>; 1]> = datagrams.iter().map(|datagram| [IoSlice::new(datagram.bytes)]).collect();
    let addresses: Vec<_> = datagrams.iter().map(|datagram| Some(SockaddrStorage::from(datagram.to))).collect();
    let none: [ControlMessage<'_>; 0] = [];
    let mut headers = MultiHeaders::preallocate(slices.len(), None);
    socket.try_io(Interest::WRITABLE, || {
        let sent = sendmmsg(socket.as_raw_fd(), &mut headers, &slices, &addresses, none, MsgFlags::MSG_DONTWAIT)?;
        Ok(sent.count())
    })
}

/// Receives as many as there are, and as there are buffers; fails if there is none.
pub(super) fn receive(socket: &UdpSocket, buffers: &mut [Buffer], received: &mut Vec<Received>) -> io::Result<()> {
    let before = received.len();
    let most = buffers.len().min(AT_ONCE);
    let mut slices: Vec<[IoSliceMut<'_>; 1]> =
        buffers.iter_mut().take(most).map(|buffer| [IoSliceMut::new(buffer)]).collect();
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(most, None);
    let result = socket.try_io(Interest::READABLE, || {
        let taken = recvmmsg(socket.as_raw_fd(), &mut headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None)?;
        received.extend(taken.map(|message| (message.bytes, message.address.and_then(address))));
        // Fewer than there was room for: nothing else is there, and tokio need not be told by another call.
        if received.len() - before < most { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    if received.len() > before { Ok(()) } else { result }
}

fn address(from: SockaddrStorage) -> Option<SocketAddr> {
    let v4 = from.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| from.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())))
}
