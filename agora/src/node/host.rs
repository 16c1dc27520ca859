//! Runs a node: opens its sockets, starts its concerns, again where their log ends, and ends it.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use tokio::sync::{broadcast, mpsc};
use uuid::Uuid;

use super::edge::Edge;
use super::event::{Ending, NodeEvent, NodeFault};
use super::life::Life;
use super::observer::Observer;
use super::options::Options;
use super::switch::{Switch, Word};
use super::wiring;
use crate::actor::In;
use crate::id::{Member, NodeId};
use crate::transport::{Close, Counters, Sockets, Transport};

/// How long a node that was asked to stop may take to hand over.
const HAND_OVER: Duration = Duration::from_secs(2);

/// What a [`super::NodeHandle`] asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Hand over, then end.
    Shutdown,
    /// End.
    Kill,
}

/// What connects a node with its handle.
pub(super) struct Link {
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) events: broadcast::Sender<NodeEvent>,
    pub(super) counters: Arc<Counters>,
}

/// Runs a node to its end.
pub(super) async fn run(uuid: Uuid, options: Options, edge: Edge, mut link: Link) -> Ending {
    let ending = match Host::open(uuid, options, edge, &link).await {
        Ok(host) => host.serve(&mut link).await,
        Err(fault) => Ending::Fault(fault),
    };
    // Nobody may listen.
    let _ = match &ending {
        Ending::Stopped => link.events.send(NodeEvent::Stopped),
        Ending::Killed => Ok(0),
        Ending::Fault(fault) => link.events.send(NodeEvent::Fault(fault.clone())),
    };
    ending
}

struct Host {
    uuid: Uuid,
    options: Options,
    edge: Edge,
    /// What LEADER_DETAILS names.
    told: SocketAddr,
    transport: Addr<Transport>,
    words: (mpsc::UnboundedSender<Word>, mpsc::UnboundedReceiver<Word>),
    observer: Observer,
    promise: u64,
}

impl Host {
    async fn open(uuid: Uuid, options: Options, edge: Edge, link: &Link) -> Result<Self, NodeFault> {
        options.settings.validate()?;
        let sockets = Sockets::open(Rc::clone(&edge.net), options.bind, options.reach.clone()).await?;
        let address = options.advertise.unwrap_or_else(|| sockets.reachable());
        let told = options.advertise.unwrap_or_else(|| sockets.local());
        let cluster = options.settings.cluster.clone();
        let words = mpsc::unbounded_channel();
        let (clock, counters) = (Rc::clone(&edge.clock), Arc::clone(&link.counters));
        let ended = words.0.clone();
        let transport = Transport::new(sockets, &cluster, clock, counters, options.tap.clone())
            .when_ended(move || drop(ended.send(Word::Ended("transport"))))
            .start();
        let _ = link.events.send(NodeEvent::Bound { address });
        let observer = Observer::new(address, cluster);
        Ok(Self { uuid, options, edge, told, transport, words, observer, promise: 0 })
    }

    async fn serve(mut self, link: &mut Link) -> Ending {
        let mut life = self.begin();
        loop {
            let word = tokio::select! {
                Some(word) = self.words.1.recv() => word,
                command = link.commands.recv() => {
                    // A dropped handle is a shutdown.
                    let command = command.unwrap_or(Command::Shutdown);
                    return self.end(life, command, link).await;
                }
            };
            match self.hear(word, link) {
                Heard::Nothing => {}
                Heard::NewLife => {
                    // The old concerns are cut off before the new ones begin.
                    drop(life);
                    life = self.begin();
                }
                Heard::Stopped => return self.close(life, Ending::Stopped).await,
                Heard::Fault(fault) => return self.close(life, Ending::Fault(fault)).await,
            }
        }
    }

    fn begin(&mut self) -> Life {
        let node = NodeId { uuid: self.uuid, incarnation: (self.edge.random)() };
        let me = Member { node, priority: self.options.settings.priority };
        let switch =
            Switch::new(self.transport.clone().recipient(), self.words.0.clone(), self.options.applied.clone());
        let transport = self.transport.clone().recipient();
        Life::begin(me, &self.options.settings, self.told, &mut self.edge, switch, &transport)
    }

    fn hear(&mut self, word: Word, link: &Link) -> Heard {
        use wiring::Host;
        let word = match word {
            Word::Host(word) => *word,
            Word::Ended(name) => return Heard::Fault(NodeFault::ActorEnded(name)),
        };
        let (events, heard) = match word {
            Host::Situation(situation) => {
                self.promise = situation.promise.number;
                (self.observer.see(&situation), Heard::Nothing)
            }
            Host::ReturnAsNewcomer => {
                log::info!("the log of this node has ended; it returns as a newcomer");
                (self.observer.forget(self.promise), Heard::NewLife)
            }
            // The switch has told it already.
            Host::Applied(_) => (Vec::new(), Heard::Nothing),
            Host::Stopped => (Vec::new(), Heard::Stopped),
            Host::Fault(fault) => (Vec::new(), Heard::Fault(NodeFault::Replicator(fault))),
            Host::SameUuid(address) => (Vec::new(), Heard::Fault(NodeFault::SameUuid(address))),
            Host::OtherMode(address, mode) => (Vec::new(), Heard::Fault(NodeFault::OtherMode { address, mode })),
        };
        for event in events {
            let _ = link.events.send(event);
        }
        heard
    }

    async fn end(mut self, life: Life, command: Command, link: &mut Link) -> Ending {
        if command == Command::Kill {
            return self.close(life, Ending::Killed).await;
        }
        life.stop();
        let handed_over = async {
            loop {
                tokio::select! {
                    Some(word) = self.words.1.recv() => match self.hear(word, link) {
                        Heard::Nothing => {}
                        // What began anew has nothing to hand over.
                        Heard::NewLife | Heard::Stopped => return Ending::Stopped,
                        Heard::Fault(fault) => return Ending::Fault(fault),
                    },
                    Some(Command::Kill) = link.commands.recv() => return Ending::Killed,
                }
            }
        };
        let ending = tokio::time::timeout(HAND_OVER, handed_over).await.unwrap_or_else(|_| {
            log::warn!("nobody took over within {HAND_OVER:?}");
            Ending::Stopped
        });
        self.close(life, ending).await
    }

    /// What was said until now is sent, unless the node is killed; then the concerns and the sockets go.
    async fn close(self, life: Life, ending: Ending) -> Ending {
        let flush = ending != Ending::Killed;
        if !flush {
            drop(life);
        }
        // Fails only if the transport is gone already.
        let _ = self.transport.send(In(Close { flush })).await;
        ending
    }
}

enum Heard {
    Nothing,
    NewLife,
    Stopped,
    Fault(NodeFault),
}
