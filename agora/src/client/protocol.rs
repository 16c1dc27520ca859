//! The client as a pure state machine: finds the leader, keeps requests and reads going until they are answered, and
//! puts events in order.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::event::Piece;
use super::follows::Follows;
use super::message::{Command, Input, Leader, Output, Reply};
use super::port::{Port, Who, spread};
use super::reads::{Answer, For, Reads, What};
use super::requests::{Order, Requests};
use super::search::{Details, News, Search};
use crate::auction::message::{Ack, Bidding, Deny, Lobby, Outcome};
use crate::auction::refusal::Code;
use crate::discovery::message::Message as Discovery;
use crate::heartbeat::message::Message as Beat;
use crate::id::{Epoch, NodeId, ParticipantId};
use crate::protocol::Protocol;
use crate::time::Timestamp;
use crate::wire::Message;

/// One client session.
#[derive(Debug)]
pub struct Dialogue {
    who: Who,
    rng: ChaCha8Rng,
    search: Search,
    requests: Requests,
    reads: Reads,
    follows: Follows,
    locating: Vec<(u64, Option<Timestamp>)>,
    leader_tickets: Vec<u64>,
    /// The epoch of the leader that was told last; `None` while none is heard.
    told: Option<Epoch>,
}

impl Dialogue {
    /// A session of `participant`. `session` must be random: it tells two runs of one participant apart. So must
    /// `seed`, which nobody else may know: answers are recognised by numbers that follow from it.
    pub fn new(now: Timestamp, participant: ParticipantId, session: u64, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Self {
            who: Who { participant, session },
            search: Search::new(now, rng.next_u64()),
            rng,
            requests: Requests::default(),
            reads: Reads::default(),
            follows: Follows::default(),
            locating: Vec::new(),
            leader_tickets: Vec::new(),
            told: None,
        }
    }

    /// The leader, as far as known.
    pub fn leader(&self) -> Option<Leader> {
        self.search.leader().map(|(leader, _)| leader)
    }

    fn parts<'a>(&'a mut self, now: Timestamp, out: &'a mut Vec<Output>) -> Parts<'a> {
        let port = Port { now, who: self.who, search: &mut self.search, rng: &mut self.rng, out };
        Parts { port, requests: &mut self.requests, reads: &mut self.reads, follows: &mut self.follows }
    }

    fn command(&mut self, now: Timestamp, command: Command, out: &mut Vec<Output>) {
        match command {
            Command::Locate { ticket, deadline } => {
                self.locating.push((ticket, deadline));
                self.locate(now, out);
            }
            Command::FollowLeader { ticket } => {
                self.leader_tickets.push(ticket);
                if let Some(leader) = self.leader().filter(|leader| self.told == Some(leader.epoch)) {
                    out.push(Output::Leader { ticket, leader: Some(leader) });
                }
            }
            Command::Submit { ticket, request, known, action, deadline } => {
                let mut parts = self.parts(now, out);
                let order = Order { ticket, request, known, action, deadline };
                parts.requests.submit(order, &mut parts.port);
            }
            Command::List { ticket, state, auction, deadline } => {
                let mut parts = self.parts(now, out);
                let what = What::List { state, auction, listing: None };
                parts.reads.start(For::Ticket(ticket), what, deadline, &mut parts.port);
            }
            Command::Order { ticket, order, deadline } => {
                let mut parts = self.parts(now, out);
                parts.reads.start(For::Ticket(ticket), What::Order(order), deadline, &mut parts.port);
            }
            Command::Status { ticket, deadline } => {
                let mut parts = self.parts(now, out);
                parts.reads.start(For::Ticket(ticket), What::Status, deadline, &mut parts.port);
            }
            Command::Follow { ticket, auction, room } => {
                let mut parts = self.parts(now, out);
                parts.follows.follow(ticket, auction, room, &mut parts.port);
            }
            Command::Room { ticket, room } => self.follows.room(ticket, room, out),
            Command::Unfollow { ticket } => {
                self.follows.unfollow(ticket);
                self.reads.forget(ticket);
            }
        }
    }

