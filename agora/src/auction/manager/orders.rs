//! An operator's orders: passed on to the log, and its answers to whoever asked. Nothing is remembered of an order but
//! where its answer goes: whoever gets none asks again, and is told what is so by then.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::auction::message::{OrderAnswer, Outcome, Output};
use crate::auction::protocol::Manager;
use crate::auction::refusal::{Code, Refusal};
use crate::heartbeat::message::Session;
use crate::machine::ToLog;
use crate::replicator::message::{MAX_VOTERS, Order, Ordered, Unfit};
use crate::time::Timestamp;

/// At most so many orders wait for the log's answer, which comes at once.
const MAX_ORDERS: usize = 64;

/// Orders on their way to the log.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    waiting: VecDeque<(u64, SocketAddr, u64)>,
    next: u64,
}

impl Manager {
    /// CLUSTER_ORDER_REQUEST.
    pub(crate) fn order(
        &mut self,
        now: Timestamp,
        from: SocketAddr,
        session: &Session,
        (read, order): (u64, Order),
        out: &mut Vec<Output>,
    ) {
        if !self.admit(now, from, session, out) || self.orders.waiting.len() >= MAX_ORDERS {
            return;
        }
        self.orders.next += 1;
        let ticket = self.orders.next;
        self.orders.waiting.push_back((ticket, from, read));
        out.push(ToLog::Order { ticket, order }.into());
    }

    /// The log's answer.
    pub(crate) fn ordered(&mut self, ticket: u64, answer: Ordered, out: &mut Vec<Output>) {
        // Older ones have none: this node did not serve, or not any more.
        while let Some((waiting, to, read)) = self.orders.waiting.pop_front_if(|(waiting, ..)| *waiting <= ticket) {
            if waiting == ticket {
                let answer = match answer {
                    Ordered::Done => OrderAnswer::Done,
                    Ordered::UnderWay => OrderAnswer::UnderWay,
                    Ordered::Refused(why) => OrderAnswer::Refused(refusal(why)),
                };
                out.push(Output::Outcome(to, Outcome::OrderResponse { read, answer }));
            }
        }
    }

    /// This node does not lead any more.
    pub(crate) fn drop_orders(&mut self) {
        self.orders.waiting.clear();
    }
}

fn refusal(why: Unfit) -> Refusal {
    let (code, reason) = match why {
        Unfit::Reachable => (Code::BadRequest, "without --cluster-size the members are those that are there"),
        Unfit::NotHere => (Code::NotFound, "no such node is there, as a member or as an observer that holds the log"),
        Unfit::Unheard => (Code::NotReady, "the leader does not hear that member"),
        Unfit::FormerLife => (Code::BadRequest, "a former life of that node is a member; remove it first"),
        Unfit::Full => {
            return Refusal { code: Code::Full, reason: format!("there are {MAX_VOTERS} members, the most") };
        }
        Unfit::Leads => (Code::BadRequest, "that node leads; transfer the leadership first"),
        Unfit::Last => (Code::BadRequest, "that is the only member"),
        Unfit::NoMajority => (Code::NotReady, "of the members that would be left, no majority is heard"),
    };
    Refusal { code, reason: reason.into() }
}
