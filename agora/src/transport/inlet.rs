//! Where messages from the network enter the concerns: bounded, never waiting.

use actix::prelude::SendError;
use actix::{Message, Recipient};

use crate::actor::{In, ToMachine};
use crate::node::wiring::Deliver;
use crate::{discovery, election, heartbeat, replicator};

/// The concerns that hear the network.
#[derive(Debug, Clone)]
pub struct Inlet {
    /// Who is there.
    pub discovery: Recipient<In<discovery::message::Input>>,
    /// Who is still there.
    pub heartbeat: Recipient<In<heartbeat::message::Input>>,
    /// Who should lead.
    pub election: Recipient<In<election::message::Input>>,
    /// Who holds it.
    pub replicator: Recipient<In<replicator::message::Input>>,
    /// The auctions, or what is in their place.
    pub machine: Recipient<ToMachine>,
}

/// Why a message did not reach its concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// Too many wait already.
    Full,
    /// The concern is not there (any more).
    Ended,
}

impl Inlet {
    /// Hands a message from the network to its concern, if that has room.
    pub fn offer(&self, deliver: Deliver) -> Result<(), Missed> {
        match deliver {
            Deliver::Discovery(input) => offer(&self.discovery, In(input)),
            Deliver::Heartbeat(input) => offer(&self.heartbeat, In(input)),
            Deliver::Election(input) => offer(&self.election, In(input)),
            Deliver::Replicator(input) => offer(&self.replicator, In(input)),
            Deliver::Machine(input) => offer(&self.machine, ToMachine(input)),
            // Nothing on the wire leads to these.
            Deliver::Sequencer(_)
            | Deliver::Transport(_)
            | Deliver::Disk { .. }
            | Deliver::Archive(_)
            | Deliver::Host(_) => Err(Missed::Ended),
        }
    }
}

fn offer<T>(to: &Recipient<T>, input: T) -> Result<(), Missed>
where
    T: Message<Result = ()> + Send,
{
    to.try_send(input).map_err(|error| match error {
        SendError::Full(_) => Missed::Full,
        SendError::Closed(_) => Missed::Ended,
    })
}
