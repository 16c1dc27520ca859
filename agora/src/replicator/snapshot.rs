//! Snapshots: whoever lacks what a log has dropped is given what it kept.
//!
//! ```text
//! leader (or the holder of the log that a candidate adopts)      follower (or that candidate)
//!   |<--------- STATE_REPLICATION_REQUEST: after an entry that is not whole here any more |
//!   |--- STATE_SNAPSHOT × 8, the last one asks -------------------------------------------->| put aside
//!   |<------------------------------------ STATE_SNAPSHOT_REQUEST: after the last one here |
//!   |--- STATE_SNAPSHOT …, up to the entry at the base ------------------------------------>| the log is this now
//! ```
//!
//! A datagram that is lost is asked for again when the next one does not fit, or when the leader probes.

use super::compaction::Obsolete;
use super::log::Log;
use super::message::{Entry, Fault, LogEnd, Message, Output, Record};
use super::protocol::{Replicator, Role};
use crate::config::Mode;
use crate::id::{Epoch, FoundingId, Index, NodeId, Position};
use crate::time::Timestamp;

/// So many datagrams of a snapshot answer one request.
const DATAGRAMS_A_REQUEST: usize = 8;

/// STATE_SNAPSHOT.
pub(super) struct Piece {
    pub(super) founding: FoundingId,
    pub(super) epoch: Epoch,
    pub(super) base: Position,
    pub(super) previous: Index,
    pub(super) entries: Vec<Entry>,
    pub(super) asks: bool,
}

/// A snapshot that is on its way here.
#[derive(Debug)]
pub(super) struct Incoming {
    from: NodeId,
    epoch: Epoch,
    base: Position,
    /// All that has come.
    log: Log,
    /// It was asked to go on from here.
    asked: Index,
}

impl Incoming {
    /// The last entry that has come.
    pub(super) fn last(&self) -> Index {
        self.log.last().index
    }

    pub(super) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether it comes from that node, in that epoch.
    pub(super) fn is_of(&self, from: NodeId, epoch: Epoch) -> bool {
        self.from == from && self.epoch == epoch
    }
}

impl Replicator {
    // ---- giving ----

    /// Sends what follows `after` of the snapshot here; from its beginning, where another one was asked for.
    pub(super) fn send_snapshot(
        &mut self,
        to: NodeId,
        epoch: Epoch,
        asked: Option<(Position, Index)>,
        out: &mut Vec<Output>,
    ) {
        let Some(founding) = self.log.founding() else { return };
        let base = self.log.base();
        let mut previous = asked.filter(|(of, _)| *of == base).map(|(_, after)| after).unwrap_or_default();
        for number in 1..=DATAGRAMS_A_REQUEST {
            let entries = self.log.snapshot_after(previous);
            let Some(last) = entries.last().map(|entry| entry.position.index) else { return };
            let asks = number == DATAGRAMS_A_REQUEST;
            let message = Message::Snapshot { founding, epoch, base, previous, entries, asks };
            self.gated(Output::Send { to, message }, out);
            previous = last;
        }
    }

    /// A receiver wants more. Who leads, or holds the log that a candidate adopts, has promised that epoch.
    pub(super) fn on_snapshot_request(
        &mut self,
        now: Timestamp,
        from: NodeId,
        epoch: Epoch,
        asked: (Position, Index),
        out: &mut Vec<Output>,
    ) {
        if epoch != self.promise {
            return;
        }
        match &mut self.role {
            Role::Leader(leader) => {
                let Some(peer) = leader.peers.get_mut(&from) else { return };
                peer.asked_for_snapshot(now);
            }
            _ if from != epoch.leader => return,
            Role::Follower | Role::Candidate(_) => {}
        }
        self.send_snapshot(from, epoch, Some(asked), out);
    }

    // ---- taking ----

    /// Asks for what follows what has come of the snapshot that `from` is sending; whether it is sending one.
    pub(super) fn ask_on(&mut self, from: NodeId, epoch: Epoch, founding: FoundingId, out: &mut Vec<Output>) -> bool {
        let Some(incoming) = self.incoming.as_mut().filter(|incoming| incoming.is_of(from, epoch)) else {
            return false;
        };
        let (base, after) = (incoming.base, incoming.last());
        incoming.asked = after;
        out.push(Output::Send { to: from, message: Message::SnapshotRequest { founding, epoch, base, after } });
        true
    }

