//! The work: start the node, tell its events, end it on a signal.

use std::io;
use std::process::ExitCode;

use agora::config::Mode;
use agora::node::{Ending, Node, NodeEvent, NodeHandle, Options};
use clap::CommandFactory;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Cli;
use crate::data;
use crate::failure::Failure;
use crate::options;
use crate::output::{self, Format, Teller};
use crate::print;
use crate::settings::Settings;

/// Does what the command line asks for; it fails only before it knows in which format to tell errors.
pub(crate) fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    if let Some(shell) = cli.completions {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "agora-node", &mut script);
        return output::write(&script).map(|()| ExitCode::SUCCESS);
    }
    if let Some(folder) = &cli.man {
        let written = clap_mangen::generate_to(Cli::command(), folder);
        let failed = |error| Failure::fault(format!("cannot write the page to {}: {error}", folder.display()));
        return written.map(|()| ExitCode::SUCCESS).map_err(failed);
    }
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    let set = options::merged(cli)?;
    let format = set.output.unwrap_or_default();
    Ok(go(cli, &set, format).unwrap_or_else(|failure| failure.report(format)))
}

/// Does it with these settings.
fn go(cli: &Cli, set: &Settings, format: Format) -> Result<ExitCode, Failure> {
    let options = options::options(set)?;
    if cli.print_config {
        return output::write(print::print(&options, set)?.as_bytes()).map(|()| ExitCode::SUCCESS);
    }
    if cli.check_config {
        return Ok(ExitCode::SUCCESS);
    }
    if cli.check_data {
        let path = options.data_dir.as_deref().ok_or_else(|| Failure::usage("--check-data needs --data-dir"))?;
        return data::check(path, format).map(|()| ExitCode::SUCCESS);
    }
    warn(options.settings.mode, options.data_dir.is_some());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::fault(format!("cannot start: {error}")))?;
    runtime.block_on(serve(options, format))
}

/// One line on what the mode does not survive.
fn warn(mode: Mode, on_disk: bool) {
    match mode {
        Mode::Reachable => log::warn!(
            "without --cluster-size a partition makes two clusters, of which one is given up afterwards; and a server \
             that goes unheard for the removal time may miss what is acknowledged meanwhile"
        ),
        Mode::Majority(2) if !on_disk => {
            log::warn!(
                "--cluster-size 2 without --data-dir: once either node is lost or restarted, nothing serves any more"
            );
        }
        Mode::Majority(_) => {}
    }
}

async fn serve(options: Options, format: Format) -> Result<ExitCode, Failure> {
    let mut signals = Signals::listen().map_err(|error| Failure::fault(format!("cannot hear signals: {error}")))?;
    let mode = options.settings.mode;
    let node = Node::builder().options(options).build()?.spawn();
    let teller = Teller { format, node: node.uuid, mode };
    let told = tell(&node, &mut signals, teller).await;
    if told.is_err() {
        // Nobody can read on.
        node.stop();
    }
    match node.ended().await {
        Ending::Stopped | Ending::Killed => told.or_else(|error| output::unwritten(&error)).map(|()| ExitCode::SUCCESS),
        Ending::Fault(fault) => Err(fault.into()),
    }
}

/// Tells the events until there are no more, and fails when they cannot be written.
async fn tell(node: &NodeHandle, signals: &mut Signals, teller: Teller) -> io::Result<()> {
    let mut out = io::stdout();
    let mut events = node.events();
    let mut stopping = false;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(NodeEvent::Missed(count)) => log::warn!("stdout was too slow for {count} events"),
                Some(event) => teller.write(&mut out, &event)?,
                None => return Ok(()),
            },
            () = signals.next() => {
                if stopping {
                    std::process::exit(1);
                }
                stopping = true;
                node.stop();
            }
        }
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
