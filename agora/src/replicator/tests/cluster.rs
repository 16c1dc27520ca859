//! Several replicators, driven by hand: who hears whom, which messages arrive, and when, is said line by line.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::super::message::{Input, LogEnd, MAX_EVENTS, Message, Output, Situation, Standing};
use super::super::protocol::Replicator;
use super::{member, node};
use crate::config::{Mode, Settings};
use crate::discovery::message::About;
use crate::id::{Epoch, Index, NodeId, Position, Probe};
use crate::protocol::Protocol;
use crate::time::{At, Timestamp};

pub(super) struct Cluster {
    pub(super) now: Timestamp,
    pub(super) nodes: BTreeMap<NodeId, Replicator>,
    situations: BTreeMap<NodeId, Situation>,
    /// Not yet delivered: from, to, what.
    network: VecDeque<(NodeId, NodeId, Message)>,
    /// These hear nothing and nobody hears them.
    pub(super) cut: BTreeSet<NodeId>,
    /// Writes of these are never flushed.
    hung: BTreeSet<NodeId>,
    /// Of the snapshots' pieces, every third one is lost.
    pub(super) lose_every_third_piece: bool,
    pieces: u32,
    others: Vec<(NodeId, Output)>,
}

impl Cluster {
    pub(super) fn of(mode: Mode, size: u128) -> Self {
        Self::with(&Settings { mode, ..Settings::lan() }, size)
    }

    pub(super) fn with(settings: &Settings, size: u128) -> Self {
        let start = Timestamp::from_micros(1);
        let nodes = (1..=size).map(|number| {
            let seed = u64::try_from(number).expect("small");
            (node(number), Replicator::new(member(number), settings, seed, start))
        });
        Self {
            now: start,
            nodes: nodes.collect(),
            situations: BTreeMap::new(),
            network: VecDeque::new(),
            cut: BTreeSet::new(),
            hung: BTreeSet::new(),
            lose_every_third_piece: false,
            pieces: 0,
            others: Vec::new(),
        }
    }

    /// A cluster of so many that has been founded and serves, led by the highest.
    pub(super) fn founded(size: u8) -> Self {
        let mut cluster = Self::of(Mode::Majority(size), size.into());
        cluster.meet();
        cluster.run(Duration::from_millis(200));
        assert!(cluster.situation(size.into()).serving);
        cluster
    }

    pub(super) fn input(&mut self, to: NodeId, input: Input) {
        let mut out = Vec::new();
        let Some(replicator) = self.nodes.get_mut(&to) else { return };
        replicator.handle(self.now, input, &mut out);
        replicator.settle(self.now, &mut out);
        self.carry_out(to, out);
    }

    fn carry_out(&mut self, at: NodeId, out: Vec<Output>) {
        let mut flushed = None;
        for output in out {
            match output {
                Output::Send { to, message } => self.network.push_back((at, to, message)),
                Output::Write { ticket, .. } if !self.hung.contains(&at) => flushed = Some(ticket),
                Output::Situation(situation) => {
                    self.situations.insert(at, *situation);
                }
                other => self.others.push((at, other)),
            }
        }
        if let Some(ticket) = flushed {
            self.input(at, Input::Flushed(ticket));
        }
    }

    /// All discover each other, and their windows close.
    pub(super) fn meet(&mut self) {
        let all: Vec<NodeId> = self.nodes.keys().copied().collect();
        for to in &all {
            for from in &all {
                self.input(*to, Input::Found(Box::new(self.about(*from))));
            }
            self.input(*to, Input::WindowClosed);
        }
    }

    fn about(&self, of: NodeId) -> About {
        let situation = self.situations.get(&of);
        About {
            member: member(of.uuid.as_u128()),
            mode: self.nodes[&of].settings.mode,
            disk: self.nodes[&of].on_disk,
            founding: situation.and_then(|it| it.founding),
            promise: situation.map_or(Epoch::NONE, |it| it.promise),
            leader: situation.and_then(|it| it.leader),
            serving: situation.is_some_and(|it| it.serving),
            commit: situation.map_or(Position::START, |it| it.commit),
            last: situation.map_or(Position::START, |it| it.last),
            decided: situation.map_or(0, |it| it.decided),
        }
    }

