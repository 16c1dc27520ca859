//! What the followers of auctions are still to be told. An auction that many follow tells a slice of them at a time, and
//! auctions take turns (deficit round robin, Shreedhar and Varghese 1995): so no turn of the leader is long, whatever
//! the number of bidders, and who follows a small auction does not wait for a large one. It holds nothing that was
//! rendered: what is told is read from the book when its turn comes.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use super::delivery::Occurred;
use crate::auction::apply::apply;
use crate::auction::event::Event;
use crate::auction::message::Output;
use crate::auction::protocol::Manager;
use crate::auction::state::Auction;
use crate::auction::view::needs_state_at;
use crate::id::{AuctionId, ParticipantId, Seq};
use crate::time::{At, Timestamp};

/// So many events are told together: about as many as share a datagram.
const RUN: usize = 16;

/// A slice has so many followers at least, however much each is told.
const FEWEST: usize = 4;

/// About the bytes of a message, and of a line in one that has a line for every bidder.
const MESSAGE: usize = 64;

/// What a datagram costs beside its bytes takes as long as so many more.
const DATAGRAM: usize = 192;

/// How much the followers of auctions are told at a time, in bytes, about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// At once, to the followers of all auctions together; and as much again to those that ask for events.
    pub room: usize,
    /// So long after that again.
    pub again: Duration,
    /// To those of one auction before the next has its turn.
    pub slice: usize,
}

impl Default for Pace {
    /// Some 400 full datagrams, which take about 1 ms to send, and not more than that every other millisecond: other
    /// messages are handled in between.
    fn default() -> Self {
        Self { room: 1 << 19, again: Duration::from_millis(2), slice: 1 << 16 }
    }
}

/// Auctions with events that some of their followers were not told.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    pace: Pace,
    /// What is left of the pace's room: for what is told unasked, and for answers.
    room: usize,
    asked: usize,
    filled: Option<Timestamp>,
    behind: BTreeMap<AuctionId, Behind>,
    turns: VecDeque<AuctionId>,
}

#[derive(Debug)]
struct Behind {
    /// All followers were told the events up to this.
    told: Seq,
    /// The auction right after one of the events that follow; folded on where an event is shown from the state after it.
    state: Option<Auction>,
    run: Option<Run>,
}

/// The events after `told` that are told next, and to whom.
#[derive(Debug)]
struct Run {
    last: Seq,
    to: Vec<(ParticipantId, SocketAddr)>,
    done: usize,
}

impl Backlog {
    /// Empty, with another pace.
    pub(crate) fn at(pace: Pace) -> Self {
        Self { pace, ..Self::default() }
    }

    /// Nobody is told anything any more.
    pub(crate) fn clear(&mut self) {
        *self = Self::at(self.pace);
    }

    /// The auction is gone.
    pub(crate) fn forget(&mut self, auction: AuctionId) {
        self.behind.remove(&auction);
    }

    /// Up to which event all followers of the auction were told, if not to the last.
    pub(crate) fn told(&self, auction: AuctionId) -> Option<Seq> {
        self.behind.get(&auction).map(|behind| behind.told)
    }

    /// Whether these bytes can be told at once to so many.
    pub(crate) fn takes(&mut self, now: Timestamp, bytes: usize, followers: usize) -> bool {
        self.fill(now);
        let left = self.room.checked_sub((bytes + DATAGRAM) * followers);
        self.room = left.unwrap_or(self.room);
        left.is_some()
    }

    /// Whether who asks for events can be answered at once.
    pub(crate) fn answers(&mut self, now: Timestamp) -> bool {
        self.fill(now);
        self.asked > 0
    }

    /// Who asked was told these bytes.
    pub(crate) fn answered(&mut self, bytes: usize) {
        self.asked = self.asked.saturating_sub(bytes + DATAGRAM);
    }

    /// The last event of the auction, and what follows, is told when its turn comes.
    pub(crate) fn begin(&mut self, auction: &Auction) {
        let told = Seq(auction.seq().0.saturating_sub(1));
        self.behind.insert(auction.id(), Behind { told, state: Some(auction.clone()), run: None });
        self.turns.push_back(auction.id());
    }

