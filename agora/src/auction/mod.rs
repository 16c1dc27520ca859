//! Auctions: their rules, and the manager that carries them out on the leader.
//!
//! An auction *is* its [`Event`](event::Event)s. Four pure functions hold all rules:
//!
//! ```text
//!   command ─▶ decide ─┐                      ┌─▶ apply ─▶ Auction ─▶ winner, standings
//!                      ├─▶ events ─▶ (the log)┤              │
//!   time ────▶ tick  ──┘                      └─▶ view ◀─────┘  what a participant is shown of an event
//! ```
//!
//! - [`decide`](decide::decide) and [`tick`](decide::tick): the leader only; they change nothing.
//! - [`apply`](apply::apply): everybody, in log order; it numbers the events of an auction from 1.
//! - [`view`](view::view): what leaves for participants, with what is sealed left out.
//! - [`winner`](winner::winner): which bid wins, a small function per rule.
//! - [`transcript`]: an auction that has left, as text.
//!
//! A round is complete as soon as all bidders have bid or passed, or when its time is over; who is silent then has
//! passed. After the last round the rule names the winner.

#[cfg(feature = "actors")]
pub mod actor;
pub mod apply;
pub mod decide;
pub mod event;
mod machine;
mod manager;
pub mod message;
pub mod protocol;
pub mod refusal;
pub mod state;
pub mod transcript;
pub mod view;
pub mod winner;

#[cfg(test)]
mod tests;
