//! Events on stdout: a line each, flushed, for people or for programs.

use std::env;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::str::FromStr;

use agora::config::Mode;
use agora::node::{NodeEvent, Waiting};
use agora::replicator::message::{LogEnd, Standing};
use serde::Serialize;
use uuid::Uuid;

use crate::failure::Failure;

/// `--output`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(format!("`{other}` is neither text nor json")),
        }
    }
}

impl Format {
    /// What the command line asks for, as far as that can be told before it is understood: errors in it have a format
    /// too.
    pub(crate) fn wanted() -> Self {
        let mut wanted = env::var("AGORA_OUTPUT").ok();
        let mut args = env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
        while let Some(arg) = args.next() {
            if arg == "--output" {
                wanted = args.next();
            } else if let Some(value) = arg.strip_prefix("--output=") {
                wanted = Some(value.into());
            }
        }
        wanted.and_then(|name| name.parse().ok()).unwrap_or(Self::Text)
    }
}

/// Writes to stdout, at once.
pub(crate) fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).or_else(|error| unwritten(&error))
}

/// What it means that stdout was not written: where nobody reads it any more, the program ends quietly; else it is a
/// fault.
pub(crate) fn unwritten(error: &io::Error) -> Result<(), Failure> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::fault(format!("cannot write to stdout: {error}"))),
    }
}

/// Writes to stderr. Where that cannot be written, the exit status has to do.
pub(crate) fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Whose events are told, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Teller {
    pub(crate) format: Format,
    pub(crate) node: Uuid,
    pub(crate) mode: Mode,
}

impl Teller {
    /// Writes one event; nothing for a fault, which is an error on stderr, and for events that stdout was too slow for.
    pub(crate) fn write(self, out: &mut impl Write, event: &NodeEvent) -> io::Result<()> {
        let line = match self.format {
            Format::Text => text(self.node, self.mode, event),
            Format::Json => json(self.node, event),
        };
        match line {
            Some(line) => {
                writeln!(out, "{line}")?;
                out.flush()
            }
            None => Ok(()),
        }
    }
}

/// An event as a JSON object, its name first.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'a> {
    Bound {
        node: Uuid,
        address: SocketAddr,
    },
    Ready {
        node: Uuid,
        address: SocketAddr,
        http: Option<SocketAddr>,
        cluster: &'a str,
        standing: &'static str,
    },
    Waiting {
        node: Uuid,
        r#for: &'static str,
        here: Option<usize>,
        needed: Option<usize>,
        reason: String,
    },
    Returned {
        node: Uuid,
        cause: &'static str,
        reason: &'static str,
    },
    Leader {
        node: Uuid,
        epoch: u64,
        leader: Option<Uuid>,
        #[serde(rename = "self")]
        is_self: bool,
    },
    Member {
        node: Uuid,
        member: Uuid,
        state: String,
    },
    Stopped {
        node: Uuid,
    },
}

fn json(node: Uuid, event: &NodeEvent) -> Option<String> {
    let line = match *event {
        NodeEvent::Bound { address } => Line::Bound { node, address },
        NodeEvent::Ready { address, ref cluster, standing } => {
            Line::Ready { node, address, http: None, cluster, standing: standing_name(standing) }
        }
        NodeEvent::Waiting(waiting) => {
            let (r#for, here, needed) = waits_for(waiting);
            Line::Waiting { node, r#for, here, needed, reason: waiting.to_string() }
        }
        NodeEvent::Returned(end) => {
            let (cause, reason) = returned(end);
            Line::Returned { node, cause, reason }
        }
        NodeEvent::Leader { epoch, leader, is_self } => Line::Leader { node, epoch, leader, is_self },
        NodeEvent::Member { member, state } => Line::Member { node, member, state: state.to_string() },
        NodeEvent::Stopped => Line::Stopped { node },
        NodeEvent::Fault(_) | NodeEvent::Missed(_) => return None,
    };
    serde_json::to_string(&line).ok()
}

fn text(node: Uuid, mode: Mode, event: &NodeEvent) -> Option<String> {
    let (name, rest) = match event {
        NodeEvent::Bound { address } => ("bound", format!("{address}  node {node}")),
        NodeEvent::Ready { address, cluster, standing } => {
            let observer = match (standing, mode) {
                (Standing::Observer, Mode::Majority(_)) => "  as an observer: it holds the log and is not counted",
                (Standing::Observer, Mode::Reachable) => {
                    "  as an observer: it holds the log and is about to be counted"
                }
                (Standing::Newcomer | Standing::Member, _) => "",
            };
            ("ready", format!("{address}  cluster {cluster}{observer}"))
        }
        NodeEvent::Waiting(waiting) => ("waiting", waiting.to_string()),
        NodeEvent::Returned(end) => ("returned", format!("as a newcomer: {}", returned(*end).1)),
        NodeEvent::Leader { epoch, leader: Some(_), is_self: true } => ("leader", format!("this node  epoch {epoch}")),
        NodeEvent::Leader { epoch, leader: Some(leader), .. } => ("leader", format!("{leader}  epoch {epoch}")),
        NodeEvent::Leader { epoch, leader: None, .. } => ("leader", format!("none  epoch {epoch}")),
        NodeEvent::Member { member, state } if *member == node => ("member", format!("this node  {state}")),
        NodeEvent::Member { member, state } => ("member", format!("{member}  {state}")),
        NodeEvent::Stopped => ("stopped", String::new()),
        NodeEvent::Fault(_) | NodeEvent::Missed(_) => return None,
    };
    Some(format!("{name:<10}{rest}").trim_end().to_string())
}

const fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::Newcomer => "newcomer",
        Standing::Observer => "observer",
        Standing::Member => "member",
    }
}

/// For what, in a word; how many are here, and how many it takes, where that is known.
const fn waits_for(waiting: Waiting) -> (&'static str, Option<usize>, Option<usize>) {
    match waiting {
        Waiting::Founding { here, needed } => ("founding", Some(here), Some(needed)),
        Waiting::Discovery { .. } => ("discovery", None, None),
        Waiting::Majority { here, needed, .. } => ("majority", here, Some(needed)),
        Waiting::Election => ("election", None, None),
        Waiting::Log => ("log", None, None),
    }
}

/// Why, in a word and for people.
const fn returned(end: LogEnd) -> (&'static str, &'static str) {
    match end {
        LogEnd::Unfounded => ("unfounded", "not all founding members held the list in time; nothing is lost"),
        LogEnd::Superseded => {
            ("superseded", "its history was set aside for another; what it acknowledged alone meanwhile is lost")
        }
    }
}
