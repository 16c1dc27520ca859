//! One run: turmoil's hosts, the faults when they are due, and what is looked at after each step.

use std::collections::BTreeMap;
use std::time::Duration;

use agora::config::Mode;

use crate::case::Case;
use crate::clients;
use crate::dice::Dice;
use crate::invariants::{Violation, in_the_end, owed, unsettled};
use crate::queue::Micros;
use crate::report::Report;
use crate::run::{Run, State};
use crate::schedule::{CLIENTS, MILLI, Promise, SECOND, Schedule};
use crate::sea::{WayTo, address};
use crate::server;
use crate::{complaints, hostile, panics};

/// turmoil's step: nothing in the network is faster.
const STEP: Micros = MILLI;
/// LIVE-1: one leader within this.
const ONE_LEADER: Micros = 10 * SECOND;
/// Auctions that have begun are over, and all have been looked at, within this.
const OVER: Micros = 60 * SECOND;
/// A follower learns within this what is committed.
const FOLLOWED: Micros = SECOND;
/// So many datagrams wait in a socket: as many as the real ones hold of ours.
const QUEUE: usize = 3_000;

/// What will happen.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Begins(usize),
    Ends(usize),
    /// One link of a fault is cut, or comes back.
    Cut(usize, Vec<WayTo>),
    Mend(usize, Vec<WayTo>),
    Hostile,
    Heal,
    Close,
}

pub(crate) struct World {
    pub sim: turmoil::Sim<'static>,
    pub run: Run,
    pub dice: Dice,
    pub schedule: Schedule,
    /// Which ways each fault under way has cut.
    pub cut: BTreeMap<usize, Vec<WayTo>>,
    /// Which node each fault under way has struck.
    pub struck: BTreeMap<usize, usize>,
    coming: BTreeMap<(Micros, usize), Happening>,
    number: usize,
    settled: Option<Micros>,
    looked: Option<Micros>,
}

impl World {
    pub(crate) fn new(case: &Case, print: bool) -> Self {
        let schedule = case.schedule();
        let run = Run::new(schedule.clone(), print);
        run.lock().board.set_twins(schedule.twins);
        let latency = Duration::from_millis(schedule.weather.latency);
        let mut builder = turmoil::Builder::new();
        builder
            .rng_seed(schedule.seed)
            .simulation_duration(Duration::from_secs(86_400))
            .tick_duration(Duration::from_micros(STEP))
            .min_message_latency(latency)
            .max_message_latency(latency)
            .udp_capacity(QUEUE)
            .enable_random_order();
        let mut sim = builder.build();
        for slot in 0..schedule.starts.len() {
            let run = run.clone();
            sim.host(address(slot), move || server::serve(run.clone(), slot));
        }
        for client in 0..CLIENTS + 2 {
            sim.client(address(schedule.starts.len() + client), clients::program(run.clone(), client));
        }
        let mut world = Self {
            sim,
            run,
            dice: Dice::new(schedule.seed, 4),
            cut: BTreeMap::new(),
            struck: BTreeMap::new(),
            coming: BTreeMap::new(),
            number: 0,
            settled: None,
            looked: None,
            schedule,
        };
        for (number, planned) in world.schedule.faults.clone().into_iter().enumerate() {
            if !case.has_fault(number) {
                continue;
            }
            world.plan(planned.begin, Happening::Begins(number));
            world.plan(planned.end, Happening::Ends(number));
        }
        let heal = world.schedule.heal;
        if let Some(often) = world.schedule.hostile {
            world.plan(often, Happening::Hostile);
        }
        world.plan(heal, Happening::Heal);
        world.plan(heal + 2 * SECOND, Happening::Close);
        world
    }

    pub(crate) fn plan(&mut self, at: Micros, happening: Happening) {
        self.number += 1;
        self.coming.insert((at, self.number), happening);
    }

    /// Runs to the end.
    pub(crate) fn run(mut self) -> Result<Report, Violation> {
        loop {
            let now = {
                let mut state = self.run.lock();
                state.now += STEP;
                let now = state.now;
                state.trace.at(now);
                state.sea.flow(now);
                now
            };
            while let Some(first) = self.coming.first_entry()
                && first.key().0 <= now
            {
                let happening = first.remove();
                self.happens(now, happening);
            }
            self.sim.step().map_err(|error| Violation::new("NET-1", error.to_string()))?;
            panics::none()?;
            complaints::none("of this run")?;
            {
                let mut state = self.run.lock();
                state.lead_1.step(now)?;
                state.violation()?;
            }
            if now > self.schedule.heal && self.is_over(now)? {
                return self.close(now);
            }
        }
    }

