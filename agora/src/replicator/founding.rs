//! How a log begins, and how it ends: founding, giving up, and giving way to another log.

use std::collections::BTreeSet;

use super::leader::Leader;
use super::message::{Around, Body, LogEnd, Message, Output, Standing};
use super::protocol::{MAX_NODES, Replicator, Role};
use crate::config::Mode;
use crate::discovery::message::About;
use crate::id::{Epoch, FoundingId, Index, Member, NodeId};
use crate::time::Timestamp;

impl Replicator {
    /// Discovery heard from another node.
    pub(super) fn on_found(&mut self, now: Timestamp, about: About, out: &mut Vec<Output>) {
        let node = about.member.node;
        if node == self.me.node {
            return;
        }
        self.seen = self.seen.max(about.promise.number.min(self.seen.saturating_add(super::protocol::MAX_EPOCH_JUMP)));
        let speaks_against = about.founding.is_some() || about.leader.is_some() || about.member.rank() > self.me.rank();
        if speaks_against {
            self.founding_blocked = now;
        }
        let founder = self.log.get(Index(1)).map(|entry| entry.position.epoch.leader);
        if about.founding.is_some() && about.founding == self.log.founding() {
            let holds_more = about.last.index.0 > 1;
            if holds_more || founder == Some(node) {
                self.founder_heard = now;
            }
        }
        // Of one UUID, the incarnation heard last is the living one.
        self.nodes.retain(|known, _| known.uuid != node.uuid || *known == node);
        if self.nodes.len() >= MAX_NODES && !self.nodes.contains_key(&node) {
            let oldest = self.nodes.iter().min_by_key(|(_, (_, at))| *at).map(|(node, _)| *node);
            oldest.and_then(|oldest| self.nodes.remove(&oldest));
        }
        self.warn_of_strangers(&about);
        self.compare_leaders(&about, out);
        if self.ended {
            return;
        }
        let mine = about.founding.is_none() || about.founding == self.log.founding();
        let elsewhere = about.leader.is_some_and(|leader| leader != self.me.node);
        if mine && (!elsewhere || self.outlived(&about)) {
            self.meet_observer(now, node);
        }
        self.nodes.insert(node, (about, now));
        self.consider_founding(now, out);
    }

    /// Who else is here: as a leader hears its members, or as discovery hears them while it asks often.
    pub(super) fn around(&self, now: Timestamp) -> Around {
        let (mut newcomers, mut holders) = (0, 0);
        match &self.role {
            Role::Leader(leader) if leader.serving => {
                let since = now - self.settings.failure_timeout();
                holders = self.log.members().iter().filter(|member| leader.has_heard(member.node, since)).count();
            }
            _ => {
                let since = now - self.settings.discovery_window;
                for (about, _) in self.nodes.values().filter(|(_, at)| *at >= since) {
                    if about.founding.is_none() {
                        newcomers += 1;
                    } else if self.log.is_empty() || self.is_member(about.member.node) {
                        holders += 1;
                    }
                }
            }
        }
        let at_most = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        Around { newcomers: at_most(newcomers), holders: at_most(holders) }
    }

    /// Whether to found now: called when the discovery window closes, when a node is heard, and at every tick.
    pub(super) fn consider_founding(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if !self.window_closed || !self.log.is_empty() || !matches!(self.role, Role::Follower) || self.stopping {
            return;
        }
        match self.settings.mode {
            Mode::Majority(size) => self.consider_founding_of(now, usize::from(size), out),
            Mode::Reachable => {
                if now.since(self.founding_blocked) >= self.settings.discovery_window {
                    self.found(now, vec![self.me], out);
                }
            }
        }
    }

    /// The highest rank of those heard founds, with the highest as members, once there are enough.
    fn consider_founding_of(&mut self, now: Timestamp, size: usize, out: &mut Vec<Output>) {
        let since = now - self.settings.discovery_window;
        let lately = || self.nodes.values().filter(|(_, at)| *at >= since).map(|(about, _)| about);
        // A promise without a log binds it to nothing: its incarnation is in no list.
        if lately().any(|about| about.founding.is_some()) {
            return;
        }
        let mut members: Vec<Member> = lately().map(|about| about.member).collect();
        members.push(self.me);
        members.sort_unstable_by_key(|member| std::cmp::Reverse(member.rank()));
        if members.len() < size || members.first() != Some(&self.me) {
            return;
        }
        members.truncate(size);
        members.sort_unstable();
        self.found(now, members, out);
    }

