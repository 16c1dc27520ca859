//! Reads: pages of the committed auctions, and what waits like them until this node is shown to lead.

use super::reads::{Page, Read};
use crate::auction::message::{Lobby, Output, Phase, Summary};
use crate::auction::protocol::Manager;
use crate::auction::state::Auction;
use crate::heartbeat::message::Session;
use crate::id::AuctionId;
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
                Read::Page(page) => self.answer_page(page.clone(), out),
                Read::Missing { from, session, auction, after, held } => {
                    self.answer_missing(now, *from, (session, *auction, *after, *held), out);
                }
            }
        }
        if let Some(ticket) = next {
            out.push(ToLog::Read { ticket }.into());
        }
    }

    fn answer_page(&mut self, read: Page, out: &mut Vec<Output>) {
        let archived =
            self.shelf.on && read.phase.is_none_or(|phase| matches!(phase, Phase::Completed | Phase::Cancelled));
        match read.auction {
            Some(auction) => match self.book.auction(auction).map(Auction::summary) {
                None if archived => self.fetch_summary(auction, read, out),
                found => self.send_page(&read, found.into_iter().collect(), false, out),
            },
            None if archived => self.browse(read.after, read, out),
            None => self.answer_with_archived(read, Vec::new(), None, out),
        }
    }

    /// Answers with the auctions of the book and these of the archive; where that may have more, `last` is the last that it
    /// was asked for.
    pub(crate) fn answer_with_archived(
        &mut self,
        read: Page,
        archived: Vec<Summary>,
        last: Option<AuctionId>,
        out: &mut Vec<Output>,
    ) {
        let wanted = |phase| read.phase.is_none_or(|wanted| wanted == phase);
        let here = self.book.auctions_after(read.after).filter(|auction| wanted(auction.phase()));
        let mut here = here.take_while(|auction| last.is_none_or(|last| auction.id() <= last)).peekable();
        // What is here again, after the archive was written, is told once.
        let gone = |summary: &Summary| wanted(summary.phase) && self.book.held(summary.auction).is_none();
        let mut archived = archived.into_iter().filter(gone).peekable();
        let (mut auctions, mut bytes, mut more) = (Vec::new(), 0, last.is_some());
        loop {
            let archived_first = match (here.peek(), archived.peek()) {
                (None, None) => break,
                (here, Some(summary)) => here.is_none_or(|auction| summary.auction < auction.id()),
                (Some(_), None) => false,
            };
            let next = if archived_first { archived.next() } else { here.next().map(Auction::summary) };
            let Some(summary) = next else { break };
            bytes += SUMMARY_WITHOUT_ITEM + summary.spec.item.len();
            if bytes > MAX_PAGE {
                more = true;
                break;
            }
            auctions.push(summary);
        }
        if let (true, Some(last)) = (auctions.is_empty(), last) {
            drop((here, archived));
            self.browse(Some(last), read, out);
        } else {
            drop((here, archived));
            self.send_page(&read, auctions, more, out);
        }
    }

    /// AUCTION_LIST_RESPONSE, of what is wanted.
    pub(crate) fn send_page(&self, read: &Page, mut auctions: Vec<Summary>, more: bool, out: &mut Vec<Output>) {
        let Some(lead) = &self.lead else { return };
        auctions.retain(|summary| read.phase.is_none_or(|phase| phase == summary.phase));
        let (epoch, commit) = (lead.epoch, self.commit);
        out.push(Output::Lobby(read.from, Lobby::ListResponse { read: read.number, epoch, commit, auctions, more }));
    }
}
