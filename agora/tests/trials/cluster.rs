//! Nodes in this process, and clients of theirs.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use agora::client::message::Leader;
use agora::client::{Client, ClientConfig};
use agora::config::{Mode, Settings};
use agora::id::{ParticipantId, RequestId};
use agora::node::{Node, NodeHandle};
use agora::transport::{Count, free_broadcast_port};
use uuid::Uuid;

/// Far longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what must come.
pub(crate) async fn within<T>(what: &str, coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, coming).await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}

/// Looks until it is so.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    within(what, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A participant that was never there before.
pub(crate) fn somebody() -> ParticipantId {
    let RequestId(uuid) = Client::new_request();
    ParticipantId(uuid)
}

/// A running node.
pub(crate) struct Running {
    pub(crate) handle: NodeHandle,
    pub(crate) address: SocketAddr,
}

/// Nodes that rank by their numbers, on a broadcast port of their own.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Running>,
    settings: Settings,
    port: u16,
}

impl Cluster {
    /// So many that hold the log.
    pub(crate) async fn of(count: u64, mode: Mode) -> Self {
        let settings = Settings { mode, ..Settings::lan() };
        let port = free_broadcast_port().expect("a free port");
        let mut cluster = Self { nodes: Vec::new(), settings, port };
        let mut started: Vec<_> = (1..=count).map(|number| cluster.spawn(number)).collect();
        for handle in started.drain(..) {
            cluster.admit(handle).await;
        }
        cluster
    }

    /// `--cluster-size` of so many.
    pub(crate) async fn of_size(size: u8) -> Self {
        Self::of(size.into(), Mode::Majority(size)).await
    }

    fn spawn(&self, number: u64) -> NodeHandle {
        let id = Uuid::from_u64_pair(1, number);
        let node = Node::builder().settings(self.settings.clone()).loopback(self.port).id(id).build();
        node.expect("settings that can be").spawn()
    }

    /// One more that holds the log.
    pub(crate) async fn join(&mut self, number: u64) {
        let handle = self.spawn(number);
        self.admit(handle).await;
    }

    async fn admit(&mut self, handle: NodeHandle) {
        let address = ready(&handle).await;
        self.nodes.push(Running { handle, address });
    }

    /// Ends a node as a crash would.
    pub(crate) async fn kill(&mut self, node: Uuid) {
        let place = self.nodes.iter().position(|running| running.handle.uuid == node).expect("a node of this cluster");
        let killed = self.nodes.remove(place);
        killed.handle.kill();
        within("it ends", killed.handle.ended()).await;
    }

    /// How often the nodes counted this, in all.
    pub(crate) fn count(&self, kind: Count) -> u64 {
        self.nodes.iter().map(|node| node.handle.counters.get(kind)).sum()
    }

    /// A client of this participant.
    pub(crate) async fn client(&self, participant: ParticipantId) -> Client {
        connect(participant, self.port, Vec::new()).await
    }

    /// Who leads, as clients are told.
    pub(crate) async fn leader(&self) -> Leader {
        let client = self.client(somebody()).await;
        client.leader(Some(PATIENCE)).await.expect("a leader")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &self.nodes {
            node.handle.kill();
        }
    }
}

/// Waits until the node holds the log; the address that it is bound to.
pub(crate) async fn ready(node: &NodeHandle) -> SocketAddr {
    within("a node is ready", node.ready()).await.expect("it runs")
}

/// A client that finds its cluster on this broadcast port, and at these addresses.
pub(crate) async fn connect(participant: ParticipantId, port: u16, join: Vec<String>) -> Client {
    let config = ClientConfig {
        broadcast_port: port,
        broadcast_addresses: vec![Ipv4Addr::new(127, 255, 255, 255)],
        bind: (Ipv4Addr::LOCALHOST, 0).into(),
        join,
        ..ClientConfig::new(participant)
    };
    Client::connect(config).await.expect("a socket")
}
