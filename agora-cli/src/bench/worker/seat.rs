//! One session of one participant: a socket of its own, and the library's client protocol on it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use agora::client::message::{Command, Input, Output};
use agora::client::protocol::Dialogue;
use agora::id::{NodeId, ParticipantId};
use agora::protocol::Protocol;
use agora::time::Timestamp;
use agora::wire::{ClusterTag, MAX_DATAGRAM, Message, Packer, Sealer, open};
use mio::net::UdpSocket;
use socket2::{Domain, Socket, Type};
use uuid::Uuid;

use crate::bench::talk::Share;

/// Asked of the kernel, which may give less: room for a burst while this process does not run.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;
/// At most so many datagrams of a socket before the others have their turn.
const AT_ONCE: usize = 64;
/// Reaches every node of this machine.
const LOOPBACK: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);

/// Where a broadcast goes.
pub(super) fn everybody(share: &Share) -> Vec<SocketAddr> {
    let mut to = share.joins.clone();
    if share.bind.is_ipv4() {
        let addresses = if share.broadcast_addresses.is_empty() {
            let mut all = agora::transport::Net::broadcast_addresses(&agora::transport::Udp);
            all.push(LOOPBACK);
            all
        } else {
            share.broadcast_addresses.clone()
        };
        to.extend(addresses.into_iter().map(|address| SocketAddr::from((address, share.broadcast_port))));
    }
    to.sort_unstable();
    to.dedup();
    to
}

/// A session.
pub(super) struct Seat {
    pub(super) participant: ParticipantId,
    pub(super) socket: UdpSocket,
    dialogue: Dialogue,
    cluster: ClusterTag,
    sealer: Sealer,
    /// What is to leave in this turn, by destination: mostly the leader.
    outgoing: Vec<(SocketAddr, Vec<Message>)>,
    /// When the protocol wants to be fired.
    pub(super) deadline: Option<Timestamp>,
}

impl Seat {
    pub(super) fn open(share: &Share, now: Timestamp) -> io::Result<Self> {
        let raw = Socket::new(Domain::for_address(share.bind), Type::DGRAM, None)?;
        raw.set_nonblocking(true)?;
        if share.bind.is_ipv4() {
            raw.set_broadcast(true)?;
        }
        // Less is no fault.
        let _ = raw.set_recv_buffer_size(RECEIVE_BUFFER);
        raw.bind(&share.bind.into())?;
        let participant = crate::identity::fresh();
        let (session, seed) = (random().as_u64_pair().1, random().as_u64_pair().1);
        let cluster = ClusterTag::of(&share.cluster);
        Ok(Self {
            participant,
            socket: UdpSocket::from_std(raw.into()),
            dialogue: Dialogue::new(now, participant, session, seed),
            cluster,
            sealer: Sealer::new(cluster, NodeId { uuid: Uuid::nil(), incarnation: session }),
            outgoing: Vec::new(),
            deadline: Some(now),
        })
    }

    /// Takes datagrams, and shows `see` each message with its source before the protocol has it. Whether there may be
    /// more.
    pub(super) fn receive(
        &mut self,
        now: Timestamp,
        out: &mut Vec<Output>,
        mut see: impl FnMut(SocketAddr, NodeId, &Message),
    ) -> bool {
        let mut buffer = [0; MAX_DATAGRAM + 1];
        for _ in 0..AT_ONCE {
            let (length, from) = match self.socket.recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // A refused datagram of before, say: there may be others behind it.
                Err(_) => continue,
            };
            if let Ok((header, messages)) = open(&buffer[..length], self.cluster)
                && !header.sender.uuid.is_nil()
            {
                for message in messages {
                    see(from, header.sender, &message);
                    self.dialogue.handle(now, Input::Message { from, sender: header.sender, message }, out);
                }
            }
        }
        true
    }

    pub(super) fn command(&mut self, now: Timestamp, command: Command, out: &mut Vec<Output>) {
        self.dialogue.handle(now, Input::Command(command), out);
    }

    pub(super) fn fire(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.dialogue.fire(now, out);
    }

    pub(super) fn push(&mut self, to: SocketAddr, message: Message) {
        match self.outgoing.iter_mut().find(|(address, _)| *address == to) {
            Some((_, messages)) => messages.push(message),
            None => self.outgoing.push((to, vec![message])),
        }
    }

    /// Sends what was pushed, and looks when the protocol wants to be fired. What the network does not take is lost, as
    /// any datagram may be: the protocol sends again.
    pub(super) fn flush(&mut self, packer: &mut Packer) {
        for (to, messages) in self.outgoing.drain(..) {
            for message in &messages {
                // None of a bidder's is too large.
                let _ = packer.push(message);
            }
            for datagram in packer.finish(&mut self.sealer) {
                let _ = self.socket.send_to(datagram, to);
            }
        }
        self.deadline = self.dialogue.deadline();
    }
}

/// Drawn at the edge, like identities.
fn random() -> Uuid {
    crate::identity::fresh().0
}