    /// When somebody is to be told something next.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.filled.map(|filled| filled + self.pace.again).filter(|_| !self.turns.is_empty())
    }

    fn fill(&mut self, now: Timestamp) {
        if self.filled.is_none_or(|filled| now.since(filled) >= self.pace.again) {
            (self.room, self.asked) = (self.pace.room, self.pace.room);
            self.filled = Some(now);
        }
    }

    /// Whose turn it is, as long as there is room.
    fn turn(&mut self) -> Option<AuctionId> {
        if self.room > 0 { self.turns.pop_front() } else { None }
    }
}

impl Behind {
    /// The events that are told next: as many as share a datagram, but one that is shown from the state right after it is
    /// told alone.
    fn next_run(&mut self, history: &[(Event, At)], to: Vec<(ParticipantId, SocketAddr)>) -> Run {
        let told = place(self.told);
        let length = match history.get(told) {
            Some((event, _)) if needs_state_at(event) => {
                self.fold(history, told + 1);
                1
            }
            _ => history.iter().skip(told).take(RUN).take_while(|(event, _)| !needs_state_at(event)).count(),
        };
        Run { last: Seq((told + length) as u64), to, done: 0 }
    }

    /// Folds the state on to right after so many events.
    fn fold(&mut self, history: &[(Event, At)], events: usize) {
        let folded = self.state.as_ref().map_or(0, |state| place(state.seq()));
        for (event, _) in history.iter().take(events).skip(folded) {
            apply(&mut self.state, event);
        }
    }
}

impl Manager {
    /// Tells followers what they are still to be told, as much as there is room for.
    pub(crate) fn tell_followers(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.backlog.fill(now);
        while let Some(auction) = self.backlog.turn() {
            if self.tell_slice(now, auction, out) {
                self.backlog.turns.push_back(auction);
            }
        }
    }

    /// Tells the next slice; whether there is more to tell.
    fn tell_slice(&mut self, now: Timestamp, auction: AuctionId, out: &mut Vec<Output>) -> bool {
        let Self { lead: Some(lead), book, sessions, backlog, .. } = self else { return false };
        let Some(behind) = backlog.behind.get_mut(&auction) else { return false };
        let found = book.held(auction).and_then(|held| held.auction().map(|latest| (held, latest)));
        let Some((held, latest)) = found else { return false };
        let (told, pace) = (behind.told, backlog.pace);
        if behind.run.is_none() {
            behind.run = Some(behind.next_run(held.history(), sessions.of(auction, now)));
        }
        let Behind { state: Some(state), run: Some(run), .. } = behind else { return false };
        let events = held.history().get(place(told)..place(run.last)).unwrap_or_default();
        let each = DATAGRAM + events.iter().map(|(event, _)| bytes(latest, event)).sum::<usize>();
        let many = (pace.slice / each).max(FEWEST);
        let to = &run.to[run.done..run.to.len().min(run.done + many)];
        let mut seq = told;
        for (event, at) in events {
            seq = seq.next();
            let auction = if needs_state_at(event) { &*state } else { latest };
            Occurred { auction, event, seq, at: *at, epoch: lead.epoch }.push(lead.at(now), to, out);
        }
        backlog.room = backlog.room.saturating_sub(each * to.len());
        run.done += to.len();
        if run.done < run.to.len() {
            return true;
        }
        (behind.told, behind.run) = (run.last, None);
        if behind.told < latest.seq() {
            return true;
        }
        backlog.behind.remove(&auction);
        if latest.is_over() {
            sessions.end(auction);
        }
        false
    }
}

/// What telling somebody of the event costs.
pub(crate) fn bytes(auction: &Auction, event: &Event) -> usize {
    match event {
        Event::RoundCompleted { .. } | Event::AuctionCompleted { .. } => MESSAGE * (1 + auction.bidders().len()),
        _ => MESSAGE,
    }
}

/// How many events there are up to this, which is where the next one is.
fn place(seq: Seq) -> usize {
    usize::try_from(seq.0).unwrap_or(usize::MAX)
}
