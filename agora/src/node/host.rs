//! Runs a node: opens its sockets, starts its concerns, again where their log ends, and ends it.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use tokio::sync::mpsc;

use super::builder::Node;
use super::event::{Ending, NodeEvent, NodeFault};
use super::life::{Disk, Life, Start};
use super::link::{Command, Link, LogSeen, Request};
use super::observer::Observer;
use super::questions::Questions;
use super::store::Store;
use super::switch::{Switch, Word};
use super::wiring;
use crate::actor::{Clock, In};
use crate::disk::{Archivist, Recovered, Writer};
use crate::id::{Member, NodeId};
use crate::machine::Machine;
use crate::replicator::message::Input;
use crate::transport::{Close, Sockets, Transport};

/// How long a node that was asked to stop may take to hand over.
const HAND_OVER: Duration = Duration::from_secs(2);

/// At most so many entries are taken from the log at once for somebody who follows it.
const SHOWN: usize = 64;

/// Runs a node to its end.
pub(super) async fn run<M: Machine>(node: Node<M>, mut link: Link<M>) -> Ending {
    let ending = match Host::open(node, &mut link).await {
        Ok(host) => host.serve(&mut link).await,
        Err(fault) => Ending::Fault(fault),
    };
    while let Ok(command) = link.commands.try_recv() {
        if let Command::Listen(to) = command {
            link.audience.admit(to);
        }
    }
    match &ending {
        Ending::Stopped => link.audience.tell(NodeEvent::Stopped),
        Ending::Killed => {}
        Ending::Fault(fault) => link.audience.tell(NodeEvent::Fault(fault.clone())),
    }
    ending
}

struct Host<M: Machine> {
    node: Node<M>,
    clock: Arc<dyn Clock>,
    /// What LEADER_DETAILS names.
    told: SocketAddr,
    transport: Addr<Transport>,
    words: (mpsc::UnboundedSender<Word>, mpsc::UnboundedReceiver<Word>),
    observer: Observer,
    promise: u64,
    writer: Option<Writer>,
    recovered: Option<Recovered>,
    archive: Option<Archivist>,
    questions: Rc<RefCell<Questions<M>>>,
}

impl<M: Machine> Host<M> {
    async fn open(mut node: Node<M>, link: &mut Link<M>) -> Result<Self, NodeFault> {
        let not_started = |error: std::io::Error| NodeFault::Start(error.to_string());
        let (writer, recovered, archive) = match node.store.take() {
            Some(Store { journal, recovered, archive }) => {
                let archive = archive.map(Archivist::start).transpose().map_err(not_started)?;
                let writer = Writer::start(journal, archive.clone()).map_err(not_started)?;
                (Some(writer), recovered, archive)
            }
            None => (None, None, None),
        };
        let options = &node.options;
        let sockets = Sockets::open(Arc::clone(&node.edge.net), options.bind, options.reach.clone()).await?;
        let address = options.advertise.unwrap_or_else(|| sockets.reachable());
        let told = options.advertise.unwrap_or_else(|| sockets.local());
        let bound = on_this_machine(sockets.local());
        let cluster = options.settings.cluster.clone();
        let clock = node.edge.clock();
        let words = mpsc::unbounded_channel();
        let ended = words.0.clone();
        let counters = Arc::clone(&link.counters);
        let transport = Transport::new(sockets, &cluster, Arc::clone(&clock), counters, node.tap.clone())
            .when_ended(move || drop(ended.send(Word::Ended("transport"))))
            .start();
        link.state.send_modify(|state| state.bound = Some(bound));
        link.audience.tell(NodeEvent::Bound { address });
        let observer = Observer::new(address, options.settings.clone(), clock.now());
        let questions = Rc::new(RefCell::new(Questions::new()));
        Ok(Self { node, clock, told, transport, words, observer, promise: 0, writer, recovered, archive, questions })
    }

    async fn serve(mut self, link: &mut Link<M>) -> Ending {
        let mut life = self.begin(link);
        loop {
            let quiet = self.observer.deadline().map(|deadline| self.clock.takes(deadline.since(self.clock.now())));
            let word = tokio::select! {
                // In a fixed order, so that a simulation can be repeated; orders first, so that nothing delays them.
                biased;
                // A dropped handle is a shutdown.
                command = link.commands.recv() => match command.unwrap_or(Command::Shutdown) {
                    Command::Listen(to) => {
                        link.audience.admit(to);
                        continue;
                    }
                    Command::Shutdown => return self.hand_over(life, link).await,
                    Command::Kill => return self.close(life, Ending::Killed, link).await,
                },
                Some(word) = self.words.1.recv() => word,
                Some(request) = link.requests.recv() => {
                    self.pass_on(request, &life);
                    continue;
                }
                () = tokio::time::sleep(quiet.unwrap_or_default()), if quiet.is_some() => {
                    let event = self.observer.fire(self.clock.now());
                    self.tell(event, link);
                    continue;
                }
            };
            match self.hear(word, link) {
                Heard::Nothing => {}
                Heard::NewLife => {
                    // The old concerns are cut off before the new ones begin.
                    drop(life);
                    link.log.send_modify(LogSeen::set_aside);
                    life = self.begin(link);
                }
                Heard::Stopped => return self.close(life, Ending::Stopped, link).await,
                Heard::Fault(fault) => return self.close(life, Ending::Fault(fault), link).await,
                Heard::DiskFailed(fault) => {
                    // It acknowledges nothing more, and lets another lead.
                    self.hand_over(life, link).await;
                    return Ending::Fault(fault);
                }
            }
        }
    }

