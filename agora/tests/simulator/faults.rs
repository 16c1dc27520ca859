//! How the faults of the schedule are carried out: on whom, and how far a mode's promise allows it.

use std::rc::Rc;

use agora::config::Mode;
use agora::replicator::message::{Body, Entry, Record, Standing};

use crate::invariants::Violation;
use crate::network::Network;
use crate::queue::Happening;
use crate::schedule::{Fault, MILLI, Promise};
use crate::trace::brief;
use crate::world::World;

impl World {
    /// A fault of the schedule begins.
    pub(crate) fn fault_begins(&mut self, number: usize) {
        let planned = self.schedule.faults[number];
        let fault = planned.fault;
        let target = self.target(fault);
        self.trace.line("", || format!("fault {number} begins: {fault:?}, node {target}"));
        let everyone: Vec<usize> = (0..self.nodes.len() + self.clients.len()).collect();
        let done = match fault {
            Fault::Crash { .. } => {
                self.may_fall(target) && {
                    self.crash(target);
                    true
                }
            }
            Fault::Stop { .. } => {
                self.may_fall(target) && {
                    self.nodes[target].stop();
                    true
                }
            }
            Fault::CrashAll => {
                self.may_all_fall() && {
                    self.up().into_iter().for_each(|slot| self.crash(slot));
                    true
                }
            }
            Fault::Isolate => {
                let rest: Vec<usize> = everyone.into_iter().filter(|other| *other != target).collect();
                self.network.cut(number, Network::between(&[target], &rest));
                true
            }
            Fault::Split | Fault::Bridge => {
                let bridge = (fault == Fault::Bridge).then_some(target);
                let (mut left, mut right) = (Vec::new(), Vec::new());
                for endpoint in everyone.into_iter().filter(|endpoint| Some(*endpoint) != bridge) {
                    if self.dice.coin() { left.push(endpoint) } else { right.push(endpoint) }
                }
                self.network.cut(number, Network::between(&left, &right));
                true
            }
            Fault::OneWay => {
                let other = self.dice.index(everyone.len());
                let way = if self.dice.coin() { (target, other) } else { (other, target) };
                self.network.cut(number, vec![way]);
                true
            }
            Fault::Links => {
                let some: Vec<usize> = everyone.into_iter().filter(|_| self.dice.coin()).collect();
                self.network.cut(number, Network::between(&[target], &some));
                true
            }
            Fault::Pause { .. } => {
                self.nodes[target].paused_until = planned.end;
                true
            }
            Fault::Disk { .. } => {
                self.nodes[target].disk_stuck_until = planned.end;
                true
            }
            Fault::Full { .. } => self.nodes[target].set_disk_full(true),
        };
        if done {
            *self.report.faults.entry(fault.name()).or_default() += 1;
        }
    }

    /// A fault of the schedule ends.
    pub(crate) fn fault_ends(&mut self, number: usize) -> Result<(), Violation> {
        self.trace.line("", || format!("fault {number} ends"));
        self.network.restore(number);
        let fault = self.schedule.faults[number].fault;
        if matches!(fault, Fault::Full { .. }) {
            for node in &mut self.nodes {
                node.set_disk_full(false);
            }
        }
        if matches!(fault, Fault::Crash { .. } | Fault::Stop { .. } | Fault::CrashAll | Fault::Full { .. }) {
            for slot in 0..self.nodes.len() {
                if self.schedule.nodes[slot].start <= self.now {
                    self.start(slot)?;
                }
            }
        }
        Ok(())
    }

    /// A node writes: if it is a leader's change of the members, that leader may crash before, while or after it is held by
    /// others.
    pub(crate) fn consider_strike(&mut self, slot: usize, record: &Record) {
        let Record::Append(Entry { position, body: Body::Members(_), .. }) = record else { return };
        let leads = self.checks.incarnation(slot) == Some(position.epoch.leader);
        if leads && self.schedule.strikes && !self.healed && self.strikes.chance(400) {
            let at = self.now + self.strikes.below(4 * MILLI);
            self.queue.push(at, Happening::Strike { node: slot, life: self.nodes[slot].life });
        }
    }

    /// It does; it starts again some time later.
    pub(crate) fn strike(&mut self, slot: usize) {
        if self.healed || !self.may_fall(slot) {
            return;
        }
        self.crash(slot);
        *self.report.faults.entry("crash-at-list").or_default() += 1;
        let again = self.now + self.strikes.between(100 * MILLI, 3_000 * MILLI);
        self.queue.push(again.min(self.schedule.heal), Happening::Start(slot));
    }

