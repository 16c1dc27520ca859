//! Who is told what: every output of a concern, and every message from the network, becomes inputs of concerns. Pure, and
//! the same in a running node and in the simulators.

use std::net::SocketAddr;

use crate::config::Mode;
use crate::id::{Index, NodeId};
use crate::machine::{self, FromLog, ToArchive, ToLog};
use crate::replicator::message::{Entry, Fault, LogEnd, Record, Situation};
use crate::wire::Message;
use crate::{discovery, election, heartbeat, replicator, sequencer};

/// One thing to do: an input for a concern, or a request to what surrounds the concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deliver {
    /// To discovery.
    Discovery(discovery::message::Input),
    /// To heartbeat.
    Heartbeat(heartbeat::message::Input),
    /// To election.
    Election(election::message::Input),
    /// To the sequencer.
    Sequencer(sequencer::message::Input),
    /// To the replicator.
    Replicator(replicator::message::Input),
    /// To the auction manager, or the state machine in its place.
    Machine(machine::Input),
    /// To the transport.
    Transport(Transport),
    /// To the disk: make durable, then tell the replicator `Flushed(ticket)`.
    Disk {
        /// Repeated by `Flushed`.
        ticket: u64,
        /// What.
        record: Record,
        /// What is committed.
        commit: Index,
    },
    /// To the archive.
    Archive(ToArchive),
    /// To whoever runs the node.
    Host(Host),
}

/// What the transport is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// To a node, at the address that it was last found at; dropped if none is known.
    ToNode(NodeId, Message),
    /// To an address.
    ToAddress(SocketAddr, Message),
    /// To each of these.
    ToEach(Vec<SocketAddr>, Message),
    /// To the broadcast addresses and every `--join` address.
    Broadcast(Message),
    /// A node's address, as it told itself.
    Learn(NodeId, SocketAddr),
}

/// What the host is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// Where the node stands, whenever it changes.
    Situation(Box<Situation>),
    /// Committed entries, as it asked for; see [`replicator::message::Output::Shown`].
    Shown {
        /// The question's.
        ticket: u64,
        /// What there is.
        entries: Option<Vec<Entry>>,
    },
    /// Begin again with a new incarnation and no log.
    ReturnAsNewcomer(LogEnd),
    /// Stopped cleanly.
    Stopped,
    /// End, exit 1.
    Fault(Fault),
    /// End, exit 1: the UUID already runs there.
    SameUuid(SocketAddr),
    /// End, exit 2: that node of the same cluster name runs another mode or size.
    OtherMode(SocketAddr, Mode),
}

/// A message from the network. `sender` is the node in the datagram's header, nil for a client.
pub fn from_network(from: SocketAddr, sender: NodeId, message: Message) -> Deliver {
    use heartbeat::message::Message as Beat;
    match message {
        Message::Discovery(message) => Deliver::Discovery(discovery::message::Input::Message { from, sender, message }),
        Message::Heartbeat(Beat::HeartBeat { number, client: None }) => {
            Deliver::Replicator(replicator::message::Input::HeartBeat { from: sender, number })
        }
        Message::Heartbeat(Beat::HeartBeat { number, client: Some(beat) }) => {
            client(from, Message::Heartbeat(Beat::HeartBeat { number, client: Some(beat) }))
        }
        Message::Heartbeat(Beat::HeartBeatAck { number, epoch, last: _ }) => {
            Deliver::Heartbeat(heartbeat::message::Input::Acked { from: sender, number, epoch })
        }
        Message::Election(message) => Deliver::Election(election::message::Input::Message { from: sender, message }),
        Message::Replicator(message) => {
            Deliver::Replicator(replicator::message::Input::Message { from: sender, message })
        }
        Message::Lobby(_) | Message::Bidding(_) | Message::Outcome(_) => client(from, message),
    }
}

/// What discovery wants done.
pub fn from_discovery(output: discovery::message::Output, deliver: &mut Vec<Deliver>) {
    use discovery::message::Output;
    match output {
        Output::Broadcast(message) => {
            deliver.push(Deliver::Transport(Transport::Broadcast(Message::Discovery(message))));
        }
        Output::SendTo { to, message } => {
            deliver.push(Deliver::Transport(Transport::ToAddress(to, Message::Discovery(message))));
        }
        Output::Found { address, about } => {
            deliver.push(Deliver::Transport(Transport::Learn(about.member.node, address)));
            deliver.push(Deliver::Replicator(replicator::message::Input::Found(about)));
        }
        Output::WindowClosed => deliver.push(Deliver::Replicator(replicator::message::Input::WindowClosed)),
        Output::SameUuid(address) => deliver.push(Deliver::Host(Host::SameUuid(address))),
        Output::OtherMode { address, mode } => deliver.push(Deliver::Host(Host::OtherMode(address, mode))),
    }
}

/// What heartbeat wants done.
pub fn from_heartbeat(output: heartbeat::message::Output, deliver: &mut Vec<Deliver>) {
    use heartbeat::message::Output;
    match output {
        Output::Send { to, message } => {
            deliver.push(Deliver::Transport(Transport::ToNode(to, Message::Heartbeat(message))));
        }
        Output::Heard { leader, epoch, sent } => {
            deliver.push(Deliver::Replicator(replicator::message::Input::Heard { leader, epoch, sent }));
            deliver.push(Deliver::Election(election::message::Input::Heard { leader, epoch, sent }));
        }
        Output::Suspect(leader) => deliver.push(Deliver::Election(election::message::Input::Suspect(leader))),
        Output::Late => {
            deliver.push(Deliver::Replicator(replicator::message::Input::Late));
            deliver.push(Deliver::Election(election::message::Input::Late));
        }
    }
}

