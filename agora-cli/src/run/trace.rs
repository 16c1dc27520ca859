//! `--trace`: the messages between the nodes of `--local` and the clients, as arrows between lanes, in the order in which
//! the nodes sent them, or received them from a client.
//!
//! ```text
//!       ms     client    node-1    node-2    node-3
//!      612       ●─────────▶         │         │     BID_SUBMIT                   alice
//!      612       │         ●─────────▶         │     STATE_REPLICATE
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agora::node::NodeHandle;
use agora::transport::{Tap, Way};
use agora::wire;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::output::{Colour, Printer};

/// So many messages may wait to be printed; of more only the number is told.
const WAITING: usize = 65_536;
/// The column of milliseconds.
const TIME: usize = 8;
/// The column of messages: most names fit.
const NAME: usize = 27;
/// The columns of a terminal that the lanes may take.
const LANES: usize = 40;
/// The widest lane.
const LANE: usize = 10;

/// Collects what the nodes' taps see.
#[derive(Debug)]
pub(super) struct Trace {
    start: Instant,
    to: mpsc::Sender<Seen>,
    missed: Arc<AtomicU64>,
}

/// A message that a node sent or received.
#[derive(Debug)]
struct Seen {
    at: Duration,
    node: usize,
    way: Way,
    peer: SocketAddr,
    message: String,
}

/// Who has which port on loopback, of the clients.
#[derive(Debug, Clone, Default)]
pub(super) struct Roles(Rc<RefCell<BTreeMap<u16, String>>>);

impl Roles {
    /// From now on, what this port sends and receives is this role's.
    pub(super) fn name(&self, address: SocketAddr, role: &str) {
        self.0.borrow_mut().insert(address.port(), role.into());
    }

    fn of(&self, address: SocketAddr) -> Option<String> {
        self.0.borrow().get(&address.port()).cloned()
    }
}

/// What is seen, to be printed.
#[derive(Debug)]
pub(super) struct Seeing {
    seen: mpsc::Receiver<Seen>,
    missed: Arc<AtomicU64>,
}

impl Trace {
    pub(super) fn start() -> (Self, Seeing) {
        #[expect(clippy::disallowed_methods, reason = "people are told when; nothing is decided by it")]
        let start = Instant::now();
        let (to, seen) = mpsc::channel(WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        (Self { start, to, missed: Arc::clone(&missed) }, Seeing { seen, missed })
    }

    /// What node number `node`, from zero, lets this see.
    pub(super) fn tap(&self, node: usize) -> Tap {
        let (start, to, missed) = (self.start, self.to.clone(), Arc::clone(&self.missed));
        Arc::new(move |way, peer, message| {
            let seen = Seen { at: start.elapsed(), node, way, peer, message: wire::name(message) };
            if to.try_send(seen).is_err() {
                missed.fetch_add(1, Ordering::Relaxed);
            }
        })
    }
}

impl Seeing {
    /// Prints all of it, until the nodes have ended.
    pub(super) async fn print(mut self, nodes: Vec<NodeHandle>, roles: Roles, printer: Printer) -> Result<(), Failure> {
        let mut addresses = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            let address = node.bound().await.map_err(|ending| Failure::fault(ending.to_string()))?;
            let (name, uuid) = (node_name(number), node.uuid);
            printer.print(
                || json!({"event": "node", "name": name, "node": uuid, "address": address}),
                |printer| format!("{:TIME$}  {}  {uuid} at {address}", "", printer.paint(Colour::Bold, &name)),
            )?;
            addresses.push(address);
        }
        drop(nodes);
        let lanes = Lanes { addresses, roles };
        printer.say(|printer| printer.paint(Colour::Bold, &lanes.heading()))?;
        while let Some(seen) = self.seen.recv().await {
            lanes.print(&seen, printer)?;
            let missed = self.missed.swap(0, Ordering::Relaxed);
            if missed > 0 {
                printer.print(
                    || json!({"event": "messages-missed", "number": missed}),
                    |_| format!("{:TIME$}  {missed} messages more than could be shown", ""),
                )?;
            }
        }
        Ok(())
    }
}

fn node_name(number: usize) -> String {
    format!("node-{}", number + 1)
}

/// Where an arrow begins or ends: a lane, or all nodes' but the sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Lane(usize),
    All,
}

/// The first lane is the clients', then each node has one.
#[derive(Debug)]
struct Lanes {
    addresses: Vec<SocketAddr>,
    roles: Roles,
}