    fn begin(&mut self, link: &Link<M>) -> Life<M> {
        self.questions.borrow_mut().drop_all();
        let recovered = self.recovered.take();
        let fresh = NodeId { uuid: self.node.uuid, incarnation: (self.node.edge.random)() };
        let node = recovered.as_ref().map_or(fresh, |recovered| recovered.node);
        let me = Member { node, priority: self.node.options.settings.priority };
        let switch = Switch::new(self.transport.clone().recipient(), self.words.0.clone(), link.log.clone());
        let start = Start {
            me,
            settings: &self.node.options.settings,
            address: self.told,
            clock: &self.clock,
            random: &mut self.node.edge.random,
            transport: &self.transport.clone().recipient(),
            disk: self.writer.as_ref().map(|writer| Disk { writer, host: &self.words.0, recovered }),
            archive: self.archive.as_ref(),
        };
        Life::begin(start, switch, &mut self.node.make, &self.questions)
    }

    fn pass_on(&self, request: Request<M>, life: &Life<M>) {
        let mut questions = self.questions.borrow_mut();
        match request {
            Request::Ask(ask, asker) => {
                if let Some(ticket) = questions.ask(asker) {
                    life.ask(ticket, ask);
                }
            }
            Request::Show(after, reader) => {
                let ticket = questions.show(reader);
                life.tell_replicator(Input::Show { ticket, after, most: SHOWN });
            }
        }
    }

    fn hear(&mut self, word: Word, link: &mut Link<M>) -> Heard {
        use wiring::Host;
        let word = match word {
            Word::Host(word) => word,
            Word::Ended(name) => return Heard::Fault(NodeFault::ActorEnded(name)),
            Word::DiskFailed(why) => return Heard::DiskFailed(NodeFault::Disk(why)),
        };
        match word {
            Host::Situation(situation) => {
                self.promise = situation.promise.number;
                let events = self.observer.see(self.clock.now(), &situation);
                self.tell(events, link);
                Heard::Nothing
            }
            Host::Shown { ticket, entries } => {
                self.questions.borrow_mut().shown(ticket, entries);
                Heard::Nothing
            }
            Host::ReturnAsNewcomer(end) => {
                let events = self.observer.forget(self.clock.now(), self.promise, end);
                self.tell(events, link);
                Heard::NewLife
            }
            Host::Stopped => Heard::Stopped,
            Host::Fault(fault) => Heard::Fault(NodeFault::Replicator(fault)),
            Host::SameUuid(address) => Heard::Fault(NodeFault::SameUuid(address)),
            Host::OtherMode(address, mode) => Heard::Fault(NodeFault::OtherMode { address, mode }),
        }
    }

    fn tell(&self, events: impl IntoIterator<Item = NodeEvent>, link: &mut Link<M>) {
        let ready = self.observer.ready();
        link.state.send_if_modified(|state| std::mem::replace(&mut state.ready, ready) != ready);
        for event in events {
            link.audience.tell(event);
        }
    }

    async fn hand_over(mut self, life: Life<M>, link: &mut Link<M>) -> Ending {
        life.tell_replicator(Input::Stop);
        let handed_over = async {
            loop {
                tokio::select! {
                    biased;
                    Some(command) = link.commands.recv() => match command {
                        Command::Kill => return Ending::Killed,
                        Command::Listen(to) => link.audience.admit(to),
                        Command::Shutdown => {}
                    },
                    Some(word) = self.words.1.recv() => match self.hear(word, link) {
                        Heard::Nothing => {}
                        // What began anew has nothing to hand over.
                        Heard::NewLife | Heard::Stopped => return Ending::Stopped,
                        Heard::Fault(fault) | Heard::DiskFailed(fault) => return Ending::Fault(fault),
                    },
                    Some(request) = link.requests.recv() => self.pass_on(request, &life),
                }
            }
        };
        let ending = tokio::time::timeout(HAND_OVER, handed_over).await.unwrap_or_else(|_| {
            log::warn!("nobody took over within {HAND_OVER:?}");
            Ending::Stopped
        });
        self.close(life, ending, link).await
    }

    /// What was said until now is sent, unless the node is killed; then the concerns and the sockets go. Who led leads no
    /// more.
    async fn close(mut self, life: Life<M>, ending: Ending, link: &mut Link<M>) -> Ending {
        let flush = ending != Ending::Killed;
        let life = Some(life).filter(|_| flush);
        // Fails only if the transport is gone already.
        let _ = self.transport.send(In(Close { flush })).await;
        drop(life);
        if flush {
            let event = self.observer.end(self.promise);
            self.tell(event, link);
        }
        if let Some(writer) = self.writer {
            // A disk that hangs does not keep the node from ending.
            let _ = tokio::time::timeout(HAND_OVER, writer.close()).await;
        }
        ending
    }
}

enum Heard {
    Nothing,
    NewLife,
    Stopped,
    Fault(NodeFault),
    DiskFailed(NodeFault),
}

/// Where a program of this machine reaches a socket.
fn on_this_machine(local: SocketAddr) -> SocketAddr {
    match local.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, local.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, local.port()).into(),
        _ => local,
    }
}
