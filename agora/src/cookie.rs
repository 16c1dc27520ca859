//! Proof that a client receives at the address that it sends from: without it, a forged source address would turn a
//! node into an amplifier.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

/// Makes and checks the cookies of one node. Nothing is stored per client.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    secret: u64,
}

impl Cookies {
    /// With a secret that is random per start of the node.
    pub const fn new(secret: u64) -> Self {
        Self { secret }
    }

    /// The cookie of an address; never 0.
    pub fn of(&self, address: SocketAddr) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.secret, address).hash(&mut hasher);
        hasher.finish() | 1
    }

    /// Whether `cookie` was given to `address`.
    pub fn holds(&self, address: SocketAddr, cookie: u64) -> bool {
        self.of(address) == cookie
    }
}
