//! In which order: numbers the proposals of the epoch in which this node leads.
//!
//! The auction manager decides, the sequencer numbers, the replicator appends. The number is what ties the three
//! together: the replicator takes only the next one, of its own epoch, so nothing is appended twice, out of order, or
//! after something that was refused.
//!
//! ```text
//! manager          sequencer            replicator
//!    │ Propose ────────▶│ Propose 1 ─────────▶│ append
//!    │ Propose ────────▶│ Propose 2 ─────────▶│ append
//!    │ Propose ────────▶│ Propose 3 ─────────▶│ no room: refused, and all that follow
//!    │ Propose ────────▶│ Propose 4 ─────────▶│ refused
//!    │◀────────────────────────── Refused 3 ──│
//!    │ Rebuilt ────────▶│ Rebuilt, next 5 ───▶│ taken again, from 5 on
//!    │ Propose ────────▶│ Propose 5 ─────────▶│ append
//! ```
//!
//! `Rebuilt` goes the way of the proposals, so whatever was decided before the manager knew of the refusal reaches the
//! replicator before it. A refused number is never used again. A new epoch begins at 1; what still comes from an older
//! one is dropped: its leader was deposed, and the manager was told so.

#[cfg(feature = "actors")]
pub mod actor;
pub mod message;
pub mod protocol;
#[cfg(test)]
mod tests;
