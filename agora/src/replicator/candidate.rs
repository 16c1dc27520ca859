//! Taking over: ask whether a quorum would promise, collect promises, adopt the newest log among them, lead.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::leader::Leader;
use super::log::Merge;
use super::message::{Body, Entry, LogEnd, Message, Output};
use super::protocol::{Replicator, Role};
use super::quorum;
use super::snapshot::Incoming;
use crate::config::Mode;
use crate::id::{Epoch, Index, Member, NodeId, Position};
use crate::time::{At, Timestamp};

/// A request that is not answered is sent again after this long.
const RESEND: Duration = Duration::from_millis(15);

/// One attempt.
#[derive(Debug)]
pub(super) struct Candidate {
    epoch: Epoch,
    transfer: Option<Epoch>,
    /// Fewer than a quorum may do: then all that are heard must promise.
    alone: bool,
    phase: Phase,
    answers: BTreeMap<NodeId, Answer>,
    /// Mode `reachable`: holders of logs that parted from this one after a partition, and give way to it.
    parted: BTreeSet<NodeId>,
    gives_up: Timestamp,
    resend: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// *Would you promise?* Nothing is written.
    Asking,
    /// *Promise.* This node's own promise is written first.
    Promising,
    /// A quorum promised, and one of them holds a newer log: fetching it.
    Fetching {
        holder: NodeId,
        goal: Position,
        /// So far its log and this one agree.
        agreed: Position,
    },
}

/// A promise, or its denial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) granted: bool,
    pub(super) promise: Epoch,
    pub(super) last: Position,
    pub(super) commit: Index,
    pub(super) at: At,
}

impl Candidate {
    pub(super) fn new(node: &Replicator, now: Timestamp, transfer: Option<Epoch>, alone: bool) -> Self {
        let number = node.promise.number.max(node.seen).saturating_add(1);
        Self {
            epoch: Epoch { number, leader: node.me.node },
            transfer,
            alone,
            phase: Phase::Asking,
            answers: BTreeMap::new(),
            parted: BTreeSet::new(),
            gives_up: now + node.patience(),
            resend: now,
        }
    }

    pub(super) fn deadline(&self) -> Timestamp {
        self.resend.min(self.gives_up)
    }

    fn granted(&self) -> BTreeSet<NodeId> {
        self.answers.iter().filter(|(_, answer)| answer.granted).map(|(node, _)| *node).collect()
    }
}

impl Replicator {
    /// How long an attempt may go without progress.
    fn patience(&self) -> Duration {
        self.settings.election_timeout_interval.max(self.settings.failure_timeout() / 2).max(Duration::from_millis(40))
    }

    /// Whom a candidate asks: the members of the lists that count, and where few may do, everyone it hears.
    fn asked(&self, candidate: &Candidate) -> BTreeSet<NodeId> {
        let mut asked: BTreeSet<NodeId> = self.log.members().iter().map(|member| member.node).collect();
        if self.settings.mode == Mode::Reachable {
            asked.extend(self.log.members_before().unwrap_or_default().iter().map(|member| member.node));
        }
        if candidate.alone {
            asked.extend(self.heard_nodes(candidate.resend));
        }
        asked.remove(&self.me.node);
        asked
    }

    /// The nodes of this log, or of none, that discovery heard within a discovery window.
    pub(super) fn heard_nodes(&self, now: Timestamp) -> BTreeSet<NodeId> {
        let since = now - (self.settings.discovery_window + self.settings.failure_timeout());
        let mine = self.log.founding();
        let about_this = |founding: Option<_>| founding.is_none() || founding == mine;
        self.nodes
            .iter()
            .filter(|(_, (about, at))| *at >= since && about_this(about.founding))
            .map(|(node, _)| *node)
            .collect()
    }

