//! The subscriptions: who follows which auctions, the client's HEART_BEAT, and looking for new auctions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::event::{Piece, What};
use super::follow::{Follow, State};
use super::message::{Listing, Output};
use super::port::Port;
use super::reads::{For, Reads, What as Read};
use crate::auction::message::{Outcome, Phase};
use crate::heartbeat::message::{ClientBeat, MAX_FOLLOWED, Message as Beat};
use crate::id::{AuctionId, Epoch, Seq};
use crate::time::Timestamp;
use crate::wire::Message;

/// A subscription to all auctions follows at most so many at a time.
const MAX_AUCTIONS: usize = 10_000;
/// Finished auctions that a subscription to all remembers, so that a late duplicate does not begin them again.
const MAX_FINISHED: usize = 10_000;
/// How often a subscription to all looks for auctions whose AUCTION_CREATED was lost.
const LOOK: Duration = Duration::from_secs(2);
/// The client's HEART_BEAT goes out when its leader was not heard for so many heart-beat intervals of the cluster: what
/// it is told shows that the leader is there, and a gap in it that something was lost.
const BEAT_AFTER: u32 = 2;
/// But it goes out at least every so many, as long as there is anything to follow: the leader forgets who is silent.
const BEAT_EVERY: u32 = 20;

/// The subscriptions.
#[derive(Debug, Default)]
pub(super) struct Follows {
    each: BTreeMap<(AuctionId, u64), Follow>,
    rooms: BTreeMap<u64, usize>,
    all: BTreeMap<u64, All>,
    /// The next beat, if the leader is not heard before.
    beat: Option<Timestamp>,
    beat_at: Timestamp,
    number: u64,
}

/// A subscription to all auctions.
#[derive(Debug)]
struct All {
    look: Timestamp,
    finished: BTreeSet<AuctionId>,
    order: VecDeque<AuctionId>,
}

impl Follows {
    pub(super) fn follow(&mut self, ticket: u64, auction: Option<AuctionId>, room: usize, port: &mut Port<'_>) {
        self.rooms.insert(ticket, room);
        self.beat.get_or_insert(port.now);
        if let Some(auction) = auction {
            self.begin(ticket, auction, port);
        } else {
            let all = All { look: port.now, finished: BTreeSet::new(), order: VecDeque::new() };
            self.all.insert(ticket, all);
        }
    }

    pub(super) fn unfollow(&mut self, ticket: u64) {
        self.each.retain(|(_, of), _| *of != ticket);
        self.all.remove(&ticket);
        self.rooms.remove(&ticket);
    }

    pub(super) fn room(&mut self, ticket: u64, more: usize, out: &mut Vec<Output>) {
        if let Some(room) = self.rooms.get_mut(&ticket) {
            *room = room.saturating_add(more);
        }
        let auctions: Vec<_> = self.each.keys().filter(|(_, of)| *of == ticket).map(|(auction, _)| *auction).collect();
        for auction in auctions {
            self.deliver(auction, ticket, out);
        }
    }

    /// Another leader, or another cookie: it is told what is followed.
    pub(super) fn resubscribe(&mut self, port: &mut Port<'_>) {
        for follow in self.each.values_mut() {
            follow.resubscribe(port);
        }
        for all in self.all.values_mut() {
            all.look = port.now;
        }
    }

    /// An event, or a page of one, from the leader of this epoch.
    pub(super) fn take(&mut self, piece: Piece, epoch: Epoch, port: &mut Port<'_>) {
        let auction = piece.event.head.auction;
        if matches!(piece.event.what, What::Created { .. }) {
            for ticket in self.all.keys().copied().collect::<Vec<_>>() {
                self.begin(ticket, auction, port);
            }
        }
        let mut tickets = self.tickets(auction);
        let Some(last) = tickets.pop() else { return };
        for ticket in tickets {
            self.pass_on(ticket, piece.clone(), epoch, port);
        }
        self.pass_on(last, piece, epoch, port);
    }

    fn pass_on(&mut self, ticket: u64, piece: Piece, epoch: Epoch, port: &mut Port<'_>) {
        let auction = piece.event.head.auction;
        self.give(auction, ticket, port.out, |follow, to, out| follow.take(piece, epoch, to, out));
        if let Some(follow) = self.each.get_mut(&(auction, ticket)) {
            follow.ask_if_due(port);
        }
    }

    /// AUCTION_EVENTS_RESPONSE.
    pub(super) fn answered(&mut self, auction: AuctionId, last: Option<Seq>, port: &mut Port<'_>) {
        for ticket in self.tickets(auction) {
            let state = self.each.get_mut(&(auction, ticket)).map(|follow| follow.answered(last, port));
            if state == Some(State::NotFound) {
                self.end(auction, ticket, false, port.out);
            } else {
                self.deliver(auction, ticket, port.out);
            }
        }
    }

