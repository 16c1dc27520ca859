//! What a node does with a log that another one leads: follow it, and promise it to a new one.

use super::candidate::Candidate;
use super::log::Merge;
use super::message::{Entry, Fault, LogEnd, Message, Output};
use super::protocol::{MAX_EPOCH_JUMP, Replicator, Role};
use crate::config::Mode;
use crate::id::{Epoch, FoundingId, Index, NodeId, Position, Probe};
use crate::time::{At, Timestamp};

/// A candidate is sent so many datagrams of the log for one request.
const DATAGRAMS_A_REQUEST: usize = 8;

/// STATE_REPLICATE.
pub(super) struct Replicate {
    pub(super) founding: FoundingId,
    pub(super) epoch: Epoch,
    pub(super) probe: Probe,
    pub(super) previous: Position,
    pub(super) entries: Vec<Entry>,
    pub(super) commit: Index,
    pub(super) at: At,
}

/// LEADER_ELECTION_COORDINATION_REQUEST.
pub(super) struct PromiseRequest {
    pub(super) founding: FoundingId,
    pub(super) epoch: Epoch,
    pub(super) dry: bool,
    pub(super) transfer: Option<Epoch>,
    pub(super) progress: Index,
}

impl Replicator {
    /// Whether a message about the log `founding` concerns this node: it is its log, or it has none.
    pub(super) fn concerns(&self, founding: FoundingId) -> bool {
        self.log.founding().is_none_or(|mine| mine == founding)
    }

    /// Whether `epoch` may be promised, as far as its number goes.
    pub(super) fn believable(&self, epoch: Epoch) -> bool {
        epoch.number <= self.promise.number.max(self.seen).saturating_add(MAX_EPOCH_JUMP)
    }

    pub(super) fn on_replicate(&mut self, now: Timestamp, from: NodeId, message: Replicate, out: &mut Vec<Output>) {
        let Replicate { founding, epoch, probe, previous, entries, commit, at } = message;
        if from != epoch.leader || from == self.me.node || !self.concerns(founding) {
            return;
        }
        if epoch < self.promise {
            let deny = Message::ReplicateDeny { founding, promise: self.promise };
            self.gated(Output::Send { to: from, message: deny }, out);
            return;
        }
        if !self.believable(epoch) {
            return;
        }
        if self.log.is_empty() && previous != Position::START {
            // A newcomer asks for the log from its start, under no promise yet that it could forget.
            if self.ask_on(from, epoch, founding, out) {
                return;
            }
            let request = Message::ReplicationRequest { founding, epoch, probe, after: Position::START };
            out.push(Output::Send { to: from, message: request });
            return;
        }
        if epoch > self.promise {
            self.promise(now, epoch, out);
            if self.ended {
                return;
            }
        }
        self.follow(from, out);
        self.noticed = now;
        self.founder_heard = now;
        // An entry can be ahead of the message that brings it.
        self.at_seen = entries.iter().map(|entry| entry.at).fold(self.at_seen.max(at), At::max);
        let mut records = Vec::new();
        let merged = self.log.merge(previous, entries, self.commit, &mut records);
        self.write(now, records, out);
        match merged {
            Merge::Verified(index) => {
                self.verified = self.verified.max(index);
                if self.verified >= commit {
                    self.current_at = Some(now);
                }
                let ack = Message::ReplicateAck { founding, epoch, probe, index };
                self.gated(Output::Send { to: from, message: ack }, out);
                self.commit_to(commit.min(self.verified), out);
                self.caught_up |= self.verified >= commit;
                if !self.is_member(self.me.node) {
                    self.go_on_leaving(now, out);
                }
            }
            Merge::Mismatch if self.ask_on(from, epoch, founding, out) => {}
            Merge::Mismatch => {
                let after = if previous.index > self.log.last().index {
                    self.log.last()
                } else {
                    self.log.position(self.commit).unwrap_or(Position::START)
                };
                let request = Message::ReplicationRequest { founding, epoch, probe, after };
                out.push(Output::Send { to: from, message: request });
            }
            Merge::CutBelowCommit(index) if matches!(self.settings.mode, Mode::Majority(_)) => {
                self.fault(Fault::CutBelowCommit(index), out);
            }
            Merge::CutBelowCommit(_) => {
                // After a partition, this log and the leader's have parted; its leader decided that already.
                self.end(Output::ReturnAsNewcomer(LogEnd::Superseded), out);
            }
        }
    }