    /// A piece has come: it is put aside until the snapshot is whole.
    pub(super) fn on_snapshot(&mut self, now: Timestamp, from: NodeId, piece: Piece, out: &mut Vec<Output>) {
        let Piece { founding, epoch, base, previous, entries, asks } = piece;
        let leads = from == epoch.leader && epoch >= self.promise && self.believable(epoch);
        let adopted = self.fetches_from(from, epoch);
        if from == self.me.node || !self.concerns(founding) || !(leads || adopted) {
            return;
        }
        if self.log.contains(base) {
            // It lacks only what follows; whom it follows finds that out by itself.
            if adopted {
                self.agrees_up_to(now, base, out);
            }
            return;
        }
        let follows = |one: &Entry, next: &Entry| {
            one.position.index < next.position.index && one.position.epoch <= next.position.epoch
        };
        let fits = |entry: &Entry| entry.position.index > previous && entry.position.index <= base.index;
        if entries.is_empty() || !entries.is_sorted_by(follows) || !entries.iter().all(fits) {
            return;
        }
        // A late piece of a snapshot that its holder has no more.
        if self.incoming.as_ref().is_some_and(|incoming| incoming.is_of(from, epoch) && incoming.base > base) {
            return;
        }
        let same = |incoming: &Incoming| incoming.is_of(from, epoch) && incoming.base == base;
        if !self.incoming.as_ref().is_some_and(same) {
            self.incoming = Some(Incoming { from, epoch, base, log: self.log.empty(), asked: Index(0) });
        }
        let Some(incoming) = &mut self.incoming else { return };
        if leads && !adopted {
            self.noticed = now;
        }
        let last = incoming.last();
        if previous != last {
            // One before it is missing, and is asked for once.
            if previous > last && incoming.asked != last {
                self.ask_on(from, epoch, founding, out);
            }
            return;
        }
        incoming.log.take(entries);
        if incoming.log.last() == base {
            self.take_snapshot(now, from, founding, adopted, out);
            return;
        }
        if adopted {
            self.fetched(now, None, out);
        }
        if asks {
            self.ask_on(from, epoch, founding, out);
        }
    }

    /// A snapshot is whole.
    fn take_snapshot(
        &mut self,
        now: Timestamp,
        from: NodeId,
        founding: FoundingId,
        adopted: bool,
        out: &mut Vec<Output>,
    ) {
        let Some(Incoming { epoch, base, log, .. }) = self.incoming.take() else { return };
        if log.founding() != Some(founding) {
            return; // Whatever that is, it is not the beginning of this log.
        }
        if !adopted && epoch > self.promise {
            self.promise(now, epoch, out);
            if self.ended {
                return;
            }
        }
        if !self.install(now, log, base, out) {
            return;
        }
        if adopted {
            self.fetched(now, Some(base), out);
            self.fetch(out);
            return;
        }
        self.follow(from, out);
        self.verified = self.verified.max(base.index);
        let ack = Message::ReplicateAck { founding, epoch, probe: crate::id::Probe(0), index: base.index };
        self.gated(Output::Send { to: from, message: ack }, out);
    }

    /// This log is a snapshot up to `base` from here on; whether what was committed here is in it.
    fn install(&mut self, now: Timestamp, mut log: Log, base: Position, out: &mut Vec<Output>) -> bool {
        let here = self.log.position(self.commit).unwrap_or(Position::START);
        if !log.contains(here) {
            match self.settings.mode {
                Mode::Majority(_) => self.fault(Fault::CutBelowCommit(here.index), out),
                // After a partition, the two have parted.
                Mode::Reachable => self.end(Output::ReturnAsNewcomer(LogEnd::Superseded), out),
            }
            return false;
        }
        self.at_seen = self.at_seen.max(log.latest());
        let snapshot = log.rest_on(base);
        log.take_the_place_of(std::mem::take(&mut self.log));
        self.log = log;
        self.obsolete = Obsolete::default();
        self.write(now, vec![Record::Install(snapshot)], out);
        out.push(Output::Reset);
        self.handed = Index(0);
        self.commit_to(base.index, out);
        true
    }
}