    fn message(
        &mut self,
        now: Timestamp,
        from: std::net::SocketAddr,
        sender: NodeId,
        message: Message,
        out: &mut Vec<Output>,
    ) {
        if self.search.heard(now, from, sender) {
            self.tell_leader(out);
        }
        let mut parts = self.parts(now, out);
        match message {
            Message::Discovery(Discovery::LeaderDetails { nonce, leader, epoch, commit, cookie, interval_ms }) => {
                let interval = Duration::from_millis(u64::from(interval_ms));
                let details = Details { from, sender, nonce, leader, epoch, commit, cookie, interval };
                let news = self.search.details(now, details, out);
                self.leader_news(now, news, out);
            }
            Message::Heartbeat(Beat::HeartBeatAck { epoch, .. }) if !parts.is_leader(sender, epoch.number) => {
                parts.port.doubt(epoch);
            }
            Message::Heartbeat(Beat::HeartBeatAck { last, .. }) => parts.follows.acknowledged(&last, &mut parts.port),
            Message::Lobby(message) => parts.lobby(message),
            Message::Bidding(Bidding::Ack(ack)) => parts.done(ack),
            Message::Bidding(Bidding::Deny(deny)) => parts.refused(deny),
            Message::Bidding(message) => parts.piece(sender, Piece::of_bidding(message)),
            Message::Outcome(Outcome::EventsResponse { auction, epoch, last }) => {
                if !parts.is_leader(sender, epoch.number) {
                    return;
                }
                parts.follows.answered(auction, last, &mut parts.port);
            }
            Message::Outcome(Outcome::StatusResponse { read, status }) => {
                if !status.serving {
                    parts.port.search.denied(now, from, parts.port.out);
                }
                parts.reads.told(read, status, parts.port.out);
            }
            Message::Outcome(Outcome::OrderResponse { read, answer }) => {
                parts.reads.ordered(read, answer, &mut parts.port);
            }
            Message::Outcome(Outcome::CancelAck(ack)) => parts.done(ack),
            Message::Outcome(Outcome::CancelDeny(deny)) => parts.refused(deny),
            Message::Outcome(message) if parts.is_for_another(&message) => {}
            Message::Outcome(message) => parts.piece(sender, Piece::of_outcome(message)),
            Message::Discovery(_) | Message::Heartbeat(_) | Message::Election(_) | Message::Replicator(_) => {}
        }
    }

    fn leader_news(&mut self, now: Timestamp, news: News, out: &mut Vec<Output>) {
        match news {
            News::None => return,
            News::Lost => self.tell_leader(out),
            News::Confirmed => {
                let mut parts = self.parts(now, out);
                parts.requests.send_again(false, &mut parts.port);
            }
            News::Changed => {
                self.tell_leader(out);
                let mut parts = self.parts(now, out);
                parts.requests.send_again(true, &mut parts.port);
                parts.reads.send_again(&mut parts.port);
                parts.follows.resubscribe(&mut parts.port);
            }
        }
        self.locate(now, out);
    }

    /// Tells who leads, if that is another than was told last.
    fn tell_leader(&mut self, out: &mut Vec<Output>) {
        let leader = if self.search.is_lost() { None } else { self.leader() };
        let known = leader.map(|leader| leader.epoch);
        if std::mem::replace(&mut self.told, known) == known {
            return;
        }
        out.extend(self.leader_tickets.iter().map(|ticket| Output::Leader { ticket: *ticket, leader }));
    }

    /// Answers who waits for a leader, once it is known with a fresh commit index.
    fn locate(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if !self.locating.is_empty()
            && self.search.fresh_commit(now, out).is_some()
            && let Some((leader, _)) = self.search.leader()
        {
            out.extend(self.locating.drain(..).map(|(ticket, _)| Output::Located { ticket, result: Ok(leader) }));
        }
        self.locating.retain(|(ticket, deadline)| {
            let over = deadline.is_some_and(|deadline| deadline <= now);
            if over {
                out.push(Output::Located { ticket: *ticket, result: Err(self.search.no_leader()) });
            }
            !over
        });
    }
}

