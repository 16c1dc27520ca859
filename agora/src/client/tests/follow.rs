use super::*;
use crate::auction::message::{Bidding, Ending, Line, Outcome, Page};
use crate::client::event::{Side, What};
use crate::heartbeat::message::Message as Beat;
use crate::id::Round;

/// One that follows the auction as subscription 1, and has been answered.
fn following(room: usize) -> Test {
    let mut test = Test::led();
    let out = test.command(Command::Follow { ticket: 1, auction: Some(AUCTION), room });
    assert_eq!(out, [request(1, 0)]);
    assert_eq!(response(&mut test, Some(0)), []);
    test
}

fn request(n: u8, after: u64) -> Output {
    let held = (after > 0).then(|| Epoch { number: 1, leader: node(1) });
    let message = Outcome::EventsRequest { session: session(n), auction: Some(AUCTION), after: Seq(after), held };
    Output::Send { to: address(n), message: Message::Outcome(message) }
}

fn response(test: &mut Test, last: Option<u64>) -> Vec<Output> {
    let epoch = Epoch { number: 1, leader: node(1) };
    test.hears(1, Message::Outcome(Outcome::EventsResponse { auction: AUCTION, epoch, last: last.map(Seq) }))
}

fn joined(test: &mut Test, seq: u64) -> Vec<Output> {
    test.hears(1, Message::Bidding(Bidding::Joined { head: head(seq), participant: participant(1) }))
}

/// The numbers of the events among the outputs.
fn delivered(outputs: &[Output]) -> Vec<u64> {
    let seq = |output: &Output| match output {
        Output::Event { ticket: 1, event } => Some(event.head.seq.0),
        _ => None,
    };
    outputs.iter().filter_map(seq).collect()
}

fn requests(outputs: &[Output]) -> Vec<&Output> {
    let is_request = |output: &&Output| {
        matches!(output, Output::Send { message: Message::Outcome(Outcome::EventsRequest { .. }), .. })
    };
    outputs.iter().filter(is_request).collect()
}

#[test]
fn events_are_delivered_in_order_each_once() {
    let mut test = following(10);
    assert_eq!(delivered(&joined(&mut test, 1)), [1]);
    assert_eq!(joined(&mut test, 1), [], "a duplicate");
    assert!(delivered(&joined(&mut test, 3)).is_empty());
    assert_eq!(delivered(&joined(&mut test, 2)), [2, 3]);
}

#[test]
fn a_gap_is_asked_for_and_asked_again_only_after_a_while() {
    let mut test = following(10);
    test.after(Duration::from_millis(60));
    assert_eq!(joined(&mut test, 3), [request(1, 0)]);
    assert_eq!(joined(&mut test, 4), [], "the question is under way");
    let again = test.after(Duration::from_millis(100));
    assert_eq!(requests(&again), [&request(1, 0)]);
}

#[test]
fn a_lost_last_event_is_noticed_by_the_heartbeat() {
    let mut test = following(10);
    joined(&mut test, 1);
    let out = test.after(Duration::from_millis(130));
    let beat = |output: &Output| matches!(output, Output::Send { message: Message::Heartbeat(_), .. });
    assert!(out.iter().any(beat), "{out:?}");
    let epoch = Epoch { number: 1, leader: node(1) };
    let ack = Beat::HeartBeatAck { number: 1, epoch, last: vec![(AUCTION, Seq(2))] };
    assert_eq!(test.hears(1, Message::Heartbeat(ack)), [request(1, 1)]);
}

#[test]
fn who_is_told_a_lot_beats_seldom_and_beats_again_once_it_is_silent() {
    let mut test = following(1_000);
    let beats = |out: &[Output]| {
        let beat = |output: &&Output| matches!(output, Output::Send { message: Message::Heartbeat(_), .. });
        out.iter().filter(beat).count()
    };
    let mut told = 0;
    for seq in 1..=100 {
        joined(&mut test, seq);
        told += beats(&test.after(Duration::from_millis(20)));
    }
    assert!((1..=4).contains(&told), "{told} in 2 s, in which every 20 ms something came");
    assert_eq!(beats(&test.after(Duration::from_millis(130))), 1);
}

#[test]
fn what_one_answer_did_not_fit_is_asked_for_at_once() {
    let mut test = following(10);
    test.after(Duration::from_millis(60));
    joined(&mut test, 4);
    for seq in 1..3 {
        joined(&mut test, seq);
    }
    assert_eq!(response(&mut test, Some(4)), [request(1, 2)]);
}

#[test]
fn another_leader_is_told_what_is_followed_and_how_far() {
    let mut test = following(10);
    joined(&mut test, 1);
    assert_eq!(test.details(2, Some(2), 2), [request(2, 1)]);
}

#[test]
fn what_came_early_from_one_leader_does_not_follow_what_another_tells() {
    let mut test = following(10);
    joined(&mut test, 1);
    joined(&mut test, 3);
    test.details(2, Some(2), 2);
    let head = |seq| Head { epoch: 2, ..head(seq) };
    let join = |seq| Message::Bidding(Bidding::Joined { head: head(seq), participant: participant(2) });
    assert_eq!(delivered(&test.hears(2, join(2))), [2]);
    assert_eq!(delivered(&test.hears(2, join(3))), [3]);
}

#[test]
fn a_program_that_is_slow_is_given_no_more_than_it_has_room_for() {
    let mut test = following(1);
    assert_eq!(delivered(&joined(&mut test, 1)), [1]);
    assert!(delivered(&joined(&mut test, 2)).is_empty());
    assert!(delivered(&joined(&mut test, 3)).is_empty());
    assert_eq!(delivered(&test.command(Command::Room { ticket: 1, room: 5 })), [2, 3]);
}

