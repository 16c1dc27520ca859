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

fn main() -> ExitCode {
    let format = output::Format::wanted();
    match cli::parse(format).and_then(|cli| run::run(&cli, format)) {
        Ok(code) => code,
        Err(failure) => failure.report(format),
    }
}
