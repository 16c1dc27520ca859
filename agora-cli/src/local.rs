//! `--local N`: nodes inside this process, on loopback and a broadcast port of their own.

use std::cell::RefCell;
use std::time::Duration;

use agora::client::Client;
use agora::config::{Mode, Settings};
use agora::node::{Node, NodeHandle};
use agora::transport::{Tap, free_broadcast_port};
use uuid::Uuid;

use crate::commands::holders;
use crate::failure::Failure;

/// More than anybody tries on one machine.
pub(crate) const MAX_NODES: u8 = 15;

/// How often is looked whether they are complete.
const POLL: Duration = Duration::from_millis(20);

/// The nodes.
#[derive(Debug)]
pub(crate) struct Nodes {
    running: RefCell<Vec<NodeHandle>>,
    settings: Settings,
    broadcast_port: u16,
}

impl Nodes {
    /// Starts them, each to be seen by its tap if it has one: a majority commits, the log is in memory.
    pub(crate) fn start(count: u8, cluster: &str, tap: impl Fn(usize) -> Option<Tap>) -> Result<Self, Failure> {
        let broadcast_port =
            free_broadcast_port().map_err(|error| Failure::fault(format!("no port to broadcast on: {error}")))?;
        let settings = Settings { cluster: cluster.into(), mode: Mode::Majority(count), ..Settings::lan() };
        let nodes = Self { running: RefCell::default(), settings, broadcast_port };
        for number in 0..usize::from(count) {
            nodes.start_one(tap(number))?;
        }
        Ok(nodes)
    }

    fn start_one(&self, tap: Option<Tap>) -> Result<Uuid, Failure> {
        let mut node = Node::builder().settings(self.settings.clone()).loopback(self.broadcast_port);
        if let Some(tap) = tap {
            node = node.tap(tap);
        }
        let node = node.build().map(Node::spawn).map_err(|invalid| Failure::fault(invalid.to_string()))?;
        let uuid = node.uuid;
        self.running.borrow_mut().push(node);
        Ok(uuid)
    }

    /// Starts one more, which observes; its UUID.
    pub(crate) fn add(&self) -> Result<Uuid, Failure> {
        self.start_one(None)
    }

    pub(crate) const fn broadcast_port(&self) -> u16 {
        self.broadcast_port
    }

    /// Returns when all of them hold the log.
    pub(crate) async fn complete(&self, client: &Client) -> Result<(), Failure> {
        while holders(&*client.status(None).await?) < self.count() {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// A handle of each.
    pub(crate) fn handles(&self) -> Vec<NodeHandle> {
        self.running.borrow().clone()
    }

    /// How many run.
    pub(crate) fn count(&self) -> usize {
        self.running.borrow().len()
    }

    /// Ends a node as a crash would. Whether it was one of these.
    pub(crate) fn crash(&self, uuid: Uuid) -> bool {
        let mut running = self.running.borrow_mut();
        let Some(place) = running.iter().position(|node| node.uuid == uuid) else { return false };
        running.swap_remove(place).kill();
        true
    }

    /// Ends them all: nobody is left to hand anything over to.
    pub(crate) async fn stop(&mut self) {
        for node in self.running.get_mut() {
            node.kill();
        }
        for node in self.running.get_mut().drain(..) {
            node.ended().await;
        }
    }
}