    pub(super) fn ask_for_promises(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Role::Candidate(candidate) = &self.role else { return };
        let Some(founding) = self.log.founding() else { return };
        let dry = candidate.phase == Phase::Asking;
        let message = Message::PromiseRequest {
            founding,
            epoch: candidate.epoch,
            dry,
            transfer: candidate.transfer,
            progress: match candidate.phase {
                Phase::Fetching { agreed, .. } => {
                    self.incoming.as_ref().map_or(agreed.index, Incoming::last).max(agreed.index)
                }
                Phase::Asking | Phase::Promising => Index(0),
            },
        };
        // While it fetches, the promises are repeated too: they tell the others how far it is.
        let repeat = matches!(candidate.phase, Phase::Fetching { .. });
        let asked: Vec<NodeId> =
            self.asked(candidate).into_iter().filter(|node| repeat || !candidate.answers.contains_key(node)).collect();
        for to in asked {
            let send = Output::Send { to, message: message.clone() };
            if dry { out.push(send) } else { self.gated(send, out) }
        }
        self.fetch(out);
        if let Role::Candidate(candidate) = &mut self.role {
            candidate.resend = now + RESEND;
        }
        self.count_promises(now, out);
    }

    pub(super) fn fetch(&mut self, out: &mut Vec<Output>) {
        let Role::Candidate(candidate) = &self.role else { return };
        let Phase::Fetching { holder, agreed, .. } = candidate.phase else { return };
        let (Some(founding), epoch) = (self.log.founding(), candidate.epoch) else { return };
        if !self.ask_on(holder, epoch, founding, out) {
            let probe = crate::id::Probe(0);
            let message = Message::ReplicationRequest { founding, epoch, probe, after: agreed };
            out.push(Output::Send { to: holder, message });
        }
    }

    /// Whether it adopts the log of `holder` for this epoch.
    pub(super) fn fetches_from(&self, holder: NodeId, epoch: Epoch) -> bool {
        let Role::Candidate(candidate) = &self.role else { return false };
        let of = |phase| matches!(phase, Phase::Fetching { holder: of, .. } if of == holder);
        candidate.epoch == epoch && of(candidate.phase)
    }

    /// The log that it adopts begins at `base`, which is in this one although it was not known to be committed: the two
    /// agree up to there.
    pub(super) fn agrees_up_to(&mut self, now: Timestamp, base: Position, out: &mut Vec<Output>) {
        let Role::Candidate(candidate) = &self.role else { return };
        if matches!(candidate.phase, Phase::Fetching { agreed, .. } if agreed < base) {
            self.fetched(now, Some(base), out);
            self.fetch(out);
        }
    }

    /// A piece of the snapshot that it adopts has come; with the last one, the log agrees up to there.
    pub(super) fn fetched(&mut self, now: Timestamp, end: Option<Position>, out: &mut Vec<Output>) {
        let patience = self.patience();
        let Role::Candidate(candidate) = &mut self.role else { return };
        let Phase::Fetching { goal, agreed, .. } = &mut candidate.phase else { return };
        candidate.gives_up = now + patience;
        if let Some(end) = end {
            *agreed = end;
            let done = end >= *goal;
            if done {
                candidate.phase = Phase::Promising;
            }
            out.push(Output::Progress);
            if done {
                // The adopted log may name other members: ask those that have not been asked, and count again.
                self.ask_for_promises(now, out);
            }
        }
    }

    pub(super) fn on_promise_response(
        &mut self,
        now: Timestamp,
        from: NodeId,
        epoch: Epoch,
        dry: bool,
        answer: Answer,
        out: &mut Vec<Output>,
    ) {
        if !self.believable(answer.promise) {
            return;
        }
        self.seen = self.seen.max(answer.promise.number);
        let Role::Candidate(candidate) = &mut self.role else { return };
        self.at_seen = self.at_seen.max(answer.at);
        if epoch != candidate.epoch || dry != (candidate.phase == Phase::Asking) {
            return;
        }
        let patience = self.settings.election_timeout_interval;
        if answer.promise > candidate.epoch {
            if candidate.phase == Phase::Asking {
                // Nothing is written yet: ask again, above it.
                candidate.epoch.number = answer.promise.number.saturating_add(1);
                candidate.answers.clear();
                candidate.resend = now + patience.min(RESEND);
            } else {
                self.give_up_taking_over(out);
            }
            return;
        }
        if answer.granted {
            candidate.answers.insert(from, answer);
            self.count_promises(now, out);
        }
    }

