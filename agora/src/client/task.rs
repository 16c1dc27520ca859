//! The thin shell: runs a [`Dialogue`] on a socket, as a tokio task.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::event::Event;
use super::message::{Action, Command, Failure, Input, Leader, Listing, Output, Reply};
use super::protocol::Dialogue;
use super::socket::{Datagrams, Socket};
use crate::auction::message::{Phase, Status};
use crate::auction::refusal::Refusal;
use crate::id::{AuctionId, Index, RequestId};
use crate::protocol::Protocol;
use crate::replicator::message::Order;
use crate::time::Timestamp;

/// Events that wait for the program, per subscription.
pub(super) const EVENTS: usize = 1_024;
/// Commands that wait for the task.
pub(super) const COMMANDS: usize = 256;

/// What the handle asks of the task, and where the answer goes.
#[derive(Debug)]
pub(super) enum Ask {
    Locate(Option<Duration>, oneshot::Sender<Result<Leader, Failure>>),
    Submit(Box<Submission>, oneshot::Sender<Result<Reply, Failure>>),
    List(Option<Phase>, Option<AuctionId>, Option<Duration>, oneshot::Sender<Result<Listing, Failure>>),
    Status(Option<Duration>, oneshot::Sender<Result<Box<Status>, Failure>>),
    Order(Order, Option<Duration>, oneshot::Sender<Result<Result<(), Refusal>, Failure>>),
    Follow(u64, Option<AuctionId>, mpsc::Sender<Result<Event, Failure>>),
    FollowLeader(u64, mpsc::UnboundedSender<Option<Leader>>),
    Room(u64, usize),
    Unfollow(u64),
}

/// A request to carry out.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) request: RequestId,
    pub(super) known: Option<Index>,
    pub(super) action: Action,
    pub(super) timeout: Option<Duration>,
}

/// Who waits for an output.
#[derive(Debug)]
enum Waiting {
    Located(oneshot::Sender<Result<Leader, Failure>>),
    Answered(oneshot::Sender<Result<Reply, Failure>>),
    Listed(oneshot::Sender<Result<Listing, Failure>>),
    Told(oneshot::Sender<Result<Box<Status>, Failure>>),
    Ordered(oneshot::Sender<Result<Result<(), Refusal>, Failure>>),
}

/// The task.
pub(super) struct Task<D> {
    start: Instant,
    dialogue: Dialogue,
    socket: Socket<D>,
    asks: mpsc::Receiver<Ask>,
    waiting: BTreeMap<u64, Waiting>,
    events: BTreeMap<u64, mpsc::Sender<Result<Event, Failure>>>,
    leaders: BTreeMap<u64, mpsc::UnboundedSender<Option<Leader>>>,
    /// One-shot tickets count down from the top, subscriptions up from the bottom (in the handle).
    next: u64,
}

impl<D: Datagrams> Task<D> {
    pub(super) fn new(
        socket: Socket<D>,
        asks: mpsc::Receiver<Ask>,
        dialogue: impl FnOnce(Timestamp) -> Dialogue,
    ) -> Self {
        let (start, dialogue) = (now(), dialogue(Timestamp::ZERO));
        let (waiting, events, leaders) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { start, dialogue, socket, asks, waiting, events, leaders, next: u64::MAX }
    }

    /// Runs until all handles are gone.
    pub(super) async fn run(mut self) {
        let mut outputs = Vec::new();
        let mut inputs = Vec::new();
        loop {
            let now = self.now();
            if self.dialogue.deadline().is_some_and(|deadline| deadline <= now) {
                self.dialogue.fire(now, &mut outputs);
            }
            for input in inputs.drain(..) {
                self.dialogue.handle(now, input, &mut outputs);
            }
            while !outputs.is_empty() {
                for output in std::mem::take(&mut outputs) {
                    self.carry_out(now, output, &mut outputs);
                }
            }
            self.socket.flush();
            let wake = self.dialogue.deadline().map(|deadline| self.start + deadline.since(Timestamp::ZERO));
            tokio::select! {
                // In a fixed order, so that a simulation can be repeated.
                biased;
                () = self.socket.receive(|from, sender, message| inputs.push(Input::Message { from, sender, message })) => {
                    // However much comes in, the program has its turn.
                    if let Ok(ask) = self.asks.try_recv() {
                        let command = self.command(ask);
                        inputs.push(Input::Command(command));
                    }
                }
                ask = self.asks.recv() => match ask {
                    Some(ask) => {
                        let command = self.command(ask);
                        inputs.push(Input::Command(command));
                    }
                    None => return,
                },
                () = sleep_until(wake) => {}
            }
        }
    }

