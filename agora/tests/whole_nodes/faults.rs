//! How the faults of the schedule are carried out: on whom, and how far a mode's promise allows it.

use crate::schedule::{Fault, Planned};
use crate::sea::{WayTo, address, between};
use crate::world::{Happening, World};

impl World {
    pub(crate) fn fault_begins(&mut self, number: usize) {
        let Planned { begin, end, fault } = self.schedule.faults[number];
        let target = self.target(fault);
        self.run.lock().tell("", &format!("fault {number} begins: {fault:?}, node {target}"));
        let everyone: Vec<usize> = (0..self.schedule.endpoints()).collect();
        let done = match fault {
            Fault::Crash { .. } => self.crash(number, target),
            Fault::Stop { .. } => self.stop(number, target),
            Fault::Isolate => {
                let rest: Vec<usize> = everyone.into_iter().filter(|other| *other != target).collect();
                self.cut(number, between(&[target], &rest));
                true
            }
            Fault::Split | Fault::Bridge => {
                let bridge = (fault == Fault::Bridge).then_some(target);
                let (mut left, mut right) = (Vec::new(), Vec::new());
                for endpoint in everyone.into_iter().filter(|endpoint| Some(*endpoint) != bridge) {
                    if self.dice.coin() { left.push(endpoint) } else { right.push(endpoint) }
                }
                self.cut(number, between(&left, &right));
                true
            }
            Fault::OneWay => {
                let other = self.dice.index(everyone.len());
                let way = if self.dice.coin() { (target, other) } else { (other, target) };
                if target != other {
                    self.cut(number, vec![way]);
                }
                target != other
            }
            Fault::Links => {
                self.cut_one_by_one(number, target, begin, end);
                true
            }
            Fault::Pause { .. } => {
                let gate = self.run.lock().cluster.nodes[target].gate.clone();
                gate.close();
                self.struck.insert(number, target);
                true
            }
        };
        if done {
            *self.run.lock().report.faults.entry(fault.name()).or_default() += 1;
        }
    }

    pub(crate) fn fault_ends(&mut self, number: usize) {
        self.run.lock().tell("", &format!("fault {number} ends"));
        let ways = self.cut.get(&number).cloned().unwrap_or_default();
        self.mend(number, &ways);
        self.cut.remove(&number);
        let Some(target) = self.struck.remove(&number) else { return };
        match self.schedule.faults[number].fault {
            Fault::Pause { .. } if !self.is_struck(target, |fault| matches!(fault, Fault::Pause { .. })) => {
                let gate = self.run.lock().cluster.nodes[target].gate.clone();
                gate.open();
            }
            fault if fault.takes_a_node() => self.start(target),
            _ => {}
        }
    }

    /// All faults end.
    pub(crate) fn heal(&mut self) {
        self.run.lock().tell("", "all faults end");
        let under_way: Vec<usize> = self.struck.keys().chain(self.cut.keys()).copied().collect();
        for number in under_way {
            self.fault_ends(number);
        }
        self.run.lock().sea.calm();
    }

    /// These ways are cut from now on.
    pub(crate) fn cut(&mut self, number: usize, ways: Vec<WayTo>) {
        let cut = self.run.lock().sea.cut(&ways);
        for (from, to) in cut {
            self.sim.partition_oneway(address(from), address(to));
        }
        self.cut.entry(number).or_default().extend(ways);
    }

    /// These come back, as far as the fault has cut them.
    pub(crate) fn mend(&mut self, number: usize, ways: &[WayTo]) {
        let Some(cut) = self.cut.get_mut(&number) else { return };
        let ways: Vec<WayTo> = ways.iter().filter(|way| cut.contains(way)).copied().collect();
        cut.retain(|way| !ways.contains(way));
        let open = self.run.lock().sea.restore(&ways);
        for (from, to) in open {
            self.sim.repair_oneway(address(from), address(to));
        }
    }

    /// The links of a node, in some order until half of the time is over; back in another until the end.
    fn cut_one_by_one(&mut self, number: usize, target: usize, begin: u64, end: u64) {
        let half = (end - begin) / 2;
        for other in (0..self.schedule.endpoints()).filter(|other| *other != target) {
            if self.dice.coin() {
                let ways = between(&[target], &[other]);
                let (cut, mend) = (begin + self.dice.below(half), begin + half + self.dice.below(half));
                self.plan(cut, Happening::Cut(number, ways.clone()));
                self.plan(mend, Happening::Mend(number, ways));
            }
        }
    }

    fn target(&mut self, fault: Fault) -> usize {
        let any = self.dice.index(self.schedule.starts.len());
        let leader = self.run.lock().cluster.leader();
        if fault.aims() { leader.unwrap_or(any) } else { any }
    }

    /// Whether a fault like this holds a node.
    fn is_struck(&self, target: usize, like: impl Fn(Fault) -> bool) -> bool {
        self.struck.iter().any(|(number, node)| *node == target && like(self.schedule.faults[*number].fault))
    }

    /// Whether this node runs, and may be lost under what the schedule promises.
    fn may_fall(&self, target: usize) -> bool {
        let state = self.run.lock();
        let node = &state.cluster.nodes[target];
        node.handle.is_some()
            && !node.stopping
            && state.cluster.may_fall(target, self.schedule.mode, self.schedule.promise)
    }

    /// Destructors run when turmoil ends a host: nothing that they say leaves it.
    fn crash(&mut self, number: usize, target: usize) -> bool {
        if !self.may_fall(target) {
            return false;
        }
        let handle = {
            let mut state = self.run.lock();
            state.sea.mute(target, true);
            let handle = state.cluster.nodes[target].handle.take();
            state.life_ends(target);
            handle
        };
        drop(handle);
        self.sim.crash(address(target));
        self.struck.insert(number, target);
        true
    }

    fn stop(&mut self, number: usize, target: usize) -> bool {
        if !self.may_fall(target) {
            return false;
        }
        let mut state = self.run.lock();
        let node = &mut state.cluster.nodes[target];
        node.stopping = true;
        if let Some(handle) = &node.handle {
            handle.stop();
        }
        drop(state);
        self.struck.insert(number, target);
        true
    }

    /// Starts a node again; one that still stops is ended first.
    fn start(&mut self, target: usize) {
        {
            let mut state = self.run.lock();
            state.sea.mute(target, true);
        }
        let handle = self.run.lock().cluster.nodes[target].handle.take();
        drop(handle);
        self.run.lock().life_ends(target);
        self.sim.bounce(address(target));
        self.run.lock().sea.mute(target, false);
    }
}