    /// Delivers everything, and what follows from it, while no time passes.
    pub(super) fn settle(&mut self) {
        while self.deliver() {}
    }

    /// Delivers the next message; whether there was one.
    pub(super) fn deliver(&mut self) -> bool {
        let Some((from, to, message)) = self.network.pop_front() else { return false };
        let piece = matches!(message, Message::Snapshot { .. });
        self.pieces += u32::from(piece);
        let lost = self.lose_every_third_piece && piece && self.pieces.is_multiple_of(3);
        if !lost && !self.cut.contains(&from) && !self.cut.contains(&to) {
            self.input(to, Input::Message { from, message });
        }
        true
    }

    /// Lets time pass in small steps.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.settle();
            self.elapse();
        }
        self.settle();
    }

    /// A millisecond passes; what it causes is not delivered yet.
    fn elapse(&mut self) {
        self.now = self.now + Duration::from_millis(1);
        let all: Vec<NodeId> = self.nodes.keys().copied().collect();
        for at in all {
            self.fire_if_due(at);
        }
    }

    fn fire_if_due(&mut self, at: NodeId) {
        let mut out = Vec::new();
        let replicator = self.nodes.get_mut(&at).expect("listed");
        if replicator.deadline().is_some_and(|deadline| deadline <= self.now) {
            replicator.fire(self.now, &mut out);
            replicator.settle(self.now, &mut out);
        }
        self.carry_out(at, out);
    }

    /// Lets a node go on.
    pub(super) fn fire(&mut self, number: u128) {
        self.fire_if_due(node(number));
    }

    pub(super) fn situation(&self, number: u128) -> &Situation {
        &self.situations[&node(number)]
    }

    pub(super) fn propose(&mut self, at: u128, number: u64) {
        let epoch = self.situation(at).promise;
        self.input(
            node(at),
            Input::Propose { epoch, number, events: vec![u8::try_from(number % 256).expect("small")].into() },
        );
    }

    pub(super) fn take_over(&mut self, at: u128) {
        let promise = self.nodes[&node(at)].promise;
        self.input(node(at), Input::TakeOver { promise, transfer: None, alone: false });
    }

    /// A process ends, and the next begins on its log.
    fn restart(&mut self, number: u128) {
        let before = &self.nodes[&node(number)];
        let indexes = (1..=before.log.last().index.0).map(Index);
        let entries = indexes.filter_map(|index| before.log.get(index).cloned()).collect();
        let next = Replicator::new(member(number), &before.settings, 9, self.now);
        let next = next.restored(before.promise, Position::START, entries, before.commit);
        self.nodes.insert(node(number), next);
        self.meet();
    }

    pub(super) fn commit(&self, number: u128) -> u64 {
        self.nodes[&node(number)].commit.0
    }

    fn last(&self, number: u128) -> Position {
        self.nodes[&node(number)].log.last()
    }

    /// What came out for others than the network, the disk and those who follow the situation.
    pub(super) fn told(&mut self, number: u128) -> Vec<Output> {
        let (mine, rest) = std::mem::take(&mut self.others).into_iter().partition(|(at, _)| *at == node(number));
        self.others = rest;
        let mine: Vec<(NodeId, Output)> = mine;
        mine.into_iter().map(|(_, output)| output).collect()
    }
}

pub(super) const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_highest_of_three_founds_and_all_know_it() {
    let cluster = Cluster::founded(3);
    for number in 1..=3 {
        let situation = cluster.situation(number);
        assert_eq!((situation.leader, situation.standing), (Some(node(3)), Standing::Member));
        assert_eq!(cluster.commit(number), 2, "the list and the first EpochStarted");
    }
}

#[test]
fn a_founder_serves_only_when_all_hold_the_list_and_else_gives_up() {
    let mut cluster = Cluster::of(Mode::Majority(3), 3);
    cluster.meet();
    cluster.cut.insert(node(1));
    cluster.run(SECOND / 2);
    assert!(!cluster.situation(3).serving);
    assert_eq!(cluster.last(2).index, Index(1));
    cluster.run(SECOND);
    assert!(cluster.told(3).contains(&Output::ReturnAsNewcomer(LogEnd::Unfounded)));
    cluster.run(SECOND);
    assert!(
        cluster.told(2).contains(&Output::ReturnAsNewcomer(LogEnd::Unfounded)),
        "who holds nothing but a list gives up too"
    );
}