/// What election wants done.
pub fn from_election(output: election::message::Output, deliver: &mut Vec<Deliver>) {
    use election::message::Output;
    match output {
        Output::Send { to, message } => {
            deliver.push(Deliver::Transport(Transport::ToNode(to, Message::Election(message))));
        }
        Output::TakeOver { promise, transfer, alone } => {
            deliver.push(Deliver::Replicator(replicator::message::Input::TakeOver { promise, transfer, alone }));
        }
    }
}

/// What the sequencer wants done.
pub fn from_sequencer(output: sequencer::message::Output, deliver: &mut Vec<Deliver>) {
    use sequencer::message::Output;
    deliver.push(Deliver::Replicator(match output {
        Output::Propose { epoch, number, events } => replicator::message::Input::Propose { epoch, number, events },
        Output::Rebuilt { epoch, next } => replicator::message::Input::Rebuilt { epoch, next },
    }));
}

/// What the replicator wants done.
pub fn from_replicator(output: replicator::message::Output, deliver: &mut Vec<Deliver>) {
    use replicator::message::Output;
    let last = match output {
        Output::Send { to, message } => Deliver::Transport(Transport::ToNode(to, Message::Replicator(message))),
        Output::HeartBeatAck { to, number, epoch } => {
            let ack = heartbeat::message::Message::HeartBeatAck { number, epoch, last: Vec::new() };
            Deliver::Transport(Transport::ToNode(to, Message::Heartbeat(ack)))
        }
        Output::Write { ticket, record, commit } => Deliver::Disk { ticket, record, commit },
        Output::Follow(leader) => Deliver::Heartbeat(heartbeat::message::Input::Follow(leader)),
        Output::Situation(situation) => {
            deliver.push(Deliver::Election(election::message::Input::Situation(situation.clone())));
            deliver.push(Deliver::Discovery(discovery::message::Input::Situation(situation.clone())));
            deliver.push(to_machine(FromLog::Situation(situation.clone())));
            Deliver::Host(Host::Situation(situation))
        }
        Output::TakeOverFailed => Deliver::Election(election::message::Input::TakeOverFailed),
        Output::Progress => Deliver::Election(election::message::Input::Progress),
        Output::StandInstead(epoch) => Deliver::Election(election::message::Input::StandInstead(epoch)),
        Output::Fenced(epoch) => Deliver::Election(election::message::Input::Fenced(epoch)),
        Output::Leading { epoch, at, room } => to_machine(FromLog::Leading { epoch, at, room }),
        Output::Deposed => to_machine(FromLog::Deposed),
        Output::Committed(entry) => to_machine(FromLog::Committed(entry)),
        Output::Reset => to_machine(FromLog::Reset),
        Output::Credit { room, quorum } => to_machine(FromLog::Credit { room, quorum }),
        Output::Refused { epoch, number } => to_machine(FromLog::Refused { epoch, number }),
        Output::ReadReady { ticket } => to_machine(FromLog::ReadReady { ticket }),
        Output::Ordered { ticket, answer } => to_machine(FromLog::Ordered { ticket, answer }),
        Output::Shown { ticket, entries } => Deliver::Host(Host::Shown { ticket, entries }),
        Output::ReturnAsNewcomer(end) => Deliver::Host(Host::ReturnAsNewcomer(end)),
        Output::Stopped => Deliver::Host(Host::Stopped),
        Output::Fault(fault) => Deliver::Host(Host::Fault(fault)),
    };
    deliver.push(last);
}

/// What the machine wants done; what it answers its program is given back, with the question's ticket.
pub fn from_machine<B>(output: machine::Output<B>, deliver: &mut Vec<Deliver>) -> Option<(u64, B)> {
    use machine::Output;
    deliver.push(match output {
        Output::Log(ToLog::Propose { epoch, events }) => {
            Deliver::Sequencer(sequencer::message::Input::Propose { epoch, events })
        }
        Output::Log(ToLog::Rebuilt { epoch }) => Deliver::Sequencer(sequencer::message::Input::Rebuilt { epoch }),
        Output::Log(ToLog::Obsolete(indices)) => Deliver::Replicator(replicator::message::Input::Obsolete(indices)),
        Output::Log(ToLog::Read { ticket }) => Deliver::Replicator(replicator::message::Input::Read { ticket }),
        Output::Log(ToLog::Order { ticket, order }) => {
            Deliver::Replicator(replicator::message::Input::Order { ticket, order })
        }
        Output::Archive(wish) => Deliver::Archive(wish),
        Output::Send(to, message) => Deliver::Transport(Transport::ToAddress(to, message)),
        Output::SendToEach(to, message) => Deliver::Transport(Transport::ToEach(to, message)),
        Output::Redirect(to) => Deliver::Discovery(discovery::message::Input::Redirect(to)),
        Output::Announce(clients) => Deliver::Discovery(discovery::message::Input::Announce(clients)),
        Output::Answer { ticket, answer } => return Some((ticket, answer)),
    });
    None
}

const fn to_machine(news: FromLog) -> Deliver {
    Deliver::Machine(machine::Input::Log(news))
}

const fn client(from: SocketAddr, message: Message) -> Deliver {
    Deliver::Machine(machine::Input::Client { from, message })
}
