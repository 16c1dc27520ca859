//! Who leads, and how the client finds out.
//!
//! ```text
//!  asking ── LEADER_DETAILS of the leader itself ──► known ── silence after a message to it ──► asking
//!     └──── LEADER_DETAILS of a follower: ask the leader that it names ────┘
//! ```
//!
//! Only the leader's own word makes it the leader here, because only it gives the cookie that counts there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::message::{Failure, Leader, Output};
use crate::discovery::message::{CLIENT_PADDING, Message as Discovery};
use crate::doubt::Doubt;
use crate::id::{Epoch, Index, NodeId};
use crate::time::Timestamp;
use crate::wire::Message;

/// Cookies of at most so many nodes are kept: more than any cluster has, so that forged answers fill nothing.
const MAX_NODES: usize = 64;
/// The first repetition of a question that nobody answered comes after this.
const ASK_FIRST: Duration = Duration::from_millis(50);
/// Later ones come at most this far apart: a failover takes a few of these, ...
const ASK_EAGERLY: Duration = Duration::from_millis(200);
/// ... so many of them, ...
const EAGER: u32 = 25;
/// ... and then this far, while nobody is there.
const ASK_PATIENTLY: Duration = Duration::from_secs(1);
/// A commit index told longer ago is asked for again before a new request names it: the leader's table of answers
/// reaches back 60 s only, or a million answers, which a fast cluster gives in a few seconds.
const FRESH: Duration = Duration::from_secs(1);
/// Unanswered questions after which the leader counts as lost, and its followers are told so.
const LOST_AFTER: u32 = 3;
/// A leader that owes an answer for so many intervals counts as silent.
const SILENT: u32 = 4;

/// What a LEADER_DETAILS says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Details {
    pub(super) from: SocketAddr,
    pub(super) sender: NodeId,
    pub(super) nonce: u64,
    pub(super) leader: Option<(NodeId, SocketAddr)>,
    pub(super) epoch: Epoch,
    pub(super) commit: Index,
    pub(super) cookie: u64,
    pub(super) interval: Duration,
}

/// What follows from a LEADER_DETAILS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing.
    None,
    /// The leader is who it was; its commit index is fresh.
    Confirmed,
    /// There is another leader, another epoch, or another cookie: everything outstanding is sent again.
    Changed,
    /// The leader leads no more.
    Lost,
}

/// The search for the leader.
#[derive(Debug)]
pub(super) struct Search {
    nonce: u64,
    leader: Option<Leader>,
    cookies: BTreeMap<SocketAddr, u64>,
    /// When the commit index was last told.
    told: Timestamp,
    /// When the leader was last heard.
    heard_at: Timestamp,
    /// Since when the leader owes an answer.
    owed: Option<Timestamp>,
    doubt: Doubt,
    /// The next question, how long after it the one after that, and how many were asked in vain.
    asking: Option<(Timestamp, Duration, u32)>,
    /// The last address that was asked directly, and when: hints are followed at a bounded rate.
    hinted: Option<(SocketAddr, Timestamp)>,
    /// When everybody was asked last because the leader hears no quorum.
    looked: Option<Timestamp>,
    lost: bool,
}

impl Search {
    pub(super) fn new(now: Timestamp, nonce: u64) -> Self {
        Self {
            nonce,
            leader: None,
            cookies: BTreeMap::new(),
            told: Timestamp::ZERO,
            heard_at: Timestamp::ZERO,
            owed: None,
            doubt: Doubt::of(ASK_FIRST, ASK_FIRST.saturating_mul(SILENT)),
            asking: Some((now, ASK_FIRST, 0)),
            hinted: None,
            looked: None,
            lost: false,
        }
    }

    /// The leader, and the cookie that counts there.
    pub(super) fn leader(&self) -> Option<(Leader, u64)> {
        let leader = self.leader?;
        Some((leader, *self.cookies.get(&leader.address)?))
    }

    /// Nobody leads, as far as is known.
    pub(super) fn no_leader(&self) -> Failure {
        Failure::NoLeader { nodes: self.cookies.len() }
    }

