//! The events of one auction for one subscription: put in order, pages put together, gaps asked for, each delivered
//! once (ORDER-1).

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::{Event, Piece, What};
use super::message::Output;
use super::port::Port;
use crate::auction::message::{Line, Outcome};
use crate::id::{AuctionId, Epoch, Seq};
use crate::time::Timestamp;
use crate::wire::Message;

/// Events that wait for an earlier one, or for the program; what comes beyond is dropped and asked for later.
const MAX_AHEAD: usize = 4_096;
/// Pages of one event: more than the most bidders need.
const MAX_PAGES: u16 = 2_048;

/// One auction, followed.
#[derive(Debug)]
pub(super) struct Follow {
    auction: AuctionId,
    /// The last event that the program was given.
    delivered: Seq,
    /// The last event up to which all are here, delivered or not.
    held: Seq,
    /// The epoch of the leader from which that came.
    under: Option<Epoch>,
    /// What came early, or waits for the program.
    ahead: BTreeMap<Seq, Gathering>,
    /// The last event that there is, as far as heard.
    last: Seq,
    /// Whether the present leader knows of the subscription.
    subscribed: bool,
    /// The last question: when, what was held then, and how often in vain.
    asked: Option<(Timestamp, Seq, u32)>,
}

#[derive(Debug)]
struct Gathering {
    event: Event,
    of: u16,
    pages: BTreeMap<u16, Vec<Line>>,
}

impl Gathering {
    fn whole(&self) -> bool {
        self.pages.len() == usize::from(self.of)
    }
}

/// What a leader's answer means for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It goes on.
    Open,
    /// The auction is over.
    Over,
    /// There is no such auction.
    NotFound,
}

impl Follow {
    pub(super) const fn new(auction: AuctionId) -> Self {
        Self {
            auction,
            delivered: Seq(0),
            held: Seq(0),
            under: None,
            ahead: BTreeMap::new(),
            last: Seq(0),
            subscribed: false,
            asked: None,
        }
    }

    /// The last event up to which all are here.
    pub(super) const fn held(&self) -> Seq {
        self.held
    }

    /// The present leader does not know of the subscription any more.
    pub(super) fn resubscribe(&mut self, port: &mut Port<'_>) {
        self.subscribed = false;
        self.asked = None;
        // What came early is another leader's: its history, and the last event of it, may have been set aside.
        self.ahead.split_off(&self.held.next());
        self.last = self.held;
        self.ask_if_due(port);
    }

    /// An event, or a page of one, from the leader of this epoch. Gives the program what is next, as far as it has room.
    pub(super) fn take(
        &mut self,
        piece: Piece,
        epoch: Epoch,
        (ticket, room): (u64, &mut usize),
        out: &mut Vec<Output>,
    ) -> State {
        let seq = piece.event.head.seq;
        // Nearly all come like this: in order, in one piece, to a program that has room.
        if piece.page == (1, 1) && seq == self.delivered.next() && self.ahead.is_empty() && *room > 0 {
            self.last = self.last.max(seq);
            self.held = seq;
            self.under = Some(epoch);
            return self.give(piece.event, (ticket, room), out);
        }
        self.gather(piece, epoch);
        self.deliver((ticket, room), out)
    }

    /// Keeps it until its turn comes.
    fn gather(&mut self, piece: Piece, epoch: Epoch) {
        let Piece { mut event, page: (number, of) } = piece;
        let seq = event.head.seq;
        self.last = self.last.max(seq);
        let sound = (1..=MAX_PAGES).contains(&of) && (1..=of).contains(&number);
        // Room for what comes next is kept free, so that what came too early never stands in its way.
        let most = if seq == self.held.next() { 2 * MAX_AHEAD } else { MAX_AHEAD };
        let full = self.ahead.len() >= most && !self.ahead.contains_key(&seq);
        if !sound || full || seq <= self.delivered {
            return;
        }
        if matches!(event.what, What::Cancelled { .. }) && seq == self.held.next() {
            // Nothing follows; what came as this event or later was another history's.
            self.ahead.split_off(&seq);
        }
        let lines = match &mut event.what {
            What::RoundCompleted { lines, .. } | What::Ended { lines, .. } => std::mem::take(lines),
            _ => Vec::new(),
        };
        let gathering = self.ahead.entry(seq).or_insert_with(|| Gathering { event, of, pages: BTreeMap::new() });
        if gathering.of == of {
            gathering.pages.insert(number, lines);
        }
        while self.ahead.get(&self.held.next()).is_some_and(Gathering::whole) {
            self.held = self.held.next();
            self.under = Some(epoch);
        }
    }

