//! The seeded simulator of whole clusters: the real protocols, the real wire format, simulated time, network, disks,
//! clocks and clients.
//!
//! A seed decides everything: the mode, how many nodes, how bad the network is, who crashes when, which mailbox runs next.
//! In the *safety phase* faults come; then all faults end, and in the *liveness phase* one leader must stand and every
//! outstanding request must get its answer. The invariants of `docs/protocol.md` are checked at every step.
//!
//! `cargo test --test simulator` runs 200 seeds; `.ci/seeds` more, adds them up, and repeats one.

mod case;
mod client;
mod complaints;
mod concern;
mod dice;
mod disk;
mod faults;
mod invariants;
mod ledger;
mod network;
mod node;
mod queue;
mod replies;
mod report;
mod runner;
mod schedule;
mod shrink;
mod tier;
mod trace;
mod world;

use case::Case;
use runner::Plan;
use tier::run_one;

#[test]
fn seeds_keep_every_invariant() {
    let plan = Plan::from_environment();
    if let Err(failure) = plan.run() {
        panic!("{failure}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 1_000..1_006 {
        let case = Case::new(seed, 4);
        let first = run_one(&case, false).expect("holds every invariant");
        let second = run_one(&case, false).expect("holds every invariant");
        assert_eq!(first.hash, second.hash, "seed {seed}");
        assert_eq!(first.datagrams, second.datagrams, "seed {seed}");
    }
}