    /// HEART_BEAT_ACK.
    pub(super) fn acknowledged(&mut self, last: &[(AuctionId, Seq)], port: &mut Port<'_>) {
        for (auction, last) in last {
            for ticket in self.tickets(*auction) {
                if let Some(follow) = self.each.get_mut(&(*auction, ticket)) {
                    follow.told(*last);
                    follow.ask_if_due(port);
                }
            }
        }
    }

    /// The auctions that a subscription to all finds.
    pub(super) fn found(&mut self, ticket: u64, listing: &Listing, port: &mut Port<'_>) {
        for summary in &listing.auctions {
            self.begin(ticket, summary.auction, port);
        }
    }

    pub(super) fn fire(&mut self, reads: &mut Reads, port: &mut Port<'_>) {
        for follow in self.each.values_mut() {
            follow.ask_if_due(port);
        }
        for (ticket, all) in &mut self.all {
            if all.look <= port.now {
                all.look = port.now + LOOK;
                subscribe_to_all(port);
                reads.forget(*ticket);
                for phase in [Phase::Waiting, Phase::Active] {
                    let read = Read::List { state: Some(phase), auction: None, listing: None };
                    reads.start(For::All(*ticket), read, None, port);
                }
            }
        }
        if self.rooms.is_empty() {
            self.beat = None;
        } else if self.beat.is_none_or(|beat| beat <= port.now) {
            let (interval, silent) = (port.search.interval(), port.search.silent_for(port.now));
            let owed = port.now.since(self.beat_at) >= interval * BEAT_EVERY;
            let wait = if owed || silent >= interval {
                self.send_beats(port);
                self.beat_at = port.now;
                interval * BEAT_AFTER
            } else {
                (interval * BEAT_AFTER).saturating_sub(silent)
            };
            self.beat = Some(port.now + port.spread(wait));
        }
    }

    pub(super) fn deadline(&self, interval: Duration) -> Option<Timestamp> {
        let asks = self.each.values().filter_map(|follow| follow.deadline(interval));
        asks.chain(self.all.values().map(|all| all.look)).chain(self.beat).min()
    }

    fn tickets(&self, auction: AuctionId) -> Vec<u64> {
        self.each.range((auction, 0)..=(auction, u64::MAX)).map(|((_, ticket), _)| *ticket).collect()
    }

    fn begin(&mut self, ticket: u64, auction: AuctionId, port: &mut Port<'_>) {
        let finished = self.all.get(&ticket).is_some_and(|all| all.finished.contains(&auction));
        if finished || self.each.len() >= MAX_AUCTIONS || self.each.contains_key(&(auction, ticket)) {
            return;
        }
        let mut follow = Follow::new(auction);
        follow.ask_if_due(port);
        self.each.insert((auction, ticket), follow);
    }

    fn deliver(&mut self, auction: AuctionId, ticket: u64, out: &mut Vec<Output>) {
        self.give(auction, ticket, out, Follow::deliver);
    }

    /// Lets a subscription give its program events.
    fn give(
        &mut self,
        auction: AuctionId,
        ticket: u64,
        out: &mut Vec<Output>,
        give: impl FnOnce(&mut Follow, (u64, &mut usize), &mut Vec<Output>) -> State,
    ) {
        let (Some(follow), Some(room)) = (self.each.get_mut(&(auction, ticket)), self.rooms.get_mut(&ticket)) else {
            return;
        };
        if give(follow, (ticket, room), out) == State::Over {
            self.end(auction, ticket, true, out);
        }
    }

    fn end(&mut self, auction: AuctionId, ticket: u64, found: bool, out: &mut Vec<Output>) {
        self.each.remove(&(auction, ticket));
        if let Some(all) = self.all.get_mut(&ticket) {
            all.finished.insert(auction);
            all.order.push_back(auction);
            if all.order.len() > MAX_FINISHED
                && let Some(oldest) = all.order.pop_front()
            {
                all.finished.remove(&oldest);
            }
        } else {
            self.rooms.remove(&ticket);
            out.push(Output::Ended { ticket, found });
        }
    }

    /// What is followed and how far, in as many datagrams as it needs.
    fn send_beats(&mut self, port: &mut Port<'_>) {
        let mut held: BTreeMap<AuctionId, Seq> = BTreeMap::new();
        for ((auction, _), follow) in &self.each {
            let seq = follow.held();
            held.entry(*auction).and_modify(|least| *least = seq.min(*least)).or_insert(seq);
        }
        let held: Vec<_> = held.into_iter().collect();
        let mut parts: Vec<_> = held.chunks(MAX_FOLLOWED).map(<[_]>::to_vec).collect();
        if parts.is_empty() {
            parts.push(Vec::new());
        }
        for follows in parts {
            self.number += 1;
            let number = self.number;
            port.tell_leader(|session| {
                Message::Heartbeat(Beat::HeartBeat { number, client: Some(ClientBeat { session, follows }) })
            });
        }
    }
}

fn subscribe_to_all(port: &mut Port<'_>) {
    port.tell_leader(|session| {
        Message::Outcome(Outcome::EventsRequest { session, auction: None, after: Seq(0), held: None })
    });
}
