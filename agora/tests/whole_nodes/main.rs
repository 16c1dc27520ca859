//! Whole nodes under simulation: the real actors, transport, clients and auctions, each host on a runtime of its own with
//! simulated time and a simulated network (turmoil).
//!
//! A seed decides everything: the mode, how many nodes, when they start, how bad the network is, who suffers what. In the
//! *safety phase* faults come; then all faults end, one leader must stand, and every outstanding request must get its
//! answer. What clients were told is compared with what they are shown in the end and with what every node committed.
//!
//! `cargo test --test whole_nodes` runs a few seeds; `.ci/seeds --tier 2` more, and repeats one. The simulator of the
//! protocols (`tests/simulator`) takes thousands of times as many, and sees inside; this one has the parts that it leaves
//! out.

#[path = "../simulator/case.rs"]
mod case;
mod clients;
mod clock;
#[path = "../simulator/complaints.rs"]
mod complaints;
#[path = "../simulator/dice.rs"]
mod dice;
mod door;
mod faults;
mod gate;
mod hostile;
mod invariants;
#[path = "../simulator/ledger.rs"]
mod ledger;
mod net;
mod panics;
mod report;
mod run;
#[path = "../simulator/runner.rs"]
mod runner;
mod schedule;
mod sea;
mod seen;
mod server;
#[path = "../simulator/shrink.rs"]
mod shrink;
mod tier;
#[path = "../simulator/trace.rs"]
mod trace;
mod world;

/// What the simulator of the protocols, some of whose files are used here too, counts time in.
mod queue {
    /// Microseconds since the run began.
    pub(crate) type Micros = u64;
}

use case::Case;
use runner::Plan;
use tier::run_one;

#[test]
fn seeds_keep_every_invariant() {
    if let Err(failure) = Plan::from_environment().run() {
        panic!("{failure}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in [1_000, 1_001] {
        let case = Case::new(seed, 3);
        let first = run_one(&case, false).expect("holds every invariant");
        let second = run_one(&case, false).expect("holds every invariant");
        assert_eq!(first.hash, second.hash, "seed {seed}");
        assert_eq!(first.datagrams, second.datagrams, "seed {seed}");
    }
}