#[test]
fn who_knows_only_the_list_never_stands() {
    let mut cluster = Cluster::of(Mode::Majority(3), 3);
    cluster.meet();
    cluster.cut.insert(node(1));
    cluster.run(SECOND / 2);
    cluster.take_over(2);
    assert!(cluster.told(2).contains(&Output::TakeOverFailed));
}

#[test]
fn a_majority_commits_and_the_lone_leader_does_not() {
    let mut cluster = Cluster::founded(3);
    cluster.cut.insert(node(1));
    cluster.propose(3, 1);
    cluster.settle();
    assert_eq!((cluster.commit(3), cluster.last(2).index), (3, Index(3)));
    cluster.cut.insert(node(2));
    cluster.propose(3, 2);
    cluster.run(SECOND);
    assert_eq!((cluster.commit(3), cluster.last(3).index), (3, Index(4)));
    assert!(cluster.told(3).contains(&Output::Credit { room: 0, quorum: false }));
    cluster.input(node(3), Input::HeartBeat { from: node(2), number: 9 });
    assert!(!cluster.told(3).iter().any(|output| matches!(output, Output::HeartBeatAck { .. })));
}

#[test]
fn the_leader_hears_its_own_log_only_once_it_is_flushed() {
    let mut cluster = Cluster::founded(3);
    cluster.cut.insert(node(1));
    cluster.hung.insert(node(2));
    cluster.propose(3, 1);
    cluster.run(SECOND / 20);
    assert_eq!((cluster.commit(3), cluster.last(2).index), (2, Index(3)), "held, but not flushed");
}

#[test]
fn who_hears_a_leader_does_not_promise_and_a_candidate_gives_up() {
    let mut cluster = Cluster::founded(3);
    let epoch = cluster.situation(3).promise;
    for number in [1, 2] {
        let heard = Input::Heard { leader: node(3), epoch, sent: cluster.now };
        cluster.input(node(number), heard);
    }
    cluster.take_over(2);
    cluster.run(SECOND / 10);
    assert!(cluster.told(2).contains(&Output::TakeOverFailed));
    assert_eq!(cluster.situation(1).promise, epoch);
}

#[test]
fn a_take_over_adopts_the_newest_log_and_a_deposed_leader_keeps_its_tail_until_it_is_replaced() {
    let mut cluster = Cluster::founded(3);
    cluster.cut.insert(node(1));
    cluster.propose(3, 1);
    cluster.run(SECOND / 20);
    assert_eq!(cluster.commit(3), 3);
    cluster.cut = BTreeSet::from([node(3)]);
    cluster.propose(3, 2);
    cluster.run(SECOND);
    assert_eq!(cluster.last(3).index, Index(4));
    cluster.take_over(1);
    cluster.run(SECOND / 10);
    assert!(cluster.situation(1).serving, "it fetched entry 3 from node 2");
    assert_eq!((cluster.commit(1), cluster.last(1).index), (4, Index(4)));
    cluster.cut.clear();
    cluster.run(SECOND / 2);
    assert_eq!(cluster.situation(3).leader, Some(node(1)));
    assert!(cluster.told(3).contains(&Output::Deposed));
    assert_eq!(cluster.last(3), cluster.last(1), "its own entry 4 gave way to the new leader's");
}

#[test]
fn a_new_leader_commits_an_earlier_epochs_entry_only_with_one_of_its_own() {
    let mut cluster = Cluster::founded(3);
    cluster.cut.insert(node(1));
    let (epoch, events) = (cluster.situation(3).promise, vec![0; MAX_EVENTS]);
    cluster.input(node(3), Input::Propose { epoch, number: 1, events: events.into() });
    cluster.settle();
    assert_eq!((cluster.last(2).index, cluster.commit(2)), (Index(3), 2), "held by node 2, not known committed");
    cluster.cut = BTreeSet::from([node(3)]);
    cluster.run(SECOND);
    cluster.take_over(2);
    // The entry fills a datagram: there is a moment at which nodes 1 and 2 hold it, and node 1 nothing after it.
    let mut alone = false;
    while let Some((from, to, message)) = cluster.network.pop_front() {
        if !cluster.cut.contains(&from) && !cluster.cut.contains(&to) {
            cluster.input(to, Input::Message { from, message });
        }
        alone |= cluster.last(1).index == Index(3);
        assert!(cluster.commit(2) < 3 || cluster.last(1).index == Index(4));
    }
    assert!(alone && cluster.commit(2) == 4);
}

