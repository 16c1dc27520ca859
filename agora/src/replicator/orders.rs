//! What an operator orders: another member, one less, another leader. An order that is given again is the same order: it is
//! answered by what is so by now.

use super::message::{Body, MAX_VOTERS, Order, Ordered, Output, Unfit};
use super::protocol::{Replicator, Role};
use super::quorum;
use crate::config::Mode;
use crate::id::{Member, NodeId};
use crate::time::Timestamp;

impl Replicator {
    /// Begins what is ordered, if it can be, and tells how far it is. Only a leader answers.
    pub(super) fn on_order(&mut self, now: Timestamp, ticket: u64, order: Order, out: &mut Vec<Output>) {
        if !matches!(&self.role, Role::Leader(leader) if leader.serving) || self.stopping {
            return;
        }
        let answer = match order {
            Order::Add(uuid) => self.add(now, uuid, out),
            Order::Remove(uuid) => self.remove(now, uuid, out),
            Order::Transfer { from, to } => self.transfer(now, from, to, out),
        };
        out.push(Output::Ordered { ticket, answer: answer.unwrap_or_else(Ordered::Refused) });
    }

    /// *Begun, or not yet*: a list is under way, or a transfer, or this node has just begun to lead.
    fn is_busy(&self) -> bool {
        !self.list_is_settled() || matches!(&self.role, Role::Leader(leader) if leader.transfer.is_some())
    }

    fn add(&mut self, now: Timestamp, uuid: uuid::Uuid, out: &mut Vec<Output>) -> Result<Ordered, Unfit> {
        if self.settings.mode == Mode::Reachable {
            return Err(Unfit::Reachable);
        }
        let here = self.observers(now).find(|node| node.uuid == uuid);
        if let Some(member) = self.log.members().iter().find(|member| member.node.uuid == uuid) {
            let former = here.is_some_and(|here| here != member.node);
            return match (former, self.list_is_settled()) {
                (true, _) => Err(Unfit::FormerLife),
                (false, true) => Ok(Ordered::Done),
                (false, false) => Ok(Ordered::UnderWay),
            };
        }
        let here = here.or_else(|| self.known_observer(uuid)).ok_or(Unfit::NotHere)?;
        if self.log.members().len() >= MAX_VOTERS {
            return Err(Unfit::Full);
        }
        if !self.is_busy() && self.has_caught_up(here) {
            self.prove_alive(now, here, out);
        }
        Ok(Ordered::UnderWay)
    }

    fn remove(&mut self, now: Timestamp, uuid: uuid::Uuid, out: &mut Vec<Output>) -> Result<Ordered, Unfit> {
        if self.settings.mode == Mode::Reachable {
            return Err(Unfit::Reachable);
        }
        let Some(member) = self.log.members().iter().find(|member| member.node.uuid == uuid).copied() else {
            return Ok(if self.list_is_settled() { Ordered::Done } else { Ordered::UnderWay });
        };
        if member.node == self.me.node {
            return Err(if self.log.members().len() == 1 { Unfit::Last } else { Unfit::Leads });
        }
        if self.is_busy() {
            return Ok(Ordered::UnderWay);
        }
        if !self.append_without(now, member.node, out) {
            return Err(Unfit::NoMajority);
        }
        Ok(Ordered::UnderWay)
    }

    /// `from` led when this was ordered first: once another leads, and the right one, it is done.
    fn transfer(
        &mut self,
        now: Timestamp,
        from: uuid::Uuid,
        to: Option<uuid::Uuid>,
        out: &mut Vec<Output>,
    ) -> Result<Ordered, Unfit> {
        let me = self.me.node.uuid;
        if to.map_or(from != me, |to| to == me) {
            return Ok(Ordered::Done);
        }
        let wanted = |member: &&Member| member.node.uuid != me && to.is_none_or(|to| member.node.uuid == to);
        let mut members: Vec<_> = self.log.members().iter().filter(wanted).copied().collect();
        if members.is_empty() {
            return Err(Unfit::NotHere);
        }
        members.retain(|member| self.is_heard(now, member.node));
        members.sort_unstable_by_key(|member| std::cmp::Reverse(member.rank()));
        if members.is_empty() {
            return Err(Unfit::Unheard);
        }
        let caught_up = members.iter().find(|member| self.has_caught_up(member.node)).map(|member| member.node);
        if let Some(to) = caught_up.filter(|_| !self.is_busy()) {
            self.begin_transfer(now, to, true, out);
        }
        Ok(Ordered::UnderWay)
    }

