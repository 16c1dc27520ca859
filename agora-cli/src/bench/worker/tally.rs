//! What a worker counts.

use agora::time::Timestamp;
use hdrhistogram::Histogram;

use crate::bench::talk::{End, Packed, Sample, histogram};

/// The sums, and what was not told yet.
#[derive(Debug)]
pub(super) struct Tally {
    /// The measured time.
    window: Option<(Timestamp, Timestamp)>,
    pub(super) end: End,
    delivered: Histogram<u64>,
    acknowledged: Histogram<u64>,
    served: Histogram<u64>,
    done: u64,
    slowest_us: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            window: None,
            end: End::default(),
            delivered: histogram(),
            acknowledged: histogram(),
            served: histogram(),
            done: 0,
            slowest_us: 0,
        }
    }

    pub(super) const fn measure(&mut self, from: Timestamp, to: Timestamp) {
        self.window = Some((from, to));
    }

    /// When the measured time is over, if that is known.
    pub(super) const fn over(&self) -> Option<Timestamp> {
        match self.window {
            Some((_, to)) => Some(to),
            None => None,
        }
    }

    /// Whether this counts.
    pub(super) fn counts(&self, at: Timestamp) -> bool {
        self.window.is_some_and(|(from, to)| from <= at && at < to)
    }

    pub(super) fn acknowledged(&mut self, intended: Timestamp, sent: Timestamp, now: Timestamp) {
        if self.counts(intended) {
            self.acknowledged.saturating_record(latency(intended, now));
            self.served.saturating_record(latency(sent, now));
        }
    }

    /// A bid was acknowledged and delivered to all.
    pub(super) fn done(&mut self, intended: Timestamp, now: Timestamp) {
        let latency = latency(intended, now);
        self.done += 1;
        self.slowest_us = self.slowest_us.max(latency);
        // By when it was made, so that those that end late are not left out ...
        if self.counts(intended) {
            self.delivered.saturating_record(latency);
        }
        // ... and by when it ended, so that the throughput is of this time.
        if self.counts(now) {
            self.end.bids += 1;
        }
    }

    /// A bid that was intended in the measured time was given up: it would have taken so long at least.
    pub(super) fn given_up(&mut self, intended: Timestamp, now: Timestamp) {
        if self.counts(intended) {
            self.delivered.saturating_record(latency(intended, now));
        }
    }

    /// What was done since the last one.
    pub(super) fn sample(&mut self) -> Sample {
        Sample {
            done: std::mem::take(&mut self.done),
            slowest_us: std::mem::take(&mut self.slowest_us),
            delivered: Packed::take(&mut self.delivered),
            acknowledged: Packed::take(&mut self.acknowledged),
            served: Packed::take(&mut self.served),
            ..Sample::default()
        }
    }
}

fn latency(intended: Timestamp, now: Timestamp) -> u64 {
    now.as_micros().saturating_sub(intended.as_micros()).max(1)
}
