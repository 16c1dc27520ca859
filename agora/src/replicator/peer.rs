//! The flow of entries from a leader to one other node.

use std::collections::VecDeque;
use std::time::Duration;

use crate::id::{Index, Probe};
use crate::time::Timestamp;

/// So many datagrams may be under way to one node.
const WINDOW: usize = 16;
/// An unacknowledged datagram is sent again after this long at first, then after twice as long, and so on.
const RESEND: Duration = Duration::from_millis(20);
/// The longest wait before it is sent again, while the node is not heard.
const RESEND_MOST: Duration = Duration::from_millis(640);

/// What the leader knows of one other node.
#[derive(Debug)]
pub(super) struct Peer {
    /// The next entry to send.
    pub(super) next: Index,
    /// It holds everything up to here.
    pub(super) matched: Index,
    /// When the newest acknowledged probe was sent.
    pub(super) heard_at: Option<Timestamp>,
    /// When it became a peer, or was first not heard: from when its silence counts.
    pub(super) since: Timestamp,
    /// It said that it stops: until when its process may still run. It is left out, and not counted again before then;
    /// whoever is heard later is its next life on the same log.
    pub(super) leaving: Option<Timestamp>,
    acknowledged: Probe,
    /// What was sent with entries and is not acknowledged.
    under_way: VecDeque<Sent>,
    /// Other probes that may still be acknowledged: of empty datagrams, and of those that were given up.
    other: VecDeque<Sent>,
    last_sent: Timestamp,
    last_probe: Probe,
    rewound: Probe,
    backoff: Duration,
    resend: Option<Timestamp>,
}

/// A datagram that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sent {
    probe: Probe,
    at: Timestamp,
    /// The last entry in it, or before it.
    end: Index,
}

impl Peer {
    /// Its log is unknown: the first datagram finds out.
    pub(super) fn new(now: Timestamp, heard: bool) -> Self {
        Self {
            next: Index(0),
            matched: Index(0),
            heard_at: heard.then_some(now),
            since: now,
            leaving: None,
            acknowledged: Probe(0),
            under_way: VecDeque::new(),
            other: VecDeque::new(),
            last_sent: Timestamp::ZERO,
            last_probe: Probe(0),
            rewound: Probe(0),
            backoff: RESEND,
            resend: None,
        }
    }

    /// Whether entries may be sent now: one datagram at any time, further ones when they are `full` (so that entries
    /// collect while one is under way), and to a node that is not heard nothing but what is due again.
    pub(super) fn may_send(&self, heard: bool, full: impl FnOnce() -> bool) -> bool {
        match self.under_way.len() {
            0 => true,
            under_way => heard && under_way < WINDOW && full(),
        }
    }

    pub(super) fn sent(&mut self, now: Timestamp, probe: Probe, previous: Index, entries: usize) {
        self.last_sent = now;
        self.last_probe = probe;
        let sent = Sent { probe, at: now, end: Index(previous.0 + entries as u64) };
        if entries == 0 {
            self.remember(sent);
            return;
        }
        self.next = sent.end.next();
        self.under_way.push_back(sent);
        self.resend.get_or_insert(now + self.backoff);
    }

    /// It verified everything up to `index` in the datagram of this probe.
    pub(super) fn acknowledged(&mut self, now: Timestamp, probe: Probe, index: Index) {
        self.heard(probe);
        if index > self.matched {
            self.matched = index;
            self.backoff = RESEND;
            self.resend = Some(now + self.backoff);
        }
        self.next = self.next.max(self.matched.next());
        let matched = self.matched;
        self.under_way.retain(|sent| sent.probe != probe && sent.end > matched);
        if self.under_way.is_empty() {
            self.resend = None;
        }
    }

    /// It answered this probe, in whatever way.
    pub(super) fn heard(&mut self, probe: Probe) {
        let sent = self.under_way.iter().chain(&self.other).find(|sent| sent.probe == probe);
        if let Some(sent) = sent {
            self.heard_at = self.heard_at.max(Some(sent.at));
            self.acknowledged = self.acknowledged.max(probe);
        }
        self.other.retain(|sent| sent.probe > probe);
    }

    pub(super) fn acknowledged_probe(&self) -> Probe {
        self.acknowledged
    }

    /// Goes back to what follows `after`. Several datagrams that missed the same entry ask for it once each: only a
    /// probe sent after the last return counts.
    pub(super) fn rewind(&mut self, now: Timestamp, probe: Probe, last: Probe, after: Index) -> bool {
        self.heard(probe);
        if probe <= self.rewound || after < self.matched {
            return false;
        }
        self.rewound = last;
        self.next = after.next();
        self.give_up_under_way();
        self.resend = Some(now + self.backoff);
        true
    }

    /// It lacks what is not whole in this log any more, and is being given what was kept of it.
    pub(super) fn asked_for_snapshot(&mut self, now: Timestamp) {
        self.next = self.matched.next();
        self.give_up_under_way();
        // When pieces were lost, it asks again as it is probed.
        self.backoff = RESEND;
        self.resend = Some(now + self.backoff);
    }

    /// If what is under way should be acknowledged by now, forgets it, so that it is sent again.
    pub(super) fn resend_if_due(&mut self, now: Timestamp) -> bool {
        if self.resend.is_none_or(|at| at > now) {
            return false;
        }
        self.backoff = (self.backoff * 2).min(RESEND_MOST);
        self.next = self.matched.next();
        self.give_up_under_way();
        self.resend = Some(now + self.backoff);
        true
    }

    fn give_up_under_way(&mut self) {
        while let Some(sent) = self.under_way.pop_front() {
            self.remember(sent);
        }
    }

    /// Its probe may still be acknowledged.
    fn remember(&mut self, sent: Sent) {
        if self.other.len() >= WINDOW * 4 {
            self.other.pop_front();
        }
        self.other.push_back(sent);
    }

    /// The last one that was sent to it.
    pub(super) fn last_probe(&self) -> Probe {
        self.last_probe
    }

    /// How long ago something was last sent to it.
    pub(super) fn quiet_for(&self, now: Timestamp) -> Duration {
        now.since(self.last_sent)
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.resend
    }
}
