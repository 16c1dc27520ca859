//! What a node takes from outside: a network, a clock, randomness. A test or a simulation puts its own in their places.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;
use uuid::Uuid;

use crate::actor::Clock;
use crate::time::Timestamp;
use crate::transport::{Net, Udp};

/// The outside of one node.
pub(super) struct Edge {
    /// Where its sockets come from.
    pub(super) net: Arc<dyn Net>,
    /// The one clock that all its concerns read, as they compare each other's readings; `None`: the system's.
    pub(super) clock: Option<Arc<dyn Clock>>,
    /// Draws incarnations, seeds and secrets.
    pub(super) random: Box<dyn FnMut() -> u64 + Send>,
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").finish_non_exhaustive()
    }
}

impl Edge {
    /// UDP, the system's monotonic clock and the system's randomness.
    pub(super) fn system() -> Self {
        Self { net: Arc::new(Udp), clock: None, random: Box::new(random) }
    }

    /// The clock; the system's starts in the runtime that this is called in.
    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| Arc::new(MonotonicClock::start()))
    }
}

/// Tokio's clock, so that a paused or simulated runtime governs it too.
#[derive(Debug, Clone, Copy)]
struct MonotonicClock(Instant);

impl MonotonicClock {
    /// A clock that reads zero now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the real clock")]
    fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO + self.0.elapsed()
    }
}

/// 64 bits from the system's randomness.
pub(super) fn random() -> u64 {
    let (high, low) = random_uuid().as_u64_pair();
    // The few bits of a version 4 UUID that are fixed fall on random ones of the other half.
    high.rotate_left(32) ^ low
}

/// A fresh UUID.
#[expect(clippy::disallowed_methods, reason = "the one place that draws identities")]
pub(super) fn random_uuid() -> Uuid {
    Uuid::new_v4()
}