    /// The nodes that have answered, by turns, and the cookie that counts there.
    pub(super) fn anyone(&self, turn: u32) -> Option<(SocketAddr, u64)> {
        let turn = usize::try_from(turn).unwrap_or(0) % self.cookies.len().max(1);
        self.cookies.iter().nth(turn).map(|(address, cookie)| (*address, *cookie))
    }

    /// Whether the leader is not heard, and that was told.
    pub(super) const fn is_lost(&self) -> bool {
        self.lost
    }

    /// The cluster's heart-beat interval, bounded to what a waiting person bears.
    pub(super) fn interval(&self) -> Duration {
        let told = self.leader.map_or(ASK_FIRST, |leader| leader.interval);
        told.clamp(Duration::from_millis(10), Duration::from_millis(500))
    }

    /// The leader's commit index, if it was told lately; else the leader is asked.
    pub(super) fn fresh_commit(&mut self, now: Timestamp, out: &mut Vec<Output>) -> Option<Index> {
        let leader = self.leader?;
        if now.since(self.told) < FRESH {
            return Some(leader.commit);
        }
        self.expect(now);
        self.ask_directly(now, leader.address, out);
        None
    }

    /// The leader answered in another epoch than the one known: it is asked to say so itself.
    pub(super) fn doubt(&mut self, now: Timestamp, epoch: Epoch, out: &mut Vec<Output>) {
        let newer = self.leader.filter(|leader| epoch > leader.epoch && epoch.leader == leader.node);
        if let Some(leader) = newer {
            self.ask_directly(now, leader.address, out);
        }
    }

    /// This node said that it does not serve: where it is the leader known here, it is asked who is.
    pub(super) fn denied(&mut self, now: Timestamp, from: SocketAddr, out: &mut Vec<Output>) {
        if self.leader.is_some_and(|leader| leader.address == from) {
            self.ask_directly(now, from, out);
        }
    }

    /// The leader hears no quorum: there may be another, of which it does not hear. It goes on as the leader here.
    pub(super) fn look_around(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if self.looked.is_none_or(|looked| now.since(looked) >= ASK_EAGERLY) {
            self.looked = Some(now);
            self.ask_everybody(out);
        }
    }

    /// A message that wants an answer has gone to the leader.
    pub(super) fn expect(&mut self, now: Timestamp) {
        self.owed.get_or_insert(now);
    }

    /// Something came from this node at this address. Whether the leader, lost before, is heard again. A later life of it
    /// at the same address is another node: it does not know what the leader owes.
    pub(super) fn heard(&mut self, now: Timestamp, from: SocketAddr, sender: NodeId) -> bool {
        if self.leader.is_none_or(|leader| (leader.address, leader.node) != (from, sender)) {
            return false;
        }
        self.heard_at = now;
        self.owed = None;
        self.doubt.heard();
        self.asking = None;
        std::mem::take(&mut self.lost)
    }

    /// How long ago the leader was heard.
    pub(super) fn silent_for(&self, now: Timestamp) -> Duration {
        now.since(self.heard_at)
    }

    /// A committed state as of `commit` was read.
    pub(super) fn read(&mut self, now: Timestamp, commit: Index) {
        if let Some(leader) = &mut self.leader {
            leader.commit = leader.commit.max(commit);
            self.told = now;
        }
    }

    pub(super) fn details(&mut self, now: Timestamp, details: Details, out: &mut Vec<Output>) -> News {
        if details.nonce != self.nonce && details.nonce != 0 {
            return News::None;
        }
        let stale = self.remember(details.from, details.cookie);
        let node = match details.leader {
            Some((node, _)) if node == details.sender => node,
            other => return self.follow_hint(now, &details, other, out),
        };
        if self.leader.is_some_and(|leader| details.epoch < leader.epoch && !self.overdue(now, 20)) {
            return News::None;
        }
        let leader = Leader {
            node,
            // Where its word came from is where it is reached.
            address: details.from,
            epoch: details.epoch,
            // Of another epoch, what was known may be of a history that is set aside.
            commit: self
                .leader
                .filter(|leader| leader.epoch == details.epoch)
                .map_or(details.commit, |leader| leader.commit.max(details.commit)),
            interval: details.interval,
        };
        let before = self.leader.replace(leader);
        self.told = now;
        self.owed = None;
        self.doubt = Doubt::of(self.interval(), self.interval() * SILENT);
        self.asking = None;
        let same = before.is_some_and(|before| {
            (before.node, before.address, before.epoch) == (leader.node, leader.address, leader.epoch)
        });
        let lost = std::mem::take(&mut self.lost);
        if same && !stale && !lost { News::Confirmed } else { News::Changed }
    }