    fn happens(&mut self, now: Micros, happening: Happening) {
        match happening {
            Happening::Begins(number) => self.fault_begins(number),
            Happening::Ends(number) => self.fault_ends(number),
            Happening::Cut(number, ways) => self.cut(number, ways),
            Happening::Mend(number, ways) => self.mend(number, &ways),
            Happening::Hostile if now < self.schedule.heal => {
                hostile::strike(&mut self.run.lock(), &mut self.dice);
                let often = self.schedule.hostile.unwrap_or(SECOND);
                let next = self.dice.between(often / 2, often * 2);
                self.plan(now + next, Happening::Hostile);
            }
            Happening::Hostile => {}
            Happening::Heal => self.heal(),
            Happening::Close => self.run.lock().board.closing = true,
        }
    }

    /// Whether all is done that was to be done, after all faults have ended.
    fn is_over(&mut self, now: Micros) -> Result<bool, Violation> {
        let heal = self.schedule.heal;
        if !self.is_alive() {
            return Ok(now > heal + 2 * SECOND);
        }
        let mut state = self.run.lock();
        owed(&state.oracle, heal, now)?;
        if self.settled.is_none() {
            let hinders = unsettled(&state.cluster);
            match hinders {
                None => self.settled = Some(now),
                Some(what) if now > heal + ONE_LEADER => return Err(Violation::new("LIVE-1", what)),
                Some(_) => {}
            }
        }
        if state.board.done.iter().all(|done| *done) {
            state.board.look = true;
        }
        if state.board.looked {
            self.looked.get_or_insert(now);
        }
        if now > heal + OVER {
            let what = format!("clients that are done: {:?}; looked: {}", state.board.done, state.board.looked);
            return Err(Violation::new("LIVE-1", what));
        }
        // A lost member may have been replaced meanwhile, by one of a higher rank: then it is about to lead.
        let settled = self.settled.is_some() && unsettled(&state.cluster).is_none();
        Ok(settled && self.looked.is_some_and(|looked| now > looked + FOLLOWED))
    }

    /// Whether LIVE-1 demands anything: no node is ended that a majority needs, but a leader may make a member of one that
    /// has just gone, and then needs it; and two clusters of one name never become one.
    fn is_alive(&self) -> bool {
        let cluster = &self.run.lock().cluster;
        self.schedule.mode == Mode::Reachable || (cluster.quorum_lives(None) && cluster.foundings() <= 1)
    }

    /// Compares what everybody knows.
    fn close(self, now: Micros) -> Result<Report, Violation> {
        let alive = self.is_alive();
        let mut state = self.run.lock();
        if alive {
            self.is_one(&state)?;
        }
        in_the_end(&state.logs, &state.oracle, self.promise(&state)?)?;
        let counts = state.oracle.counts();
        let spoilt = state.sea.spoilt.named();
        let amounts = state.seal_1.amounts;
        let report = &mut state.report;
        report.amounts = amounts;
        (report.acknowledged, report.bids, report.results) = counts;
        report.time = now;
        report.live = u64::from(alive);
        report.faults.extend(spoilt);
        let mut report = report.clone();
        report.hash = state.trace.hash();
        drop(state);
        Ok(report)
    }

    /// What was promised, as it came: of two clusters each has a log of its own.
    fn promise(&self, state: &State) -> Result<Promise, Violation> {
        let (histories, foundings) = (state.logs.histories(), state.cluster.foundings());
        let clusters = if self.schedule.mode == Mode::Reachable { 1 } else { foundings.max(1) };
        match self.schedule.promise {
            Promise::Branches => Ok(Promise::Branches),
            Promise::OneLog if histories > clusters => {
                Err(Violation::new("LOG-2", format!("{histories} histories of {clusters} clusters")))
            }
            Promise::OneLog if clusters > 1 => Ok(Promise::Branches),
            Promise::OneLog => Ok(Promise::OneLog),
        }
    }

    /// All nodes have committed the same.
    fn is_one(&self, state: &State) -> Result<(), Violation> {
        let up: Vec<usize> = state.cluster.up().collect();
        if let Some(what) = state.logs.differ(&up) {
            return Err(Violation::new("LOG-2", what));
        }
        match up.first() {
            Some(slot) if self.schedule.promise == Promise::OneLog => state.logs.kept(*slot),
            _ => Ok(()),
        }
    }
}
