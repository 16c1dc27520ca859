//! Reads under way: confirmed lists, page by page, and a node's own status.

use std::collections::BTreeMap;

use super::message::{Failure, Listing, Output};
use super::port::Port;
use crate::auction::message::{Lobby, OrderAnswer, Outcome, Phase, Status, Summary};
use crate::id::{AuctionId, Epoch, Index};
use crate::replicator::message::Order;
use crate::time::Timestamp;
use crate::wire::Message;

/// At most so many auctions in one listing: twice what a cluster keeps by default.
const MAX_LISTED: usize = 200_000;

/// What is read.
#[derive(Debug)]
pub(super) enum What {
    List { state: Option<Phase>, auction: Option<AuctionId>, listing: Option<Listing> },
    Status,
    Order(Order),
}

/// For whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// The program.
    Ticket(u64),
    /// A subscription to all auctions, which looks for those that it does not follow yet.
    All(u64),
}

/// The reads under way, by the random number that the answer repeats.
#[derive(Debug, Default)]
pub(super) struct Reads {
    open: BTreeMap<u64, Read>,
}

#[derive(Debug)]
struct Read {
    purpose: For,
    what: What,
    sent: u32,
    retry: Timestamp,
    deadline: Option<Timestamp>,
}

impl Reads {
    pub(super) fn start(&mut self, purpose: For, what: What, deadline: Option<Timestamp>, port: &mut Port<'_>) {
        let number = port.number();
        self.open.insert(number, Read { purpose, what, sent: 0, retry: port.now, deadline });
        self.send(number, port);
    }

    /// A page has come. The finished listing, where it was the last and was read for a subscription.
    pub(super) fn listed(&mut self, page: Answer, port: &mut Port<'_>) -> Option<(u64, Listing)> {
        let Read { purpose, what, deadline, .. } = self.open.remove(&page.read)?;
        let What::List { state, auction, listing } = what else { return None };
        port.search.read(port.now, page.commit);
        let mut listing = listing.unwrap_or(Listing { epoch: page.epoch, commit: page.commit, auctions: Vec::new() });
        let last = listing.auctions.last().map(|summary| summary.auction);
        let before = listing.auctions.len();
        listing.auctions.extend(page.auctions.into_iter().filter(|summary| Some(summary.auction) > last));
        let grew = listing.auctions.len() > before;
        if page.more && grew && listing.auctions.len() < MAX_LISTED {
            self.start(purpose, What::List { state, auction, listing: Some(listing) }, deadline, port);
            return None;
        }
        match purpose {
            For::All(ticket) => Some((ticket, listing)),
            For::Ticket(ticket) => {
                port.out.push(Output::Listed { ticket, result: Ok(listing) });
                None
            }
        }
    }

    pub(super) fn told(&mut self, read: u64, status: Box<Status>, out: &mut Vec<Output>) {
        if matches!(self.open.get(&read), Some(Read { what: What::Status, .. }))
            && let Some(Read { purpose: For::Ticket(ticket), .. }) = self.open.remove(&read)
        {
            out.push(Output::Told { ticket, result: Ok(status) });
        }
    }

    /// How far an order is: what is under way is asked again, soon.
    pub(super) fn ordered(&mut self, read: u64, answer: OrderAnswer, port: &mut Port<'_>) {
        let Some(open) = self.open.get_mut(&read).filter(|open| matches!(open.what, What::Order(_))) else { return };
        let result = match answer {
            OrderAnswer::UnderWay => {
                open.sent = 1;
                open.retry = port.now + port.patience(0);
                return;
            }
            OrderAnswer::Done => Ok(()),
            OrderAnswer::Refused(refusal) => Err(refusal),
        };
        if let Some(Read { purpose: For::Ticket(ticket), .. }) = self.open.remove(&read) {
            port.out.push(Output::Ordered { ticket, result: Ok(result) });
        }
    }

    pub(super) fn send_again(&mut self, port: &mut Port<'_>) {
        for number in self.open.keys().copied().collect::<Vec<_>>() {
            self.send(number, port);
        }
    }

    /// Ends what is read for this subscription.
    pub(super) fn forget(&mut self, ticket: u64) {
        self.open.retain(|_, read| read.purpose != For::All(ticket));
    }

    pub(super) fn fire(&mut self, port: &mut Port<'_>) {
        let due = |read: &Read| read.retry.min(read.deadline.unwrap_or(read.retry)) <= port.now;
        let numbers: Vec<_> = self.open.iter().filter(|(_, read)| due(read)).map(|(number, _)| *number).collect();
        for number in numbers {
            if self.open[&number].deadline.is_some_and(|deadline| deadline <= port.now) {
                self.fail(number, port);
            } else {
                self.send(number, port);
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.open.values().map(|read| read.deadline.map_or(read.retry, |deadline| deadline.min(read.retry))).min()
    }

    fn fail(&mut self, number: u64, port: &mut Port<'_>) {
        let Some(Read { purpose: For::Ticket(ticket), what, sent, .. }) = self.open.remove(&number) else { return };
        let failure = if sent > 0 { Failure::NoAnswer } else { port.search.no_leader() };
        port.out.push(match what {
            What::List { .. } => Output::Listed { ticket, result: Err(failure) },
            What::Status => Output::Told { ticket, result: Err(failure) },
            What::Order(_) => Output::Ordered { ticket, result: Err(failure) },
        });
    }

    fn send(&mut self, number: u64, port: &mut Port<'_>) {
        let Some(read) = self.open.get_mut(&number) else { return };
        let sent = match &read.what {
            What::List { state, auction, listing } => {
                let after = listing.as_ref().and_then(|listing| listing.auctions.last()).map(|last| last.auction);
                let (state, auction) = (*state, *auction);
                port.tell_leader(|session| {
                    Message::Lobby(Lobby::ListRequest { session, read: number, state, auction, after })
                })
            }
            What::Status => send_status(number, read.sent, port),
            What::Order(order) => {
                let order = *order;
                port.tell_leader(|session| Message::Outcome(Outcome::OrderRequest { session, read: number, order }))
            }
        };
        read.sent += u32::from(sent);
        read.retry = port.now + port.patience(read.sent.saturating_sub(1));
    }
}

/// The leader is asked; where there is none, or it is silent, the nodes that have answered, by turns.
fn send_status(read: u64, sent: u32, port: &mut Port<'_>) -> bool {
    let message = |session| Message::Outcome(Outcome::StatusRequest { session, read });
    let told = port.tell_leader(message);
    if told && sent == 0 {
        return true;
    }
    let Some((to, cookie)) = port.search.anyone(sent) else { return told };
    port.out.push(Output::Send { to, message: message(port.who.session(cookie)) });
    true
}

/// A page of an AUCTION_LIST_RESPONSE.
pub(super) struct Answer {
    pub(super) read: u64,
    pub(super) epoch: Epoch,
    pub(super) commit: Index,
    pub(super) auctions: Vec<Summary>,
    pub(super) more: bool,
}
