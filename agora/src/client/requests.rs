//! Requests under way: each under one id until it has its one answer, however often it is sent and whoever leads.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::message::{Action, Failure, Output, Reply};
use super::port::Port;
use crate::auction::message::{Bidding, Call, Lobby, Outcome, Submit};
use crate::auction::refusal::Refusal;
use crate::id::{Index, RequestId};
use crate::time::Timestamp;
use crate::wire::Message;

/// A leader may ask for a request again after so long at most: nobody is kept waiting for ever by a broken one.
const PUT_OFF_MOST: Duration = Duration::from_secs(60);

/// The requests under way.
#[derive(Debug, Default)]
pub(super) struct Requests {
    open: BTreeMap<RequestId, Open>,
    /// When each wants to be looked at: its retry or its deadline, whichever is first.
    timers: BTreeSet<(Timestamp, RequestId)>,
    order: u64,
}

#[derive(Debug)]
struct Open {
    tickets: Vec<u64>,
    action: Action,
    known: Option<Index>,
    /// An earlier run of the program may have sent it.
    inherited: bool,
    sent: u32,
    /// The last *no outcome*.
    said: Option<Refusal>,
    retry: Timestamp,
    deadline: Option<Timestamp>,
    /// The place among the others, for sending all again in the order in which they were given.
    order: u64,
}

impl Open {
    fn timer(&self) -> Timestamp {
        self.deadline.map_or(self.retry, |deadline| deadline.min(self.retry))
    }
}

/// A request, as handed in.
pub(super) struct Order {
    pub(super) ticket: u64,
    pub(super) request: RequestId,
    pub(super) known: Option<Index>,
    pub(super) action: Action,
    pub(super) deadline: Option<Timestamp>,
}

impl Requests {
    pub(super) fn submit(&mut self, order: Order, port: &mut Port<'_>) {
        let Order { ticket, request, known, action, deadline } = order;
        if let Some(open) = self.open.get_mut(&request) {
            // The same id is the same request: it has one answer, told to both.
            open.tickets.push(ticket);
            return;
        }
        self.order += 1;
        let open = Open {
            tickets: vec![ticket],
            action,
            known,
            inherited: known.is_some(),
            sent: 0,
            said: None,
            retry: port.now,
            deadline,
            order: self.order,
        };
        self.timers.insert((open.timer(), request));
        self.open.insert(request, open);
        self.send(request, port);
    }

    /// The one answer has come.
    pub(super) fn answered(&mut self, request: RequestId, reply: &Reply, out: &mut Vec<Output>) {
        if let Reply::Refused(refusal) = reply
            && refusal.code.is_no_outcome()
        {
            if let Some(open) = self.open.get_mut(&request) {
                open.said = Some(refusal.clone());
            }
            return;
        }
        self.finish(request, &Ok(reply.clone()), out);
    }

    /// The leader asks for it again after `wait`.
    pub(super) fn put_off(&mut self, request: RequestId, wait: Duration, port: &mut Port<'_>) {
        let Some(open) = self.open.get_mut(&request) else { return };
        self.timers.remove(&(open.timer(), request));
        open.retry = port.now + port.no_sooner(wait.min(PUT_OFF_MOST));
        self.timers.insert((open.timer(), request));
    }

    /// The leader is known, or another one leads: `all` are sent, or those that never were.
    pub(super) fn send_again(&mut self, all: bool, port: &mut Port<'_>) {
        let mut requests: Vec<_> =
            self.open.iter().filter(|(_, open)| all || open.sent == 0).map(|(id, open)| (open.order, *id)).collect();
        requests.sort_unstable();
        for (_, request) in requests {
            self.send(request, port);
        }
    }

    pub(super) fn fire(&mut self, port: &mut Port<'_>) {
        while let Some((at, request)) = self.timers.first().copied()
            && at <= port.now
        {
            let Some(open) = self.open.get(&request) else {
                self.timers.pop_first();
                continue;
            };
            if open.deadline.is_some_and(|deadline| deadline <= port.now) {
                let sent = open.sent > 0 || open.inherited;
                let unknown = || Failure::Unknown { request, said: open.said.clone() };
                let failure = if sent { unknown() } else { port.search.no_leader() };
                self.finish(request, &Err(failure), port.out);
            } else {
                self.send(request, port);
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    fn finish(&mut self, request: RequestId, result: &Result<Reply, Failure>, out: &mut Vec<Output>) {
        let Some(open) = self.open.remove(&request) else { return };
        self.timers.remove(&(open.timer(), request));
        for ticket in open.tickets {
            out.push(Output::Answered { ticket, result: result.clone() });
        }
    }

    fn send(&mut self, request: RequestId, port: &mut Port<'_>) {
        let Some(open) = self.open.get_mut(&request) else { return };
        self.timers.remove(&(open.timer(), request));
        if open.known.is_none() {
            open.known = port.search.fresh_commit(port.now, port.out);
        }
        if let Some(known) = open.known {
            let repeated = open.sent > 0;
            if port.tell_leader(|session| message(&open.action, Call { session, request, known }, repeated)) {
                open.sent = open.sent.saturating_add(1);
            }
        }
        open.retry = port.now + port.patience(open.sent.saturating_sub(1));
        self.timers.insert((open.timer(), request));
    }
}

fn message(asked: &Action, call: Call, repeated: bool) -> Message {
    match asked {
        Action::Create(spec) => Message::Lobby(Lobby::CreateRequest { call, spec: spec.clone() }),
        Action::Join(auction) => Message::Lobby(Lobby::JoinRequest { call, auction: *auction }),
        Action::Leave(auction) => Message::Lobby(Lobby::LeaveRequest { call, auction: *auction }),
        Action::Cancel { auction, reason } => {
            Message::Outcome(Outcome::CancelRequest { call, auction: *auction, reason: reason.clone() })
        }
        Action::Start(auction) => Message::Lobby(Lobby::ReadyConfirm { call, auction: *auction }),
        Action::Bid { auction, round, amount } => {
            let submit = Submit { call, auction: *auction, round: *round, amount: amount.clone() };
            Message::Bidding(if repeated { Bidding::SubmitRetransmit(submit) } else { Bidding::Submit(submit) })
        }
    }
}
