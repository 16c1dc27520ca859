//! Who should lead: the bully algorithm (Garcia-Molina, *Elections in a Distributed Computing System*, 1982), for
//! liveness only. Election says *that* this node should try; whether it may is the replicator's to decide.
//!
//! ```text
//! no leader heard ──> higher ranks? ──none──────────────────────────> TakeOver ──> leads, or failed: wait, again
//!                        │ LEADER_ELECTION_REQUEST to each                ▲
//!                        ├── no answer ───────────────────────────────────┤
//!                        └── LEADER_ELECTION_RESPONSE: wait for its leadership; after three such waits in vain ──┘
//! ```
//!
//! The leader that has just gone silent is not asked. Deference is bounded, because a higher rank may answer and yet be
//! unable to lead. All waits are randomised, so that two candidates do not meet for ever.

#[cfg(feature = "actors")]
pub mod actor;
pub mod message;
pub mod protocol;

#[cfg(test)]
mod tests;
