//! What a program holds of its node.

use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::audience::WAITING;
use super::committed::Committed;
use super::event::{Ending, Events, NodeFault};
use super::link::{Command, LogSeen, Request, State};
use super::options::Options;
use crate::auction::protocol::Manager;
use crate::client::{Client, ClientConfig, ConnectError};
use crate::id::{ParticipantId, Position};
use crate::machine::Machine;
use crate::transport::Counters;

/// A running node. Clones share it; when the last is dropped, it hands over and ends by itself.
///
/// A handle may be sent to and used from any thread and runtime: all it does is pass messages.
pub struct NodeHandle<M: Machine = Manager> {
    /// The node's UUID.
    pub uuid: Uuid,
    /// What its transport did.
    pub counters: Arc<Counters>,
    pub(super) options: Arc<Options>,
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) requests: mpsc::Sender<Request<M>>,
    pub(super) state: watch::Receiver<State>,
    pub(super) log: watch::Receiver<LogSeen>,
}

/// Why a node's machine does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AskError {
    /// The node has ended; nothing was asked.
    #[error("the node has ended")]
    Ended,
    /// Too many questions wait already; nothing was asked.
    #[error("too many questions wait for an answer")]
    Busy,
    /// The node ended, or began anew, before the answer: what was asked may have taken effect, or may yet.
    #[error("the node ended before it answered")]
    Lost,
}

/// Why a node has no client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientError {
    /// The node had ended before.
    #[error(transparent)]
    Ended(#[from] Ending),
    /// The client's socket.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl<M: Machine> NodeHandle<M> {
    /// Waits until the node leads, or follows and holds the log; says where others reach it, or how it ended instead.
    pub async fn ready(&self) -> Result<SocketAddr, Ending> {
        self.wait_for(|state| state.ready).await
    }

    /// Waits until the node's sockets are open; says where others reach it, or how it ended instead.
    pub async fn bound(&self) -> Result<SocketAddr, Ending> {
        self.wait_for(|state| state.bound).await
    }

    /// What happens to the node: the last few hundred events, then all that come.
    pub fn events(&self) -> Events {
        let (to, events) = mpsc::channel(WAITING);
        // To a node that has ended: then there are none.
        let _ = self.commands.send(Command::Listen(to));
        Events(events)
    }

    /// What is committed on this node after `after` ([`Position::START`] for all; the position of the last event read, to
    /// go on), as the machine's events. With auctions these are decisions whole, sealed amounts too.
    ///
    /// A node learns what is committed from its leader, so one that follows tells it a little later. What a program has
    /// not read when its node ends it reads from another node, or from this one when it is back.
    pub fn committed(&self, after: Position) -> Committed<M> {
        Committed {
            requests: self.requests.clone(),
            log: self.log.clone(),
            set_aside: self.log.borrow().set_aside,
            after,
            fetched: VecDeque::new(),
            skipped: false,
        }
    }

    /// Asks this node's machine, and waits for its answer. What the machine makes of it while its node does not lead is
    /// its own business.
    pub async fn ask(&self, ask: M::Ask) -> Result<M::Answer, AskError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Ask(ask, reply)).await.map_err(|_| AskError::Ended)?;
        answer.await.unwrap_or(Err(AskError::Lost))
    }

    /// Asks the node to hand over and end. [`ended`](Self::ended) tells when that is done.
    pub fn stop(&self) {
        let _ = self.commands.send(Command::Shutdown);
    }

    /// Ends the node at once and without goodbye, as a crash would.
    pub fn kill(&self) {
        let _ = self.commands.send(Command::Kill);
    }

    /// Waits until the node has ended, and says how.
    pub async fn ended(&self) -> Ending {
        match self.wait_for(|_| None::<std::convert::Infallible>).await {
            Err(ending) => ending,
            Ok(never) => match never {},
        }
    }

    /// Hands the leadership over, if the node has it, and ends the node; at most about two seconds.
    pub async fn shutdown(&self) -> Ending {
        self.stop();
        self.ended().await
    }

    /// Waits until `wanted` is so, or the node has ended.
    async fn wait_for<T>(&self, wanted: impl Fn(&State) -> Option<T>) -> Result<T, Ending> {
        let mut seen = self.state.clone();
        loop {
            {
                let state = seen.borrow_and_update();
                if let Some(ending) = &state.ending {
                    return Err(ending.clone());
                }
                if let Some(found) = wanted(&state) {
                    return Ok(found);
                }
            }
            if seen.changed().await.is_err() {
                // Its task or thread is gone without a word; or with one that came meanwhile.
                let last = seen.borrow().ending.clone();
                return Err(last.unwrap_or(Ending::Fault(NodeFault::ActorEnded("node"))));
            }
        }
    }
}

impl NodeHandle {
    /// A client of the node's cluster, as this participant: commands that take effect exactly once, whoever leads, and
    /// auctions to follow. It is a task of the present tokio runtime, and asks this node who leads; it also finds the
    /// others, so it goes on when this node has ended.
    pub async fn client(&self, participant: ParticipantId) -> Result<Client, ClientError> {
        let node = self.bound().await?;
        let options = &self.options;
        let any: IpAddr = match node.ip() {
            ip if options.bind.ip().is_loopback() => ip,
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let mut join = options.reach.join.clone();
        join.push(node.to_string());
        Ok(Client::connect(ClientConfig {
            cluster: options.settings.cluster.clone(),
            participant,
            join,
            broadcast_port: options.reach.broadcast_port,
            broadcast_addresses: options.reach.broadcast_addresses.clone(),
            bind: (any, 0).into(),
        })
        .await?)
    }
}

impl<M: Machine> Clone for NodeHandle<M> {
    fn clone(&self) -> Self {
        Self {
            uuid: self.uuid,
            counters: Arc::clone(&self.counters),
            options: Arc::clone(&self.options),
            commands: self.commands.clone(),
            requests: self.requests.clone(),
            state: self.state.clone(),
            log: self.log.clone(),
        }
    }
}

impl<M: Machine> fmt::Debug for NodeHandle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeHandle").field("uuid", &self.uuid).finish_non_exhaustive()
    }
}
