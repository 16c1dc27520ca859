//! Beginning and ending to lead, credit, and refused proposals: what the replicator tells beside `Committed`.

use super::book::Held;
use super::lead::Lead;
use crate::auction::message::Output;
use crate::auction::protocol::Manager;
use crate::id::{AuctionId, Epoch};
use crate::machine::ToLog;
use crate::time::{At, Timestamp};

impl Manager {
    /// This node leads in `epoch`: passed deadlines act, and known clients are told.
    pub(crate) fn leading(&mut self, now: Timestamp, epoch: Epoch, at: At, room: usize, out: &mut Vec<Output>) {
        self.deposed();
        self.lead = Some(Lead::new(epoch, at, room, now));
        self.node = Some(epoch.leader);
        let clients = self.sessions.addresses();
        if !clients.is_empty() {
            out.push(Output::Announce(clients));
        }
        self.act_on_deadlines(now, out);
    }

    /// This node does not lead any more: what it decided ahead is undecided, and nobody is told anything. Who
    /// follows an auction asks the next leader, who looks whether it comes from the same history.
    pub(crate) fn deposed(&mut self) {
        self.lead = None;
        self.sessions.unsubscribe();
        self.backlog.clear();
        self.reads.clear();
        self.drop_orders();
        self.fates.no_outcome += self.ahead.requests() as u64;
        let touched = self.ahead.touched();
        self.ahead = super::ahead::Ahead::default();
        for auction in touched {
            self.reindex(auction);
        }
    }

    /// So many proposals may follow those under way.
    pub(crate) fn credit(&mut self, now: Timestamp, room: usize, quorum: bool, out: &mut Vec<Output>) {
        if let Some(lead) = self.lead.as_mut() {
            lead.room = room;
            lead.quorum = quorum;
            self.act_on_deadlines(now, out);
        }
    }

    /// The proposals from `number` on are not in the log, and none will be before `Rebuilt`.
    pub(crate) fn refused(&mut self, epoch: Epoch, number: u64, out: &mut Vec<Output>) {
        if !self.lead.as_mut().is_some_and(|lead| lead.refuse(epoch, number)) {
            return;
        }
        let touched = self.ahead.touched();
        let dropped = self.ahead.refuse(&self.book, number);
        for auction in touched {
            self.reindex(auction);
        }
        for pending in &dropped {
            self.drop_pending(pending, out);
        }
        out.push(ToLog::Rebuilt { epoch }.into());
    }

    /// Proposes what passed deadlines cause, as far as there is credit.
    pub(crate) fn act_on_deadlines(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        while let Some(lead) = self.lead.as_ref().filter(|lead| lead.room > 0) {
            let Some((deadline, auction)) = self.deadlines.first() else { return };
            if deadline > lead.at(now) {
                return;
            }
            let proposed = out.len();
            self.tick(now, auction, out);
            if out.len() == proposed {
                log::error!("a passed deadline of auction {auction} causes nothing");
                self.deadlines.set(auction, None);
            }
        }
    }

    /// When a deadline comes that this leader can act on, or followers are to be told something.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let lead = self.lead.as_ref().filter(|lead| lead.room > 0);
        let act = lead.and_then(|lead| self.deadlines.first().map(|(at, _)| lead.when(at)));
        act.into_iter().chain(self.backlog.due()).min()
    }

    /// Keeps the auction's place among the deadlines: with what is ahead, if something is.
    pub(crate) fn reindex(&mut self, auction: AuctionId) {
        let found = self.ahead.auction(&self.book, auction);
        let deadline = match found {
            Some(over) if over.is_over() => self.archived_at(auction),
            Some(auction) => crate::auction::decide::deadline(auction),
            None => None,
        };
        self.deadlines.set(auction, deadline);
    }

    /// When an auction that is over, as committed, leaves.
    pub(crate) fn archived_at(&self, auction: AuctionId) -> Option<At> {
        let ended = self.book.held(auction).and_then(Held::ended)?;
        Some(ended + self.auction_retention)
    }
}
