//! Starting a node, and holding it.

use std::sync::Arc;
use std::thread;

use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::LocalSet;
use uuid::Uuid;

use super::edge::{Edge, random_uuid};
use super::event::{Ending, Events, NodeFault, WAITING};
use super::host::{self, Command, Link};
use super::options::Options;
use crate::transport::Counters;

/// Starts nodes.
#[derive(Debug)]
pub struct Node;

impl Node {
    /// Starts a node on a thread of its own, for any program.
    pub fn spawn(options: Options) -> NodeHandle {
        let (handle, link, ended) = connect(&options);
        let uuid = handle.uuid;
        let body = {
            let ended = ended.clone();
            move || {
                let ending = on_this_thread(uuid, options, link);
                ended.send_replace(Some(ending));
            }
        };
        if let Err(error) = thread::Builder::new().name("agora-node".into()).spawn(body) {
            ended.send_replace(Some(Ending::Fault(NodeFault::Start(error.to_string()))));
        }
        handle
    }

    /// Starts a node in the `LocalSet` that this is called in, with the outside that the caller gives it.
    ///
    /// # Panics
    /// Outside of a `LocalSet`.
    pub fn start(options: Options, edge: Edge) -> NodeHandle {
        let (handle, link, ended) = connect(&options);
        let uuid = handle.uuid;
        tokio::task::spawn_local(async move {
            let ending = host::run(uuid, options, edge, link).await;
            ended.send_replace(Some(ending));
        });
        handle
    }
}

/// Everything of the node is gone when this returns: sockets, actors, runtime.
fn on_this_thread(uuid: Uuid, options: Options, mut link: Link) -> Ending {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            link.commands.close();
            return Ending::Fault(NodeFault::Start(error.to_string()));
        }
    };
    let set = LocalSet::new();
    set.block_on(&runtime, async move { host::run(uuid, options, Edge::system(), link).await })
}

fn connect(options: &Options) -> (NodeHandle, Link, watch::Sender<Option<Ending>>) {
    let (command, commands) = mpsc::unbounded_channel();
    let (events, receiver) = broadcast::channel(WAITING);
    let (ended, ending) = watch::channel(None);
    let counters = Arc::new(Counters::default());
    let uuid = options.id.unwrap_or_else(random_uuid);
    let link = Link { commands, events, counters: Arc::clone(&counters) };
    (NodeHandle { uuid, events: Events(receiver), counters, command, ending }, link, ended)
}

/// A running node. Dropped, it hands over and ends by itself.
#[derive(Debug)]
pub struct NodeHandle {
    /// The node's UUID.
    pub uuid: Uuid,
    /// What happens to it.
    pub events: Events,
    /// What its transport did.
    pub counters: Arc<Counters>,
    command: mpsc::UnboundedSender<Command>,
    ending: watch::Receiver<Option<Ending>>,
}

impl NodeHandle {
    /// Asks the node to hand over and end. [`ended`](Self::ended) tells when that is done.
    pub fn stop(&self) {
        let _ = self.command.send(Command::Shutdown);
    }

    /// Ends the node at once and without goodbye, as a crash would.
    pub fn kill(&self) {
        let _ = self.command.send(Command::Kill);
    }

    /// Waits until the node has ended, and says how.
    pub async fn ended(&mut self) -> Ending {
        match self.ending.wait_for(Option::is_some).await {
            Ok(ending) => ending.clone().unwrap_or(Ending::Killed),
            // Its task or thread is gone without a word.
            Err(_) => Ending::Fault(NodeFault::ActorEnded("node")),
        }
    }

    /// Hands the leadership over, if the node has it, and ends the node; at most about two seconds.
    pub async fn shutdown(&mut self) -> Ending {
        self.stop();
        self.ended().await
    }
}