#[test]
fn a_proposal_of_an_earlier_epoch_is_not_taken() {
    let mut cluster = Cluster::founded(3);
    let earlier = cluster.situation(3).promise;
    cluster.cut.insert(node(3));
    cluster.run(SECOND);
    cluster.take_over(2);
    cluster.run(SECOND / 10);
    let (told, end) = (cluster.told(2).len(), cluster.last(2));
    assert!(told > 0 && cluster.situation(2).serving);
    cluster.input(node(2), Input::Propose { epoch: earlier, number: 1, events: vec![1].into() });
    assert_eq!((cluster.told(2), cluster.last(2)), (Vec::new(), end));
}

#[test]
fn a_proposal_out_of_turn_is_refused_with_all_that_follow_until_it_is_rebuilt() {
    let mut cluster = Cluster::founded(1);
    let epoch = cluster.situation(1).promise;
    cluster.propose(1, 1);
    cluster.told(1);
    cluster.propose(1, 3);
    cluster.propose(1, 4);
    assert_eq!(cluster.told(1), [Output::Refused { epoch, number: 3 }]);
    cluster.input(node(1), Input::Rebuilt { epoch, next: 5 });
    cluster.propose(1, 5);
    assert_eq!(cluster.commit(1), 4);
}

#[test]
fn a_read_waits_for_a_probe_sent_after_it_arrived() {
    let mut cluster = Cluster::founded(3);
    cluster.cut = BTreeSet::from([node(1), node(2)]);
    cluster.told(3);
    cluster.input(node(3), Input::Read { ticket: 7 });
    cluster.settle();
    assert!(!cluster.told(3).contains(&Output::ReadReady { ticket: 7 }));
    cluster.cut.clear();
    cluster.run(SECOND / 10);
    assert!(cluster.told(3).contains(&Output::ReadReady { ticket: 7 }));
}

#[test]
fn a_returning_member_of_higher_rank_is_handed_the_leadership_without_losing_anything() {
    let mut cluster = Cluster::founded(3);
    cluster.cut.insert(node(3));
    cluster.run(SECOND);
    cluster.take_over(2);
    cluster.run(SECOND / 10);
    assert!(cluster.situation(2).serving);
    cluster.propose(2, 1);
    cluster.cut.clear();
    cluster.run(SECOND * 2);
    let ordered = cluster.told(3).into_iter().find_map(|output| match output {
        Output::StandInstead(epoch) => Some(epoch),
        _ => None,
    });
    let transfer = ordered.expect("the leader told it to stand");
    cluster.input(node(3), Input::TakeOver { promise: transfer, transfer: Some(transfer), alone: false });
    cluster.run(SECOND / 10);
    assert!(cluster.situation(3).serving);
    assert_eq!(cluster.situation(2).leader, Some(node(3)));
    assert_eq!(cluster.situation(3).decided, 1);
}

/// A view of three in mode `reachable`, led by node 3.
fn view_of_three() -> Cluster {
    let mut cluster = Cluster::of(Mode::Reachable, 3);
    cluster.now = cluster.now + SECOND;
    cluster.input(node(3), Input::WindowClosed);
    cluster.run(SECOND / 10);
    assert!(cluster.situation(3).serving, "the highest founds alone");
    cluster.meet();
    cluster.run(SECOND / 2);
    assert_eq!(cluster.situation(3).members.len(), 3);
    cluster
}

#[test]
fn a_view_grows_by_those_who_caught_up_and_shrinks_by_those_gone_for_the_removal_time() {
    let mut cluster = view_of_three();
    cluster.cut.insert(node(2));
    cluster.propose(3, 1);
    cluster.run(SECOND / 2);
    let before = cluster.commit(3);
    assert!(before < cluster.last(3).index.0, "until the view changes, bids wait");
    cluster.run(SECOND * 2);
    assert_eq!(cluster.situation(3).members.len(), 2);
    assert_eq!(cluster.commit(3), cluster.last(3).index.0);
}