#[test]
fn what_comes_too_far_ahead_is_dropped() {
    let mut test = following(0);
    for seq in 1..10_000 {
        joined(&mut test, seq);
    }
    let out = test.command(Command::Room { ticket: 1, room: 20_000 });
    assert!(delivered(&out).len() <= 8_192, "{}", delivered(&out).len());
}

#[test]
fn an_auction_that_is_not_there_ends_the_subscription() {
    let mut test = Test::led();
    test.command(Command::Follow { ticket: 1, auction: Some(AUCTION), room: 1 });
    assert_eq!(response(&mut test, None), [Output::Ended { ticket: 1, found: false }]);
    assert_eq!(test.after(Duration::from_secs(1)), [], "nothing is followed any more");
}

#[test]
fn an_auction_of_another_history_ends_where_it_is_superseded() {
    let mut test = following(10);
    joined(&mut test, 1);
    test.hears(1, round_complete_of(2, 1, 3, vec![]));
    let reason = "superseded".into();
    let out = test.hears(1, Message::Outcome(Outcome::Cancel { head: head(2), reason }));
    let [Output::Event { event, .. }, Output::Ended { ticket: 1, found: true }] = &out[..] else { panic!("{out:?}") };
    assert_eq!(event.what, What::Cancelled { reason: "superseded".into() });
    assert_eq!(event.head.seq, Seq(2));
}

fn line(n: u8, total: &str) -> Line {
    Line { participant: participant(n), amount: None, total: Some(amount(total)) }
}

fn round_complete(number: u16, of: u16, lines: Vec<Line>) -> Message {
    round_complete_of(1, number, of, lines)
}

fn round_complete_of(seq: u64, number: u16, of: u16, lines: Vec<Line>) -> Message {
    let page = Page { number, of, lines };
    Message::Bidding(Bidding::RoundComplete { head: head(seq), round: Round(1), page })
}

#[test]
fn events_of_another_than_the_present_leader_do_not_count() {
    let mut test = following(10);
    let joined = Bidding::Joined { head: head(1), participant: participant(1) };
    assert_eq!(test.hears(2, Message::Bidding(joined)), []);
}

#[test]
fn the_pages_of_an_event_are_put_together_in_their_order() {
    let mut test = following(10);
    assert!(delivered(&test.hears(1, round_complete(2, 3, vec![line(2, "2")]))).is_empty());
    assert!(delivered(&test.hears(1, round_complete(3, 3, vec![line(3, "1")]))).is_empty());
    let out = test.hears(1, round_complete(1, 3, vec![line(1, "3")]));
    let [Output::Event { event, .. }] = &out[..] else { panic!("{out:?}") };
    let lines = vec![line(1, "3"), line(2, "2"), line(3, "1")];
    assert_eq!(event.what, What::RoundCompleted { round: Round(1), lines });
}

#[test]
fn pages_that_cannot_be_are_dropped() {
    let mut test = following(10);
    for (number, of) in [(0, 1), (2, 1), (1, 0), (1, u16::MAX)] {
        assert!(delivered(&test.hears(1, round_complete(number, of, Vec::new()))).is_empty());
    }
}

#[test]
fn a_subscription_ends_with_the_auction() {
    let mut test = following(10);
    let page = Page { number: 1, of: 1, lines: vec![line(1, "3")] };
    let ending = Ending {
        head: head(1),
        winner: Some(participant(1)),
        total: Some(amount("3")),
        price: Some(amount("3")),
        page,
    };
    let out = test.hears(1, Message::Outcome(Outcome::Loser(ending)));
    let [Output::Event { event, .. }, Output::Ended { ticket: 1, found: true }] = &out[..] else { panic!("{out:?}") };
    assert!(matches!(event.what, What::Ended { side: Side::Lost, .. }));
    assert_eq!(test.after(Duration::from_secs(1)), []);
}

#[test]
fn who_follows_all_follows_each_auction_that_is_created_from_its_first_event() {
    let mut test = Test::led();
    test.command(Command::Follow { ticket: 1, auction: None, room: 10 });
    let out = test.after(Duration::from_millis(1));
    let lists = |output: &&Output| matches!(output, Output::Send { message: Message::Lobby(_), .. });
    assert_eq!(out.iter().filter(lists).count(), 2, "it looks for those that wait and those that run: {out:?}");
    assert_eq!(requests(&out).len(), 1, "and subscribes to all");
    let created = Bidding::Created { head: head(1), auctioneer: ME, spec: spec() };
    let out = test.hears(1, Message::Bidding(created));
    assert_eq!(delivered(&out), [1]);
    assert_eq!(delivered(&joined(&mut test, 2)), [2]);
    test.command(Command::Unfollow { ticket: 1 });
    assert_eq!(joined(&mut test, 3), []);
}

#[test]
fn what_another_participant_is_told_of_the_end_is_not_for_this_one() {
    let mut test = following(10);
    let ending = |winner| Ending {
        head: head(1),
        winner: Some(winner),
        total: None,
        price: None,
        page: Page { number: 1, of: 1, lines: vec![] },
    };
    let other = participant(9);
    assert_eq!(test.hears(1, Message::Outcome(Outcome::Winner(ending(other)))), []);
    assert_eq!(test.hears(1, Message::Outcome(Outcome::Loser(ending(ME)))), []);
    let out = test.hears(1, Message::Outcome(Outcome::Loser(ending(other))));
    let [Output::Event { event, .. }, Output::Ended { .. }] = out.as_slice() else { panic!("{out:?}") };
    assert!(matches!(event.what, What::Ended { side: Side::Lost, .. }), "{event:?}");
}
