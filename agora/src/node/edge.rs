//! What a node takes from outside: a network, a clock, randomness. A simulation puts its own in their places.

use std::rc::Rc;

use tokio::time::Instant;
use uuid::Uuid;

use crate::actor::Clock;
use crate::time::Timestamp;
use crate::transport::{Net, Udp};

/// The outside of one node.
pub struct Edge {
    /// Where its sockets come from.
    pub net: Rc<dyn Net>,
    /// The one clock that all its concerns read: they compare each other's readings.
    pub clock: Rc<dyn Clock>,
    /// Draws incarnations, seeds and secrets.
    pub random: Box<dyn FnMut() -> u64>,
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edge").finish_non_exhaustive()
    }
}

impl Edge {
    /// UDP, the system's monotonic clock and the system's randomness.
    pub fn system() -> Self {
        Self { net: Rc::new(Udp), clock: Rc::new(MonotonicClock::start()), random: Box::new(random) }
    }
}

/// Tokio's clock, so that a paused or simulated runtime governs it too.
#[derive(Debug, Clone, Copy)]
pub struct MonotonicClock(Instant);

impl MonotonicClock {
    /// A clock that reads zero now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the real clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO + self.0.elapsed()
    }
}

/// 64 bits from the system's randomness.
pub fn random() -> u64 {
    let (high, low) = random_uuid().as_u64_pair();
    // The few bits of a version 4 UUID that are fixed fall on random ones of the other half.
    high.rotate_left(32) ^ low
}

/// A fresh UUID.
#[expect(clippy::disallowed_methods, reason = "the one place that draws identities")]
pub(super) fn random_uuid() -> Uuid {
    Uuid::new_v4()
}
