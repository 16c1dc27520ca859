use std::net::SocketAddr;
use std::time::Duration;

use uuid::Uuid;

use super::book::{AddressBook, MAX_NODES};
use super::message::{About, CLIENT_PADDING, Input, MAX_OTHERS, Message, NODE_PADDING, Output};
use super::protocol::Discovery;
use crate::config::{Mode, Settings};
use crate::cookie::Cookies;
use crate::id::{Epoch, FoundingId, Index, Member, NodeId, Position};
use crate::protocol::Protocol;
use crate::replicator::message::{Around, Situation, Standing};
use crate::time::{At, Timestamp};

const ME: u128 = 5;

fn node(uuid: u128, incarnation: u64) -> NodeId {
    NodeId { uuid: Uuid::from_u128(uuid), incarnation }
}

fn me() -> Member {
    Member { node: node(ME, 50), priority: 0 }
}

fn address(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

fn cookies() -> Cookies {
    Cookies::new(99)
}

fn founding() -> FoundingId {
    FoundingId(Uuid::from_u128(0xf0))
}

/// What a node that holds nothing tells of itself.
fn newcomer(node: NodeId) -> About {
    About {
        member: Member { node, priority: 0 },
        mode: Mode::Reachable,
        disk: false,
        founding: None,
        promise: Epoch::NONE,
        leader: None,
        serving: false,
        commit: Position::START,
        last: Position::START,
        decided: 0,
    }
}

fn holder(node: NodeId) -> About {
    About { founding: Some(founding()), ..newcomer(node) }
}

fn of_mode(mode: Mode, mut about: About) -> About {
    about.mode = mode;
    about
}

fn situation(leader: Option<NodeId>, serving: bool) -> Situation {
    let epoch = Epoch { number: 3, leader: node(9, 90) };
    Situation {
        promise: epoch,
        leader,
        standing: Standing::Member,
        serving,
        hears_quorum: serving,
        can_stand: true,
        candidate: false,
        founding: Some(founding()),
        commit: Position { epoch, index: Index(7) },
        last: Position { epoch, index: Index(8) },
        caught_up: true,
        members: vec![me()],
        peers: Vec::new(),
        at: At(0),
        decided: 6,
        around: Around::default(),
    }
}

/// What this node tells of itself in that situation.
fn about_me(situation: &Situation) -> About {
    About {
        member: me(),
        mode: Mode::Reachable,
        disk: false,
        founding: situation.founding,
        promise: situation.promise,
        leader: situation.leader,
        serving: situation.serving,
        commit: situation.commit,
        last: situation.last,
        decided: situation.decided,
    }
}

/// A discovery with `lan` settings (a window of 500 ms, removal after 1 s).
struct Driven {
    discovery: Discovery,
    nonce: u64,
}

impl Driven {
    fn starting() -> Self {
        let mut discovery = Discovery::new(me(), &Settings::lan(), cookies(), 1, at(0));
        assert_eq!(discovery.deadline(), Some(at(0)));
        let mut out = Vec::new();
        discovery.fire(at(0), &mut out);
        let [Output::Broadcast(Message::Request { nonce, .. })] = out[..] else { panic!("one question: {out:?}") };
        Self { discovery, nonce }
    }

    /// After its window, in this situation.
    fn established(situation: Situation) -> Self {
        let mut driven = Self::starting();
        driven.run_until(at(500));
        assert_eq!(driven.tell(Input::Situation(Box::new(situation))), []);
        driven
    }

    fn tell_at(&mut self, now: Timestamp, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        self.discovery.handle(now, input, &mut out);
        out
    }

    fn tell(&mut self, input: Input) -> Vec<Output> {
        self.tell_at(at(500), input)
    }

    fn hear(&mut self, port: u16, sender: NodeId, message: Message) -> Vec<Output> {
        self.tell(Input::Message { from: address(port), sender, message })
    }

    fn asked_by(&mut self, port: u16, about: About) -> Vec<Output> {
        let padding = vec![0; NODE_PADDING];
        self.hear(port, about.member.node, Message::Request { nonce: 77, node: Some(Box::new(about)), padding })
    }

    fn answered_by(&mut self, port: u16, about: About) -> Vec<Output> {
        self.hear(
            port,
            about.member.node,
            Message::Response { nonce: self.nonce, node: Box::new(about), others: vec![] },
        )
    }

    fn asked_by_client(&mut self, port: u16) -> Vec<Output> {
        let padding = vec![0; CLIENT_PADDING];
        self.hear(port, node(0, 4), Message::Request { nonce: 78, node: None, padding })
    }

    /// Everything that happens by itself until `end`, with its time.
    fn run_until(&mut self, end: Timestamp) -> Vec<(Timestamp, Output)> {
        let mut happened = Vec::new();
        while let Some(now) = self.discovery.deadline().filter(|deadline| *deadline <= end) {
            let mut out = Vec::new();
            self.discovery.fire(now, &mut out);
            assert!(self.discovery.deadline() > Some(now), "time stands still");
            happened.extend(out.into_iter().map(|output| (now, output)));
        }
        happened
    }

    /// When it asks by itself until `end`.
    fn questions_until(&mut self, end: Timestamp) -> Vec<Timestamp> {
        let happened = self.run_until(end);
        happened.iter().filter(|(_, output)| matches!(output, Output::Broadcast(_))).map(|(at, _)| *at).collect()
    }
}

fn found(port: u16, about: About) -> Output {
    Output::Found { address: address(port), about: Box::new(about) }
}

fn response(port: u16, about: About) -> Output {
    Output::SendTo {
        to: address(port),
        message: Message::Response { nonce: 77, node: Box::new(about), others: vec![] },
    }
}

/// LEADER_DETAILS of a node in [`situation`].
fn details(port: u16, nonce: u64, leader: Option<(NodeId, SocketAddr)>) -> Output {
    let message = Message::LeaderDetails {
        nonce,
        leader,
        epoch: Epoch { number: 3, leader: node(9, 90) },
        commit: Index(7),
        cookie: cookies().of(address(port)),
        interval_ms: 50,
    };
    Output::SendTo { to: address(port), message }
}

#[test]
fn a_starting_node_asks_at_once_and_tells_that_it_has_nothing() {
    let mut discovery = Discovery::new(me(), &Settings::lan(), cookies(), 1, at(3));
    assert_eq!(discovery.deadline(), Some(at(3)));
    let mut out = Vec::new();
    discovery.fire(at(3), &mut out);
    let [Output::Broadcast(Message::Request { nonce, node, padding })] = &out[..] else { panic!("{out:?}") };
    assert_ne!(*nonce, 0);
    assert_eq!((node, padding.len()), (&Some(Box::new(newcomer(me().node))), NODE_PADDING));
}

#[test]
fn nonces_differ_from_start_to_start() {
    let nonce = |seed| {
        let mut discovery = Discovery::new(me(), &Settings::lan(), cookies(), seed, at(0));
        let mut out = Vec::new();
        discovery.fire(at(0), &mut out);
        out
    };
    assert_eq!(nonce(1), nonce(1));
    assert_ne!(nonce(1), nonce(2));
}

#[test]
fn the_window_is_asked_through_and_closes_once_at_its_end() {
    let mut driven = Driven::starting();
    let happened = driven.run_until(at(5_000));
    let closed: Vec<_> = happened.iter().filter(|(_, output)| *output == Output::WindowClosed).collect();
    assert_eq!(closed, [&(at(500), Output::WindowClosed)]);
    let asked = happened.iter().filter(|(now, _)| *now < at(500)).count();
    assert!((8..=11).contains(&asked), "{asked}");
}

#[test]
fn without_a_leader_it_asks_often_and_with_one_seldom() {
    let mut driven = Driven::established(situation(None, false));
    let gaps = |times: Vec<Timestamp>| times.windows(2).map(|pair| pair[1].since(pair[0])).collect::<Vec<_>>();
    let within = |gap: &Duration, millis: u64| {
        *gap >= Duration::from_millis(millis * 9 / 10) && *gap <= Duration::from_millis(millis * 11 / 10)
    };
    let often = gaps(driven.questions_until(at(10_000)));
    assert!(often.len() > 80 && often.iter().all(|gap| within(gap, 100)), "{often:?}");

    driven.tell_at(at(10_000), Input::Situation(Box::new(situation(Some(node(9, 90)), false))));
    let seldom = gaps(driven.questions_until(at(40_000)));
    assert!(seldom.len() > 50 && seldom.iter().all(|gap| within(gap, 500)), "{seldom:?}");
}

#[test]
fn who_loses_its_leader_asks_soon() {
    let mut driven = Driven::established(situation(Some(node(9, 90)), false));
    let last = driven.questions_until(at(10_000)).pop().expect("asks");
    driven.tell_at(last, Input::Situation(Box::new(situation(None, false))));
    assert_eq!(driven.questions_until(last + Duration::from_millis(100)).len(), 1);
}

#[test]
fn a_question_tells_where_this_node_stands() {
    let now = situation(Some(me().node), true);
    let mut driven = Driven::established(now.clone());
    let next = driven.discovery.deadline().expect("asks");
    let padding = vec![0; NODE_PADDING];
    let request = Message::Request { nonce: driven.nonce, node: Some(Box::new(about_me(&now))), padding };
    assert_eq!(driven.run_until(next), [(next, Output::Broadcast(request))]);
}

#[test]
fn a_node_that_asks_is_found_and_answered() {
    let mut driven = Driven::starting();
    let other = holder(node(9, 90));
    assert_eq!(driven.asked_by(1, other.clone()), [found(1, other), response(1, newcomer(me().node))]);
}

#[test]
fn a_node_that_answers_is_found() {
    let mut driven = Driven::starting();
    let other = newcomer(node(9, 90));
    assert_eq!(driven.answered_by(1, other.clone()), [found(1, other)]);
}

#[test]
fn a_question_with_too_little_padding_gets_no_answer() {
    let mut driven = Driven::established(situation(None, false));
    let about = newcomer(node(9, 90));
    let question =
        Message::Request { nonce: 77, node: Some(Box::new(about.clone())), padding: vec![0; NODE_PADDING - 1] };
    assert_eq!(driven.hear(1, node(9, 90), question), [found(1, about)]);
    let question = Message::Request { nonce: 78, node: None, padding: vec![0; CLIENT_PADDING - 1] };
    assert_eq!(driven.hear(1, node(0, 4), question), []);
}

#[test]
fn what_is_said_in_anothers_name_is_dropped() {
    let mut driven = Driven::starting();
    let about = holder(node(9, 90));
    let padding = vec![0; NODE_PADDING];
    let request = Message::Request { nonce: 77, node: Some(Box::new(about.clone())), padding };
    assert_eq!(driven.hear(1, node(9, 91), request), []);
    let response = Message::Response { nonce: driven.nonce, node: Box::new(about), others: vec![] };
    assert_eq!(driven.hear(1, node(8, 90), response), []);
}

#[test]
fn its_own_broadcast_is_ignored() {
    let mut driven = Driven::starting();
    assert_eq!(driven.asked_by(1, newcomer(me().node)), []);
    assert_eq!(driven.answered_by(1, newcomer(me().node)), []);
}

#[test]
fn leader_details_are_for_clients() {
    let mut driven = Driven::starting();
    let Output::SendTo { message, .. } = details(1, 0, None) else { panic!("a message") };
    assert_eq!(driven.hear(1, node(9, 90), message), []);
}

#[test]
fn a_starting_node_whose_uuid_answers_its_nonce_ends() {
    let mut driven = Driven::starting();
    assert_eq!(driven.answered_by(1, holder(node(ME, 1))), [Output::SameUuid(address(1))]);
}

#[test]
fn an_answer_of_its_uuid_to_another_nonce_or_after_the_window_is_dropped() {
    let mut driven = Driven::starting();
    let stale =
        Message::Response { nonce: driven.nonce.wrapping_add(1), node: Box::new(holder(node(ME, 1))), others: vec![] };
    assert_eq!(driven.hear(1, node(ME, 1), stale), []);
    driven.run_until(at(500));
    assert_eq!(driven.answered_by(1, holder(node(ME, 1))), []);
}

#[test]
fn an_established_node_answers_its_uuid_and_does_not_learn_it() {
    let now = situation(Some(me().node), true);
    let mut driven = Driven::established(now.clone());
    for incarnation in [1, 99] {
        let twin = newcomer(node(ME, incarnation));
        assert_eq!(driven.asked_by(1, twin), [response(1, about_me(&now))]);
    }
}

#[test]
fn of_two_twins_that_start_together_the_greater_incarnation_answers() {
    let mut driven = Driven::starting();
    assert_eq!(driven.asked_by(1, newcomer(node(ME, 49))), [response(1, newcomer(me().node))]);
    assert_eq!(driven.asked_by(1, newcomer(node(ME, 51))), []);
}

#[test]
fn a_starting_node_that_is_answered_by_another_mode_ends() {
    for mode in [Mode::Majority(3), Mode::Majority(5)] {
        let mut driven = Driven::starting();
        let other = Output::OtherMode { address: address(1), mode };
        assert_eq!(driven.answered_by(1, of_mode(mode, newcomer(node(1, 1)))), [other]);
    }
}

#[test]
fn an_established_node_answers_another_mode_and_does_not_learn_it() {
    let now = situation(None, false);
    let mut driven = Driven::established(now.clone());
    let other = of_mode(Mode::Majority(3), holder(node(9, 90)));
    assert_eq!(driven.asked_by(1, other.clone()), [response(1, about_me(&now))]);
    assert_eq!(driven.answered_by(1, other), []);
}

#[test]
fn of_two_starting_nodes_of_different_modes_exactly_one_answers() {
    let answers = |mine: bool, other: About| {
        let mut driven = Driven::starting();
        if mine {
            driven.tell(Input::Situation(Box::new(situation(None, false))));
        }
        driven.asked_by(1, of_mode(Mode::Majority(3), other)).len()
    };
    let (lower, higher) = (node(1, 1), node(9, 90));
    assert_eq!(answers(false, newcomer(lower)), 1, "the greater");
    assert_eq!(answers(false, newcomer(higher)), 0, "the lesser");
    assert_eq!(answers(false, holder(lower)), 0, "the greater, but the other holds a log");
    assert_eq!(answers(true, newcomer(higher)), 1, "the lesser, but it holds a log");
    assert_eq!(answers(true, holder(higher)), 0, "the lesser of two that hold a log");
}

#[test]
fn a_client_is_told_the_leader_at_the_address_that_it_was_heard_at() {
    let leader = node(9, 90);
    let mut driven = Driven::established(situation(Some(leader), false));
    assert_eq!(driven.asked_by_client(2), [details(2, 78, None)], "nobody told where it is");
    driven.answered_by(1, holder(leader));
    assert_eq!(driven.asked_by_client(2), [details(2, 78, Some((leader, address(1))))]);
    driven.answered_by(3, holder(leader));
    assert_eq!(driven.asked_by_client(2), [details(2, 78, Some((leader, address(3))))], "it moved");
}

#[test]
fn a_leader_names_itself_once_it_serves() {
    let bound = ([0, 0, 0, 0], 4_000).into();
    let mut driven = Driven::established(situation(Some(me().node), false));
    assert_eq!(driven.tell(Input::Bound(bound)), []);
    assert_eq!(driven.asked_by_client(2), [details(2, 78, None)]);
    driven.tell(Input::Situation(Box::new(situation(Some(me().node), true))));
    assert_eq!(driven.asked_by_client(2), [details(2, 78, Some((me().node, bound)))]);
    driven.tell(Input::Situation(Box::new(situation(None, false))));
    assert_eq!(driven.asked_by_client(2), [details(2, 78, None)]);
}

#[test]
fn redirect_and_announce_tell_who_did_not_ask() {
    let leader = node(9, 90);
    let mut driven = Driven::established(situation(Some(leader), false));
    driven.answered_by(1, holder(leader));
    let named = Some((leader, address(1)));
    assert_eq!(driven.tell(Input::Redirect(address(2))), [details(2, 0, named)]);
    let clients = vec![address(3), address(4)];
    assert_eq!(driven.tell(Input::Announce(clients)), [details(3, 0, named), details(4, 0, named)]);
    assert_eq!(driven.tell(Input::Announce(Vec::new())), []);
}

#[test]
fn a_full_address_book_forgets_whom_it_has_not_heard_for_longest() {
    let mut book = AddressBook::default();
    let nodes = |range: std::ops::Range<usize>| range.map(|number| node(number as u128, 1));
    for (millis, node) in (0..).zip(nodes(0..MAX_NODES)) {
        book.heard(at(millis), node, address(1));
    }
    book.heard(at(5_000), node(0, 1), address(2));
    assert_eq!(nodes(0..MAX_NODES).filter(|node| book.address(*node).is_none()).count(), 0);
    book.heard(at(5_001), node(7_000, 1), address(3));
    assert_eq!(book.address(node(0, 1)), Some(address(2)));
    assert_eq!(book.address(node(1, 1)), None);
    assert_eq!(book.address(node(2, 1)), Some(address(1)));
    assert_eq!(book.address(node(7_000, 1)), Some(address(3)));
}

/// Whom those outputs ask, not by broadcast.
fn asked<'a>(happened: impl IntoIterator<Item = &'a Output>) -> Vec<SocketAddr> {
    let to = |output: &Output| match output {
        Output::SendTo { to, message: Message::Request { node: Some(_), padding, .. } } => {
            assert_eq!(padding.len(), NODE_PADDING);
            Some(*to)
        }
        _ => None,
    };
    happened.into_iter().filter_map(to).collect()
}

