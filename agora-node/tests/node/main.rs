//! The real binary: what it says, and with which status it ends.

mod configuration;
mod data;
mod events;
mod packaged;
mod page;
mod program;
mod service;
mod streams;
