//! What is committed: folded on every node, in log order; on the leader also answered and delivered.

use super::codec;
use crate::auction::event::{Decision, Event};
use crate::auction::message::Output;
use crate::auction::protocol::Manager;
use crate::id::Epoch;
use crate::replicator::message::{Body, Entry};
use crate::time::{At, Timestamp};

impl Manager {
    /// Takes the log's next committed entry.
    pub(crate) fn committed(&mut self, now: Timestamp, entry: Entry, out: &mut Vec<Output>) {
        self.commit = entry.position.index;
        self.book.note_epoch(entry.position.epoch);
        let Entry { position, at, body: Body::Events(bytes) } = entry else { return };
        let decision = match codec::decode(&bytes) {
            Ok(decision) => decision,
            Err(error) => {
                self.undecodable += 1;
                log::error!("entry {} is no decision and changes nothing: {error}", position.index);
                return;
            }
        };
        if decision.key.is_some_and(|key| self.book.requests.answer(&key).is_some()) {
            log::error!("entry {} repeats a request that has its answer, and changes nothing", position.index);
            return;
        }
        if let (Some(key), Some(answer)) = (decision.key, &decision.answer) {
            self.book.requests.keep(key, position.index, at, answer.clone());
        }
        if let Some(floor) = decision.floor {
            self.book.requests.raise(floor);
        }
        let mine = self.lead.as_ref().is_some_and(|lead| lead.epoch == position.epoch);
        let pending = if mine { self.ahead.commit(&decision) } else { None };
        if let Some(pending) = pending {
            self.fulfil(pending, out);
        }
        self.apply(now, position.epoch, at, &decision, out);
        self.ahead.mend(&self.book);
        out.push(Output::Applied { index: position.index, decision });
    }

    fn apply(&mut self, now: Timestamp, epoch: Epoch, at: At, decision: &Decision, out: &mut Vec<Output>) {
        for event in &decision.events {
            match self.book.apply(event, epoch, at) {
                Some((seq, auction)) => {
                    if let Some(lead) = &self.lead {
                        let shown = super::delivery::Occurred { auction, event, seq, at, epoch: lead.epoch };
                        shown.push(lead.at(now), &self.sessions.of(event.auction(), now), out);
                    }
                }
                None => log::error!("a committed event does not fit its auction: {event:?}"),
            }
        }
        if let Some(auction) = decision.events.first().map(Event::auction) {
            let over = self.book.auction(auction).is_some_and(super::delivery::is_over);
            if over {
                self.sessions.end(auction);
            }
            self.reindex(auction);
        }
    }
}