    pub(super) fn on_promise_request(
        &mut self,
        now: Timestamp,
        from: NodeId,
        request: &PromiseRequest,
        out: &mut Vec<Output>,
    ) {
        let PromiseRequest { founding, epoch, dry, transfer, progress } = *request;
        if from != epoch.leader || from == self.me.node || !self.concerns(founding) || !self.believable(epoch) {
            return;
        }
        let ordered = transfer.is_some_and(|by| by == self.promise) && self.lets_go(from);
        let again = epoch == self.promise;
        let granted = again || (epoch > self.promise && (ordered || !self.hears_leader(now, from)));
        if granted && !dry && !again {
            self.promise(now, epoch, out);
            if self.ended {
                return;
            }
        }
        if granted && !dry {
            self.noticed = now;
            self.note_progress(from, epoch, progress, out);
        }
        let response = Message::PromiseResponse {
            founding,
            epoch,
            dry,
            granted,
            promise: self.promise,
            last: self.log.last(),
            commit: self.commit,
            at: self.at_seen,
        };
        self.gated(Output::Send { to: from, message: response }, out);
    }

    /// Whether a request that names this epoch's transfer is to be believed: who leads knows what it ordered.
    fn lets_go(&self, candidate: NodeId) -> bool {
        match &self.role {
            Role::Leader(leader) => leader.transfer.as_ref().is_some_and(|it| it.ordered && it.to == candidate),
            Role::Candidate(_) | Role::Follower => true,
        }
    }

    fn note_progress(&mut self, from: NodeId, epoch: Epoch, progress: Index, out: &mut Vec<Output>) {
        if self.progress.is_none_or(|(whose, index)| whose != epoch || index < progress) {
            debug_assert_eq!(from, epoch.leader);
            self.progress = Some((epoch, progress));
            out.push(Output::Progress);
        }
    }

    /// A follower asks its leader to send from elsewhere, or a candidate fetches the log that it adopts.
    pub(super) fn on_replication_request(
        &mut self,
        now: Timestamp,
        from: NodeId,
        epoch: Epoch,
        probe: Probe,
        after: Position,
        out: &mut Vec<Output>,
    ) {
        if epoch != self.promise {
            return;
        }
        if let Role::Leader(leader) = &mut self.role {
            if after.index >= self.log.base().index {
                self.on_rewind(now, from, probe, after, out);
            } else if let Some(peer) = leader.peers.get_mut(&from) {
                peer.heard(probe);
                peer.asked_for_snapshot(now);
                self.send_snapshot(from, epoch, None, out);
            }
            return;
        }
        let Some(founding) = self.log.founding().filter(|_| from == epoch.leader) else { return };
        if !self.log.contains(after) {
            if self.settings.mode == Mode::Reachable {
                // The logs have parted below what the candidate knows committed: there is nothing that it could adopt.
                let previous = self.log.last();
                let message = Message::ReplicationResponse { founding, epoch, previous, entries: Vec::new() };
                self.gated(Output::Send { to: from, message }, out);
            }
            return;
        }
        if after.index < self.log.base().index {
            self.send_snapshot(from, epoch, None, out);
            return;
        }
        let mut previous = after;
        for _ in 0..DATAGRAMS_A_REQUEST {
            let entries = self.log.datagram_after(previous.index);
            let Some(last) = entries.last().map(|entry| entry.position) else { break };
            let message = Message::ReplicationResponse { founding, epoch, previous, entries };
            self.gated(Output::Send { to: from, message }, out);
            previous = last;
        }
    }

    /// The leader orders this node to stand in its place.
    pub(super) fn on_transfer(&mut self, from: NodeId, epoch: Epoch, stays: bool, out: &mut Vec<Output>) {
        let follows = matches!(self.role, Role::Follower) && self.following == Some(from);
        if from == epoch.leader && epoch == self.promise && follows && self.can_stand() {
            self.to_stay = stays.then_some(epoch);
            out.push(Output::StandInstead(epoch));
        }
    }

    /// Election asks to take over.
    pub(super) fn on_take_over(
        &mut self,
        now: Timestamp,
        promise: Epoch,
        transfer: Option<Epoch>,
        alone: bool,
        out: &mut Vec<Output>,
    ) {
        match self.role {
            Role::Follower if promise == self.promise && self.can_stand() => {
                self.role = Role::Candidate(Box::new(Candidate::new(self, now, transfer, alone)));
                self.ask_for_promises(now, out);
            }
            Role::Follower => out.push(Output::TakeOverFailed),
            Role::Candidate(_) | Role::Leader(_) => {}
        }
    }
}
