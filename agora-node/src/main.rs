//! `agora-node`: a server of the Agora auction system.

mod cli;
mod data;
mod failure;
mod options;
mod output;
mod print;
mod run;
mod settings;
mod values;

use std::process::ExitCode;

/// A bid is a few dozen allocations on the leader: with this allocator it costs a fifth less than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let format = output::Format::wanted();
    match cli::parse(format) {
        Ok(cli) => run::run(&cli).unwrap_or_else(|failure| failure.report(format)),
        Err(code) => code,
    }
}
