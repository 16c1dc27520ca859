//! Wires the concerns into a node: the only place that knows them all.

pub mod wiring;