impl Protocol for Dialogue {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Timestamp, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Message { from, sender, message } => self.message(now, from, sender, message, out),
            Input::Command(command) => self.command(now, command, out),
        }
    }

    fn fire(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let rng = &mut self.rng;
        if self.search.fire(now, |wait| spread(rng, wait), out) {
            self.tell_leader(out);
        }
        let mut parts = self.parts(now, out);
        parts.requests.fire(&mut parts.port);
        parts.reads.fire(&mut parts.port);
        parts.follows.fire(parts.reads, &mut parts.port);
        self.locate(now, out);
    }

    fn deadline(&self) -> Option<Timestamp> {
        let locating = self.locating.iter().filter_map(|(_, deadline)| *deadline).min();
        let follows = self.follows.deadline(self.search.interval());
        [self.search.deadline(), self.requests.deadline(), self.reads.deadline(), follows, locating]
            .into_iter()
            .flatten()
            .min()
    }
}

/// The parts that speak to the leader, and the way to it.
struct Parts<'a> {
    port: Port<'a>,
    requests: &'a mut Requests,
    reads: &'a mut Reads,
    follows: &'a mut Follows,
}

impl Parts<'_> {
    fn lobby(&mut self, message: Lobby) {
        match message {
            Lobby::CreateAck(ack) | Lobby::JoinAck(ack) | Lobby::LeaveAck(ack) | Lobby::ReadyConfirmAck(ack) => {
                self.done(ack);
            }
            Lobby::CreateDeny(deny)
            | Lobby::JoinDeny(deny)
            | Lobby::LeaveDeny(deny)
            | Lobby::ReadyConfirmDeny(deny) => self.refused(deny),
            Lobby::ListResponse { read, epoch, commit, auctions, more } => {
                let page = Answer { read, epoch, commit, auctions, more };
                if let Some((ticket, listing)) = self.reads.listed(page, &mut self.port) {
                    self.follows.found(ticket, &listing, &mut self.port);
                }
            }
            Lobby::CreateRequest { .. }
            | Lobby::ListRequest { .. }
            | Lobby::JoinRequest { .. }
            | Lobby::LeaveRequest { .. }
            | Lobby::ReadyConfirm { .. } => {}
        }
    }

    fn done(&mut self, ack: Ack) {
        self.requests.answered(ack.request, &Reply::Done(ack), self.port.out);
    }

    fn refused(&mut self, deny: Deny) {
        if deny.refusal.code == Code::NoQuorum {
            self.port.search.look_around(self.port.now, self.port.out);
        }
        if let Some(millis) = deny.retry_ms.filter(|_| deny.refusal.code.is_no_outcome()) {
            self.requests.put_off(deny.request, Duration::from_millis(millis), &mut self.port);
        }
        self.requests.answered(deny.request, &Reply::Refused(deny.refusal), self.port.out);
    }

    /// Whether this is the leadership that is known here.
    fn is_leader(&self, sender: NodeId, epoch: u64) -> bool {
        let known = self.port.search.leader().map(|(leader, _)| leader.epoch);
        known == Some(Epoch { number: epoch, leader: sender })
    }

    /// What another participant is told of the end, who has gone, and whose address this client has now.
    fn is_for_another(&self, message: &Outcome) -> bool {
        let me = Some(self.port.who.participant);
        match message {
            Outcome::Winner(ending) => ending.winner != me,
            Outcome::Loser(ending) => ending.winner == me,
            _ => false,
        }
    }

    /// Only the events of the present leadership count: after a partition, another's could be of another history.
    fn piece(&mut self, sender: NodeId, piece: Option<Piece>) {
        let Some(piece) = piece else { return };
        let number = piece.event.head.epoch;
        if self.is_leader(sender, number) {
            self.follows.take(piece, Epoch { number, leader: sender }, &mut self.port);
        }
    }
}
