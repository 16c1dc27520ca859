//! Who is there, at which address, and which auctions' events it is sent. Soft state of the leader: what is lost here
//! is found again by the clients themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use crate::heartbeat::message::Session;
use crate::id::{AuctionId, ParticipantId};
use crate::time::Timestamp;

/// At most so many sessions, about 20 MB. Above it the one unheard for longest is forgotten.
pub(crate) const MAX_SESSIONS: usize = 100_000;

/// A session unheard for so long is forgotten, with its subscriptions: nothing is sent to who may be gone.
pub(crate) const FORGET_AFTER: Duration = Duration::from_secs(60);

/// At most so many subscriptions of one session; to more auctions it subscribes as a whole.
pub(crate) const MAX_SUBSCRIPTIONS: usize = 1_024;

/// At most so many subscriptions of all sessions, about 50 MB. Above it events are not pushed, only pulled.
pub(crate) const MAX_ALL_SUBSCRIPTIONS: usize = 500_000;

/// At most so many sessions that follow every auction: each costs a message for every event.
pub(crate) const MAX_WATCHERS: usize = 1_000;

/// At most so many clients are told of a new leader: the others notice by their heartbeats.
pub(crate) const MAX_ANNOUNCED: usize = 10_000;

/// Being heard again within this changes nothing in the order of silence.
const HEARD_GRAIN: Duration = Duration::from_secs(1);

/// One run of a client.
pub(crate) type SessionKey = (ParticipantId, u64);

/// The key of a session: its cookie is of its address, not of it.
pub(crate) const fn key(session: &Session) -> SessionKey {
    (session.participant, session.session)
}

#[derive(Debug)]
struct Known {
    address: SocketAddr,
    heard: Timestamp,
    follows: BTreeSet<AuctionId>,
}

/// The sessions that this node heard while it led.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    known: BTreeMap<SessionKey, Known>,
    by_silence: BTreeSet<(Timestamp, SessionKey)>,
    followers: BTreeMap<AuctionId, BTreeSet<SessionKey>>,
    watchers: BTreeSet<SessionKey>,
    subscriptions: usize,
}

impl Sessions {
    /// A validated message came from the session.
    pub(crate) fn hear(&mut self, now: Timestamp, session: SessionKey, address: SocketAddr) {
        while let Some(&(heard, silent)) =
            self.by_silence.first().filter(|(heard, _)| now.since(*heard) >= FORGET_AFTER)
        {
            self.forget(heard, silent);
        }
        if let Some(known) = self.known.get_mut(&session) {
            known.address = address;
            if now.since(known.heard) >= HEARD_GRAIN {
                self.by_silence.remove(&(known.heard, session));
                known.heard = now;
                self.by_silence.insert((now, session));
            }
            return;
        }
        if self.known.len() >= MAX_SESSIONS
            && let Some(&(heard, silent)) = self.by_silence.first()
        {
            self.forget(heard, silent);
        }
        self.known.insert(session, Known { address, heard: now, follows: BTreeSet::new() });
        self.by_silence.insert((now, session));
    }

    fn forget(&mut self, heard: Timestamp, session: SessionKey) {
        self.by_silence.remove(&(heard, session));
        self.watchers.remove(&session);
        let Some(known) = self.known.remove(&session) else { return };
        for auction in known.follows {
            self.unlink(auction, session);
        }
    }

    fn unlink(&mut self, auction: AuctionId, session: SessionKey) {
        if let Some(followers) = self.followers.get_mut(&auction)
            && followers.remove(&session)
        {
            self.subscriptions = self.subscriptions.saturating_sub(1);
            if followers.is_empty() {
                self.followers.remove(&auction);
            }
        }
    }

    /// From now on the session is sent the auction's events; as far as the limits allow.
    pub(crate) fn follow(&mut self, session: SessionKey, auction: AuctionId) {
        let Some(known) = self.known.get_mut(&session) else { return };
        if known.follows.len() >= MAX_SUBSCRIPTIONS || self.subscriptions >= MAX_ALL_SUBSCRIPTIONS {
            return;
        }
        if known.follows.insert(auction) {
            self.followers.entry(auction).or_default().insert(session);
            self.subscriptions += 1;
        }
    }

    /// From now on the session is sent all auctions' events; as far as the limits allow.
    pub(crate) fn watch(&mut self, session: SessionKey) {
        if self.known.contains_key(&session) && self.watchers.len() < MAX_WATCHERS {
            self.watchers.insert(session);
        }
    }

    /// Nobody is sent anything until it asks again.
    pub(crate) fn unsubscribe(&mut self) {
        for known in self.known.values_mut() {
            known.follows.clear();
        }
        self.followers.clear();
        self.watchers.clear();
        self.subscriptions = 0;
    }

    /// The auction has no further events.
    pub(crate) fn end(&mut self, auction: AuctionId) {
        for session in self.followers.remove(&auction).unwrap_or_default() {
            self.subscriptions = self.subscriptions.saturating_sub(1);
            if let Some(known) = self.known.get_mut(&session) {
                known.follows.remove(&auction);
            }
        }
    }

    /// Who is sent the auction's events, and where: in the order of their keys.
    pub(crate) fn of(&self, auction: AuctionId, now: Timestamp) -> Vec<(ParticipantId, SocketAddr)> {
        let nobody = BTreeSet::new();
        let followers = self.followers.get(&auction).unwrap_or(&nobody);
        followers
            .union(&self.watchers)
            .filter_map(|session| self.known.get(session).map(|known| (session.0, known)))
            .filter(|(_, known)| now.since(known.heard) < FORGET_AFTER)
            .map(|(participant, known)| (participant, known.address))
            .collect()
    }

    /// Where those are that were heard last, each address once.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let last = self.by_silence.iter().rev().take(MAX_ANNOUNCED);
        let addresses: BTreeSet<_> = last.filter_map(|(_, key)| self.known.get(key)).map(|k| k.address).collect();
        addresses.into_iter().collect()
    }
}
