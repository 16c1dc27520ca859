//! Carries what the concerns want done to whoever does it.

use std::cell::RefCell;

use actix::Recipient;
use tokio::sync::{mpsc, watch};

use super::link::LogSeen;
use super::wiring::{self, Deliver, Host};
use crate::actor::In;
use crate::disk::{Archivist, Orders};
use crate::machine::{FromLog, Input};
use crate::transport::{self, Bundle, Inlet};
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
    pub(super) sequencer: Recipient<In<Vec<sequencer::message::Input>>>,
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

    /// Passes one thing on. Never waits.
    pub(super) fn carry_out(&self, deliver: Deliver) {
        self.carry_out_all(&mut vec![deliver]);
    }

    /// Passes on what a concern wants after one turn, to each who is to hear of it in one message. Never waits.
    pub(super) fn carry_out_all(&self, delivers: &mut Vec<Deliver>) {
        let concerns = self.concerns.borrow();
        let Some(concerns) = concerns.as_ref() else { return delivers.clear() };
        let (mut bundle, mut sequencer, mut requests) = (Bundle::default(), Vec::new(), Vec::new());
        let (mut flushed, mut committed) = (None, None);
        for deliver in delivers.drain(..) {
            if let Deliver::Machine(Input::Log(FromLog::Committed(entry))) = &deliver {
                committed = Some(entry.position.index);
            }
            match deliver {
                Deliver::Sequencer(input) => sequencer.push(input),
                Deliver::Transport(request) => requests.push(request),
                Deliver::Disk { ticket, record, commit } => match &concerns.disk {
                    Some(disk) => disk.write(ticket, record, commit),
                    None => flushed = Some(ticket),
                },
                Deliver::Archive(wish) => {
                    if let Some(archive) = &concerns.archive {
                        archive.order(wish);
                    }
                }
                Deliver::Host(word) => {
                    // A host that is gone has cut the switch or ended the thread.
                    let _ = self.host.send(Word::Host(word));
                }
                input => bundle.add(input),
            }
        }
        if let Some(ticket) = flushed {
            // It tells of all earlier writes too.
            bundle.add(Deliver::Replicator(replicator::message::Input::Flushed(ticket)));
        }
        concerns.inlet.tell(bundle);
        transport::tell(&concerns.sequencer, sequencer, In);
        transport::tell(&self.transport, requests, In);
        if let Some(index) = committed {
            self.log.send_modify(|log| log.commit = index);
        }
    }
}
