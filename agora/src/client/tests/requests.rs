use super::*;
use crate::auction::event::Receipt;
use crate::auction::message::{Ack, Bidding, Call, Deny, Durability, Lobby, Phase, Submit, Summary};
use crate::auction::refusal::{Code, Refusal};
use crate::client::message::{Action, Failure, Listing, Reply};
use crate::id::{RequestId, Round};

const REQUEST: RequestId = RequestId(Uuid::from_u128(0x5e9));

fn bid() -> Action {
    Action::Bid { auction: AUCTION, round: Some(Round(1)), amount: Some("12.50".into()) }
}

fn submit(test: &mut Test, deadline: Option<Duration>) -> Vec<Output> {
    let deadline = deadline.map(|deadline| test.now + deadline);
    test.command(Command::Submit { ticket: 1, request: REQUEST, known: None, action: bid(), deadline })
}

fn sent(n: u8, known: u64, again: bool) -> Output {
    let call = Call { session: session(n), request: REQUEST, known: Index(known) };
    let submit = Submit { call, auction: AUCTION, round: Some(Round(1)), amount: Some("12.50".into()) };
    let message = if again { Bidding::SubmitRetransmit(submit) } else { Bidding::Submit(submit) };
    Output::Send { to: address(n), message: Message::Bidding(message) }
}

fn ack() -> Ack {
    let receipt = Receipt { auction: AUCTION, seq: Seq(4), round: Some(Round(1)), amount: Some(amount("12.5")) };
    Ack { request: REQUEST, receipt, durability: Durability::Quorum, disk: false }
}

fn deny(code: Code) -> Message {
    let refusal = Refusal { code, reason: "because".into() };
    Message::Bidding(Bidding::Deny(Deny { request: REQUEST, refusal, retry_ms: None }))
}

#[test]
fn a_request_goes_to_the_leader_with_the_commit_index_that_is_known() {
    let mut test = Test::led();
    assert_eq!(submit(&mut test, None), [sent(1, 10, false)]);
}

#[test]
fn without_a_leader_a_request_waits_for_one() {
    let mut test = Test::new();
    assert_eq!(submit(&mut test, None), []);
    assert_eq!(test.details(1, Some(1), 1), [sent(1, 10, false)]);
}

#[test]
fn a_request_is_retried_with_the_same_id_and_index_until_it_is_answered() {
    let mut test = Test::led();
    submit(&mut test, None);
    let again = test.after(Duration::from_millis(130));
    assert_eq!(again, [sent(1, 10, true)]);
    let done = test.hears(1, Message::Bidding(Bidding::Ack(ack())));
    assert_eq!(done, [Output::Answered { ticket: 1, result: Ok(Reply::Done(ack())) }]);
    assert_eq!(test.after(Duration::from_secs(60)), []);
}

#[test]
fn another_leader_is_sent_what_is_outstanding_at_once() {
    let mut test = Test::led();
    submit(&mut test, None);
    assert_eq!(test.details(2, Some(2), 2), [sent(2, 10, true)], "the index belongs to the id");
}

#[test]
fn another_cookie_is_used_at_once() {
    let mut test = Test::led();
    submit(&mut test, None);
    let message = Discovery::LeaderDetails {
        nonce: 0,
        leader: Some((node(1), address(1))),
        epoch: Epoch { number: 1, leader: node(1) },
        commit: Index(10),
        cookie: 5,
        interval_ms: 50,
    };
    let out = test.hears(1, Message::Discovery(message.clone()));
    let [Output::Send { message: Message::Bidding(Bidding::SubmitRetransmit(again)), .. }] = &out[..] else {
        panic!("{out:?}");
    };
    assert_eq!(again.call.session.cookie, 5);
    assert_eq!(test.hears(1, Message::Discovery(message)), [], "the same word again is no news");
}

#[test]
fn no_quorum_and_busy_are_no_outcomes() {
    let mut test = Test::led();
    submit(&mut test, None);
    assert_eq!(test.hears(1, deny(Code::Busy)), []);
    assert!(test.hears(1, deny(Code::NoQuorum)).iter().all(is_question));
    assert_eq!(test.after(Duration::from_millis(130)), [sent(1, 10, true)]);
    let refused = test.hears(1, deny(Code::BelowMinimum));
    let refusal = Refusal { code: Code::BelowMinimum, reason: "because".into() };
    assert_eq!(refused, [Output::Answered { ticket: 1, result: Ok(Reply::Refused(refusal)) }]);
}

#[test]
fn a_leader_that_has_too_much_says_when_to_come_again() {
    let mut test = Test::led();
    submit(&mut test, None);
    let refusal = Refusal { code: Code::Busy, reason: "because".into() };
    let busy = Message::Bidding(Bidding::Deny(Deny { request: REQUEST, refusal, retry_ms: Some(2_000) }));
    assert_eq!(test.hears(1, busy), []);
    let retried = |out: &[Output]| out.contains(&sent(1, 10, true));
    assert!(!retried(&test.after(Duration::from_millis(1_990))), "no sooner");
    assert!(retried(&test.after(Duration::from_millis(1_020))), "up to a half later");
}

