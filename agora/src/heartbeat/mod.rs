//! Who is still there: a follower beats its leader, and suspects it when it does not answer.
//!
//! The replicator says whom to beat ([`Input::Follow`](message::Input::Follow)), and its leader's replicator answers, so
//! that a dead replicator is a dead leader. Every beat has a number, and the answer repeats it: what counts is when the
//! *answered* beat was sent, not when the answer came, so an answer that was long under way proves nothing new.
//!
//! ```text
//! follower                                leader
//!    │ HEART_BEAT 7 ─────────────────────▶│
//!    │◀─────────────── HEART_BEAT_ACK 7 ──│   Heard, as of when 7 was sent
//!    │      heart-beat-interval ±10 %     │
//!    │ HEART_BEAT 8 ─────────────────────▶│
//!    │                                    ╳   crash
//!    │ HEART_BEAT 9 ───────▶
//!    │ HEART_BEAT 10 ──────▶
//!    │ Suspect: 7 was sent a failure timeout ago
//! ```
//!
//! The failure timeout is (`max-missed-heart-beats` + 1) × `heart-beat-interval`. It has a deadline of its own, so a dead
//! leader is noticed then and not with the next beat. A node that was late itself waits longer, within bounds, and tells the
//! others so ([`Late`](message::Output::Late)); see `doubt.rs`. Whoever is followed anew has one failure timeout to answer. A
//! suspected leader is beaten on, and may be heard again: suspicion is only election's cue to ask the others.

#[cfg(feature = "actors")]
pub mod actor;
pub mod message;
pub mod protocol;
#[cfg(test)]
mod tests;