impl Lanes {
    fn print(&self, seen: &Seen, printer: Printer) -> Result<(), Failure> {
        let peer = self.addresses.iter().position(|address| *address == seen.peer);
        let (from, to) = match (seen.way, peer) {
            // Its sender has shown it already.
            (Way::In, Some(_)) => return Ok(()),
            (Way::In, None) => (0, End::Lane(seen.node + 1)),
            (Way::Out, Some(peer)) => (seen.node + 1, End::Lane(peer + 1)),
            (Way::Out, None) if is_broadcast(seen.peer) => (seen.node + 1, End::All),
            (Way::Out, None) => (seen.node + 1, End::Lane(0)),
        };
        let client = self.roles.of(seen.peer).unwrap_or_else(|| "client".into());
        let name = |lane: usize| lane.checked_sub(1).map_or_else(|| client.clone(), node_name);
        let millis = seen.at.as_millis();
        printer.print(
            || {
                let to = match to {
                    End::Lane(lane) => name(lane),
                    End::All => "all".into(),
                };
                json!({"event": "message", "at-ms": u64::try_from(millis).unwrap_or(u64::MAX), "from": name(from), "to": to, "message": seen.message})
            },
            |printer| {
                let with_client = from == 0 || to == End::Lane(0);
                let who = if with_client { client.as_str() } else { "" };
                let line = format!("{millis:>TIME$} {}  {:NAME$} {who}", self.arrow(from, to), seen.message);
                printer.paint(Colour::Dim, line.trim_end())
            },
        )
    }

    fn count(&self) -> usize {
        self.addresses.len() + 1
    }

    fn width(&self) -> usize {
        (LANES / self.count()).clamp(2, LANE)
    }

    fn heading(&self) -> String {
        let width = self.width();
        let head = |lane: usize| match lane.checked_sub(1) {
            None => "client".into(),
            Some(number) if width > node_name(number).len() => node_name(number),
            Some(number) => (number + 1).to_string(),
        };
        let heads: Vec<_> = (0..self.count()).map(|lane| format!("{:^width$}", head(lane))).collect();
        format!("{:>TIME$} {}", "ms", heads.concat().trim_end())
    }

    /// From lane to lane, across those between.
    fn arrow(&self, from: usize, to: End) -> String {
        let (count, width) = (self.count(), self.width());
        let (first, last) = match to {
            End::Lane(to) => (from.min(to), from.max(to)),
            End::All => (1, count - 1),
        };
        let hit = |lane: usize| match to {
            End::Lane(to) => lane == to,
            End::All => lane > 0,
        };
        let before = width / 2;
        let mut line = String::new();
        for lane in 0..count {
            let mark = if lane == from {
                '●'
            } else if hit(lane) {
                if lane < from { '◀' } else { '▶' }
            } else if first < lane && lane < last {
                '┼'
            } else {
                '│'
            };
            let dash = |inside: bool| if inside { '─' } else { ' ' };
            line.extend(std::iter::repeat_n(dash(first < lane && lane <= last), before));
            line.push(mark);
            line.extend(std::iter::repeat_n(dash(first <= lane && lane < last), width - before - 1));
        }
        line
    }
}

fn is_broadcast(address: SocketAddr) -> bool {
    match address {
        SocketAddr::V4(address) => address.ip().octets()[3] == 255,
        SocketAddr::V6(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(nodes: u16) -> Lanes {
        let addresses = (1..=nodes).map(|port| ([127, 0, 0, 1], port).into()).collect();
        Lanes { addresses, roles: Roles::default() }
    }

    #[test]
    fn an_arrow_crosses_the_lanes_between_and_ends_at_its_own() {
        let lanes = lanes(3);
        assert_eq!(lanes.heading(), "      ms   client    node-1    node-2    node-3");
        assert_eq!(lanes.arrow(0, End::Lane(2)), "     ●─────────┼─────────▶         │    ");
        assert_eq!(lanes.arrow(3, End::Lane(1)), "     │         ◀─────────┼─────────●    ");
        assert_eq!(lanes.arrow(2, End::All), "     │         ◀─────────●─────────▶    ");
    }

    #[test]
    fn fifteen_nodes_fit_a_line() {
        let lanes = lanes(15);
        assert!(lanes.heading().len() < 50, "{}", lanes.heading());
        assert_eq!(lanes.arrow(15, End::Lane(15)).chars().count(), 32);
    }
}
