//! `completions`: what a shell needs to complete this program's commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::options::Cli;
use crate::output::write;

pub(super) const EXAMPLES: &str = "\
Examples:
  source <(agora-cli completions bash)               # in ~/.bashrc
  agora-cli completions zsh > ~/.zfunc/_agora-cli    # a folder of your $fpath
  agora-cli completions fish > ~/.config/fish/completions/agora-cli.fish";

/// For which shell.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// bash, elvish, fish, powershell or zsh
    #[arg(value_name = "SHELL", value_enum, hide_possible_values = true)]
    shell: Shell,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "agora-cli", &mut script);
    write(&script)
}