fn is_question(output: &Output) -> bool {
    let (Output::Broadcast(message) | Output::Send { message, .. }) = output else { return false };
    matches!(message, Message::Discovery(Discovery::Request { .. }))
}

#[test]
fn a_leader_that_hears_no_quorum_is_not_the_only_one_asked() {
    let mut test = Test::led();
    submit(&mut test, None);
    let asked = test.hears(1, deny(Code::NoQuorum));
    assert!(matches!(asked[..], [Output::Broadcast(_), Output::Send { .. }]), "once: {asked:?}");
    assert_eq!(test.hears(1, deny(Code::NoQuorum)), [], "not for every denial");
    assert_eq!(test.details(1, Some(1), 1), [], "it still holds itself for the leader");
    assert_eq!(test.details(2, Some(2), 2), [sent(2, 10, true)]);
}

#[test]
fn at_the_deadline_what_was_sent_is_unknown() {
    let mut test = Test::led();
    submit(&mut test, Some(Duration::from_millis(50)));
    let out = test.after(Duration::from_millis(50));
    assert_eq!(out, [Output::Answered { ticket: 1, result: Err(Failure::Unknown { request: REQUEST, said: None }) }]);
}

#[test]
fn at_the_deadline_what_was_never_sent_found_no_leader() {
    let mut test = Test::new();
    submit(&mut test, Some(Duration::from_millis(10)));
    let out = test.after(Duration::from_millis(10));
    assert_eq!(out, [Output::Answered { ticket: 1, result: Err(Failure::NoLeader { nodes: 0 }) }]);
}

#[test]
fn what_an_earlier_run_may_have_sent_is_unknown_even_without_a_leader() {
    let mut test = Test::new();
    let (known, deadline) = (Some(Index(3)), Some(Timestamp::from_micros(1)));
    test.command(Command::Submit { ticket: 1, request: REQUEST, known, action: bid(), deadline });
    let out = test.after(Duration::from_millis(10));
    assert_eq!(out, [Output::Answered { ticket: 1, result: Err(Failure::Unknown { request: REQUEST, said: None }) }]);
}

#[test]
fn an_old_commit_index_is_asked_for_again_before_a_request_names_it() {
    let mut test = Test::led();
    test.after(Duration::from_secs(60));
    let asked = submit(&mut test, None);
    assert!(matches!(asked[..], [Output::Send { message: Message::Discovery(_), .. }]), "{asked:?}");
    assert_eq!(test.details(1, Some(1), 2), [sent(1, 20, false)]);
}

#[test]
fn the_same_request_handed_in_twice_is_one_with_one_answer_for_both() {
    let mut test = Test::led();
    submit(&mut test, None);
    let second = Command::Submit { ticket: 2, request: REQUEST, known: None, action: bid(), deadline: None };
    assert_eq!(test.command(second), []);
    let done = test.hears(1, Message::Bidding(Bidding::Ack(ack())));
    let answered = |ticket| Output::Answered { ticket, result: Ok(Reply::Done(ack())) };
    assert_eq!(done, [answered(1), answered(2)]);
}

fn summary(n: u8) -> Summary {
    Summary {
        auction: AuctionId(Uuid::from_u128(u128::from(n))),
        auctioneer: ME,
        spec: spec(),
        phase: Phase::Waiting,
        round: Round(0),
        bidders: 0,
        last: Seq(1),
    }
}

/// The number and the `after` of the one list request among the outputs.
fn asked(outputs: &[Output]) -> (u64, Option<AuctionId>) {
    let [Output::Send { message: Message::Lobby(Lobby::ListRequest { read, after, .. }), .. }] = outputs else {
        panic!("{outputs:?}");
    };
    (*read, *after)
}

#[test]
fn a_list_is_read_page_by_page() {
    let mut test = Test::led();
    let out = test.command(Command::List { ticket: 1, state: None, auction: None, deadline: None });
    let (read, after) = asked(&out);
    assert_eq!(after, None);
    let epoch = Epoch { number: 1, leader: node(1) };
    let page =
        |read, auctions, more| Message::Lobby(Lobby::ListResponse { read, epoch, commit: Index(12), auctions, more });
    assert_eq!(test.hears(1, page(read + 1, vec![summary(9)], false)), [], "an answer to no question of this client");
    let out = test.hears(1, page(read, vec![summary(1), summary(2)], true));
    let (read, after) = asked(&out);
    assert_eq!(after, Some(summary(2).auction));
    let out = test.hears(1, page(read, vec![summary(3)], false));
    let listing = Listing { epoch, commit: Index(12), auctions: vec![summary(1), summary(2), summary(3)] };
    assert_eq!(out, [Output::Listed { ticket: 1, result: Ok(listing) }]);
}
