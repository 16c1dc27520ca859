//! What all workers told, put together.

use hdrhistogram::Histogram;

use super::failover::Kill;
use super::limit::Limit;
use super::servers::Usage;
use super::talk::{End, Sample, histogram};
use super::{Pace, Plan, real};
use crate::failure::Failure;

/// An open loop that did so much of what was asked for kept up; what is missing was under way at both ends.
const KEPT_UP: f64 = 0.99;
/// Time over which plots are drawn, in microseconds.
pub(super) const CELL_US: u64 = 100_000;
const SECOND_US: u64 = 1_000_000;

/// A second of the measured time.
#[derive(Debug, Clone)]
pub(super) struct Second {
    /// Bids that were done in it.
    pub(super) bids: u64,
    /// Their latencies, as far as they were made in the measured time.
    pub(super) latency: Histogram<u64>,
    pub(super) slowest_us: u64,
}

/// The figures.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) from_us: u64,
    pub(super) duration_us: u64,
    /// Bids done, by tenths of a second.
    pub(super) cells: Vec<u64>,
    pub(super) seconds: Vec<Second>,
    pub(super) delivered: Histogram<u64>,
    pub(super) acknowledged: Histogram<u64>,
    /// From the first sending until it is acknowledged.
    pub(super) served: Histogram<u64>,
    pub(super) sums: End,
    pub(super) workers: usize,
    pub(super) clients: Usage,
    pub(super) nodes: Option<Usage>,
    /// Why not, where what the nodes use is not known.
    pub(super) unknown: Option<String>,
    pub(super) kills: Vec<Kill>,
    /// From each kill to the next acknowledgement, in milliseconds.
    pub(super) gaps: Vec<Option<f64>>,
    pub(super) limit: Limit,
}

impl Figures {
    pub(super) fn new(from_us: u64, plan: &Plan, workers: usize) -> Self {
        let duration_us = u64::try_from(plan.duration.as_micros()).unwrap_or(u64::MAX);
        let of = |step: u64| usize::try_from(duration_us.div_ceil(step)).unwrap_or(0);
        let second = Second { bids: 0, latency: histogram(), slowest_us: 0 };
        Self {
            from_us,
            duration_us,
            cells: vec![0; of(CELL_US)],
            seconds: vec![second; of(SECOND_US)],
            delivered: histogram(),
            acknowledged: histogram(),
            served: histogram(),
            sums: End::default(),
            workers,
            clients: Usage::default(),
            nodes: None,
            unknown: None,
            kills: Vec::new(),
            gaps: Vec::new(),
            limit: Limit::Unknown,
        }
    }

    /// Adds what a worker did in a tenth of a second.
    pub(super) fn sample(&mut self, sample: &Sample) {
        let delivered = sample.delivered.open();
        add(&mut self.acknowledged, &sample.acknowledged.open());
        add(&mut self.served, &sample.served.open());
        // It tells of the time before it, most of which is half a tenth of a second earlier.
        let Some(at) = sample.at_us.checked_sub(self.from_us + CELL_US / 2) else {
            add(&mut self.delivered, &delivered);
            return;
        };
        let place = |step: u64| usize::try_from(at / step).unwrap_or(usize::MAX);
        if let Some(cell) = self.cells.get_mut(place(CELL_US)) {
            *cell += sample.done;
        }
        if let Some(second) = self.seconds.get_mut(place(SECOND_US)) {
            second.bids += sample.done;
            second.slowest_us = second.slowest_us.max(sample.slowest_us);
            add(&mut second.latency, &delivered);
        }
        add(&mut self.delivered, &delivered);
    }

    /// Adds a worker's sums.
    pub(super) fn end(&mut self, end: &End) {
        let sums = &mut self.sums;
        sums.bids += end.bids;
        sums.sent += end.sent;
        sums.retransmissions += end.retransmissions;
        for (code, count) in &end.refusals {
            *sums.refusals.entry(code.clone()).or_default() += count;
        }
        sums.unfinished += end.unfinished;
        sums.unsent += end.unsent;
        sums.contradictions += end.contradictions;
        sums.created += end.created;
        sums.completed += end.completed;
        sums.durability = end.durability.or(sums.durability);
        sums.disk |= end.disk;
        let (all, one) = (&mut sums.verified, &end.verified);
        all.auctions += one.auctions;
        all.bids += one.bids;
        all.lost += one.lost;
        all.wrong += one.wrong;
        all.unseen += one.unseen;
    }

    /// All workers have told theirs: what follows from it.
    pub(super) fn conclude(&mut self, pace: Pace) {
        let kept_up = match pace {
            Pace::InFlight(_) => false,
            Pace::Rate(rate) => self.sums.unsent == 0 && self.bids_per_second() >= rate * KEPT_UP,
        };
        self.limit = Limit::of(kept_up, &self.clients, self.nodes.as_ref());
    }

    pub(super) fn bids_per_second(&self) -> f64 {
        real(self.sums.bids) * 1_000_000.0 / real(self.duration_us)
    }

    /// Processor time for each bid, if it is known.
    pub(super) fn cpu_per_bid(&self, usage: Option<&Usage>) -> Option<f64> {
        let used = usage?.cpu_us?;
        (self.sums.bids > 0).then(|| real(used) / real(self.sums.bids))
    }

    /// Whether nothing was lost.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let verified = &self.sums.verified;
        let faults = [
            (verified.lost, "acknowledged bids are not in their auctions"),
            (verified.wrong, "bids or results are not as acknowledged"),
            (self.sums.contradictions, "bids were told under two numbers"),
            (self.sums.unfinished, "bids were not acknowledged, or not delivered to all, in time"),
            (verified.unseen, "auctions were not shown in time"),
        ];
        let mut found: Vec<_> =
            faults.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if verified.auctions == 0 && verified.unseen == 0 {
            found.push("no auction was looked at".to_owned());
        }
        if found.is_empty() { Ok(()) } else { Err(Failure::fault(found.join("; "))) }
    }
}

fn add(to: &mut Histogram<u64>, more: &Histogram<u64>) {
    // All have the same bounds.
    let _ = to.add(more);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn where_nothing_was_looked_at_nothing_is_proved() {
        let plan = Plan {
            auctions: 1,
            bidders: 2,
            rounds: 1,
            groups: 1,
            pace: Pace::InFlight(1),
            duration: Duration::from_secs(1),
            warm_up: Duration::ZERO,
            kill_every: None,
            workers: None,
        };
        let mut figures = Figures::new(0, &plan, 1);
        let told = format!("{:?}", figures.verdict().expect_err("nothing was looked at"));
        assert!(told.contains("no auction was looked at"), "{told}");
        figures.sums.verified.auctions = 1;
        figures.verdict().expect("one was, and nothing is wrong");
    }
}
