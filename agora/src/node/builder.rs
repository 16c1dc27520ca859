//! Putting a node together, and starting it.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use tokio::task::LocalSet;
use uuid::Uuid;

use super::edge::{Edge, random_uuid};
use super::event::{Ending, NodeFault};
use super::handle::NodeHandle;
use super::host;
use super::link::{Link, connect};
use super::options::Options;
use super::store::{AnyStorage, BuildError, Store};
use crate::actor::Clock;
use crate::auction::protocol::Manager;
use crate::config::Settings;
use crate::disk::Storage;
use crate::machine::{Machine, Seat};
use crate::transport::{Net, Tap};

/// Makes the machine of each incarnation.
type Make<M> = Box<dyn FnMut(&Seat<'_>) -> M + Send>;

/// A node that can be: put together, and not started yet. `M` is the state machine on its log.
pub struct Node<M: Machine = Manager> {
    pub(super) uuid: Uuid,
    pub(super) options: Options,
    pub(super) tap: Option<Tap>,
    pub(super) edge: Edge,
    pub(super) store: Option<Store>,
    pub(super) make: Make<M>,
}

impl Node {
    /// A node of the settings [`Settings::lan`] on all interfaces, which holds auctions, unless told otherwise.
    pub fn builder() -> Builder {
        Builder {
            options: Options::new(Settings::lan()),
            tap: None,
            edge: Edge::system(),
            storage: None,
            make: Box::new(|seat| {
                Manager::new(seat.settings, seat.cookies)
                    .named(seat.me.node)
                    .on_disk(seat.on_disk)
                    .archives(seat.archives)
            }),
        }
    }
}

impl<M: Machine> fmt::Debug for Node<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("uuid", &self.uuid).field("options", &self.options).finish_non_exhaustive()
    }
}

impl<M: Machine> Node<M> {
    /// Starts it on a thread of its own, which any program may do: on tokio, on actix, on neither.
    pub fn spawn(self) -> NodeHandle<M> {
        let (handle, link) = connect(self.uuid, &self.options);
        let state = link.state.clone();
        let body = {
            let state = state.clone();
            move || {
                let ending = on_this_thread(self, link);
                state.send_modify(|state| state.ending = Some(ending));
            }
        };
        if let Err(error) = thread::Builder::new().name("agora-node".into()).spawn(body) {
            let ending = Ending::Fault(NodeFault::Start(error.to_string()));
            state.send_modify(|state| state.ending = Some(ending));
        }
        handle
    }

    /// Starts it in the `LocalSet` that this is called in (an actix system is one): on the caller's runtime, and so on
    /// the time and network of a simulation.
    ///
    /// # Panics
    /// Outside of a `LocalSet`.
    pub fn spawn_local(self) -> NodeHandle<M> {
        let (handle, link) = connect(self.uuid, &self.options);
        let state = link.state.clone();
        tokio::task::spawn_local(async move {
            let ending = host::run(self, link).await;
            state.send_modify(|state| state.ending = Some(ending));
        });
        handle
    }
}

/// Everything of the node is gone when this returns: sockets, actors, runtime.
fn on_this_thread<M: Machine>(node: Node<M>, link: Link<M>) -> Ending {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ending::Fault(NodeFault::Start(error.to_string())),
    };
    LocalSet::new().block_on(&runtime, host::run(node, link))
}

/// Puts a [`Node`] together. Each method replaces what was said before.
#[must_use]
pub struct Builder<M: Machine = Manager> {
    options: Options,
    tap: Option<Tap>,
    edge: Edge,
    storage: Option<AnyStorage>,
    make: Make<M>,
}

impl<M: Machine> fmt::Debug for Builder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("options", &self.options).finish_non_exhaustive()
    }
}

impl<M: Machine> Builder<M> {
    /// The whole configuration.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Timing, limits, cluster and mode.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.options.settings = settings;
        self
    }

    /// The node's UUID, which ranks it in elections.
    pub fn id(mut self, id: Uuid) -> Self {
        self.options.id = Some(id);
        self
    }

    /// Where its socket binds.
    pub fn bind(mut self, bind: SocketAddr) -> Self {
        self.options.bind = bind;
        self
    }

    /// Keeps the log in this directory, so that the node lives on when it is started again: with its UUID, its log and
    /// its vote. It is made if it is not there; one process at a time holds it.
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.data_dir = Some(path.into());
        self
    }

    /// Keeps the log in a storage of the caller's own, in the place of a directory's.
    pub fn storage(mut self, storage: impl Storage + Send + 'static) -> Self {
        self.storage = Some(Box::new(storage));
        self
    }

    /// Keeps the node to this machine: an ephemeral port on loopback, broadcasting on `broadcast_port` of loopback.
    pub fn loopback(mut self, broadcast_port: u16) -> Self {
        self.options.bind = (Ipv4Addr::LOCALHOST, 0).into();
        self.options.reach.broadcast_port = broadcast_port;
        self
    }

    /// Sees every message that the node sends or receives. It must not wait.
    pub fn tap(mut self, tap: Tap) -> Self {
        self.tap = Some(tap);
        self
    }

    /// The network that it opens its sockets in. The [client](NodeHandle::client) of the handle uses UDP all the same; one
    /// on another network is [connected](crate::client::Client::connect_local) by itself.
    pub fn net(mut self, net: impl Net) -> Self {
        self.edge.net = Arc::new(net);
        self
    }

    /// The clock that it reads. Its timers are tokio's: whoever stops one of the two stops the other.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.edge.clock = Some(Arc::new(clock));
        self
    }

    /// Where incarnations, seeds and secrets are drawn from. Two starts of a node must not draw the same.
    pub fn random(mut self, random: impl FnMut() -> u64 + Send + 'static) -> Self {
        self.edge.random = Box::new(random);
        self
    }

    /// A state machine of the caller's own in the place of the auctions; it is made anew for each incarnation of the
    /// node.
    pub fn machine<N: Machine>(self, make: impl FnMut(&Seat<'_>) -> N + Send + 'static) -> Builder<N> {
        let Self { options, tap, edge, storage, make: _ } = self;
        Builder { options, tap, edge, storage, make: Box::new(make) }
    }

    /// The node, if it can be with these settings. With a data directory its log is read now, which takes about a second
    /// for a million entries.
    pub fn build(self) -> Result<Node<M>, BuildError> {
        let Self { options, tap, edge, storage, make } = self;
        options.settings.validate()?;
        let path = options.data_dir.clone().unwrap_or_default();
        let store = match storage {
            Some(storage) => {
                let failed = |why| BuildError::Data { path: path.clone(), why };
                Some(Store::on(storage, &options.settings).map_err(failed)?)
            }
            None if options.data_dir.is_some() => Some(Store::in_directory(&path, &options.settings)?),
            None => None,
        };
        let held = store.as_ref().and_then(Store::node).map(|node| node.uuid);
        let uuid = match (held, options.id) {
            (Some(held), Some(asked)) if held != asked => return Err(BuildError::OtherNode { path, held, asked }),
            (Some(uuid), _) | (None, Some(uuid)) => uuid,
            (None, None) => random_uuid(),
        };
        Ok(Node { uuid, options, tap, edge, store, make })
    }
}
