//! What stood in the way of more bids.

use super::servers::Usage;

/// A thread that ran, or waited for a processor, for so much of the time had work all the time.
const BUSY: f64 = 0.9;
/// One that waited for a processor for so much of it was kept from its work by others.
const STARVED: f64 = 0.25;

/// What stood in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// Nothing: all bids that were asked for were made in time.
    Rate,
    /// The way there and back: neither side was busy all the time.
    InFlight,
    /// A client process had work all the time.
    Client,
    /// A node did.
    Nodes,
    /// Both did; or there were not processors enough for them and whoever else runs.
    Machine,
    /// The clients were not busy all the time, and the nodes are not known.
    Unknown,
}

impl Limit {
    /// `kept_up`: an open loop made its bids in time. Without `nodes` they are not known.
    pub(super) fn of(kept_up: bool, clients: &Usage, nodes: Option<&Usage>) -> Self {
        let busy = |usage: &Usage| usage.ran + usage.waited >= BUSY && usage.waited < STARVED;
        let starved = clients.waited >= STARVED || nodes.is_some_and(|nodes| nodes.waited >= STARVED);
        match (busy(clients), nodes.map(busy)) {
            _ if kept_up => Self::Rate,
            (true, Some(true)) => Self::Machine,
            (true, _) => Self::Client,
            (false, Some(true)) => Self::Nodes,
            (false, _) if starved => Self::Machine,
            (false, Some(false)) => Self::InFlight,
            (false, None) => Self::Unknown,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::InFlight => "in-flight",
            Self::Client => "client",
            Self::Nodes => "nodes",
            Self::Machine => "machine",
            Self::Unknown => "unknown",
        }
    }

    /// For people.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Rate => "the rate that was asked for: the cluster kept up with it",
            Self::InFlight => "the bids under way: neither clients nor nodes were busy all the time",
            Self::Client => "the client: a client process had work all the time, the nodes could take more",
            Self::Nodes => "the nodes: one of them had work all the time, the clients could send more",
            Self::Machine => "the machine: not enough processors for clients, nodes, and whoever else runs",
            Self::Unknown => "not known: the clients could send more; what the nodes do cannot be told from here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_had_work_all_the_time_stood_in_the_way_and_the_machine_where_nobody_could() {
        let usage = |ran, waited| Usage { ran, waited, ..Usage::default() };
        let (idle, busy, starved) = (usage(0.5, 0.1), usage(0.8, 0.14), usage(0.4, 0.5));
        assert_eq!(Limit::of(true, &busy, Some(&busy)), Limit::Rate);
        assert_eq!(Limit::of(false, &busy, Some(&idle)), Limit::Client);
        assert_eq!(Limit::of(false, &busy, None), Limit::Client);
        assert_eq!(Limit::of(false, &idle, Some(&busy)), Limit::Nodes);
        assert_eq!(Limit::of(false, &busy, Some(&busy)), Limit::Machine);
        assert_eq!(Limit::of(false, &starved, Some(&idle)), Limit::Machine);
        assert_eq!(Limit::of(false, &idle, Some(&starved)), Limit::Machine);
        assert_eq!(Limit::of(false, &idle, Some(&idle)), Limit::InFlight);
        assert_eq!(Limit::of(false, &idle, None), Limit::Unknown);
    }
}
