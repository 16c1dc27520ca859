//! Who counts: joins and leaves of the view, and handing the leadership over.

use std::collections::BTreeSet;

use super::message::{Body, Message, Output};
use super::peer::Peer;
use super::protocol::{Replicator, Role};
use crate::config::Mode;
use crate::id::{Epoch, Index, Member, NodeId, Probe};
use crate::time::Timestamp;

/// At most so many nodes are replicated to beside the members.
const MAX_OBSERVERS: usize = 64;

/// A hand-over under way: nothing is accepted until it has succeeded or failed.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) to: NodeId,
    /// An operator ordered it.
    stays: bool,
    /// It was told to stand.
    pub(super) ordered: bool,
    until: Timestamp,
}

/// Before members leave the view, all that the leader hears are asked whether they promised more.
#[derive(Debug)]
pub(super) struct Leave {
    /// Acknowledged probes after this one count.
    after: Probe,
}

impl Replicator {
    /// Replicates to every member, and to those who were left out last until they have learned of it.
    pub(super) fn meet_members(&mut self, now: Timestamp) {
        let me = self.me.node;
        let last = self.log.last().index;
        let members: Vec<NodeId> = self.log.members().iter().map(|member| member.node).collect();
        let Role::Leader(leader) = &mut self.role else { return };
        for node in members.into_iter().filter(|node| *node != me) {
            leader.peers.entry(node).or_insert_with(|| Peer::new(now, false));
        }
        for peer in leader.peers.values_mut().filter(|peer| peer.next.0 == 0) {
            peer.next = last.max(Index(1));
        }
    }

    /// Replicates to a node that discovery found and that follows nobody else, so that it can be counted later.
    pub(super) fn meet_observer(&mut self, now: Timestamp, node: NodeId) {
        let last = self.log.last().index;
        let members = self.log.members().len();
        let Role::Leader(leader) = &mut self.role else { return };
        if leader.serving && leader.peers.len() < members + MAX_OBSERVERS {
            leader.peers.entry(node).or_insert_with(|| {
                let mut peer = Peer::new(now, false);
                peer.next = last.max(Index(1));
                peer
            });
        }
    }

    /// What a leader does about members at every beat.
    pub(super) fn look_after_members(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.forget_observers(now);
        if self.settings.mode == Mode::Reachable {
            self.consider_leave(now, out);
            self.consider_join(now, out);
        } else {
            self.consider_replacement(now, out);
        }
        self.consider_transfer(now, out);
    }

    /// Observers that are not heard for the removal time are not replicated to any more.
    fn forget_observers(&mut self, now: Timestamp) {
        let removal = self.settings.removal_time();
        let members: BTreeSet<NodeId> = self.log.members().iter().map(|member| member.node).collect();
        let Role::Leader(leader) = &mut self.role else { return };
        leader.peers.retain(|node, peer| {
            members.contains(node) || now.since(peer.heard_at.unwrap_or(peer.since).max(peer.since)) <= removal
        });
    }

    /// No list is under way, and an entry of this leader's epoch is committed: the list may change.
    pub(super) fn list_is_settled(&self) -> bool {
        matches!(&self.role, Role::Leader(leader) if leader.serving) && self.log.members_index() <= self.commit
    }

    /// Mode `reachable`: an observer whose log has reached the commit index joins the view.
    fn consider_join(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Role::Leader(leader) = &self.role else { return };
        if !self.list_is_settled() || leader.leave.is_some() || leader.transfer.is_some() {
            return;
        }
        let since = now - self.settings.failure_timeout();
        let members = self.log.members();
        if members.len() >= super::message::MAX_MEMBERS {
            return;
        }
        let ready = leader.peers.iter().find(|(node, peer)| {
            let heard = peer.heard_at.is_some_and(|at| at >= since);
            let stays = peer.leaving.is_none_or(|until| until < now);
            heard && stays && peer.matched >= self.commit && !members.iter().any(|member| member.node == **node)
        });
        let Some(joining) = ready.and_then(|(node, _)| self.nodes.get(node)).map(|(about, _)| about.member) else {
            return;
        };
        // A former life of the same node is not coming back.
        let mut list: Vec<Member> = members.to_vec();
        list.push(joining);
        list.sort_unstable();
        if let Role::Leader(leader) = &mut self.role
            && let Some(peer) = leader.peers.get_mut(&joining.node)
        {
            peer.leaving = None;
        }
        self.append(now, Body::Members(list), out);
    }

