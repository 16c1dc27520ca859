//! Who holds what: the replicated log, when an entry of it is committed, who may lead it, and who counts.
//!
//! Everything that safety rests on is in here and changes together: promises, log, commit index, members. The terms are
//! those of Viewstamped Replication Revisited (MIT-CSAIL-TR-2012-021) and Raft; the rules, with the executions that
//! break weaker ones, are numbered in `docs/protocol.md`.
//!
//! ```text
//! leader                       backups
//!   | append, write              |
//!   |--- STATE_REPLICATE ------->| promise (if higher), match, append, write
//!   |<-- STATE_REPLICATE_ACK ----| once it is flushed: the last entry that this message verified
//!   | a quorum: commit, reply    |
//!   |--- STATE_REPLICATE ------->| commit what it verified
//!
//! candidate                    members
//!   |--- LEADER_ELECTION_COORDINATION_REQUEST (dry) -->|  would you?   (who hears a leader would not)
//!   |<-- LEADER_ACK_RESPONSE --------------------------|
//!   | write its own promise                            |
//!   |--- LEADER_ELECTION_COORDINATION_REQUEST -------->|  write the promise, serve no lower epoch
//!   |<-- LEADER_ACK_RESPONSE --------------------------|  with the end of the log
//!   |--- STATE_REPLICATION_REQUEST --> holder of the newest log, if that is not here
//!   | append EpochStarted; when it is committed, serve |
//! ```
//!
//! | file | what |
//! |---|---|
//! | `protocol.rs` | the state, promises, what others are told |
//! | `writing.rs` | what is written, and what waits for its flush |
//! | `commit.rs` | handing over what is committed |
//! | `log.rs` | the entries; making a log agree with another |
//! | `quorum.rs` | the two functions in which the modes differ |
//! | `follower.rs` | following a leader, promising to a candidate |
//! | `candidate.rs` | taking over |
//! | `leader.rs`, `peer.rs` | leading; the flow of entries to one other node |
//! | `members.rs` | joins, leaves, handing over |
//! | `founding.rs` | how a log begins, and how it ends |
//! | `compaction.rs` | dropping what matters no more |
//! | `snapshot.rs` | giving what is left to whoever lacks it |
//! | `show.rs` | reading what is committed, for those who follow the log |

#[cfg(feature = "actors")]
pub mod actor;
mod candidate;
mod commit;
mod compaction;
mod follower;
mod founding;
mod leader;
mod log;
mod members;
pub mod message;
mod orders;
mod peer;
pub mod protocol;
mod quorum;
mod show;
mod snapshot;
#[cfg(test)]
mod tests;
mod writing;
