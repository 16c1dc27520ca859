//! A node's clock, which does not run at the rate of the others.

use std::time::Duration;

use agora::actor::Clock;
use agora::time::Timestamp;
use tokio::time::Instant;

/// A clock of a host of turmoil's, and how fast it is.
#[derive(Debug)]
pub(crate) struct LocalClock {
    start: Instant,
    /// Thousandths of the rate of the simulated time.
    rate: u64,
}

impl LocalClock {
    /// One that reads zero now.
    #[expect(clippy::disallowed_methods, reason = "the time of the simulation")]
    pub(crate) fn start(rate: u64) -> Self {
        Self { start: Instant::now(), rate }
    }
}

impl Clock for LocalClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(micros(self.start.elapsed()) * self.rate / 1_000)
    }

    fn takes(&self, time: Duration) -> Duration {
        Duration::from_micros((micros(time) * 1_000).div_ceil(self.rate))
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 2_000)
}