impl Driven {
    fn told_by(&mut self, port: u16, others: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let node = newcomer(node(9, 90));
        let nonce = self.nonce;
        asked(&self.hear(port, node.member.node, Message::Response { nonce, node: Box::new(node), others }))
    }

    /// What it tells of others to whoever asks from there.
    fn tells(&mut self, now: Timestamp, port: u16, about: &About) -> Vec<SocketAddr> {
        let message =
            Message::Request { nonce: 77, node: Some(Box::new(about.clone())), padding: vec![0; NODE_PADDING] };
        let input = Input::Message { from: address(port), sender: about.member.node, message };
        let out = self.tell_at(now, input);
        let Some(Output::SendTo { message: Message::Response { others, .. }, .. }) = out.last() else {
            panic!("{out:?}")
        };
        others.clone()
    }
}

#[test]
fn an_answer_tells_where_others_were_heard_lately() {
    let mut driven = Driven::starting();
    assert_eq!(driven.tells(at(500), 1, &newcomer(node(9, 91))), []);
    assert_eq!(driven.tells(at(600), 2, &newcomer(node(9, 92))), [address(1)]);
    assert_eq!(driven.tells(at(700), 1, &newcomer(node(9, 91))), [address(2)]);
    assert_eq!(driven.tells(at(1_650), 3, &newcomer(node(9, 93))), [address(1)]);
}

