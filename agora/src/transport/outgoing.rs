//! What leaves at the end of the turn: messages for one destination share datagrams.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;

use super::counters::{Count, Counters};
use super::net::{Datagram, Socket};
use crate::wire::{Message, Packer, Sealer, TooLarge, encode};

/// So many buffers are kept for the next turns: as many as destinations mostly are busy at a time.
const SPARE: usize = 1_024;

/// Messages that wait for the end of the turn, encoded; in order, per destination.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    waiting: BTreeMap<SocketAddr, Packer>,
    spare: Vec<Packer>,
    encoded: Vec<u8>,
}

impl Outgoing {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a message for each of `to`. It is encoded once.
    pub(super) fn push(&mut self, to: &[SocketAddr], message: &Message) -> Result<(), TooLarge> {
        self.encoded.clear();
        encode(message, &mut self.encoded)?;
        for to in to {
            let packer = self.waiting.entry(*to).or_insert_with(|| self.spare.pop().unwrap_or_default());
            packer.push_encoded(&self.encoded);
        }
        Ok(())
    }

    /// Sends all that waits in as few datagrams as possible. What the socket does not take is dropped and counted.
    pub(super) fn flush(&mut self, sealer: &mut Sealer, socket: &dyn Socket, counters: &Counters) {
        let mut datagrams = Vec::new();
        for (to, packer) in &mut self.waiting {
            datagrams.extend(packer.finish(sealer).map(|bytes| Datagram { to: *to, bytes }));
        }
        send(&datagrams, socket, counters);
        while let Some((_, mut packer)) = self.waiting.pop_first() {
            if self.spare.len() < SPARE {
                packer.clear();
                self.spare.push(packer);
            }
        }
    }
}

fn send(mut datagrams: &[Datagram<'_>], socket: &dyn Socket, counters: &Counters) {
    while !datagrams.is_empty() {
        let (count, done) = match socket.try_send_many(datagrams) {
            Ok(sent) => (Count::Sent, sent.max(1)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => (Count::Blocked, 1),
            Err(_) => (Count::Unsent, 1),
        };
        counters.add_many(count, done as u64);
        datagrams = datagrams.get(done..).unwrap_or_default();
    }
}
