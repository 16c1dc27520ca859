//! One who speaks UDP and has read `docs/protocol.md`: datagrams made by hand, from any socket, under any name.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use agora::discovery::message::{CLIENT_PADDING, Message as Discovery};
use agora::heartbeat::message::Session;
use agora::id::{NodeId, ParticipantId};
use agora::wire::{ClusterTag, MAX_DATAGRAM, Message, encode, open};
use tokio::net::UdpSocket;
use uuid::Uuid;

use crate::cluster::within;

/// How a client names itself in a datagram's header.
pub(crate) const NOBODY: NodeId = NodeId { uuid: Uuid::nil(), incarnation: 77 };

/// A socket, and what came to it.
pub(crate) struct Stranger {
    socket: UdpSocket,
    /// Every datagram that was received, as it came.
    pub(crate) heard: Vec<Vec<u8>>,
}

impl Stranger {
    pub(crate) async fn new() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
        Self { socket, heard: Vec::new() }
    }

    pub(crate) async fn send_bytes(&self, to: SocketAddr, bytes: &[u8]) {
        self.socket.send_to(bytes, to).await.expect("sent");
    }

    /// A message in a datagram of its own, as a client's.
    pub(crate) async fn send(&self, to: SocketAddr, message: &Message) {
        self.send_bytes(to, &datagram(NOBODY, message)).await;
    }

    /// Receives until one of the messages is wanted.
    pub(crate) async fn hear<T>(&mut self, what: &str, mut wanted: impl FnMut(&Message) -> Option<T>) -> T {
        within(what, async {
            loop {
                let bytes = self.receive().await;
                let (_, messages) = open(&bytes, ClusterTag::of("agora")).expect("well-formed");
                if let Some(found) = messages.iter().find_map(&mut wanted) {
                    return found;
                }
            }
        })
        .await
    }

    /// Takes what comes until nothing has come for so long.
    pub(crate) async fn hear_all_for(&mut self, quiet: Duration) {
        while tokio::time::timeout(quiet, self.receive()).await.is_ok() {}
    }

    async fn receive(&mut self) -> Vec<u8> {
        let mut buffer = [0; MAX_DATAGRAM + 1];
        let (length, _) = self.socket.recv_from(&mut buffer).await.expect("received");
        self.heard.push(buffer[..length].to_vec());
        buffer[..length].to_vec()
    }

    /// The cookie that the node at this address gives to this socket.
    pub(crate) async fn cookie(&mut self, of: SocketAddr) -> u64 {
        let padding = vec![0; CLIENT_PADDING];
        let nonce = 1;
        self.send(of, &Message::Discovery(Discovery::Request { nonce, node: None, padding })).await;
        self.hear("LEADER_DETAILS", |message| match message {
            Message::Discovery(Discovery::LeaderDetails { cookie, .. }) => Some(*cookie),
            _ => None,
        })
        .await
    }
}

/// Whose, and with which proof of its address.
pub(crate) const fn session(participant: ParticipantId, cookie: u64) -> Session {
    Session { participant, session: NOBODY.incarnation, cookie }
}

/// A message sealed by hand.
pub(crate) fn datagram(sender: NodeId, message: &Message) -> Vec<u8> {
    let mut payload = Vec::new();
    encode(message, &mut payload).expect("it fits");
    seal(sender, &payload)
}

/// Any payload, sealed as `docs/protocol.md` says: header before, checksum behind.
pub(crate) fn seal(sender: NodeId, payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"Ag\x01\x00".to_vec();
    bytes.extend(crc32fast::hash(b"agora").to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(sender.uuid.as_bytes());
    bytes.extend(sender.incarnation.to_be_bytes());
    bytes.extend([0; 8]);
    bytes.extend(payload);
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend([0; 12]);
    bytes
}
