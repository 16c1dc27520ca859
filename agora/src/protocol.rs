//! The contract of every protocol: *mutate, drain, re-arm*.
//!
//! A protocol is a state machine without a clock, a socket, or randomness of its own. Whoever drives it (an actor, a
//! simulator) does, for every input:
//!
//! 1. [`fire`](Protocol::fire), if [`deadline`](Protocol::deadline) is due;
//! 2. [`handle`](Protocol::handle) the input;
//! 3. carry out all outputs, in order;
//! 4. arm one timer for the new [`deadline`](Protocol::deadline).

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

    /// When [`fire`](Self::fire) must be called next, if nothing else happens.
    fn deadline(&self) -> Option<Timestamp>;
}
