//! The auction manager: `manager/` holds its rooms, [`message`](super::message) for what it is told
//! and wants done.

use super::decide::Limits;
use super::manager::ahead::Ahead;
use super::manager::backlog::Backlog;
pub use super::manager::backlog::Pace;
use super::manager::book::Book;
use super::manager::deadlines::Deadlines;
use super::manager::delivery::Past;
use super::manager::fates::Fates;
use super::manager::lead::Lead;
use super::manager::orders::Orders;
use super::manager::reads::{Page, Reads};
use super::manager::request::{Kept, Request};
use super::manager::sessions::Sessions;
use super::manager::shelf::Shelf;
use super::manager::sources::Sources;
use super::message::{Bidding, Durability, Input, Lobby, Outcome, Output};
use crate::config::{Mode, Settings};
use crate::cookie::Cookies;
use crate::id::{Index, NodeId};
use crate::machine::FromLog;
use crate::protocol::Protocol;
use crate::replicator::message::Situation;
use crate::time::Timestamp;
use std::net::SocketAddr;
use std::time::Duration;

/// The auction manager: on every node a fold of the log; on the leader it decides.
#[derive(Debug)]
pub struct Manager {
    pub(super) cookies: Cookies,
    pub(super) limits: Limits,
    pub(super) max_auctions: usize,
    pub(super) auction_retention: Duration,
    pub(super) max_requests: usize,
    pub(super) kept: Kept,
    /// This node, once it is known.
    pub(super) node: Option<NodeId>,
    /// What is committed.
    pub(super) book: Book,
    /// The last entry folded into `book`.
    pub(super) commit: Index,
    /// While this node leads.
    pub(super) lead: Option<Lead>,
    /// While this node leads: what is decided and not committed.
    pub(super) ahead: Ahead,
    /// Of the auctions as they are with what is ahead.
    pub(super) deadlines: Deadlines,
    pub(super) sessions: Sessions,
    /// While this node leads: what those sessions are still to be told.
    pub(super) backlog: Backlog,
    /// An auction as it was.
    pub(super) past: Past,
    pub(super) sources: Sources,
    pub(super) reads: Reads,
    pub(super) orders: Orders,
    pub(super) shelf: Shelf,
    pub(super) fates: Fates,
    pub(super) situation: Option<Situation>,
    /// Where decisions are written before they are proposed.
    pub(super) scratch: Vec<u8>,
    /// Entries that hold no decision.
    pub(super) undecodable: u64,
    /// Messages that only a leader sends.
    pub(super) misdirected: u64,
}

impl Manager {
    /// One that knows nothing yet; the log comes as [`FromLog::Committed`].
    pub fn new(settings: &Settings, cookies: Cookies) -> Self {
        Self {
            cookies,
            limits: Limits::from(settings),
            max_auctions: settings.max_auctions,
            auction_retention: settings.auction_retention,
            max_requests: settings.max_requests,
            kept: Kept {
                durability: match settings.mode {
                    Mode::Majority(_) => Durability::Quorum,
                    Mode::Reachable => Durability::Reachable,
                },
                disk: false,
            },
            node: None,
            book: Book::new(settings.request_retention),
            commit: Index(0),
            lead: None,
            ahead: Ahead::default(),
            deadlines: Deadlines::default(),
            sessions: Sessions::default(),
            backlog: Backlog::default(),
            past: Past::default(),
            sources: Sources::default(),
            reads: Reads::new(settings.failure_timeout()),
            orders: Orders::default(),
            shelf: Shelf::default(),
            fates: Fates::default(),
            situation: None,
            scratch: Vec::new(),
            undecodable: 0,
            misdirected: 0,
        }
    }

    /// With the name under which it answers STATUS_REQUEST; without it a node that never led answers with a nil one.
    #[must_use]
    pub const fn named(mut self, node: NodeId) -> Self {
        self.node = Some(node);
        self
    }

    /// Whether acknowledgements say that the log is on disk; without this they do not.
    #[must_use]
    pub const fn on_disk(mut self, on_disk: bool) -> Self {
        self.kept.disk = on_disk;
        self
    }

    /// Whether auctions that leave go to an archive, where they can be asked for; without this they are gone.
    #[must_use]
    pub const fn archives(mut self, archives: bool) -> Self {
        self.shelf.on = archives;
        self
    }

