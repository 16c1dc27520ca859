//! Events on stdout: a line each, flushed, for people or for programs.

use std::env;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::str::FromStr;

use agora::node::NodeEvent;
use serde::Serialize;
use uuid::Uuid;

/// `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
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

/// Writes one event of `node`; nothing for a fault, which is an error on stderr, and for events that stdout was too slow for.
pub(crate) fn write(out: &mut impl Write, format: Format, node: Uuid, event: &NodeEvent) -> io::Result<()> {
    let line = match format {
        Format::Text => text(node, event),
        Format::Json => json(node, event),
    };
    match line {
        Some(line) => {
            writeln!(out, "{line}")?;
            out.flush()
        }
        None => Ok(()),
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
        NodeEvent::Ready { address, ref cluster } => Line::Ready { node, address, http: None, cluster },
        NodeEvent::Leader { epoch, leader, is_self } => Line::Leader { node, epoch, leader, is_self },
        NodeEvent::Member { member, state } => Line::Member { node, member, state: state.to_string() },
        NodeEvent::Stopped => Line::Stopped { node },
        NodeEvent::Fault(_) | NodeEvent::Missed(_) => return None,
    };
    serde_json::to_string(&line).ok()
}

fn text(node: Uuid, event: &NodeEvent) -> Option<String> {
    let (name, rest) = match event {
        NodeEvent::Bound { address } => ("bound", format!("{address}  node {node}")),
        NodeEvent::Ready { address, cluster } => ("ready", format!("{address}  cluster {cluster}")),
        NodeEvent::Leader { epoch, leader: Some(_), is_self: true } => ("leader", format!("this node  epoch {epoch}")),
        NodeEvent::Leader { epoch, leader: Some(leader), .. } => ("leader", format!("{leader}  epoch {epoch}")),
        NodeEvent::Leader { epoch, leader: None, .. } => ("leader", format!("none  epoch {epoch}")),
        NodeEvent::Member { member, state } => ("member", format!("{member}  {state}")),
        NodeEvent::Stopped => ("stopped", String::new()),
        NodeEvent::Fault(_) | NodeEvent::Missed(_) => return None,
    };
    Some(format!("{name:<8}{rest}").trim_end().to_string())
}
