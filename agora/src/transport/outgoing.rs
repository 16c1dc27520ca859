//! What one turn of the node says, by destination, until the turn ends.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::mem;
use std::net::SocketAddr;

use super::counters::{Count, Counters};
use super::net::Socket;
use crate::wire::{Message, Packer, Sealer};

/// Messages that wait for the end of the turn; in order, per destination.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    waiting: BTreeMap<SocketAddr, Vec<Message>>,
    packer: Packer,
}

impl Outgoing {
    /// Adds a message; true if it is the first one of this turn.
    pub(super) fn push(&mut self, to: SocketAddr, message: Message) -> bool {
        let first = self.waiting.is_empty();
        self.waiting.entry(to).or_default().push(message);
        first
    }

    /// Sends all that waits in as few datagrams as possible. What the socket does not take is dropped and counted.
    pub(super) fn flush(&mut self, sealer: &mut Sealer, socket: &dyn Socket, counters: &Counters) {
        for (to, messages) in mem::take(&mut self.waiting) {
            for message in &messages {
                if self.packer.push(message).is_err() {
                    counters.add(Count::TooLarge);
                }
            }
            for datagram in self.packer.finish(sealer) {
                counters.add(match socket.try_send_to(datagram, to) {
                    Ok(()) => Count::Sent,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => Count::Blocked,
                    Err(_) => Count::Unsent,
                });
            }
        }
    }
}