    fn target(&mut self, fault: Fault) -> usize {
        let aimed = match fault {
            Fault::Crash { leader }
            | Fault::Stop { leader }
            | Fault::Pause { leader }
            | Fault::Disk { leader }
            | Fault::Full { leader } => leader,
            Fault::Isolate => true,
            _ => false,
        };
        let any = self.dice.index(self.nodes.len());
        if aimed { self.checks.leader().unwrap_or(any) } else { any }
    }

    /// Whether this node may be lost under what the schedule promises.
    fn may_fall(&self, slot: usize) -> bool {
        if self.nodes[slot].running.is_none() {
            return false;
        }
        match (self.schedule.mode, self.schedule.promise) {
            (Mode::Majority(_), _) => self.schedule.reckless || self.checks.quorum_lives(Some(slot)),
            (Mode::Reachable, Promise::Branches) => true,
            // One after another: another live node must hold what is acknowledged.
            (Mode::Reachable, Promise::OneLog) => self.has_backup(slot),
        }
    }

    /// Whether all nodes may crash at once. In mode `reachable` all that is acknowledged is held by whoever is in the view:
    /// where one log is promised, nobody must be left out of it who could come back alone.
    fn may_all_fall(&self) -> bool {
        if self.schedule.mode != Mode::Reachable || self.schedule.promise != Promise::OneLog {
            return true;
        }
        let could_come_back = |slot: &usize| self.nodes[*slot].life > 0 && self.nodes[*slot].disk.is_some();
        let in_view = |view: Vec<usize>| (0..self.nodes.len()).filter(could_come_back).all(|slot| view.contains(&slot));
        self.checks.leader().is_some_and(|leader| self.has_backup(leader)) && self.view().is_some_and(in_view)
    }

    /// A leader serves, and its view has a live member besides this node that follows it.
    fn has_backup(&self, slot: usize) -> bool {
        let stays = |other: &usize| *other != slot && !self.nodes[*other].stopping;
        self.view().is_some_and(|view| view.iter().any(stays))
    }

    /// The members of the view of a leader that serves, if all of them live and follow it.
    fn view(&self) -> Option<Vec<usize>> {
        let situation = self.checks.situation(self.checks.leader()?)?;
        let follows = |other: &usize| {
            let Some(node) = self.checks.incarnation(*other) else { return false };
            let Some(there) = self.checks.situation(*other) else { return false };
            situation.members.iter().any(|member| member.node == node)
                && there.standing == Standing::Member
                && there.promise == situation.promise
                && there.commit.epoch == situation.commit.epoch
        };
        let live: Vec<usize> = self.up().into_iter().filter(follows).collect();
        (situation.members.len() == live.len() && situation.hears_quorum).then_some(live)
    }

    /// A client acts, and will again.
    pub(crate) fn act(&mut self, number: usize) {
        let endpoint = self.nodes.len() + number;
        let outbox = self.clients[number].act(self.now, &self.board, self.acknowledged);
        for (to, message) in outbox {
            self.trace.line(format!("c{number}"), || {
                format!("-> {} {}", to.map_or("all".into(), |to| self.name(to)), brief(&message))
            });
            for bytes in self.clients[number].seal(&message) {
                let bytes: Rc<[u8]> = bytes.into();
                let address = self.clients[number].address;
                // A client's datagram that is too large is its own fault, not a node's.
                let _ = match to {
                    Some(to) => self.send(endpoint, address, to, &bytes),
                    None => self.broadcast(endpoint, address, &bytes),
                };
            }
        }
        if number == 0 && self.schedule.twins {
            self.copy_to_twin();
        }
        let pause = self.dice.between(20 * MILLI, 60 * MILLI);
        self.queue.push(self.now + pause, Happening::Client(number));
    }

    /// Two clients with one id: the second sends a request of the first too, sometimes with another amount.
    fn copy_to_twin(&mut self) {
        if !self.dice.chance(200) {
            return;
        }
        let newest =
            self.clients[0].tasks.iter().filter(|(_, task)| !task.is_read()).max_by_key(|(_, task)| task.begun);
        if let Some((request, task)) = newest.map(|(request, task)| (*request, task.clone())) {
            let other_amount = self.dice.chance(300);
            self.clients[1].copy(request, task, self.now, other_amount);
        }
    }
}
