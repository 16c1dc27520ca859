//! Requests: exactly once. See "Requests" in the protocol description.

use std::net::SocketAddr;

use super::ahead::{Pending, Reply};
use super::codec;
use super::request::{Denial, Kind, Request};
use super::requests::{MAX_REFUSALS, REFUSALS_FOR};
use super::sessions;
use crate::auction::decide::{Decided, decide, tick};
use crate::auction::event::{Answer, Command, Decision, Event, RequestKey};
use crate::auction::message::Output;
use crate::auction::protocol::Manager;
use crate::auction::refusal::{Code, Refusal};
use crate::heartbeat::message::Session;
use crate::id::AuctionId;
use crate::machine::ToLog;
use crate::time::{At, Timestamp};

impl Manager {
    /// Takes a request: proposes what follows from it, or answers it at once.
    pub(crate) fn ask(&mut self, now: Timestamp, from: SocketAddr, request: Request, out: &mut Vec<Output>) {
        self.fates.received += 1;
        let Request { call, kind, auction, command } = request;
        if !self.admit(now, from, &call.session, out) {
            self.fates.no_outcome += 1;
            return;
        }
        let key = call.key();
        let reply = Reply { to: from, session: sessions::key(&call.session), kind };
        if let Some(answer) = self.book.requests.answer(&key).cloned() {
            self.fates.repeated += 1;
            if let (Answer::Done(receipt), true) = (&answer, kind.subscribes()) {
                self.follow(reply.session, receipt.auction);
            }
            out.push(kind.answer(from, call.request, answer, self.kept));
            return;
        }
        if self.ahead.is_pending(&key, reply) {
            self.fates.repeated += 1;
            return;
        }
        if call.known < self.book.requests.floor() {
            return self.deny(reply, &call.request, expired().into(), out);
        }
        if call.known > self.commit {
            // So that its entry always comes after what it knows, and is not forgotten while the floor is below that.
            return self.deny(
                reply,
                &call.request,
                busy("the client knows of another history, or a later leader"),
                out,
            );
        }
        self.raise_floor(now, out);
        let command = match command {
            Ok(command) => command,
            Err(malformed) => return self.deny(reply, &call.request, malformed.into(), out),
        };
        match self.settle(now, (from, auction), &command, &call, out) {
            Ok(decision) => self.propose(decision, Some(reply), out),
            Err(denial) => self.deny(reply, &call.request, denial, out),
        }
    }

    /// Whether this node serves, and the client receives at its address; if not it is told who leads. Remembers the
    /// session.
    pub(crate) fn admit(&mut self, now: Timestamp, from: SocketAddr, session: &Session, out: &mut Vec<Output>) -> bool {
        let admitted = self.lead.is_some() && self.cookies.holds(from, session.cookie);
        if admitted {
            self.sessions.hear(now, sessions::key(session), from);
        } else {
            out.push(Output::Redirect(from));
        }
        admitted
    }

    /// Lets passed deadlines of the auction act, then the command: the proposal to make, or what is refused at once.
    fn settle(
        &mut self,
        now: Timestamp,
        (from, auction): (SocketAddr, AuctionId),
        command: &Command,
        call: &crate::auction::message::Call,
        out: &mut Vec<Output>,
    ) -> Result<Decision, Denial> {
        let at = self.capacity(now)?;
        self.tick(now, auction, out);
        self.capacity(now)?;
        let found = self.ahead.auction(&self.book, auction);
        let is_new = found.is_none() && matches!(command, Command::Create { .. });
        if is_new {
            self.make_room(out)?;
            self.capacity(now)?;
        }
        let found = self.ahead.auction(&self.book, auction);
        let who = call.session.participant;
        let key = Some(call.key());
        match decide(found, command, who, at, &self.limits) {
            Ok(Decided { events, receipt }) => {
                Ok(Decision { key, events, answer: Some(Answer::Done(receipt)), floor: None })
            }
            Err(malformed) if is_new => Err(malformed.into()),
            Err(refusal) => {
                let (refusals, for_so_long) = self.book.requests.refusals(who, at);
                if refusals + self.ahead.refusals(who) >= MAX_REFUSALS {
                    return Err(busy("too many refusals of this participant").after(for_so_long));
                }
                if !self.sources.count(now, from) {
                    return Err(busy("too many refusals of this address").after(REFUSALS_FOR));
                }
                Ok(Decision { key, events: Vec::new(), answer: Some(Answer::Refused(refusal)), floor: None })
            }
        }
    }

    /// Archives what finished first, if there are as many auctions as there may be.
    fn make_room(&mut self, out: &mut Vec<Output>) -> Result<(), Denial> {
        if self.book.len() + self.ahead.created() < self.max_auctions + self.ahead.archived() {
            return Ok(());
        }
        let Some(auction) = self.book.over().find(|over| self.ahead.auction(&self.book, *over).is_some()) else {
            return Err(busy("the cluster holds as many auctions as it may, and none of them is over"));
        };
        self.propose(archive(auction), None, out);
        Ok(())
    }

