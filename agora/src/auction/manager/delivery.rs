//! Events to the sessions that follow an auction: pushed once as they commit, sent again when asked for. Everything that
//! leaves here is committed, and went through [`Showing`] (SEAL-1).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::backlog::bytes;
use super::book::Held;
use super::reads::Read;
use super::sessions;
use crate::auction::apply::apply;
use crate::auction::decide::SUPERSEDED;
use crate::auction::event::Event;
use crate::auction::message::{Durability, Head, Outcome, Output};
use crate::auction::protocol::Manager;
use crate::auction::state::Auction;
use crate::auction::view::{Showing, needs_state_at};
use crate::heartbeat::message::{ClientBeat, MAX_FOLLOWED, Session};
use crate::id::{AuctionId, Epoch, ParticipantId, Seq};
use crate::time::{At, Timestamp};

/// One request for events is answered with about so many messages, at most a datagram each: the pages of one event are
/// not torn apart, what is left is asked for again.
pub(crate) const MAX_SENT_AGAIN: usize = 32;

/// What a watcher of all auctions is answered in the place of an auction: that it is subscribed.
pub(crate) const ALL: AuctionId = AuctionId(uuid::Uuid::nil());

/// An event and the auction right after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occurred<'a> {
    /// Right after the event.
    pub(crate) auction: &'a Auction,
    /// What happened.
    pub(crate) event: &'a Event,
    /// Its number.
    pub(crate) seq: Seq,
    /// Leadership time of its entry.
    pub(crate) at: At,
    /// In which it is told.
    pub(crate) epoch: Epoch,
}

impl Occurred<'_> {
    /// Shows it, at leadership time `now`, to each of `to`.
    pub(crate) fn push(&self, now: At, to: &[(ParticipantId, SocketAddr)], out: &mut Vec<Output>) {
        if to.is_empty() {
            return;
        }
        let Some(showing) = Showing::new(self.auction, self.event) else { return };
        let (auction, epoch) = (self.auction.id(), self.epoch.number);
        let head = Head { auction, epoch, seq: self.seq, at: self.at };
        let mut groups: BTreeMap<Option<ParticipantId>, Vec<SocketAddr>> = BTreeMap::new();
        for &(participant, address) in to {
            let takes_part = self.auction.is_participant(participant).then_some(participant);
            groups.entry(showing.eyes(takes_part)).or_default().push(address);
        }
        for (eyes, addresses) in groups {
            let mut pages = showing.to(head, now, eyes);
            let last = pages.pop();
            out.extend(pages.into_iter().map(|page| Output::Shown(addresses.clone(), page)));
            out.extend(last.map(|page| Output::Shown(addresses, page)));
        }
    }
}

impl Manager {
    /// AUCTION_EVENTS_REQUEST: sends what comes after `after`, then the last number, and pushes from now on. While more is
    /// asked for than can be sent it says nothing, and is asked again.
    pub(crate) fn events(
        &mut self,
        now: Timestamp,
        from: SocketAddr,
        asked: (&Session, Option<AuctionId>, Seq, Option<Epoch>),
        out: &mut Vec<Output>,
    ) {
        let (session, auction, after, known) = asked;
        if !self.admit(now, from, session, out) || !self.backlog.answers(now) {
            return;
        }
        let Some(lead) = &self.lead else { return };
        let Some(auction) = auction else {
            self.sessions.watch(sessions::key(session));
            out.push(Output::Outcome(from, Outcome::EventsResponse { auction: ALL, epoch: lead.epoch, last: None }));
            return;
        };
        let here = self.book.held(auction).is_some() || self.shelf.get(auction).is_some();
        if self.shelf.on && !here {
            self.fetch_events(from, (session, auction, after, known), out);
        } else {
            self.send_events(now, from, (session, auction, after, known), out);
        }
    }

    /// Sends what comes after `after`, as far as it is here, and pushes from now on.
    pub(crate) fn send_events(
        &mut self,
        now: Timestamp,
        from: SocketAddr,
        asked: (&Session, AuctionId, Seq, Option<Epoch>),
        out: &mut Vec<Output>,
    ) {
        let (session, auction, after, known) = asked;
        let Some(lead) = &self.lead else { return };
        let (epoch, at) = (lead.epoch, lead.at(now));
        let shelved = self.shelf.get(auction);
        let Some(held) =
            self.book.held(auction).or(shelved.as_deref()).filter(|_| self.continues(auction, after, known))
        else {
            self.read(now, Read::Missing { from, session: *session, auction, after, held: known }, out);
            return;
        };
        let told = send_again(held, &mut self.past, after, (epoch, at), (session.participant, from), out);
        self.backlog.answered(told);
        let last = held.auction().map(Auction::seq);
        out.push(Output::Outcome(from, Outcome::EventsResponse { auction, epoch, last }));
        self.follow(sessions::key(session), auction);
    }