#[test]
fn where_there_are_many_all_are_told_by_turns() {
    let mut driven = Driven::starting();
    let all: Vec<SocketAddr> = (1..=20).map(address).collect();
    for port in 1..=20 {
        driven.tells(at(500), port, &newcomer(node(u128::from(port) + 100, 1)));
    }
    let mut told = std::collections::BTreeSet::new();
    for _ in 0..5 {
        let others = driven.tells(at(600), 30, &newcomer(node(99, 1)));
        assert_eq!(others.len(), MAX_OTHERS);
        told.extend(others);
    }
    assert_eq!(Vec::from_iter(told), all);
}

#[test]
fn who_was_told_of_is_asked_at_once_and_again() {
    let mut driven = Driven::established(situation(None, false));
    let news = vec![address(2), address(3)];
    assert_eq!(driven.told_by(1, news.clone()), news);
    assert_eq!(driven.told_by(1, news), []);
    let happened = driven.run_until(at(1_000));
    let again = asked(happened.iter().map(|(_, output)| output));
    assert!(again.iter().filter(|to| **to == address(2)).count() > 2, "{again:?}");
}

#[test]
fn who_was_told_of_and_asks_by_itself_is_not_asked() {
    let mut driven = Driven::established(situation(None, false));
    driven.told_by(1, vec![address(2)]);
    let next = driven.discovery.deadline().expect("asks");
    driven.tells(next, 2, &newcomer(node(9, 92)));
    let happened = driven.run_until(next);
    assert!(happened.iter().any(|(_, output)| matches!(output, Output::Broadcast(_))));
    assert_eq!(asked(happened.iter().map(|(_, output)| output)), []);
}

#[test]
fn who_was_told_of_and_never_answers_is_given_up() {
    let mut driven = Driven::established(situation(None, false));
    driven.told_by(1, vec![address(2)]);
    let happened = driven.run_until(at(30_000));
    assert_eq!(asked(happened.iter().map(|(_, output)| output)).len(), 20);
}

#[test]
fn only_who_was_asked_tells_of_others() {
    let mut driven = Driven::starting();
    let node = newcomer(node(9, 90));
    let stale = Message::Response {
        nonce: driven.nonce.wrapping_add(1),
        node: Box::new(node.clone()),
        others: vec![address(2)],
    };
    assert_eq!(asked(&driven.hear(1, node.member.node, stale)), []);
}

#[test]
fn addresses_that_are_told_are_bounded() {
    let mut driven = Driven::starting();
    let told = (0..50).map(|turn| driven.told_by(1, (0..20).map(|port| address(100 + turn * 20 + port)).collect()));
    let asked: Vec<usize> = told.map(|asked| asked.len()).collect();
    assert_eq!(asked[..4], [MAX_OTHERS; 4]);
    assert_eq!(asked.iter().sum::<usize>(), 32);
}
