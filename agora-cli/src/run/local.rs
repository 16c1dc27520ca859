//! `--local N`: nodes inside this process, on loopback and a broadcast port of their own.

use std::cell::RefCell;

use agora::config::{Mode, Settings};
use agora::node::{Node, NodeHandle};
use agora::transport::free_broadcast_port;
use uuid::Uuid;

use super::trace::Trace;
use crate::failure::Failure;

/// More than anybody tries on one machine.
pub(crate) const MAX_NODES: u8 = 15;

/// The nodes.
#[derive(Debug)]
pub(super) struct Nodes {
    running: RefCell<Vec<NodeHandle>>,
    broadcast_port: u16,
}

impl Nodes {
    /// Starts them, to be seen by `trace` if there is one: a majority commits, the log is in memory.
    pub(super) fn start(count: u8, cluster: &str, trace: Option<&Trace>) -> Result<Self, Failure> {
        let broadcast_port =
            free_broadcast_port().map_err(|error| Failure::fault(format!("no port to broadcast on: {error}")))?;
        let settings = Settings { cluster: cluster.into(), mode: Mode::Majority(count), ..Settings::lan() };
        let start = |number| {
            let mut node = Node::builder().settings(settings.clone()).loopback(broadcast_port);
            if let Some(trace) = trace {
                node = node.tap(trace.tap(number));
            }
            node.build().map(Node::spawn).map_err(|invalid| Failure::fault(invalid.to_string()))
        };
        Ok(Self {
            running: RefCell::new((0..usize::from(count)).map(start).collect::<Result<_, _>>()?),
            broadcast_port,
        })
    }

    pub(super) const fn broadcast_port(&self) -> u16 {
        self.broadcast_port
    }

    /// A handle of each.
    pub(super) fn handles(&self) -> Vec<NodeHandle> {
        self.running.borrow().clone()
    }

    /// How many run.
    pub(super) fn count(&self) -> usize {
        self.running.borrow().len()
    }

    /// Ends a node as a crash would. Whether it was one of these.
    pub(super) fn crash(&self, uuid: Uuid) -> bool {
        let mut running = self.running.borrow_mut();
        let Some(place) = running.iter().position(|node| node.uuid == uuid) else { return false };
        running.swap_remove(place).kill();
        true
    }

    /// Ends them all: nobody is left to hand anything over to.
    pub(super) async fn stop(&mut self) {
        for node in self.running.get_mut() {
            node.kill();
        }
        for node in self.running.get_mut().drain(..) {
            node.ended().await;
        }
    }
}