    /// Whether those who granted, this node included, suffice for the log as it is here now.
    fn enough_promises(&self, now: Timestamp, candidate: &Candidate) -> bool {
        let mut granted = candidate.granted();
        granted.insert(self.me.node);
        if candidate.alone {
            return self.asked_alone(now).iter().all(|node| granted.contains(node));
        }
        let known = candidate.answers.values().map(|answer| answer.commit).max().unwrap_or_default().max(self.commit);
        let before = self.log.members_before().filter(|_| self.log.members_index() > known);
        let leader = self.log.last_epoch().leader;
        let backup = self.may_be_backup(now, known);
        quorum::may_take_over(self.settings.mode, self.log.members(), before, (leader, backup), &granted)
    }

    /// Whether it can still be the backup of the last view here, without which its leader commits nothing: not if more is
    /// committed than it holds, nor if it has been silent for so long that the leader may have gone on without it.
    fn may_be_backup(&self, now: Timestamp, known: Index) -> bool {
        let mine = self.log.founding();
        let told = self.nodes.values().filter(|(about, _)| about.founding == mine).map(|(about, _)| about.commit.index);
        let committed = told.max().unwrap_or_default().max(known);
        // Half of it, as the leader's clock may be a fast one.
        let patience = self.settings.removal_time() / 2;
        committed <= self.log.last().index && self.current_at.is_some_and(|at| now.since(at) < patience)
    }

    /// Where few may do: all that are heard must promise.
    fn asked_alone(&self, now: Timestamp) -> BTreeSet<NodeId> {
        let mut nodes = self.heard_nodes(now);
        nodes.remove(&self.me.node);
        nodes
    }

    fn count_promises(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Role::Candidate(candidate) = &self.role else { return };
        if matches!(candidate.phase, Phase::Fetching { .. }) || !self.enough_promises(now, candidate) {
            return;
        }
        let (epoch, ordered) = (candidate.epoch, candidate.transfer);
        if candidate.phase == Phase::Asking {
            let hindered = ordered.is_none_or(|by| by != self.promise) && self.hears_leader(now, self.me.node);
            if hindered || epoch <= self.promise {
                self.give_up_taking_over(out);
                return;
            }
            self.start_promising(now, epoch, out);
            return;
        }
        if !self.is_flushed() {
            return; // Its own promise counts once it is flushed; the next answer or resend counts again.
        }
        let adoptable = |(node, answer): &(&NodeId, &Answer)| answer.granted && !candidate.parted.contains(node);
        let best = candidate.answers.iter().filter(adoptable).max_by_key(|(_, answer)| answer.last);
        let newer = best.map(|(node, answer)| (*node, answer.last)).filter(|(_, last)| *last > self.log.last());
        if let Some((holder, goal)) = newer {
            let agreed = self.log.position(self.commit).unwrap_or(Position::START);
            let patience = self.patience();
            if let Role::Candidate(candidate) = &mut self.role {
                candidate.phase = Phase::Fetching { holder, goal, agreed };
                candidate.gives_up = now + patience;
            }
            self.fetch(out);
        } else {
            self.lead(now, out);
        }
    }

    /// Raises and writes its own promise, then asks for the others'.
    fn start_promising(&mut self, now: Timestamp, epoch: Epoch, out: &mut Vec<Output>) {
        let Role::Candidate(mut candidate) = std::mem::replace(&mut self.role, Role::Follower) else { return };
        self.promise(now, epoch, out);
        candidate.phase = Phase::Promising;
        candidate.answers.clear();
        candidate.gives_up = now + self.patience();
        self.role = Role::Candidate(candidate);
        out.push(Output::Progress);
        self.ask_for_promises(now, out);
    }