    /// A leader tells the last event that there is.
    pub(super) fn told(&mut self, last: Seq) {
        self.last = self.last.max(last);
    }

    /// The leader has answered the question: it knows of the subscription now.
    pub(super) fn answered(&mut self, last: Option<Seq>, port: &mut Port<'_>) -> State {
        let Some(last) = last else { return State::NotFound };
        self.subscribed = true;
        self.told(last);
        // What the answer did not fit is asked for at once, if it brought anything at all.
        if self.asked.is_some_and(|(_, held, _)| self.held() > held) {
            self.asked = None;
            self.ask_if_due(port);
        }
        State::Open
    }

    /// Gives the program what is next, as far as it has room.
    pub(super) fn deliver(&mut self, (ticket, room): (u64, &mut usize), out: &mut Vec<Output>) -> State {
        while *room > 0 && self.ahead.get(&self.delivered.next()).is_some_and(Gathering::whole) {
            let Some((_, gathering)) = self.ahead.pop_first() else { break };
            let Gathering { mut event, pages, .. } = gathering;
            if let What::RoundCompleted { lines, .. } | What::Ended { lines, .. } = &mut event.what {
                *lines = pages.into_values().flatten().collect();
            }
            if self.give(event, (ticket, room), out) == State::Over {
                return State::Over;
            }
        }
        State::Open
    }

    /// Gives the program its next event.
    fn give(&mut self, event: Event, (ticket, room): (u64, &mut usize), out: &mut Vec<Output>) -> State {
        self.delivered = event.head.seq;
        *room -= 1;
        let last = event.what.is_last();
        out.push(Output::Event { ticket, event });
        if last { State::Over } else { State::Open }
    }

    /// Asks for what is missing, unless the last question is too recent.
    pub(super) fn ask_if_due(&mut self, port: &mut Port<'_>) {
        let held = self.held();
        if !self.lacks(held) || self.due(held, port.search.interval()).is_some_and(|at| at > port.now) {
            return;
        }
        let (auction, under) = (Some(self.auction), self.under);
        let sent = port.tell_leader(|session| {
            Message::Outcome(Outcome::EventsRequest { session, auction, after: held, held: under })
        });
        if sent {
            let vain = self.asked.map_or(0, |(_, before, vain)| if held > before { 0 } else { vain.saturating_add(1) });
            self.asked = Some((port.now, held, vain));
        } else {
            // Nobody to ask: asked at once when a leader is there.
            self.asked = None;
        }
    }

    pub(super) fn deadline(&self, interval: Duration) -> Option<Timestamp> {
        let held = self.held();
        if self.lacks(held) { self.due(held, interval) } else { None }
    }

    fn lacks(&self, held: Seq) -> bool {
        let stuffed = self.ahead.len() >= MAX_AHEAD / 2 && held > self.delivered;
        !self.subscribed || (held < self.last && !stuffed)
    }

    /// When the next question may be put; `None`: at once.
    fn due(&self, held: Seq, interval: Duration) -> Option<Timestamp> {
        let (at, before, vain) = self.asked?;
        // A question that helped may be followed by another soon; one in vain waits longer each time, up to a second.
        let wait =
            if held > before { interval / 2 } else { (interval * (1 << vain.min(6))).min(Duration::from_secs(1)) };
        Some(at + wait)
    }
}
