use super::*;
use crate::auction::message::{Outcome, Status};
use crate::client::message::Failure;
use crate::replicator::message::Standing;

fn question(test: &Test, n: u8) -> Output {
    let padding = vec![0; crate::discovery::message::CLIENT_PADDING];
    let message = Message::Discovery(Discovery::Request { nonce: test.nonce, node: None, padding });
    Output::Send { to: address(n), message }
}

fn leader(test: &Test) -> Option<SocketAddr> {
    test.dialogue.leader().map(|leader| leader.address)
}

#[test]
fn it_asks_again_until_somebody_answers() {
    let mut test = Test::new();
    let asked = test.after(Duration::from_secs(1));
    assert!(asked.len() >= 4, "{asked:?}");
    assert!(asked.iter().all(|output| matches!(output, Output::Broadcast(_))));
}

#[test]
fn it_is_quiet_once_the_leader_is_known_and_nothing_is_wanted() {
    let mut test = Test::led();
    assert_eq!(leader(&test), Some(address(1)));
    assert_eq!(test.after(Duration::from_secs(60)), []);
}

#[test]
fn a_follower_s_word_is_a_question_to_the_leader_that_it_names() {
    let mut test = Test::new();
    let asked = test.details(2, Some(1), 1);
    assert_eq!(asked, [question(&test, 1)]);
    assert_eq!(leader(&test), None, "only the leader's own cookie counts there");
    test.details(1, Some(1), 1);
    assert_eq!(leader(&test), Some(address(1)));
}

#[test]
fn an_unspecified_address_means_where_the_datagram_came_from() {
    let mut test = Test::new();
    let leader = Some((node(1), ([0, 0, 0, 0], 4000).into()));
    let message = Discovery::LeaderDetails {
        nonce: test.nonce,
        leader,
        epoch: Epoch { number: 1, leader: node(1) },
        commit: Index(0),
        cookie: 1,
        interval_ms: 50,
    };
    test.hears(1, Message::Discovery(message));
    assert_eq!(self::leader(&test), Some(address(1)));
}

#[test]
fn a_leader_of_a_lower_epoch_changes_nothing() {
    let mut test = Test::led();
    test.details(2, Some(2), 5);
    assert_eq!(leader(&test), Some(address(2)));
    test.details(1, Some(1), 1);
    assert_eq!(leader(&test), Some(address(2)));
}

#[test]
fn a_leader_that_names_another_leads_no_more_whatever_the_epoch() {
    let mut test = Test::led();
    test.details(1, Some(1), 9);
    let asked = test.details(1, Some(2), 3);
    assert_eq!(asked, [question(&test, 2)]);
    assert_eq!(leader(&test), None);
    test.details(2, Some(2), 3);
    assert_eq!(leader(&test), Some(address(2)));
}

#[test]
fn a_status_of_a_leader_that_serves_no_more_is_told_and_it_is_asked_who_leads() {
    let mut test = Test::led();
    for (serving, asked) in [(true, vec![]), (false, vec![question(&test, 1)])] {
        let sent = test.command(Command::Status { ticket: 3, deadline: None });
        let [Output::Send { message: Message::Outcome(Outcome::StatusRequest { read, .. }), .. }] = sent[..] else {
            panic!("{sent:?}");
        };
        let status = Box::new(status(serving));
        let told = test.hears(1, Message::Outcome(Outcome::StatusResponse { read, status: status.clone() }));
        assert_eq!(told, [asked, vec![Output::Told { ticket: 3, result: Ok(status) }]].concat());
    }
    assert_eq!(test.details(1, Some(2), 2), [question(&test, 2)]);
}

fn status(serving: bool) -> Status {
    Status {
        node: node(1),
        standing: Standing::Member,
        epoch: Epoch { number: 1, leader: node(1) },
        leader: Some(node(1)),
        serving,
        hears_quorum: serving,
        commit: Index(2),
        last: Index(2),
        members: Vec::new(),
        peers: Vec::new(),
        auctions: [0; 4],
        fates: [0; 5],
    }
}

