//! The auction manager's place on the log: which messages of clients are its own, and where what it says goes.

use std::convert::Infallible;

use super::event::Decision;
use super::manager::codec;
use super::message::{Input, Output};
use super::protocol::Manager;
use crate::heartbeat::message::Message as Beat;
use crate::machine::{self, Machine};
use crate::wire::Message;

impl Machine for Manager {
    /// Commands come as messages of clients, from its own program too: so they take effect once, whoever leads.
    type Ask = Infallible;
    type Answer = Infallible;
    type Event = Decision;

    fn hears(input: machine::Input) -> Option<Input> {
        match input {
            machine::Input::Log(news) => Some(Input::Log(news)),
            machine::Input::Archive(news) => Some(Input::Archive(news)),
            machine::Input::Client { from, message } => match message {
                Message::Lobby(message) => Some(Input::Lobby(from, message)),
                Message::Bidding(message) => Some(Input::Bidding(from, message)),
                Message::Outcome(message) => Some(Input::Outcome(from, message)),
                Message::Heartbeat(Beat::HeartBeat { number, client: Some(beat) }) => {
                    Some(Input::HeartBeat { from, number, beat })
                }
                Message::Heartbeat(_) | Message::Discovery(_) | Message::Election(_) | Message::Replicator(_) => None,
            },
            machine::Input::Asked { ask, .. } => match ask {},
        }
    }

    fn says(output: Output) -> Option<machine::Output> {
        let to_client = |to, message| Some(machine::Output::Send(to, message));
        match output {
            Output::Log(wish) => Some(machine::Output::Log(wish)),
            Output::Archive(wish) => Some(machine::Output::Archive(wish)),
            Output::Lobby(to, message) => to_client(to, Message::Lobby(message)),
            Output::Bidding(to, message) => to_client(to, Message::Bidding(message)),
            Output::Outcome(to, message) => to_client(to, Message::Outcome(message)),
            Output::Shown(to, shown) => Some(machine::Output::SendToEach(to, shown.into())),
            Output::HeartBeatAck { to, number, epoch, last } => {
                to_client(to, Message::Heartbeat(Beat::HeartBeatAck { number, epoch, last }))
            }
            Output::Redirect(to) => Some(machine::Output::Redirect(to)),
            Output::Announce(clients) => Some(machine::Output::Announce(clients)),
            Output::Applied { .. } => None,
        }
    }

    fn reads(events: &[u8]) -> Option<Decision> {
        codec::decode(events).ok()
    }
}