    pub(super) fn on_replication_response(
        &mut self,
        now: Timestamp,
        from: NodeId,
        epoch: Epoch,
        previous: Position,
        entries: Vec<Entry>,
        out: &mut Vec<Output>,
    ) {
        let Role::Candidate(candidate) = &self.role else { return };
        let Phase::Fetching { holder, goal, agreed } = &candidate.phase else { return };
        if from != *holder || epoch != candidate.epoch {
            return;
        }
        if entries.is_empty() && previous == *goal && self.settings.mode == Mode::Reachable {
            self.parted_from(now, from, out);
            return;
        }
        if previous != *agreed {
            return;
        }
        let Some(end) = entries.last().map(|entry| entry.position) else { return };
        let mut records = Vec::new();
        self.at_seen = entries.iter().map(|entry| entry.at).fold(self.at_seen, At::max);
        match self.log.merge(previous, entries, self.commit, &mut records) {
            Merge::Verified(_) => {
                self.write(now, records, out);
                self.fetched(now, Some(end), out);
            }
            Merge::Mismatch | Merge::CutBelowCommit(_) => {
                self.write(now, records, out);
                self.give_up_taking_over(out);
            }
        }
    }

    /// The newest log among the promises lacks what is committed here: after a partition, two logs without a leader. As
    /// between leaders, more committed auction entries win, then the higher rank.
    fn parted_from(&mut self, now: Timestamp, holder: NodeId, out: &mut Vec<Output>) {
        let theirs = self.nodes.get(&holder).map(|(about, _)| (about.decided, about.member.rank()));
        if theirs.is_some_and(|theirs| theirs > (self.decided, self.me.rank())) {
            self.end(Output::ReturnAsNewcomer(LogEnd::Superseded), out);
            return;
        }
        if let Role::Candidate(candidate) = &mut self.role {
            candidate.parted.insert(holder);
            candidate.phase = Phase::Promising;
        }
        self.count_promises(now, out);
    }

    fn give_up_taking_over(&mut self, out: &mut Vec<Output>) {
        self.role = Role::Follower;
        out.push(Output::TakeOverFailed);
    }

    /// Own writes became durable: that may be what the promises waited for.
    pub(super) fn count_own_promise(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if matches!(&self.role, Role::Candidate(candidate) if candidate.phase == Phase::Promising) {
            self.count_promises(now, out);
        }
    }

    pub(super) fn fire_candidate(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Role::Candidate(candidate) = &self.role else { return };
        if candidate.gives_up <= now {
            self.give_up_taking_over(out);
        } else if candidate.resend <= now {
            self.ask_for_promises(now, out);
        }
    }

    /// Promises suffice and the newest log is here: append EpochStarted and replicate it.
    fn lead(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Role::Candidate(candidate) = std::mem::replace(&mut self.role, Role::Follower) else { return };
        let members = match self.settings.mode {
            Mode::Majority(_) => self.log.members().to_vec(),
            Mode::Reachable => self.view_of(&candidate.granted()),
        };
        let promised = candidate.granted();
        let mut leader =
            Leader::new(candidate.epoch, now, self.at_seen, &promised, now + self.settings.beat_interval());
        leader.stays = candidate.transfer.is_some() && candidate.transfer == self.to_stay;
        self.role = Role::Leader(Box::new(leader));
        self.append(now, Body::EpochStarted { members }, out);
        if let Role::Leader(leader) = &mut self.role {
            leader.epoch_started = self.log.last().index;
        }
        self.meet_members(now);
    }

    /// The new view: this node and those who promised.
    fn view_of(&self, promised: &BTreeSet<NodeId>) -> Vec<Member> {
        let known = |node: NodeId| {
            let listed = self.log.members().iter().chain(self.log.members_before().unwrap_or_default());
            listed.copied().find(|member| member.node == node).or_else(|| self.nodes.get(&node).map(|it| it.0.member))
        };
        let mut members: Vec<Member> = promised.iter().filter_map(|node| known(*node)).collect();
        members.push(self.me);
        members.sort_unstable();
        members.dedup_by_key(|member| member.node);
        members.truncate(super::message::MAX_MEMBERS);
        members
    }
}
