//! The real `agora-cli`, as others use it: arguments in; stdout, stderr and exit code out.

mod bench;
mod cast;
mod commands;
mod config;
mod driver;
mod endings;
mod exec;
mod help;
mod local;
mod members;
#[path = "../../../agora/tests/nodes/network.rs"]
mod network;
mod packaged;
mod page;
mod refusals;
mod scripts;
mod tables;
mod unreachable;
