//! `leader`: who leads.

use agora::replicator::message::Order;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::member;
use crate::failure::Failure;
use crate::session::Session;

pub(super) const EXAMPLES: &str = "\
Whom it is given keeps it, also where another node ranks higher.

Examples:
  agora-cli leader transfer
  agora-cli leader transfer --to NODE";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Args {
    /// Let another member lead
    Transfer {
        /// Whom [default: the highest that has caught up]
        #[arg(long, value_name = "NODE", value_parser = member::node, env = "AGORA_TO", hide_env = true)]
        to: Option<Uuid>,
    },
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    let Args::Transfer { to } = args;
    let timeout = Some(session.timeout());
    let from = session.client.leader(timeout).await?.node.uuid;
    member::order(session, Order::Transfer { from, to }).await?;
    let leader = session.client.leader(timeout).await?;
    session.printer.print(
        || json!({"leader": leader.node.uuid, "epoch": leader.epoch.number}),
        |_| format!("{} leads, in epoch {}", leader.node.uuid, leader.epoch.number),
    )
}
