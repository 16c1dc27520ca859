//! `member`: who counts, with `--cluster-size`.

use agora::replicator::message::Order;
use clap::Subcommand;
use serde_json::{Map, json};
use uuid::Uuid;

use super::status::{self, nodes};
use crate::failure::Failure;
use crate::output::Colour;
use crate::session::Session;
use crate::table::{Align, Cell, Table};

pub(super) const EXAMPLES: &str = "\
Members change one at a time: a replacement adds the new one first. A node
that is not a member observes; it must hold the log before it can be added.

Examples:
  agora-cli member list
  agora-cli member replace OLD NEW
  agora-cli --timeout 1m member add NODE";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Args {
    /// List members and observers
    List,
    /// Make an observer a member
    Add {
        /// The node's UUID
        #[arg(value_name = "NODE", value_parser = node)]
        node: Uuid,
    },
    /// Make a member an observer, or give a lost one up
    Remove {
        /// The node's UUID
        #[arg(value_name = "NODE", value_parser = node)]
        node: Uuid,
    },
    /// Add one, then remove another
    Replace {
        /// The member that goes
        #[arg(value_name = "OLD", value_parser = node)]
        old: Uuid,
        /// The observer that comes
        #[arg(value_name = "NEW", value_parser = node)]
        new: Uuid,
    },
}

/// A NODE argument.
pub(super) fn node(text: &str) -> Result<Uuid, String> {
    Uuid::parse_str(text).map_err(|_| "a node is named by its UUID, as `agora-cli status` shows it".into())
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    match args {
        Args::List => list(session).await,
        Args::Add { node } => {
            order(session, Order::Add(node)).await?;
            done(session, &[("added", node)])
        }
        Args::Remove { node } => {
            order(session, Order::Remove(node)).await?;
            done(session, &[("removed", node)])
        }
        Args::Replace { old, new } => {
            order(session, Order::Add(new)).await?;
            order(session, Order::Remove(old)).await?;
            done(session, &[("added", new), ("removed", old)])
        }
    }
}

/// Carries an order out, or says why not.
pub(super) async fn order(session: &Session, order: Order) -> Result<(), Failure> {
    let answer = session.client.order(order, Some(session.timeout())).await;
    match answer.map_err(|failure| Failure::order(failure.into()))? {
        Ok(()) => Ok(()),
        Err(refusal) => Err(Failure::order(Failure::refused(&refusal))),
    }
}

fn done(session: &Session, what: &[(&str, Uuid)]) -> Result<(), Failure> {
    session.printer.print(
        || what.iter().map(|(done, node)| ((*done).into(), json!(node))).collect::<Map<_, _>>().into(),
        |_| what.iter().map(|(done, node)| format!("{done} {node}")).collect::<Vec<_>>().join("\n"),
    )
}

async fn list(session: &Session) -> Result<(), Failure> {
    let status = session.client.status(Some(session.timeout())).await?;
    for node in nodes(&status) {
        session.printer.print(|| status::node_json(&status, &node), |_| String::new())?;
    }
    session.printer.say(|printer| {
        let mut table = Table::headed([Align::Left; 4], ["NODE", "STATE", "LOG", ""]);
        for node in nodes(&status) {
            let leads = if status.leader == Some(node.id) { "leads" } else { "" };
            let state = if node.state == "member" {
                Cell::from("member")
            } else {
                Cell::from(node.state).coloured(Colour::Dim)
            };
            table.row([node.id.into(), state, status::place(&status, &node), leads.into()]);
        }
        table.lines(printer).join("\n")
    })
}
