//! What stood in the way of more bids.

use super::servers::Usage;

/// A thread that ran, or waited for a processor, for so much of the time never was without work.
const BUSY: f64 = 0.9;

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
    /// Both did, and shared the machine's processors.
    Machine,
    /// The clients were not busy all the time, and the nodes are not known.
    Unknown,
}

impl Limit {
    /// `kept_up`: an open loop made its bids in time. Without `nodes` they are not known.
    pub(super) fn of(kept_up: bool, clients: &Usage, nodes: Option<&Usage>) -> Self {
        let busy = |usage: &Usage| usage.ran + usage.waited >= BUSY;
        match (busy(clients), nodes.map(busy)) {
            _ if kept_up => Self::Rate,
            (true, Some(true)) => Self::Machine,
            (true, _) => Self::Client,
            (false, Some(true)) => Self::Nodes,
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
            Self::Client => "the client: a client process was busy all the time, the nodes could take more",
            Self::Nodes => "the nodes: one of them was busy all the time, the clients could send more",
            Self::Machine => "the machine: clients and nodes were both busy all the time, on the same processors",
            Self::Unknown => "not known: the clients could send more; what the nodes do cannot be told from here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_never_was_without_work_stood_in_the_way() {
        let usage = |ran, waited| Usage { ran, waited, ..Usage::default() };
        let (idle, busy, starved) = (usage(0.5, 0.1), usage(0.95, 0.0), usage(0.4, 0.55));
        assert_eq!(Limit::of(true, &busy, Some(&busy)), Limit::Rate);
        assert_eq!(Limit::of(false, &busy, Some(&idle)), Limit::Client);
        assert_eq!(Limit::of(false, &idle, Some(&busy)), Limit::Nodes);
        assert_eq!(Limit::of(false, &starved, Some(&busy)), Limit::Machine);
        assert_eq!(Limit::of(false, &idle, Some(&idle)), Limit::InFlight);
        assert_eq!(Limit::of(false, &idle, None), Limit::Unknown);
        assert_eq!(Limit::of(false, &starved, None), Limit::Client);
    }
}