    fn now(&self) -> Timestamp {
        let micros = now().duration_since(self.start).as_micros();
        Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    fn command(&mut self, ask: Ask) -> Command {
        let now = self.now();
        let deadline = |timeout: Option<Duration>| timeout.map(|timeout| now + timeout);
        match ask {
            Ask::Locate(timeout, reply) => {
                Command::Locate { ticket: self.wait(Waiting::Located(reply)), deadline: deadline(timeout) }
            }
            Ask::Submit(submission, reply) => {
                let Submission { request, known, action, timeout } = *submission;
                let ticket = self.wait(Waiting::Answered(reply));
                Command::Submit { ticket, request, known, action, deadline: deadline(timeout) }
            }
            Ask::List(state, auction, timeout, reply) => {
                let ticket = self.wait(Waiting::Listed(reply));
                Command::List { ticket, state, auction, deadline: deadline(timeout) }
            }
            Ask::Order(order, timeout, reply) => {
                let deadline = deadline(timeout);
                Command::Order { ticket: self.wait(Waiting::Ordered(reply)), order, deadline }
            }
            Ask::Status(timeout, reply) => {
                Command::Status { ticket: self.wait(Waiting::Told(reply)), deadline: deadline(timeout) }
            }
            Ask::Follow(ticket, auction, events) => {
                self.events.insert(ticket, events);
                Command::Follow { ticket, auction, room: EVENTS }
            }
            Ask::FollowLeader(ticket, leaders) => {
                self.leaders.insert(ticket, leaders);
                Command::FollowLeader { ticket }
            }
            Ask::Room(ticket, room) => Command::Room { ticket, room },
            Ask::Unfollow(ticket) => {
                self.events.remove(&ticket);
                Command::Unfollow { ticket }
            }
        }
    }

    fn wait(&mut self, waiting: Waiting) -> u64 {
        let ticket = self.next;
        self.next -= 1;
        self.waiting.insert(ticket, waiting);
        ticket
    }

    /// Who has stopped waiting is not told; whose stream is gone is unsubscribed.
    fn carry_out(&mut self, now: Timestamp, output: Output, more: &mut Vec<Output>) {
        match output {
            Output::Broadcast(message) => self.socket.broadcast(&message),
            Output::Send { to, message } => self.socket.push(to, message),
            Output::Located { ticket, result } => {
                if let Some(Waiting::Located(reply)) = self.waiting.remove(&ticket) {
                    let _ = reply.send(result);
                }
            }
            Output::Answered { ticket, result } => {
                if let Some(Waiting::Answered(reply)) = self.waiting.remove(&ticket) {
                    let _ = reply.send(result);
                }
            }
            Output::Listed { ticket, result } => {
                if let Some(Waiting::Listed(reply)) = self.waiting.remove(&ticket) {
                    let _ = reply.send(result);
                }
            }
            Output::Ordered { ticket, result } => {
                if let Some(Waiting::Ordered(reply)) = self.waiting.remove(&ticket) {
                    let _ = reply.send(result);
                }
            }
            Output::Told { ticket, result } => {
                if let Some(Waiting::Told(reply)) = self.waiting.remove(&ticket) {
                    let _ = reply.send(result);
                }
            }
            Output::Event { ticket, event } => {
                let gone = self.events.get(&ticket).is_some_and(|events| events.try_send(Ok(event)).is_err());
                if gone {
                    self.events.remove(&ticket);
                    self.dialogue.handle(now, Input::Command(Command::Unfollow { ticket }), more);
                }
            }
            Output::Ended { ticket, found } => {
                if let Some(events) = self.events.remove(&ticket)
                    && !found
                {
                    let _ = events.try_send(Err(Failure::NoAuction));
                }
            }
            Output::Leader { ticket, leader } => {
                if self.leaders.get(&ticket).is_some_and(|leaders| leaders.send(leader).is_err()) {
                    self.leaders.remove(&ticket);
                }
            }
        }
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "the client's shell owns the client's clock")]
fn now() -> Instant {
    Instant::now()
}
