//! `agora-cli`: takes part in auctions from a terminal or a script.
//!
//! `main` → [`options`] (flags, environment, file) → one file per command in [`commands`] → an exit code that
//! [`failure`] lists.

mod bench;
mod commands;
mod events;
mod failure;
mod identity;
mod local;
mod options;
mod output;
mod run;
mod session;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::Failure;
use crate::options::Cli;
use crate::output::{Format, Printer};

/// A bid is a few dozen allocations on the leader: with this allocator it costs a fifth less than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    env_logger::Builder::new().parse_env(env_logger::Env::new().default_filter_or("off")).init();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    let format = match cli.global.format() {
        Ok(format) => format,
        Err(failure) => {
            let json = options::wants_json(std::env::args_os());
            return failure.report(if json { Format::Json } else { Format::Text });
        }
    };
    match block_on(cli, Printer::new(format)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(format),
    }
}

fn block_on(cli: Cli, printer: Printer) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::fault(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        tokio::select! {
            result = commands::run(cli, printer) => result,
            _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
        }
    })
}

/// `--help` and `--version` are no errors; all else is bad usage, in JSON where the arguments ask for it.
fn misused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // A closed stdout ends the program quietly.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if options::wants_json(std::env::args_os()) {
        let reason = one_line(&error.render().to_string());
        return Failure::usage(reason).report(Format::Json);
    }
    let _ = error.print();
    ExitCode::from(failure::USAGE)
}

/// What clap says, without how to use it.
fn one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
