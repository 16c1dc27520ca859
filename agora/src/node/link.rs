//! What connects a node with its handles: messages, and what everybody may know of it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::audience::Audience;
use super::event::{Ending, NodeEvent};
use super::handle::{AskError, NodeHandle};
use super::options::Options;
use crate::id::{Index, Position};
use crate::machine::Machine;
use crate::replicator::message::Entry;
use crate::transport::Counters;

/// At most so many questions are under way to the node's thread; who asks more waits for room.
const REQUESTS: usize = 64;

/// What a [`NodeHandle`] orders.
#[derive(Debug)]
pub(super) enum Command {
    /// Hand over, then end.
    Shutdown,
    /// End.
    Kill,
    /// Tell this one what happens.
    Listen(mpsc::Sender<NodeEvent>),
}

/// What is asked of the node.
pub(super) enum Request<M: Machine> {
    /// Of its machine.
    Ask(M::Ask, oneshot::Sender<Result<M::Answer, AskError>>),
    /// Of its log: what is committed after this entry; see [`crate::replicator::message::Output::Shown`].
    Show(Position, oneshot::Sender<Option<Vec<Entry>>>),
}

/// What everybody may know of a node.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Where its socket is bound.
    pub(super) bound: Option<SocketAddr>,
    /// Where others reach it, while it leads, or follows and holds the log.
    pub(super) ready: Option<SocketAddr>,
    /// How it ended.
    pub(super) ending: Option<Ending>,
}

/// What everybody may know of a node's log.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct LogSeen {
    /// How many logs this node has set aside, each at the end of an incarnation.
    pub(super) set_aside: u64,
    /// The last entry that is committed, of which the machine has been told.
    pub(super) commit: Index,
}

impl LogSeen {
    /// An incarnation has ended; the next has no log yet.
    pub(super) fn set_aside(&mut self) {
        *self = Self { set_aside: self.set_aside + 1, commit: Index(0) };
    }
}

/// The node's end.
pub(super) struct Link<M: Machine> {
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) requests: mpsc::Receiver<Request<M>>,
    pub(super) audience: Audience,
    pub(super) state: watch::Sender<State>,
    pub(super) log: watch::Sender<LogSeen>,
    pub(super) counters: Arc<Counters>,
}

/// Both ends.
pub(super) fn connect<M: Machine>(uuid: Uuid, options: &Options) -> (NodeHandle<M>, Link<M>) {
    let (to_commands, commands) = mpsc::unbounded_channel();
    let (to_requests, requests) = mpsc::channel(REQUESTS);
    let (state, see_state) = watch::channel(State::default());
    let (log, see_log) = watch::channel(LogSeen::default());
    let counters = Arc::new(Counters::default());
    let handle = NodeHandle {
        uuid,
        counters: Arc::clone(&counters),
        options: Arc::new(options.clone()),
        commands: to_commands,
        requests: to_requests,
        state: see_state,
        log: see_log,
    };
    (handle, Link { commands, requests, audience: Audience::default(), state, log, counters })
}
