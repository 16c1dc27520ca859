//! `man`: the manual pages, for whoever packages the program. They are made by the program itself, from the same
//! definitions as `--help`: a package needs nothing but the binary that it ships.

use std::path::PathBuf;

use clap::CommandFactory;

use crate::failure::Failure;
use crate::options::Cli;

/// Where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder that is there; pages of the same names are written over
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let folder = &args.folder;
    clap_mangen::generate_to(Cli::command(), folder)
        .map_err(|error| Failure::fault(format!("cannot write the pages to {}: {error}", folder.display())))
}