    /// Mode `reachable`: members that have not answered for the removal time, or said that they stop, leave the view, all
    /// in one entry, once all that this leader hears have shown that they promised nobody else.
    fn consider_leave(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let removal = self.settings.removal_time();
        let since = now - self.settings.failure_timeout();
        let me = self.me.node;
        let Role::Leader(leader) = &self.role else { return };
        if leader.epoch_started.0 == 0 {
            return;
        }
        let silent = |node: NodeId| {
            let peer = leader.peers.get(&node);
            peer.is_none_or(|peer| {
                peer.leaving.is_some() || now.since(peer.heard_at.unwrap_or(peer.since).max(peer.since)) > removal
            })
        };
        let members = self.log.members();
        let list: Vec<Member> =
            members.iter().filter(|member| member.node == me || !silent(member.node)).copied().collect();
        if list.len() == members.len() {
            if let Role::Leader(leader) = &mut self.role {
                leader.leave = None;
            }
            return;
        }
        let heard = self.heard_nodes(now);
        let Role::Leader(leader) = &mut self.role else { return };
        let Some(leave) = &leader.leave else {
            leader.leave = Some(Leave { after: leader.last_probe() });
            for node in heard.into_iter().filter(|node| *node != me) {
                leader.peers.entry(node).or_insert_with(|| {
                    let mut peer = Peer::new(now, false);
                    peer.next = Index(1);
                    peer
                });
            }
            let peers: Vec<NodeId> = leader.peers.keys().copied().collect();
            for peer in peers {
                self.replicate(now, peer, true, out);
            }
            return;
        };
        let asked = leader
            .peers
            .iter()
            .filter(|(node, peer)| heard.contains(node) || peer.heard_at.is_some_and(|at| at >= since));
        let all_answered = asked.into_iter().all(|(_, peer)| peer.acknowledged_probe() > leave.after);
        if all_answered {
            leader.leave = None;
            self.append(now, Body::Members(list), out);
        }
    }

    /// Hands over to a member of higher rank that has caught up, at most once per removal time.
    fn consider_transfer(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let removal = self.settings.removal_time();
        let since = now - self.settings.failure_timeout();
        let settled = self.list_is_settled();
        let Role::Leader(leader) = &mut self.role else { return };
        if leader.transfer.is_some() {
            self.go_on_with_transfer(now, out);
            return;
        }
        let rests = leader.stays || now.since(leader.last_transfer) < removal;
        if !settled || (!self.stopping && rests) {
            return;
        }
        let caught_up = |node: NodeId| {
            leader
                .peers
                .get(&node)
                .filter(|peer| peer.leaving.is_none())
                .is_some_and(|peer| peer.matched >= self.commit && peer.heard_at.is_some_and(|at| at >= since))
        };
        let me = self.me;
        let best = self
            .log
            .members()
            .iter()
            .filter(|member| member.node != me.node && (self.stopping || member.rank() > me.rank()))
            .filter(|member| caught_up(member.node))
            .max_by_key(|member| member.rank());
        let Some(to) = best.map(|member| member.node) else {
            if self.stopping {
                self.end(Output::Stopped, out);
            }
            return;
        };
        self.begin_transfer(now, to, false, out);
    }

    /// Accepts nothing any more until the transfer has succeeded or failed.
    pub(super) fn begin_transfer(&mut self, now: Timestamp, to: NodeId, stays: bool, out: &mut Vec<Output>) {
        let until = now + self.settings.failure_timeout() * 2;
        let Role::Leader(leader) = &mut self.role else { return };
        leader.transfer = Some(Transfer { to, stays, ordered: false, until });
        leader.last_transfer = now;
        self.tell_credit(now, false, out);
        self.go_on_with_transfer(now, out);
    }

    /// Once the member holds everything, it is told to stand; after a while without a higher promise this leader goes on.
    fn go_on_with_transfer(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let (last, founding) = (self.log.last().index, self.log.founding());
        let Role::Leader(leader) = &mut self.role else { return };
        let (Some(transfer), Some(founding)) = (&mut leader.transfer, founding) else { return };
        if transfer.until <= now {
            leader.transfer = None;
            if self.stopping {
                self.end(Output::Stopped, out);
            } else {
                self.tell_credit(now, true, out);
            }
            return;
        }
        if leader.peers.get(&transfer.to).is_some_and(|peer| peer.matched >= last) {
            transfer.ordered = true;
            let message = Message::Transfer { founding, epoch: leader.epoch, stays: transfer.stays };
            out.push(Output::Send { to: transfer.to, message });
        }
    }

    /// The host wants to stop: a leader hands over first; in mode `reachable` a member leaves the view first.
    pub(super) fn on_stop(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.stopping = true;
        match &self.role {
            Role::Leader(leader) if leader.serving => self.consider_transfer(now, out),
            Role::Follower if self.is_counted() => {
                self.leaving = Some(now + self.settings.farewell());
                self.go_on_leaving(now, out);
            }
            _ => self.end(Output::Stopped, out),
        }
    }

    /// Whether a leader's bids wait for this node.
    fn is_counted(&self) -> bool {
        self.settings.mode == Mode::Reachable && self.following.is_some() && self.is_member(self.me.node)
    }

    /// Asks to be left out, until the list without it is here or the time is over.
    pub(super) fn go_on_leaving(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Some(until) = self.leaving else { return };
        if until <= now || !self.is_counted() {
            self.end(Output::Stopped, out);
        } else if let (Some(to), Some(founding)) = (self.following, self.log.founding()) {
            out.push(Output::Send { to, message: Message::Leave { founding, epoch: self.promise } });
        }
    }

    /// A member stops: it is left out as one that is silent for too long, but at once.
    pub(super) fn on_leave(&mut self, now: Timestamp, from: NodeId, epoch: Epoch, out: &mut Vec<Output>) {
        let farewell = self.settings.farewell();
        let Role::Leader(leader) = &mut self.role else { return };
        let Some(peer) = leader.peers.get_mut(&from).filter(|_| epoch == leader.epoch) else { return };
        peer.leaving = Some(now + farewell);
        if self.settings.mode == Mode::Reachable {
            self.consider_leave(now, out);
        }
    }
}
