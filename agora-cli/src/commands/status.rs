//! `status`: what the leader knows of its cluster, or, while there is none, what any node knows.

use std::time::Duration;

use agora::auction::message::Status;
use agora::id::{Index, NodeId};
use agora::replicator::message::Standing;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use crate::failure::Failure;
use crate::output::{Colour, Printer};
use crate::session::Session;
use crate::table::{Align, Cell, Table};

/// How often `--wait` looks.
const POLL: Duration = Duration::from_millis(50);

/// What to wait for.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Return when so many nodes hold the log
    #[arg(long, value_name = "N", env = "AGORA_WAIT", hide_env = true)]
    wait: Option<usize>,
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    let status = match args.wait {
        None => session.client.status(Some(session.timeout())).await?,
        Some(wanted) => wait(wanted, session).await?,
    };
    session.printer.print(|| to_json(&status), |printer| text(printer, &status))
}

async fn wait(wanted: usize, session: &Session) -> Result<Box<Status>, Failure> {
    let end = deadline(session.timeout());
    let (mut held, mut answered) = (None, 0);
    loop {
        if let Ok(Ok(status)) = timeout_at(end, session.client.status(None)).await {
            let holders = holders(&status);
            if holders >= wanted {
                return Ok(status);
            }
            held = status.serving.then_some(holders);
            answered = 1;
        } else {
            return Err(match held {
                Some(held) => Failure::timeout(format!("{held} of {wanted} nodes hold the log")),
                None => Failure::no_leader(answered),
            });
        }
        let _ = timeout_at(end, sleep(POLL)).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "a command's patience is measured by the real clock")]
pub(crate) fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout
}

/// How many nodes hold the log, as the leader sees it.
pub(crate) fn holders(status: &Status) -> usize {
    if !status.serving {
        return 0;
    }
    let followers = status.peers.iter().filter(|peer| peer.node != status.node);
    1 + followers.filter(|peer| peer.heard && peer.index >= status.commit && peer.index > Index(0)).count()
}

/// A node, as the answering one sees it.
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) state: &'static str,
    index: Option<Index>,
    heard: Option<bool>,
}

pub(super) fn nodes(status: &Status) -> Vec<Node> {
    let member = |node: NodeId| if status.members.iter().any(|m| m.node == node) { "member" } else { "observer" };
    let own = match status.standing {
        Standing::Newcomer => "newcomer",
        Standing::Observer => "observer",
        Standing::Member => "member",
    };
    let mut nodes = vec![Node { id: status.node, state: own, index: Some(status.last), heard: Some(true) }];
    for peer in status.peers.iter().filter(|peer| peer.node != status.node) {
        let (id, state) = (peer.node, member(peer.node));
        nodes.push(Node { id, state, index: Some(peer.index), heard: Some(peer.heard) });
    }
    for other in &status.members {
        if nodes.iter().all(|node| node.id != other.node) {
            nodes.push(Node { id: other.node, state: "member", index: None, heard: None });
        }
    }
    nodes.sort_by_key(|node| std::cmp::Reverse(node.id));
    nodes
}

fn lag(status: &Status, index: Index) -> u64 {
    status.last.0.saturating_sub(index.0)
}

/// How a node is told to programs.
pub(super) fn node_json(status: &Status, node: &Node) -> Value {
    json!({
        "node": node.id.uuid,
        "state": node.state,
        "leader": status.leader == Some(node.id),
        "index": node.index,
        "lag": node.index.map(|index| lag(status, index)),
        "heard": node.heard,
    })
}

/// How far a node's log is, for people.
pub(super) fn place(status: &Status, node: &Node) -> Cell {
    match (node.heard, node.index) {
        (Some(false), _) => Cell::from("not heard").coloured(Colour::Red),
        (_, Some(index)) if lag(status, index) > 0 => format!("index {index}, {} behind", lag(status, index)).into(),
        (_, Some(index)) => format!("index {index}").into(),
        (_, None) => "not known".into(),
    }
}

fn to_json(status: &Status) -> Value {
    let nodes: Vec<_> = nodes(status).iter().map(|node| node_json(status, node)).collect();
    let [waiting, active, completed, cancelled] = status.auctions;
    let [received, accepted, refused, repeated, no_outcome] = status.fates;
    json!({
        "leader": status.leader.map(|leader| leader.uuid),
        "epoch": status.epoch.number,
        "commit": status.commit,
        "answered-by": status.node.uuid,
        "serving": status.serving,
        "hears-quorum": status.hears_quorum,
        "nodes": nodes,
        "members": status.members.iter().map(|member| member.node.uuid).collect::<Vec<_>>(),
        "auctions": {"waiting": waiting, "active": active, "completed": completed, "cancelled": cancelled},
        "requests": {
            "received": received, "accepted": accepted, "refused": refused, "repeated": repeated,
            "no-outcome": no_outcome,
        },
    })
}

fn text(printer: Printer, status: &Status) -> String {
    let leader = match status.leader {
        Some(leader) if status.serving && status.hears_quorum => format!("{leader}, epoch {}", status.epoch.number),
        Some(leader) if status.serving => format!("{leader}, which hears no quorum"),
        Some(leader) => format!("{leader}, as {} says", status.node),
        None => format!("none that {} knows of", status.node),
    };
    let [received, accepted, refused, repeated, no_outcome] = status.fates;
    let [waiting, active, completed, cancelled] = status.auctions;
    let mut lines = vec![
        format!("leader    {}", printer.paint(Colour::Bold, &leader)),
        format!("commit    {}", status.commit),
        format!("auctions  {waiting} waiting, {active} active, {completed} completed, {cancelled} cancelled"),
    ];
    if status.serving {
        lines.push(format!(
            "requests  {received}: {accepted} accepted, {refused} refused, {repeated} repeated, {no_outcome} without outcome"
        ));
    } else if status.leader.is_none() && !status.members.is_empty() {
        let members = status.members.len();
        lines.push(format!("members   {members}; with `--cluster-size N` more than half of the N must be there"));
    }
    let mut table = Table::new([Align::Left; 3]);
    for node in nodes(status) {
        let state = if status.leader == Some(node.id) { "leader" } else { node.state };
        table.row([node.id.into(), state.into(), place(status, &node)]);
    }
    lines.extend(table.lines(printer));
    lines.join("\n")
}
