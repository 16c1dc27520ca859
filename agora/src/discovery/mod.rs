//! Who is there: nodes find each other, and clients find the leader.
//!
//! A starting node broadcasts DISCOVERY_REQUEST (to the broadcast addresses and every `--join` address) during its
//! *discovery window*; the replicator founds nothing before that is over. Afterwards it goes on asking: seldom while it
//! has a leader, so that partitions and newcomers are noticed, and often while it has none. Each question and each answer
//! tells what its sender knows of itself, so one round trip tells both sides.
//!
//! ```text
//! starting node                        every other node                          client
//!    │ DISCOVERY_REQUEST n, about me ─────▶│ Found: this node, there                │
//!    │◀─── DISCOVERY_RESPONSE n, about me ─│                                        │
//!    │ Found: that node, there             │                                        │
//!    │   … ten times a discovery window    │                                        │
//!    │ WindowClosed                        │                                        │
//!    │                                     │◀────── DISCOVERY_REQUEST n, padding ───│
//!    │                                     │ LEADER_DETAILS n, leader, cookie ─────▶│
//! ```
//!
//! # Introductions
//! An answer tells where its sender lately heard others, and who asked for it asks them too (`introductions`). So nodes
//! that no broadcast reaches, and that all name one node, meet all through it and do not need it afterwards. Only an
//! answer to this node's own nonce is believed; the addresses are bounded, and given up when they do not answer.
//!
//! # Who must not be here
//! Two kinds of node are not learned: one that has this node's own UUID under another incarnation (two processes were
//! given one identity), and one that runs in another mode or size. One of the two has to end, and it is the one that
//! starts:
//!
//! - The *established* node (its window is over) answers, and takes no notice otherwise.
//! - Of two that start, the one that holds a log answers; where that is equal, the one with the greater UUID and then
//!   incarnation. The other one keeps silent.
//! - Whoever gets such an answer to its own nonce while its window is open ends: `SameUuid` or `OtherMode`.
//!
//! The nonce is what keeps a node from taking a late answer to its former self for one to itself.
//!
//! # Amplification
//! Anybody can put a stranger's address on a question. So no answer is longer than its question: questions are padded,
//! and one with less padding gets no answer.

#[cfg(feature = "actors")]
pub mod actor;
mod book;
mod introductions;
pub mod message;
pub mod protocol;
#[cfg(test)]
mod tests;
