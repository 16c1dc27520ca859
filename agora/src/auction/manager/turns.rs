//! When whoever is turned away for want of credit may come again: one after the other, at the pace at which proposals are
//! committed. So what is too much comes back when it can be taken, and no sooner.

use std::time::Duration;

use crate::time::Timestamp;

/// The pace is that of so long a time.
const WINDOW: Duration = Duration::from_millis(100);
/// The slowest pace: where nothing was asked for, little was committed.
const SLOWEST: Duration = Duration::from_millis(1);
/// Nobody is asked to come again sooner: credit lacks until a round trip has passed.
const SOONEST: Duration = Duration::from_millis(10);
/// Nor later: by then the pace may be another.
const LATEST: Duration = Duration::from_secs(1);

/// The moments that were given out, and the pace.
#[derive(Debug)]
pub(crate) struct Turns {
    last: Timestamp,
    between: Duration,
    since: Timestamp,
    committed: u32,
}

impl Turns {
    /// Nobody was turned away yet.
    pub(crate) const fn new(now: Timestamp) -> Self {
        Self { last: now, between: SLOWEST, since: now, committed: 0 }
    }

    /// A proposal is committed.
    pub(crate) fn committed(&mut self, now: Timestamp) {
        self.committed += 1;
        let passed = now.since(self.since);
        if passed >= WINDOW {
            self.between = (passed / self.committed).min(SLOWEST);
            (self.since, self.committed) = (now, 0);
        }
    }

    /// After how long the next one who is turned away may come again.
    pub(crate) fn next(&mut self, now: Timestamp) -> Duration {
        self.last = (self.last + self.between).max(now + SOONEST).min(now + LATEST);
        self.last.since(now)
    }
}
