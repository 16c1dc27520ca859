//! The command line.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Parser};
use clap_complete::Shell;

use crate::failure::{self, Failure};
use crate::output::{self, Format};
use crate::settings::{PROGRAM, Settings};

/// What the program is asked to do.
#[derive(Debug, Parser)]
#[command(name = "agora-node", version, about = ABOUT, after_help = EXAMPLES, disable_help_flag = true)]
#[command(term_width = 80, max_term_width = 80)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,

    /// A TOML file with settings, named like the flags
    #[arg(long, value_name = "FILE", env = "AGORA_CONFIG", hide_env = true, help_heading = PROGRAM)]
    pub(crate) config: Option<PathBuf>,

    /// Check the configuration, and end
    #[arg(long, help_heading = PROGRAM)]
    pub(crate) check_config: bool,

    /// Tell what --data-dir holds, change nothing, and end
    #[arg(long, help_heading = PROGRAM)]
    pub(crate) check_data: bool,

    /// Print the configuration as a file for --config, and end
    #[arg(long, help_heading = PROGRAM)]
    pub(crate) print_config: bool,

    /// Print completions for bash, elvish, fish, powershell or zsh, and end
    #[arg(long, value_name = "SHELL", hide_possible_values = true, help_heading = PROGRAM)]
    pub(crate) completions: Option<Shell>,

    // For whoever packages the program.
    #[arg(long, value_name = "DIR", hide = true, help = "Write the manual page into this folder, and end")]
    pub(crate) man: Option<PathBuf>,

    /// Print this help
    #[arg(short, long, action = ArgAction::HelpShort, help_heading = PROGRAM)]
    help: Option<bool>,
}

const ABOUT: &str = "\
A server of the Agora auction system

With no flags it binds an ephemeral UDP port, finds other nodes by broadcast,
and joins or founds the cluster `agora`. A flag goes before the environment,
that before the file, that before the preset.";

const EXAMPLES: &str = "\
Durations are written 250ms, 20s or 2m.
Every setting is also an environment variable: AGORA_JOIN=a:1,b:2 for --join.

Examples:
  agora-node                                     join or found a cluster here
  agora-node --cluster-size 3                    one of three; survives any one
  agora-node --cluster-size 3 --data-dir D       ... and all of them, with disks
  agora-node --bind 127.0.0.1:0                  keep to this machine
  agora-node --bind 10.0.0.5:4000 --join b:4000  without broadcast
  agora-node --config node.toml --print-config   what is in force

Exit status: 0 stopped as asked, 1 fault, 2 bad usage or configuration.";

/// Reads the command line and the environment; or, as after `--help` and `--version`, with what the program ends.
pub(crate) fn parse(format: Format) -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| {
        let error = named_by_source(error);
        if !error.use_stderr() {
            let printed = error.print().and_then(|()| io::stdout().flush()).or_else(|error| output::unwritten(&error));
            return printed.map_or_else(|failure| failure.report(format), |()| ExitCode::SUCCESS);
        }
        if format == Format::Json {
            return Failure::usage(one_line(&error.render().to_string())).report(format);
        }
        // Where stderr cannot be written, the exit status has to do.
        let _ = error.print();
        ExitCode::from(failure::USAGE)
    })
}

/// A value that no flag gives comes from the environment: the error names the variable.
fn named_by_source(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else { return error };
    let Some(flag) = arg.split_whitespace().next().filter(|flag| flag.starts_with("--")).map(String::from) else {
        return error;
    };
    let given = |arg: OsString| arg.to_string_lossy().split('=').next() == Some(flag.as_str());
    if error.kind() == ErrorKind::ValueValidation && !env::args_os().any(given) {
        let variable = format!("AGORA_{}", flag.trim_start_matches('-').replace('-', "_").to_uppercase());
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
    }
    error
}

/// clap's paragraphs, without the usage and the pointer to `--help`.
fn one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
