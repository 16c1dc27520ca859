//! The worker's clock, and when it wakes.

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant, SystemTime};

use agora::time::Timestamp;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::fd::OwnedFd;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

/// Microseconds since the worker began, and what they are for others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
    /// Microseconds since 1970.
    epoch: u64,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the worker is a shell, which owns its clock; latencies are measured"
    )]
    pub(super) fn start() -> Self {
        Self { start: Instant::now(), epoch: crate::bench::unix_us(SystemTime::now()) }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_micros(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// Microseconds since 1970.
    pub(super) const fn told(&self, at: Timestamp) -> u64 {
        self.epoch.saturating_add(at.as_micros())
    }

    /// The reverse.
    pub(super) const fn read(&self, told: u64) -> Timestamp {
        Timestamp::from_micros(told.saturating_sub(self.epoch))
    }
}

/// Wakes the worker to the microsecond: what waits for sockets sleeps whole milliseconds, which an open loop would count
/// as latency.
#[derive(Debug)]
pub(super) struct Alarm(OwnedFd);

impl Alarm {
    pub(super) fn new(registry: &Registry, token: Token) -> std::io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self(timer))
    }

    /// In so long; an earlier setting does not count any more.
    pub(super) fn set(&self, after: Duration) {
        // All zeros would unset it.
        let after = after.max(Duration::from_nanos(1));
        let spec = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: Timespec {
                tv_sec: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: after.subsec_nanos().into(),
            },
        };
        // Where it cannot be set, the longest wait is short.
        let _ = rustix::time::timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &spec);
    }
}