    /// Whether the leader has owed an answer for so many intervals.
    fn overdue(&self, now: Timestamp, intervals: u32) -> bool {
        self.owed.is_some_and(|owed| now.since(owed) >= self.interval() * intervals)
    }

    /// A follower's word: worth a question, if it names another leader than the one known here. The word of the leader
    /// itself that it does not lead ends its leadership here, whatever the epoch: it may have set its log aside.
    fn follow_hint(
        &mut self,
        now: Timestamp,
        details: &Details,
        named: Option<(NodeId, SocketAddr)>,
        out: &mut Vec<Output>,
    ) -> News {
        let itself = self.leader.is_some_and(|leader| leader.address == details.from);
        if itself {
            self.leader = None;
            self.owed = None;
            self.lost = true;
            self.asking.get_or_insert((now, ASK_FIRST, 0));
        }
        if let Some((node, address)) = named {
            let news = self.leader.is_none_or(|leader| leader.node != node && details.epoch > leader.epoch);
            if news || self.asking.is_some() {
                let address = if address.ip().is_unspecified() { details.from } else { address };
                self.ask_directly(now, address, out);
            }
        }
        if itself { News::Lost } else { News::None }
    }

    fn ask_everybody(&self, out: &mut Vec<Output>) {
        out.push(Output::Broadcast(self.question()));
        for to in self.cookies.keys() {
            out.push(Output::Send { to: *to, message: self.question() });
        }
    }

    fn ask_directly(&mut self, now: Timestamp, to: SocketAddr, out: &mut Vec<Output>) {
        let again = self.hinted.is_some_and(|(at, when)| at == to && now.since(when) < ASK_FIRST / 2);
        if !again && to.port() != 0 {
            self.hinted = Some((to, now));
            out.push(Output::Send { to, message: self.question() });
        }
    }

    /// Whether another cookie of this node was known.
    fn remember(&mut self, from: SocketAddr, cookie: u64) -> bool {
        let leader = self.leader.map(|leader| leader.address);
        if self.cookies.len() >= MAX_NODES && !self.cookies.contains_key(&from) {
            let other = self.cookies.keys().copied().find(|address| Some(*address) != leader);
            if let Some(other) = other {
                self.cookies.remove(&other);
            }
        }
        self.cookies.insert(from, cookie).is_some_and(|before| before != cookie)
    }

    fn question(&self) -> Message {
        Message::Discovery(Discovery::Request { nonce: self.nonce, node: None, padding: vec![0; CLIENT_PADDING] })
    }

    /// Asks, where it is time to. Whether the leader now counts as lost.
    pub(super) fn fire(
        &mut self,
        now: Timestamp,
        jitter: impl FnOnce(Duration) -> Duration,
        out: &mut Vec<Output>,
    ) -> bool {
        if self.asking.is_none() {
            self.doubt.fired(self.silent_at(), now);
            if self.silent_at().is_some_and(|at| at <= now) {
                self.asking = Some((now, ASK_FIRST, 0));
            }
        }
        let Some((at, wait, asked)) = self.asking else { return false };
        if at > now {
            return false;
        }
        self.ask_everybody(out);
        let most = if asked < EAGER { ASK_EAGERLY } else { ASK_PATIENTLY };
        self.asking = Some((now + jitter(wait), (wait * 2).min(most), asked.saturating_add(1)));
        let lost = asked + 1 >= LOST_AFTER && self.leader.is_some() && !self.lost;
        self.lost |= lost;
        lost
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        match self.asking {
            Some((at, ..)) => Some(at),
            None => self.silent_at(),
        }
    }

    /// When the leader counts as silent: a client that is late itself doubts itself first.
    fn silent_at(&self) -> Option<Timestamp> {
        self.owed.map(|owed| (owed + self.interval() * SILENT).max(self.doubt.until()))
    }
}