    /// Leadership time, if a proposal can be made now.
    fn capacity(&mut self, now: Timestamp) -> Result<At, Denial> {
        let Some(lead) = &mut self.lead else { return Err(busy("the leadership has ended")) };
        if !lead.quorum {
            return Err(Refusal { code: Code::NoQuorum, reason: "the leader hears no quorum".into() }.into());
        }
        if lead.room == 0 {
            return Err(busy("too many requests under way").after(lead.turns.next(now)));
        }
        if self.book.requests.len() + self.ahead.requests() >= self.max_requests {
            return Err(busy("the request table is full"));
        }
        Ok(lead.at(now))
    }

    /// Has old answers forgotten, as far as there is credit.
    fn raise_floor(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Some(lead) = self.lead.as_mut().filter(|lead| lead.room > 0) else { return };
        let requests = &self.book.requests;
        if let Some(floor) = requests.due(lead.at(now), lead.floor, self.max_requests) {
            lead.floor = floor;
            let decision = Decision { key: None, events: Vec::new(), answer: None, floor: Some(floor) };
            self.propose(decision, None, out);
        }
    }

    /// Lets passed deadlines of the auction act, as far as there is credit.
    pub(crate) fn tick(&mut self, now: Timestamp, auction: AuctionId, out: &mut Vec<Output>) {
        while let Some(lead) = self.lead.as_ref().filter(|lead| lead.room > 0) {
            let at = lead.at(now);
            let Some(found) = self.ahead.auction(&self.book, auction) else { return };
            if found.is_over() {
                if self.archived_at(auction).is_some_and(|due| due <= at) {
                    self.propose(archive(auction), None, out);
                }
                return;
            }
            let events = tick(found, at, &self.limits);
            if events.is_empty() {
                return;
            }
            self.propose(Decision { key: None, events, answer: None, floor: None }, None, out);
        }
    }

    /// Hands a decision to the sequencer, and decides on with it.
    fn propose(&mut self, decision: Decision, reply: Option<Reply>, out: &mut Vec<Output>) {
        let Some(lead) = self.lead.as_mut() else { return };
        let events = match codec::encode(&decision, &mut self.scratch) {
            Ok(events) => events,
            Err(error) => {
                log::error!("a decision cannot be written down, so its request is not carried out: {error}");
                if let (Some(reply), Some(key)) = (reply, decision.key) {
                    self.deny(reply, &key.request, busy("the decision cannot be written down"), out);
                }
                return;
            }
        };
        let touched = decision.events.first().map(crate::auction::event::Event::auction);
        let (epoch, number) = (lead.epoch, lead.number());
        self.ahead.push(&self.book, Pending { number, decision, bytes: events.clone(), reply });
        if let Some(auction) = touched {
            self.reindex(auction);
        }
        out.push(ToLog::Propose { epoch, events }.into());
    }

    /// Refuses at once, without an entry.
    fn deny(&mut self, reply: Reply, request: &crate::id::RequestId, denial: Denial, out: &mut Vec<Output>) {
        if denial.refusal.code.is_no_outcome() {
            self.fates.no_outcome += 1;
        } else {
            self.fates.refused += 1;
        }
        out.push(reply.kind.deny(reply.to, *request, denial));
    }

    /// Answers one whose proposal was refused by the replicator.
    pub(crate) fn drop_pending(&mut self, pending: &Pending, out: &mut Vec<Output>) {
        if let (Some(reply), Some(key)) = (pending.reply, pending.decision.key) {
            self.deny(reply, &key.request, busy("the leader could not take it"), out);
        }
    }

    /// Whatever the kind of request, its answer once committed.
    pub(crate) fn fulfil(&mut self, key: &RequestKey, answer: &Answer, reply: Option<Reply>, out: &mut Vec<Output>) {
        match answer {
            Answer::Done(receipt) => {
                self.fates.accepted += 1;
                if let Some(reply) = reply.filter(|reply| reply.kind.subscribes()) {
                    self.sessions.follow(reply.session, receipt.auction);
                }
            }
            Answer::Refused(_) => self.fates.refused += 1,
        }
        if let Some(Reply { to, kind, .. }) = reply {
            out.push(Kind::answer(kind, to, key.request, answer.clone(), self.kept));
        }
    }
}

fn archive(auction: AuctionId) -> Decision {
    Decision { key: None, events: vec![Event::AuctionArchived { auction }], answer: None, floor: None }
}

/// Whether it was carried out once is forgotten. It is not carried out now.
fn expired() -> Refusal {
    let reason = "too old to tell whether it was carried out; it is not carried out now";
    Refusal { code: Code::Expired, reason: reason.into() }
}

fn busy(reason: &str) -> Denial {
    Refusal { code: Code::Busy, reason: reason.into() }.into()
}
