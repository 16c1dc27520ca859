//! The seeded simulator of whole clusters: the real protocols, the real wire format, simulated time, network, disks,
//! clocks and clients.
//!
//! A seed decides everything: the mode, how many nodes, how bad the network is, who crashes when, which mailbox runs next.
//! In the *safety phase* faults come; then all faults end, and in the *liveness phase* one leader must stand and every
//! outstanding request must get its answer. The invariants of `docs/protocol.md` are checked at every step.
//!
//! - `cargo test --test simulator` runs 200 seeds.
//! - `AGORA_SIM_SEEDS=10000 cargo test --release --test simulator seeds -- --nocapture` runs that many and tells how fast;
//!   `AGORA_SIM_FROM` is the first.
//! - `AGORA_SIM_SEED=7 AGORA_SIM_TRACE=1` runs that one, and writes down what happens.
//! - `AGORA_SIM_KEEP_GOING=1` names every seed that fails, not only the first.
//! - `AGORA_SIM_SECONDS` is the length of the safety phase.

mod client;
mod complaints;
mod concern;
mod dice;
mod disk;
mod faults;
mod invariants;
mod network;
mod node;
mod queue;
mod replies;
mod runner;
mod schedule;
mod trace;
mod world;

use runner::{Plan, run_one};

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
        let first = run_one(seed, 4, false).expect("holds every invariant");
        let second = run_one(seed, 4, false).expect("holds every invariant");
        assert_eq!(first.hash, second.hash, "seed {seed}");
        assert_eq!(first.datagrams, second.datagrams, "seed {seed}");
    }
}
