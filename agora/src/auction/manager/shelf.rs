//! Auctions that have left the book, on nodes with a data directory: handed to the archive, and fetched from there when
//! somebody asks.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use super::book::Held;
use super::reads::Page;
use crate::auction::message::{Output, Summary};
use crate::auction::protocol::Manager;
use crate::auction::transcript;
use crate::heartbeat::message::Session;
use crate::id::{AuctionId, Epoch, Seq};
use crate::machine::{FromArchive, Lines, ToArchive};
use crate::time::Timestamp;

/// At most so many questions to the archive are under way; what comes beyond is dropped, and asked again by its client.
const MAX_ASKED: usize = 16;
/// So many auctions that were fetched are kept, as a client asks for one piece by piece.
const RECENT: usize = 4;
/// So many first lines are asked for at a time: more fit no page.
const LINES: usize = 4;

/// What waits for the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Events(SocketAddr, Session, AuctionId, Seq, Option<Epoch>),
    Summary(Page),
    Page(Page),
}

/// The auctions that have left.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// There is an archive.
    pub(crate) on: bool,
    asked: BTreeMap<u64, Asked>,
    next: u64,
    recent: VecDeque<(AuctionId, Arc<Held>)>,
}

impl Shelf {
    /// One that was fetched lately.
    pub(crate) fn get(&self, auction: AuctionId) -> Option<Arc<Held>> {
        self.recent.iter().find(|(id, _)| *id == auction).map(|(_, held)| Arc::clone(held))
    }

    fn put(&mut self, auction: AuctionId, held: Held) {
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((auction, Arc::new(held)));
    }

    fn ask(&mut self, asked: Asked, wish: impl FnOnce(u64) -> ToArchive, out: &mut Vec<Output>) {
        let again = self.asked.values().any(|under_way| *under_way == asked);
        if !again && self.asked.len() < MAX_ASKED {
            self.next += 1;
            self.asked.insert(self.next, asked);
            out.push(Output::Archive(wish(self.next)));
        }
    }
}

impl Manager {
    /// An auction has left the book.
    pub(crate) fn put_away(&mut self, auction: AuctionId, held: Held, out: &mut Vec<Output>) {
        if !self.shelf.on {
            return;
        }
        let held = Arc::new(held);
        let lines = Lines::new(move |number| match number.checked_sub(1) {
            None => transcript::write_head(held.auction()?.summary()),
            Some(place) => transcript::write_line(&held.line(place)?),
        });
        out.push(Output::Archive(ToArchive::Keep { key: auction.0, lines }));
    }

    /// Looks whether the archive has the auction whose events are asked for.
    pub(crate) fn fetch_events(
        &mut self,
        from: SocketAddr,
        asked: (&Session, AuctionId, Seq, Option<Epoch>),
        out: &mut Vec<Output>,
    ) {
        let (session, auction, after, held) = asked;
        let key = auction.0;
        let asked = Asked::Events(from, *session, auction, after, held);
        self.shelf.ask(asked, |ticket| ToArchive::Retrieve { ticket, key }, out);
    }

    /// The same for its line in a list.
    pub(crate) fn fetch_summary(&mut self, auction: AuctionId, page: Page, out: &mut Vec<Output>) {
        self.shelf.ask(Asked::Summary(page), |ticket| ToArchive::Retrieve { ticket, key: auction.0 }, out);
    }

    /// Looks which auctions of a page are in the archive, after `after`.
    pub(crate) fn browse(&mut self, after: Option<AuctionId>, page: Page, out: &mut Vec<Output>) {
        let after = after.map(|auction| auction.0);
        self.shelf.ask(Asked::Page(page), |ticket| ToArchive::Browse { ticket, after, most: LINES }, out);
    }

    /// The archive's answer.
    pub(crate) fn fetched(&mut self, now: Timestamp, news: FromArchive, out: &mut Vec<Output>) {
        match news {
            FromArchive::Retrieved { ticket, text } => {
                let asked = self.shelf.asked.remove(&ticket);
                let held = text.and_then(|text| Held::of(transcript::read(&text)?));
                let auction = match &asked {
                    Some(Asked::Events(_, _, auction, ..)) => *auction,
                    Some(Asked::Summary(Page { auction: Some(auction), .. })) => *auction,
                    _ => return,
                };
                let found = held.filter(|held| held.auction().is_some_and(|it| it.id() == auction));
                if let Some(held) = found {
                    self.shelf.put(auction, held);
                }
                match asked {
                    Some(Asked::Events(from, session, auction, after, held)) => {
                        self.send_events(now, from, (&session, auction, after, held), out);
                    }
                    Some(Asked::Summary(page)) => {
                        let found = self.shelf.get(auction).and_then(|held| Some(held.auction()?.summary()));
                        self.send_page(&page, found.into_iter().collect(), false, out);
                    }
                    _ => {}
                }
            }
            FromArchive::Browsed { ticket, found } => {
                let Some(Asked::Page(page)) = self.shelf.asked.remove(&ticket) else { return };
                let last = found.last().map(|(key, _)| AuctionId(*key)).filter(|_| found.len() >= LINES);
                let lines = found.iter().filter_map(|(_, line)| transcript::read_head(line));
                let archived: Vec<Summary> = lines.collect();
                self.answer_with_archived(page, archived, last, out);
            }
        }
    }
}
