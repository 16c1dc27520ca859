//! Carries what the concerns want done to whoever does it.

use std::cell::RefCell;

use actix::Recipient;
use tokio::sync::{mpsc, watch};

use super::link::LogSeen;
use super::wiring::{self, Deliver, Host};
use crate::actor::{In, ToMachine};
use crate::disk::{Archivist, Orders};
use crate::machine::{FromLog, Input};
use crate::transport::Inlet;
use crate::{replicator, sequencer};

/// What the host hears.
#[derive(Debug)]
pub(super) enum Word {
    /// From a concern.
    Host(Host),
    /// An actor is gone.
    Ended(&'static str),
    /// What was written is not durable, and nothing will be.
    DiskFailed(String),
}

/// Who is reached.
pub(super) struct Concerns {
    /// Those that the network reaches.
    pub(super) inlet: Inlet,
    pub(super) sequencer: Recipient<In<sequencer::message::Input>>,
    /// The disk; without one, what is written is as durable at once as it will ever be.
    pub(super) disk: Option<Orders>,
    /// What machines keep beside the log.
    pub(super) archive: Option<Archivist>,
}

/// The connections of one life of the concerns.
///
/// Concerns and switch hold each other; [`cut`](Self::cut) parts them, whereupon the actors end.
pub(super) struct Switch {
    concerns: RefCell<Option<Concerns>>,
    transport: Recipient<In<Vec<wiring::Transport>>>,
    host: mpsc::UnboundedSender<Word>,
    log: watch::Sender<LogSeen>,
}

impl Switch {
    /// Not yet connected to any concern. What is committed shows in `log`, once the machine has it in its mailbox.
    pub(super) fn new(
        transport: Recipient<In<Vec<wiring::Transport>>>,
        host: mpsc::UnboundedSender<Word>,
        log: watch::Sender<LogSeen>,
    ) -> Self {
        Self { concerns: RefCell::new(None), transport, host, log }
    }

    /// From now on, outputs reach these.
    pub(super) fn connect(&self, concerns: Concerns) {
        *self.concerns.borrow_mut() = Some(concerns);
    }

    /// From now on, nothing that a concern wants is done.
    pub(super) fn cut(&self) {
        let concerns = self.concerns.borrow_mut().take();
        drop(concerns);
    }

    /// An actor is gone. That is a fault, unless the switch was cut before.
    pub(super) fn ended(&self, name: &'static str) {
        if self.concerns.try_borrow().is_ok_and(|concerns| concerns.is_some()) {
            let _ = self.host.send(Word::Ended(name));
        }
    }

    /// Passes on what a concern wants after one turn: what goes to the network in one message, all else one by one. Never
    /// waits.
    pub(super) fn carry_out_all(&self, delivers: &mut Vec<Deliver>) {
        let (mut requests, mut committed) = (Vec::new(), None);
        for deliver in delivers.drain(..) {
            match deliver {
                Deliver::Transport(request) => requests.push(request),
                deliver => {
                    if let Deliver::Machine(Input::Log(FromLog::Committed(entry))) = &deliver {
                        committed = Some(entry.position.index);
                    }
                    self.carry_out(deliver);
                }
            }
        }
        if let Some(index) = committed {
            self.log.send_modify(|log| log.commit = index);
        }
        if !requests.is_empty() && self.concerns.borrow().is_some() {
            self.transport.do_send(In(requests));
        }
    }

    /// Passes one thing on. Never waits.
    pub(super) fn carry_out(&self, deliver: Deliver) {
        let concerns = self.concerns.borrow();
        let Some(Concerns { inlet, sequencer, disk, archive }) = concerns.as_ref() else { return };
        match deliver {
            Deliver::Discovery(input) => inlet.discovery.do_send(In(input)),
            Deliver::Heartbeat(input) => inlet.heartbeat.do_send(In(input)),
            Deliver::Election(input) => inlet.election.do_send(In(input)),
            Deliver::Sequencer(input) => sequencer.do_send(In(input)),
            Deliver::Replicator(input) => inlet.replicator.do_send(In(input)),
            Deliver::Machine(input) => inlet.machine.do_send(ToMachine(input)),
            Deliver::Transport(request) => self.transport.do_send(In(vec![request])),
            Deliver::Disk { ticket, record, commit } => match disk {
                Some(disk) => disk.write(ticket, record, commit),
                None => inlet.replicator.do_send(In(replicator::message::Input::Flushed(ticket))),
            },
            Deliver::Archive(wish) => {
                if let Some(archive) = archive {
                    archive.order(wish);
                }
            }
            Deliver::Host(word) => {
                // A host that is gone has cut the switch or ended the thread.
                let _ = self.host.send(Word::Host(word));
            }
        }
    }
}