#[test]
fn an_answer_to_another_s_question_changes_nothing() {
    let mut test = Test::new();
    test.nonce += 1;
    test.details(1, Some(1), 1);
    assert_eq!(leader(&test), None);
}

#[test]
fn who_waits_for_a_leader_is_told_with_a_fresh_commit_index() {
    let mut test = Test::led();
    test.now = test.now + Duration::from_secs(60);
    let asked = test.command(Command::Locate { ticket: 3, deadline: None });
    assert_eq!(asked, [question(&test, 1)]);
    let told = test.details(1, Some(1), 2);
    let [Output::Located { ticket: 3, result: Ok(leader) }] = told[..] else { panic!("{told:?}") };
    assert_eq!(leader.commit, Index(20));
}

#[test]
fn who_waits_for_a_leader_gives_up_at_the_deadline() {
    let mut test = Test::new();
    test.command(Command::Locate { ticket: 3, deadline: Some(Timestamp::from_micros(300_000)) });
    let out = test.after(Duration::from_millis(300));
    assert!(out.contains(&Output::Located { ticket: 3, result: Err(Failure::NoLeader { nodes: 0 }) }));
}

#[test]
fn a_silent_leader_is_told_as_lost_and_the_next_one_as_found() {
    let mut test = Test::led();
    let told = test.command(Command::FollowLeader { ticket: 5 });
    assert!(matches!(told[..], [Output::Leader { ticket: 5, leader: Some(_) }]));
    test.command(Command::Follow { ticket: 6, auction: Some(AUCTION), room: 10 });
    let out = test.after(Duration::from_secs(1));
    let changes = out.iter().filter(|output| matches!(output, Output::Leader { .. })).count();
    assert_eq!(changes, 1, "lost, once");
    let told = test.details(2, Some(2), 2);
    assert!(matches!(told[0], Output::Leader { ticket: 5, leader: Some(leader) } if leader.node == node(2)));
}

#[test]
fn forged_answers_of_many_nodes_fill_nothing() {
    let mut test = Test::led();
    for port in 1..1000 {
        let message = Message::Discovery(Discovery::LeaderDetails {
            nonce: test.nonce,
            leader: None,
            epoch: Epoch::NONE,
            commit: Index(0),
            cookie: 1,
            interval_ms: 1,
        });
        let from = ([127, 0, 1, 1], port).into();
        test.input(Input::Message { from, sender: node(9), message });
    }
    test.command(Command::Follow { ticket: 6, auction: Some(AUCTION), room: 10 });
    let out = test.after(Duration::from_millis(220));
    let asked = out.iter().filter(|output| matches!(output, Output::Send { message: Message::Discovery(_), .. }));
    assert!(asked.count() <= 64);
    assert_eq!(leader(&test), Some(address(1)));
}

/// Nothing of its later life may count as an answer of the leader, or its word would be set aside for ever.
#[test]
fn a_leader_that_begins_anew_at_its_address_in_a_lower_epoch_is_believed_after_a_while() {
    let mut test = Test::new();
    test.details(1, Some(1), 5);
    let anew = NodeId { incarnation: 99, ..node(1) };
    let says = |test: &mut Test| {
        let message = Message::Discovery(Discovery::LeaderDetails {
            nonce: test.nonce,
            leader: Some((anew, address(1))),
            epoch: Epoch { number: 1, leader: anew },
            commit: Index(3),
            cookie: COOKIE,
            interval_ms: 50,
        });
        test.input(Input::Message { from: address(1), sender: anew, message })
    };
    let known = |test: &Test| test.dialogue.leader().map(|leader| leader.node);
    test.command(Command::Follow { ticket: 1, auction: Some(AUCTION), room: 9 });
    says(&mut test);
    assert_eq!(known(&test), Some(node(1)), "it may be late word of before");
    for _ in 0..30 {
        test.after(Duration::from_millis(50));
        says(&mut test);
    }
    assert_eq!(known(&test), Some(anew));
}