    fn found(&mut self, now: Timestamp, members: Vec<Member>, out: &mut Vec<Output>) {
        let epoch = Epoch { number: self.promise.number.max(self.seen) + 1, leader: self.me.node };
        let founding = FoundingId(uuid::Uuid::from_u64_pair(self.seed, self.me.node.incarnation));
        self.promise(now, epoch, out);
        self.founder_heard = now;
        let beat = now + self.settings.beat_interval();
        self.role = Role::Leader(Box::new(Leader::new(epoch, now, self.at_seen, &BTreeSet::new(), beat)));
        self.append(now, Body::Founded { founding, members }, out);
        self.meet_members(now);
    }

    /// A founder appends its first EpochStarted when *all* founding members hold the list.
    pub(super) fn found_if_all_hold(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let durable = self.durable();
        let me = self.me.node;
        let Role::Leader(leader) = &self.role else { return };
        if leader.epoch_started.0 != 0 {
            return;
        }
        let holds = |node: NodeId| {
            if node == me { durable.0 >= 1 } else { leader.peers.get(&node).is_some_and(|peer| peer.matched.0 >= 1) }
        };
        let members = self.log.members();
        if !members.iter().all(|member| holds(member.node)) {
            return;
        }
        let members = members.to_vec();
        self.append(now, Body::EpochStarted { members }, out);
        let index = self.log.last().index;
        if let Role::Leader(leader) = &mut self.role {
            leader.epoch_started = index;
        }
    }

    /// A founder whose list is not held by all within the removal time gives up; who holds nothing but a list does when
    /// for that long it heard neither the founder nor a holder of more.
    pub(super) fn consider_giving_up(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let nothing_more = self.standing() != Standing::Newcomer && !self.log.has_started();
        if nothing_more && now.since(self.founder_heard) > self.settings.removal_time() {
            self.end(Output::ReturnAsNewcomer(LogEnd::Unfounded), out);
        }
    }

    /// Whether another node still leads in an earlier epoch, although all that it committed is in this leader's log: it
    /// only has to hear of that.
    fn outlived(&self, about: &About) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        about.serving && about.promise < leader.epoch && self.log.contains(about.commit)
    }

    /// With `--cluster-size`, two logs under one name never mix; somebody has to know.
    fn warn_of_strangers(&mut self, about: &About) {
        let strange =
            self.log.founding().is_some() && about.founding.is_some() && about.founding != self.log.founding();
        if matches!(self.settings.mode, Mode::Majority(_)) && strange && self.stranger != about.founding {
            self.stranger = about.founding;
            log::warn!(
                "{} belongs to another cluster of the name {:?}: the two never mix; give one another name",
                about.member.node,
                self.settings.cluster
            );
        }
    }

    /// Mode `reachable`: two leaders after a partition. The one in the higher epoch compares, once: more committed
    /// auction entries win, then the higher rank.
    fn compare_leaders(&mut self, about: &About, out: &mut Vec<Output>) {
        if self.settings.mode != Mode::Reachable || !about.serving {
            return;
        }
        let Role::Leader(leader) = &self.role else { return };
        let (Some(mine), Some(theirs)) = (self.log.founding(), about.founding) else { return };
        let parted = mine != theirs || !self.log.contains(about.commit);
        if !leader.serving || !parted || leader.epoch < about.promise {
            return;
        }
        let i_win = (self.decided, self.me.rank()) > (about.decided, about.member.rank());
        if i_win {
            let message = Message::Superseded { founding: theirs, epoch: about.promise, winner: self.me.node };
            out.push(Output::Send { to: about.member.node, message });
        } else {
            self.give_way(about.member.node, out);
        }
    }

    /// This leader and its view set their logs aside.
    fn give_way(&mut self, winner: NodeId, out: &mut Vec<Output>) {
        let (Role::Leader(leader), Some(founding)) = (&self.role, self.log.founding()) else { return };
        let message = Message::Superseded { founding, epoch: leader.epoch, winner };
        for to in leader.peers.keys() {
            out.push(Output::Send { to: *to, message: message.clone() });
        }
        out.push(Output::Deposed);
        self.end(Output::ReturnAsNewcomer(LogEnd::Superseded), out);
    }

    /// Told by its leader, or as a leader by the one that wins: this log ends.
    pub(super) fn on_superseded(&mut self, from: NodeId, epoch: Epoch, winner: NodeId, out: &mut Vec<Output>) {
        if self.settings.mode != Mode::Reachable || epoch != self.promise {
            return;
        }
        match &self.role {
            Role::Leader(leader) if leader.epoch == epoch => self.give_way(winner, out),
            Role::Follower if from == epoch.leader => self.end(Output::ReturnAsNewcomer(LogEnd::Superseded), out),
            _ => {}
        }
    }
}