#[test]
fn a_member_that_stops_leaves_the_view_first_so_that_no_bid_waits_for_it() {
    let mut cluster = view_of_three();
    cluster.input(node(2), Input::Stop);
    cluster.run(SECOND / 4);
    assert!(cluster.told(2).contains(&Output::Stopped));
    cluster.cut.insert(node(2));
    assert_eq!(cluster.situation(3).members, [member(1), member(3)]);
    cluster.propose(3, 1);
    cluster.settle();
    assert_eq!(cluster.commit(3), cluster.last(3).index.0, "at once");
}

#[test]
fn a_member_that_stopped_and_is_back_on_its_log_joins_again_under_the_same_leader() {
    let mut cluster = view_of_three();
    cluster.input(node(2), Input::Stop);
    cluster.run(SECOND / 20);
    assert!(cluster.told(2).contains(&Output::Stopped));
    cluster.restart(2);
    cluster.run(SECOND / 20);
    assert_eq!(cluster.situation(3).members, [member(1), member(3)], "its former life may still run");
    cluster.run(SECOND / 2);
    assert_eq!(cluster.situation(3).members, [member(1), member(2), member(3)]);
    cluster.run(SECOND * 2);
    assert_eq!(cluster.situation(3).members.len(), 3, "and stays");
}

#[test]
fn a_backup_of_two_takes_over_alone_but_not_one_that_may_be_none_any_more() {
    let view_of_two = || {
        let mut cluster = view_of_three();
        cluster.cut.insert(node(1));
        cluster.run(SECOND * 3);
        assert_eq!(cluster.situation(2).members, [member(2), member(3)]);
        cluster.cut.insert(node(3));
        cluster
    };
    let takes_over_after = |mut cluster: Cluster, silence: Duration| {
        cluster.run(silence);
        cluster.take_over(2);
        cluster.run(SECOND / 4);
        cluster.situation(2).serving
    };
    assert!(takes_over_after(view_of_two(), SECOND / 4));
    assert!(!takes_over_after(view_of_two(), SECOND * 2 / 3), "its leader may have gone on without it");
    let restarted = || {
        let mut cluster = view_of_two();
        cluster.restart(2);
        cluster
    };
    assert!(!takes_over_after(restarted(), SECOND / 4), "it was away");
    // It is probed, as a node is whose log ends nobody knows where; more is committed than it has.
    for (more, as_before) in [(1, false), (0, true)] {
        let mut cluster = restarted();
        let (epoch, founding) = (cluster.situation(3).promise, cluster.situation(3).founding.expect("founded"));
        let (previous, commit) = (cluster.last(2), Index(cluster.last(2).index.0 + more));
        let message =
            Message::Replicate { founding, epoch, probe: Probe(9), previous, entries: Vec::new(), commit, at: At(0) };
        cluster.input(node(2), Input::Message { from: node(3), message });
        assert_eq!(takes_over_after(cluster, SECOND / 4), as_before, "{more} more are committed");
    }
    // It hears of the same from another.
    let mut cluster = view_of_two();
    let mut about = cluster.about(node(1));
    about.commit = Position { index: cluster.last(2).index.next(), ..cluster.last(2) };
    cluster.input(node(2), Input::Found(Box::new(about)));
    assert!(!takes_over_after(cluster, SECOND / 4), "more is committed elsewhere");
}

#[test]
fn a_late_word_that_a_member_stops_leaves_it_out_for_a_moment_only() {
    let mut cluster = view_of_three();
    let (epoch, founding) = (cluster.situation(3).promise, cluster.situation(3).founding.expect("founded"));
    cluster.input(node(3), Input::Message { from: node(2), message: Message::Leave { founding, epoch } });
    cluster.run(SECOND / 10);
    assert_eq!(cluster.situation(3).members.len(), 2);
    cluster.run(SECOND);
    assert_eq!(cluster.situation(3).members.len(), 3);
}