    /// With another pace than the default one at which followers are told events.
    #[must_use]
    pub fn paced(mut self, pace: Pace) -> Self {
        self.backlog = Backlog::at(pace);
        self
    }

    fn lobby(&mut self, now: Timestamp, from: SocketAddr, message: Lobby, out: &mut Vec<Output>) {
        match message {
            Lobby::CreateRequest { call, spec } => self.ask(now, from, Request::create(call, spec), out),
            Lobby::JoinRequest { call, auction } => self.ask(now, from, Request::join(call, auction), out),
            Lobby::LeaveRequest { call, auction } => self.ask(now, from, Request::leave(call, auction), out),
            Lobby::ReadyConfirm { call, auction } => self.ask(now, from, Request::start(call, auction), out),
            Lobby::ListRequest { session, read, state, auction, after } => {
                let page = Page { from, number: read, phase: state, auction, after };
                self.list(now, &session, page, out);
            }
            Lobby::CreateAck(_)
            | Lobby::CreateDeny(_)
            | Lobby::ListResponse { .. }
            | Lobby::JoinAck(_)
            | Lobby::JoinDeny(_)
            | Lobby::LeaveAck(_)
            | Lobby::LeaveDeny(_)
            | Lobby::ReadyConfirmAck(_)
            | Lobby::ReadyConfirmDeny(_) => self.misdirected += 1,
        }
    }

    fn bidding(&mut self, now: Timestamp, from: SocketAddr, message: Bidding, out: &mut Vec<Output>) {
        match message {
            Bidding::Submit(submit) | Bidding::SubmitRetransmit(submit) => {
                self.ask(now, from, Request::submit(submit), out);
            }
            Bidding::Created { .. }
            | Bidding::Joined { .. }
            | Bidding::Left { .. }
            | Bidding::ReadyCheck { .. }
            | Bidding::Start { .. }
            | Bidding::RoundStart { .. }
            | Bidding::Ack(_)
            | Bidding::Deny(_)
            | Bidding::Broadcast { .. }
            | Bidding::RoundComplete { .. } => self.misdirected += 1,
        }
    }

    fn log(&mut self, now: Timestamp, news: FromLog, out: &mut Vec<Output>) {
        match news {
            FromLog::Leading { epoch, at, room } => self.leading(now, epoch, at, room, out),
            FromLog::Deposed => self.deposed(),
            FromLog::Committed(entry) => self.committed(now, entry, out),
            FromLog::Reset => self.reset(),
            FromLog::Credit { room, quorum } => self.credit(now, room, quorum, out),
            FromLog::Refused { epoch, number } => self.refused(epoch, number, out),
            FromLog::ReadReady { ticket } => self.read_ready(now, ticket, out),
            FromLog::Ordered { ticket, answer } => self.ordered(ticket, answer, out),
            FromLog::Situation(situation) => self.situation = Some(*situation),
        }
    }

    fn outcome(&mut self, now: Timestamp, from: SocketAddr, message: Outcome, out: &mut Vec<Output>) {
        match message {
            Outcome::CancelRequest { call, auction, reason } => {
                self.ask(now, from, Request::cancel(call, auction, reason), out);
            }
            Outcome::EventsRequest { session, auction, after, held } => {
                self.events(now, from, (&session, auction, after, held), out);
            }
            Outcome::StatusRequest { session, read } => self.status(from, &session, read, out),
            Outcome::OrderRequest { session, read, order } => self.order(now, from, &session, (read, order), out),
            Outcome::Winner(_)
            | Outcome::Loser(_)
            | Outcome::Result(_)
            | Outcome::Cancel { .. }
            | Outcome::CancelAck(_)
            | Outcome::CancelDeny(_)
            | Outcome::EventsResponse { .. }
            | Outcome::StatusResponse { .. }
            | Outcome::OrderResponse { .. } => self.misdirected += 1,
        }
    }
}

impl Protocol for Manager {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Timestamp, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Lobby(from, message) => self.lobby(now, from, message, out),
            Input::Bidding(from, message) => self.bidding(now, from, message, out),
            Input::Outcome(from, message) => self.outcome(now, from, message, out),
            Input::HeartBeat { from, number, beat } => self.beat(now, from, number, &beat, out),
            Input::Log(news) => self.log(now, news, out),
            Input::Archive(news) => self.fetched(now, news, out),
        }
    }

    fn fire(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.act_on_deadlines(now, out);
        self.tell_followers(now, out);
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.next_deadline()
    }
}