    /// With `--cluster-size`, a member that has not been heard for `member-replace-after` is replaced by an observer: that
    /// is added first, then the lost one removed. A leader whose log is on disk takes only one whose log is, too.
    pub(super) fn consider_replacement(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let Mode::Majority(size) = self.settings.mode else { return };
        let Role::Leader(leader) = &self.role else { return };
        if self.is_busy() || self.stopping {
            return;
        }
        let after = self.settings.member_replace_after;
        let silent = |node: NodeId| {
            let peer = leader.peers.get(&node);
            node != self.me.node
                && peer.is_none_or(|peer| now.since(peer.heard_at.unwrap_or(peer.since).max(peer.since)) > after)
        };
        let members = self.log.members();
        let Some(gone) = members.iter().map(|member| member.node).find(|node| silent(*node)) else { return };
        if members.len() > usize::from(size) {
            self.append_without(now, gone, out);
            return;
        }
        let fits = |node: &NodeId| {
            let about = self.nodes.get(node).map(|(about, _)| about);
            self.has_caught_up(*node) && about.is_some_and(|about| about.disk || !self.on_disk)
        };
        let found = self.observers(now).find(fits).filter(|_| members.len() < MAX_VOTERS);
        if let Some(node) = found {
            self.prove_alive(now, node, out);
        }
    }

    /// An observer shall become a member, once it has answered a probe that it is sent now. One that has just died would take
    /// a majority with it: of three members and one lost, it would be the second lost of four.
    fn prove_alive(&mut self, now: Timestamp, node: NodeId, out: &mut Vec<Output>) {
        let removal = self.settings.removal_time();
        let Role::Leader(leader) = &mut self.role else { return };
        let after = leader.last_probe();
        if !leader.proving.is_some_and(|(of, _, since)| of == node && now.since(since) <= removal) {
            leader.proving = Some((node, after, now));
        }
        self.replicate(now, node, true, out);
    }

    /// A node has answered a probe: perhaps what it was to become a member for.
    pub(super) fn consider_proof(&mut self, now: Timestamp, from: NodeId, out: &mut Vec<Output>) {
        let removal = self.settings.removal_time();
        let Role::Leader(leader) = &self.role else { return };
        let Some((_, after, since)) = leader.proving.filter(|(of, ..)| *of == from) else { return };
        let proven = leader.peers.get(&from).is_some_and(|peer| peer.acknowledged_probe() > after);
        if !proven || self.is_busy() || self.stopping || !self.has_caught_up(from) || self.is_member(from) {
            return;
        }
        if let Role::Leader(leader) = &mut self.role {
            leader.proving = None;
        }
        if now.since(since) <= removal && self.log.members().len() < MAX_VOTERS {
            self.append_with(now, from, out);
        }
    }

    /// Nodes that hold the log, are heard, and are no members.
    fn observers(&self, now: Timestamp) -> impl Iterator<Item = NodeId> {
        let peers = match &self.role {
            Role::Leader(leader) => Some(&leader.peers),
            _ => None,
        };
        let nodes = peers.into_iter().flat_map(|peers| peers.keys().copied());
        nodes.filter(move |node| !self.is_member(*node) && self.is_heard(now, *node))
    }

    /// One that is replicated to, and is listed: not heard yet, perhaps, or silent for a moment, on a busy machine. It has to
    /// prove that it is alive before it counts.
    fn known_observer(&self, uuid: uuid::Uuid) -> Option<NodeId> {
        let Role::Leader(leader) = &self.role else { return None };
        let lives = leader
            .peers
            .iter()
            .filter(|(node, peer)| node.uuid == uuid && peer.leaving.is_none() && !self.is_member(**node));
        lives.max_by_key(|(_, peer)| peer.heard_at).map(|(node, _)| *node)
    }

    fn is_heard(&self, now: Timestamp, node: NodeId) -> bool {
        let since = now - self.settings.failure_timeout();
        let Role::Leader(leader) = &self.role else { return false };
        leader
            .peers
            .get(&node)
            .is_some_and(|peer| peer.leaving.is_none() && peer.heard_at.is_some_and(|at| at >= since))
    }

    fn has_caught_up(&self, node: NodeId) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        leader.peers.get(&node).is_some_and(|peer| peer.matched >= self.commit)
    }

    /// One member more.
    fn append_with(&mut self, now: Timestamp, node: NodeId, out: &mut Vec<Output>) {
        let Some(member) = self.nodes.get(&node).map(|(about, _)| about.member) else { return };
        let mut list: Vec<Member> = self.log.members().to_vec();
        list.push(member);
        list.sort_unstable();
        self.append_list(now, list, out);
    }

    /// One member less, if a majority of the rest is heard; whether it is.
    fn append_without(&mut self, now: Timestamp, node: NodeId, out: &mut Vec<Output>) -> bool {
        let list: Vec<Member> = self.log.members().iter().filter(|member| member.node != node).copied().collect();
        let enough = quorum::hears_quorum(&list, |it| it == self.me.node || self.is_heard(now, it));
        if enough {
            self.append_list(now, list, out);
        }
        enough
    }

    fn append_list(&mut self, now: Timestamp, list: Vec<Member>, out: &mut Vec<Output>) {
        self.append(now, Body::Members(list), out);
    }
}
