//! The rooms of the auction manager, whose [`Manager`](super::protocol::Manager) is in `protocol.rs`.
//!
//! ```text
//!  client ──request──▶ ask ──decide──▶ ahead ──Propose──▶ sequencer ──▶ replicator
//!                       │ (known? the stored answer)                       │
//!                       ▼                                                  ▼
//!  client ◀──answer── commit ◀───────────────── Committed, in log order ───┘
//!                       ├──▶ book (auctions, request table): on every node
//!  sessions ◀──events───┘    delivery, backlog: on the leader
//! ```
//!
//! Two states. The *book* is a fold of the committed log; everything that leaves the node is taken from it. *Ahead* is
//! the book with what this leader has proposed and nobody has yet committed; the rules decide on it. A leader that is
//! deposed forgets what is ahead, and nothing else.

pub(crate) mod ahead;
pub(crate) mod ask;
pub(crate) mod backlog;
pub(crate) mod book;
pub(crate) mod codec;
pub(crate) mod commit;
pub(crate) mod deadlines;
pub(crate) mod delivery;
pub(crate) mod fates;
pub(crate) mod lead;
pub(crate) mod leadership;
pub(crate) mod listing;
pub(crate) mod matters;
pub(crate) mod orders;
pub(crate) mod places;
pub(crate) mod reads;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod sessions;
pub(crate) mod shelf;
pub(crate) mod sources;
pub(crate) mod status;
#[cfg(test)]
mod tests;
pub(crate) mod turns;
