//! What an auction has to bear: the faults that the Python prototype was measured under, hostile datagrams, and much of
//! everything, against whole nodes on loopback. Which fault is tried where: `docs/testing.md`.

mod amounts;
mod cluster;
mod failover;
mod forgery;
mod house;
mod many;
mod partition;
mod rubbish;
mod rules;
mod sealed;
mod stranger;