    /// Whether who was sent the event `after` by the leader of `held` can be sent those that follow.
    fn continues(&self, auction: AuctionId, after: Seq, held: Option<Epoch>) -> bool {
        let shelved = || self.shelf.get(auction);
        let continues =
            |held| self.book.continues(auction, after, held) || shelved().is_some_and(|it| it.continues(after, held));
        after.0 == 0 || held.is_some_and(continues)
    }

    /// This node is shown to lead: what is not here is nowhere.
    pub(crate) fn answer_missing(
        &mut self,
        now: Timestamp,
        from: SocketAddr,
        asked: (&Session, AuctionId, Seq, Option<Epoch>),
        out: &mut Vec<Output>,
    ) {
        let (session, auction, after, teller) = asked;
        let here = self.book.held(auction).is_some() || self.shelf.get(auction).is_some();
        if here && self.continues(auction, after, teller) {
            self.send_events(now, from, asked, out);
            return;
        }
        let Some(lead) = &self.lead else { return };
        // With `--cluster-size` there is no other history that it could be of: it was archived.
        if !here && (after.0 == 0 || self.kept.durability == Durability::Quorum) {
            out.push(Output::Outcome(from, Outcome::EventsResponse { auction, epoch: lead.epoch, last: None }));
            self.follow(sessions::key(session), auction);
        } else {
            let last = self.book.held(auction).and_then(Held::auction).map(Auction::seq);
            log::info!(
                "{} is told that auction {auction} is superseded: it has event {after}, told by the leader of {teller:?}; \
                 here the last is {last:?}, in {:?}",
                session.participant,
                lead.epoch,
            );
            let head = Head { auction, epoch: lead.epoch.number, seq: after.next(), at: lead.at(now) };
            out.push(Output::Outcome(from, Outcome::Cancel { head, reason: SUPERSEDED.into() }));
        }
    }

    /// From now on the session is sent the auction's events, unless there will be none.
    pub(crate) fn follow(&mut self, session: sessions::SessionKey, auction: AuctionId) {
        let ahead = self.ahead.auction(&self.book, auction).is_some();
        let over = self.book.auction(auction).is_some_and(Auction::is_over);
        if ahead && !over {
            self.sessions.follow(session, auction);
        }
    }

    /// HEART_BEAT of a client: it is there, and is told the last number that it should have of what it follows; it asks for
    /// what it lacks. A leader that hears no quorum does not answer.
    pub(crate) fn beat(
        &mut self,
        now: Timestamp,
        from: SocketAddr,
        number: u64,
        beat: &ClientBeat,
        out: &mut Vec<Output>,
    ) {
        if !self.admit(now, from, &beat.session, out) {
            return;
        }
        let mut last = Vec::new();
        for &(auction, _) in beat.follows.iter().take(MAX_FOLLOWED) {
            if let Some(found) = self.book.auction(auction) {
                last.push((auction, self.backlog.told(auction).unwrap_or_else(|| found.seq())));
            }
        }
        if let Some(lead) = self.lead.as_ref().filter(|lead| lead.quorum) {
            out.push(Output::HeartBeatAck { to: from, number, epoch: lead.epoch, last });
        }
    }
}

/// Shows `to` the events after `after`, as many as [`MAX_SENT_AGAIN`] allows; about how many bytes that are.
fn send_again(
    held: &Held,
    past: &mut Past,
    after: Seq,
    (epoch, now): (Epoch, At),
    to: (ParticipantId, SocketAddr),
    out: &mut Vec<Output>,
) -> usize {
    let Some(latest) = held.auction() else { return 0 };
    let first = usize::try_from(after.0).unwrap_or(usize::MAX).min(held.history().len());
    let (before, mut seq, mut told) = (out.len(), after, 0);
    for (place, (event, at)) in held.history().iter().enumerate().skip(first) {
        if out.len() - before >= MAX_SENT_AGAIN {
            break;
        }
        seq = seq.next();
        let state = if needs_state_at(event) { past.right_after(held.history(), place) } else { Some(latest) };
        if let Some(auction) = state {
            told += bytes(auction, event);
            Occurred { auction, event, seq, at: *at, epoch }.push(now, &[to], out);
        }
    }
    told
}

/// An auction as it was: the one that was looked at last, so that who asks for what follows, or is the next to ask for the
/// same, does not have it folded from its first event again.
#[derive(Debug, Default)]
pub(crate) struct Past(Option<Auction>);

impl Past {
    /// Of the auction with this history: right after the event at `place`.
    fn right_after(&mut self, history: &[(Event, At)], place: usize) -> Option<&Auction> {
        let auction = history.first()?.0.auction();
        let folded = |state: &Auction| usize::try_from(state.seq().0).unwrap_or(usize::MAX);
        if self.0.as_ref().is_some_and(|state| state.id() != auction || folded(state) > place + 1) {
            self.0 = None;
        }
        let first = self.0.as_ref().map_or(0, folded);
        for (event, _) in history.get(first..=place)? {
            apply(&mut self.0, event);
        }
        self.0.as_ref()
    }
}
