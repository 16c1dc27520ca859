//! The contract of every protocol: *mutate, settle, drain, re-arm*.
//!
//! A protocol is a state machine without a clock, a socket, or randomness of its own. Whoever drives it (an actor, a
//! simulator) does, in every turn:
//!
//! 1. [`fire`](Protocol::fire), if [`deadline`](Protocol::deadline) is due;
//! 2. [`handle`](Protocol::handle) every input that has come, in order: one, several, or none;
//! 3. [`settle`](Protocol::settle);
//! 4. carry out all outputs, in order;
//! 5. arm one timer for the new [`deadline`](Protocol::deadline).
//!
//! How inputs are dealt out to turns is open: a node that falls behind takes more of them a turn, and what a protocol
//! does once a turn then costs less for each.

use crate::time::Timestamp;

/// A pure state machine; see the [module](self) for how to drive it.
pub trait Protocol {
    /// What it is told.
    type Input;
    /// What it wants done.
    type Output;

    /// Takes one input at local time `now` and appends what follows from it to `out`.
    fn handle(&mut self, now: Timestamp, input: Self::Input, out: &mut Vec<Self::Output>);

    /// Acts on every deadline that is not after `now`.
    ///
    /// Afterwards [`deadline`](Self::deadline) is after `now`, or `None`.
    fn fire(&mut self, now: Timestamp, out: &mut Vec<Self::Output>);

    /// Ends a turn: whatever follows from all of its inputs, and not from each of them.
    fn settle(&mut self, _now: Timestamp, _out: &mut Vec<Self::Output>) {}

    /// When [`fire`](Self::fire) must be called next, if nothing else happens.
    fn deadline(&self) -> Option<Timestamp>;
}
