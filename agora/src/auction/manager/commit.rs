//! What is committed: folded on every node, in log order; on the leader also answered and delivered.

use super::ahead::Pending;
use super::backlog::bytes;
use super::codec;
use super::deadlines::Deadlines;
use super::delivery::{Occurred, Past};
use crate::auction::event::{Decision, Event};
use crate::auction::message::Output;
use crate::auction::protocol::Manager;
use crate::auction::state::Auction;
use crate::id::{Index, Position};
use crate::machine::ToLog;
use crate::replicator::message::{Body, Entry};
use crate::time::{At, Timestamp};

impl Manager {
    /// Takes the log's next committed entry.
    pub(crate) fn committed(&mut self, now: Timestamp, entry: Entry, out: &mut Vec<Output>) {
        self.commit = entry.position.index;
        self.book.note_epoch(entry.position.epoch);
        let Entry { position, at, body: Body::Events(bytes) } = entry else { return };
        let mine = self.lead.as_ref().is_some_and(|lead| lead.epoch == position.epoch);
        let (decision, asked) = match mine.then(|| self.ahead.commit(&bytes)).flatten() {
            Some(Pending { decision, reply, .. }) => {
                if let Some(lead) = &mut self.lead {
                    lead.turns.committed(now);
                }
                (decision, Some(reply))
            }
            None => match codec::decode(&bytes) {
                Ok(decision) => (decision, None),
                Err(error) => {
                    self.undecodable += 1;
                    self.book.matters.never(position.index);
                    log::error!("entry {} is no decision and changes nothing: {error}", position.index);
                    return;
                }
            },
        };
        if decision.key.is_some_and(|key| self.book.requests.answer(&key).is_some()) {
            log::error!("entry {} repeats a request that has its answer, and changes nothing", position.index);
            self.book.matters.never(position.index);
            return;
        }
        if let (Some(key), Some(answer)) = (decision.key, &decision.answer) {
            self.book.requests.keep(key, position.index, at, answer.clone());
            if let Some(reply) = asked {
                self.fulfil(&key, answer, reply, out);
            }
        }
        if let Some(floor) = decision.floor {
            self.book.requests.raise(floor);
            self.book.matters.raise(floor, position.index);
        }
        self.apply(now, position, at, &decision, out);
        self.ahead.mend(&self.book);
        out.push(Output::Applied { index: position.index, decision });
        let gone = self.book.matters.take();
        if !gone.is_empty() {
            out.push(ToLog::Obsolete(gone).into());
        }
    }

    /// The log was replaced: it is folded again, from what still matters.
    pub(crate) fn reset(&mut self) {
        self.book = self.book.anew();
        self.commit = Index(0);
        self.deadlines = Deadlines::default();
        self.backlog.clear();
        self.past = Past::default();
    }

    fn apply(&mut self, now: Timestamp, position: Position, at: At, decision: &Decision, out: &mut Vec<Output>) {
        for event in &decision.events {
            let known = self.book.held(event.auction()).is_some() || matches!(event, Event::AuctionCreated { .. });
            match self.book.apply(event, position, at) {
                Some((seq, auction)) => {
                    if let (Some(lead), Some(auction)) = (&self.lead, auction)
                        && self.backlog.told(auction.id()).is_none()
                    {
                        let to = self.sessions.of(auction.id(), now);
                        if self.backlog.takes(now, bytes(auction, event), to.len()) {
                            Occurred { auction, event, seq, at, epoch: lead.epoch }.push(lead.at(now), &to, out);
                        } else {
                            self.backlog.begin(auction);
                        }
                    }
                }
                // It has left, and the entries before this one with it.
                None if !known => {}
                None => log::error!("a committed event does not fit its auction: {event:?}"),
            }
        }
        if let Some((auction, held)) = self.book.take_left() {
            self.put_away(auction, held, out);
        }
        let auction = decision.events.first().and_then(|event| self.book.auction(event.auction()));
        if auction.is_none() {
            self.book.matters.without_auction(position.index);
        }
        if let Some(auction) = decision.events.first().map(Event::auction) {
            let found = self.book.auction(auction);
            if found.is_none() {
                self.backlog.forget(auction);
            }
            if found.is_none_or(Auction::is_over) && self.backlog.told(auction).is_none() {
                self.sessions.end(auction);
            }
            self.reindex(auction);
        }
    }
}
