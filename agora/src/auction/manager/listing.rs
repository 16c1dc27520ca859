//! Reads: pages of the committed auctions, and what waits like them until this node is shown to lead.

use super::reads::{Page, Read};
use crate::auction::message::{Lobby, Output, Summary};
use crate::auction::protocol::Manager;
use crate::auction::state::Auction;
use crate::heartbeat::message::Session;
use crate::machine::ToLog;
use crate::time::Timestamp;

/// A page's summaries take at most so many bytes: with the envelope they stay inside one datagram.
pub(crate) const MAX_PAGE: usize = 1_000;

/// A summary without its item takes at most so many bytes (a test measures it).
pub(crate) const SUMMARY_WITHOUT_ITEM: usize = 360;

impl Manager {
    /// AUCTION_LIST_REQUEST: waits until a quorum shows that this node still leads.
    pub(crate) fn list(&mut self, now: Timestamp, session: &Session, page: Page, out: &mut Vec<Output>) {
        if self.admit(now, page.from, session, out) {
            self.read(now, Read::Page(page), out);
        }
    }

    /// Answers it once a quorum shows that this node still leads.
    pub(crate) fn read(&mut self, now: Timestamp, read: Read, out: &mut Vec<Output>) {
        if let Some(ticket) = self.reads.take(now, read) {
            out.push(ToLog::Read { ticket }.into());
        }
    }

    /// The replicator's answer: what waited for it leaves.
    pub(crate) fn read_ready(&mut self, now: Timestamp, ticket: u64, out: &mut Vec<Output>) {
        if self.lead.is_none() {
            return;
        }
        let (reads, next) = self.reads.ready(now, ticket);
        for read in &reads {
            match read {
                Read::Page(page) => self.answer_page(page, out),
                Read::Superseded { from, auction, after, held } => {
                    self.answer_superseded(now, *from, (*auction, *after, *held), out);
                }
            }
        }
        if let Some(ticket) = next {
            out.push(ToLog::Read { ticket }.into());
        }
    }

    fn answer_page(&self, read: &Page, out: &mut Vec<Output>) {
        let Some(lead) = &self.lead else { return };
        let (auctions, more) = match read.auction {
            Some(auction) => {
                let wanted = |summary: &Summary| read.phase.is_none_or(|phase| phase == summary.phase);
                (self.book.auction(auction).map(Auction::summary).into_iter().filter(wanted).collect(), false)
            }
            None => self.page(read),
        };
        let (epoch, commit) = (lead.epoch, self.commit);
        out.push(Output::Lobby(read.from, Lobby::ListResponse { read: read.number, epoch, commit, auctions, more }));
    }

    fn page(&self, read: &Page) -> (Vec<Summary>, bool) {
        let (mut auctions, mut bytes) = (Vec::new(), 0);
        for auction in self.book.auctions_after(read.after) {
            if read.phase.is_some_and(|phase| phase != auction.phase()) {
                continue;
            }
            bytes += SUMMARY_WITHOUT_ITEM + auction.spec().item.len();
            if bytes > MAX_PAGE {
                return (auctions, true);
            }
            auctions.push(auction.summary());
        }
        (auctions, false)
    }
}