#[test]
fn a_member_that_stops_waits_no_longer_than_two_failure_timeouts_for_a_leader_that_is_gone() {
    let mut cluster = view_of_three();
    cluster.cut.insert(node(3));
    cluster.input(node(2), Input::Stop);
    cluster.run(SECOND / 4);
    assert!(!cluster.told(2).contains(&Output::Stopped));
    cluster.run(SECOND / 4);
    assert!(cluster.told(2).contains(&Output::Stopped));
}

/// Two nodes in one view, then cut off from each other until both lead; node 2 accepted `left` more, node 1 `right`.
fn parted(left: u64, right: u64) -> Cluster {
    let mut cluster = Cluster::of(Mode::Reachable, 2);
    cluster.now = cluster.now + SECOND;
    cluster.input(node(2), Input::WindowClosed);
    cluster.run(SECOND / 10);
    cluster.meet();
    cluster.run(SECOND / 2);
    assert_eq!(cluster.situation(1).members.len(), 2);
    cluster.cut = BTreeSet::from([node(1), node(2)]);
    cluster.run(SECOND / 4);
    cluster.take_over(1);
    cluster.run(SECOND * 2);
    for number in 1..=left {
        cluster.propose(2, number);
    }
    for number in 1..=right {
        cluster.propose(1, number);
    }
    cluster.run(SECOND / 2);
    assert_eq!((cluster.situation(2).decided, cluster.situation(1).decided), (left, right));
    assert!(cluster.situation(2).serving && cluster.situation(1).serving);
    cluster.told(1);
    cluster.told(2);
    cluster.cut.clear();
    cluster.meet();
    cluster.run(SECOND / 10);
    cluster
}

#[test]
fn after_a_partition_the_leader_of_less_returns_as_a_newcomer() {
    for (left, right, loser) in [(3, 2, 1), (1, 2, 2), (2, 2, 1)] {
        let mut cluster = parted(left, right);
        for number in [1, 2] {
            let returns = cluster.told(number).contains(&Output::ReturnAsNewcomer(LogEnd::Superseded));
            assert_eq!(returns, number == loser, "{left} against {right} decided: node {number}");
        }
    }
}

#[test]
fn of_a_view_of_two_the_backup_takes_over_alone_and_the_old_leader_follows_it_with_its_log() {
    let mut cluster = Cluster::of(Mode::Reachable, 2);
    cluster.now = cluster.now + SECOND;
    cluster.input(node(2), Input::WindowClosed);
    cluster.run(SECOND / 10);
    cluster.meet();
    cluster.run(SECOND / 2);
    cluster.propose(2, 1);
    cluster.settle();
    cluster.cut = BTreeSet::from([node(2)]);
    cluster.run(SECOND / 4);
    cluster.take_over(1);
    cluster.run(SECOND / 10);
    assert!(cluster.situation(1).serving);
    cluster.cut.clear();
    cluster.meet();
    cluster.run(SECOND / 2);
    assert!(!cluster.told(2).contains(&Output::ReturnAsNewcomer(LogEnd::Superseded)), "nothing has parted");
    assert_eq!((cluster.situation(2).leader, cluster.situation(2).decided), (Some(node(1)), 1));
}

#[test]
fn a_joiner_is_caught_up_once_it_holds_all_that_was_committed() {
    let mut cluster = Cluster::founded(3);
    for number in 1..=60 {
        cluster.propose(3, number);
    }
    cluster.run(SECOND / 10);
    let committed = cluster.commit(3);
    assert_eq!(committed, 62);
    let newcomer = Replicator::new(member(4), &Settings { mode: Mode::Majority(3), ..Settings::lan() }, 4, cluster.now);
    cluster.nodes.insert(node(4), newcomer);
    let about = cluster.about(node(4));
    cluster.input(node(3), Input::Found(Box::new(about)));
    let mut behind = 0;
    while !cluster.situations.get(&node(4)).is_some_and(|it| it.caught_up) {
        behind += u32::from((1..committed).contains(&cluster.commit(4)));
        match cluster.network.pop_front() {
            Some((from, to, message)) => cluster.input(to, Input::Message { from, message }),
            None => cluster.elapse(),
        }
    }
    assert_eq!(cluster.commit(4), committed);
    assert!(behind > 0, "it had a part of the log before");
}
