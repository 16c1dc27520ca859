//! Where the concerns are reached: by each other, and by the network, which is bounded and never waits.

use actix::prelude::SendError;
use actix::{Message, Recipient};

use crate::actor::{In, ToMachine};
use crate::node::wiring::Deliver;
use crate::{discovery, election, heartbeat, machine, replicator};

/// The concerns that hear the network.
#[derive(Debug, Clone)]
pub struct Inlet {
    /// Who is there.
    pub discovery: Recipient<In<Vec<discovery::message::Input>>>,
    /// Who is still there.
    pub heartbeat: Recipient<In<Vec<heartbeat::message::Input>>>,
    /// Who should lead.
    pub election: Recipient<In<Vec<election::message::Input>>>,
    /// Who holds it.
    pub replicator: Recipient<In<Vec<replicator::message::Input>>>,
    /// The auctions, or what is in their place.
    pub machine: Recipient<ToMachine>,
}

/// What one turn has for them, sorted by concern; what is for the same one stays in order.
#[derive(Debug, Default)]
pub struct Bundle {
    discovery: Vec<discovery::message::Input>,
    heartbeat: Vec<heartbeat::message::Input>,
    election: Vec<election::message::Input>,
    replicator: Vec<replicator::message::Input>,
    machine: Vec<machine::Input>,
}

impl Bundle {
    /// Adds an input of one of these concerns; nothing else is taken.
    pub fn add(&mut self, deliver: Deliver) {
        match deliver {
            Deliver::Discovery(input) => self.discovery.push(input),
            Deliver::Heartbeat(input) => self.heartbeat.push(input),
            Deliver::Election(input) => self.election.push(input),
            Deliver::Replicator(input) => self.replicator.push(input),
            Deliver::Machine(input) => self.machine.push(input),
            Deliver::Sequencer(_)
            | Deliver::Transport(_)
            | Deliver::Disk { .. }
            | Deliver::Archive(_)
            | Deliver::Host(_) => {}
        }
    }
}

/// What became of a bundle, in messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offered {
    /// Taken.
    pub delivered: u64,
    /// Too many wait already.
    pub full: u64,
    /// The concern is not there (any more).
    pub ended: u64,
}

impl Inlet {
    /// Hands on what came from the network, to each concern that has room.
    pub fn offer(&self, bundle: Bundle) -> Offered {
        let Bundle { discovery, heartbeat, election, replicator, machine } = bundle;
        let mut offered = Offered::default();
        offer(&self.discovery, discovery, In, &mut offered);
        offer(&self.heartbeat, heartbeat, In, &mut offered);
        offer(&self.election, election, In, &mut offered);
        offer(&self.replicator, replicator, In, &mut offered);
        offer(&self.machine, machine, ToMachine, &mut offered);
        offered
    }

    /// Hands on what the concerns tell each other, which always gets through.
    pub fn tell(&self, bundle: Bundle) {
        let Bundle { discovery, heartbeat, election, replicator, machine } = bundle;
        tell(&self.discovery, discovery, In);
        tell(&self.heartbeat, heartbeat, In);
        tell(&self.election, election, In);
        tell(&self.replicator, replicator, In);
        tell(&self.machine, machine, ToMachine);
    }
}

fn offer<T, M>(to: &Recipient<M>, inputs: Vec<T>, message: fn(Vec<T>) -> M, offered: &mut Offered)
where
    M: Message<Result = ()> + Send,
{
    if inputs.is_empty() {
        return;
    }
    let count = inputs.len() as u64;
    match to.try_send(message(inputs)) {
        Ok(()) => offered.delivered += count,
        Err(SendError::Full(_)) => offered.full += count,
        Err(SendError::Closed(_)) => offered.ended += count,
    }
}

/// Hands all of it to one concern in one message, if there is anything.
pub(crate) fn tell<T, M>(to: &Recipient<M>, inputs: Vec<T>, message: fn(Vec<T>) -> M)
where
    M: Message<Result = ()> + Send,
{
    if !inputs.is_empty() {
        to.do_send(message(inputs));
    }
}
