//! The checks can fail: each is shown what must not be.

use agora::amount::Amount;
use agora::auction::event::{Answer, Decision, Disclosure, Event, Receipt, RequestKey, Rule, Spec, Start};
use agora::auction::message::{Ack, Bidding, Durability, Head};
use agora::client::event::{Event as Told, Side, What};
use agora::client::message::{Action, Reply};
use agora::config::Mode;
use agora::id::{AuctionId, Epoch, Index, NodeId, ParticipantId, Position, RequestId, Round, Seq};
use agora::replicator::message::Message as Replicator;
use agora::time::At;
use agora::wire::Message;
use uuid::Uuid;

use super::{Ended, Lead1, Logs, Oracle, Seal1, Violation, in_the_end, owed};
use crate::schedule::{Promise, SECOND};

const HOUSE: ParticipantId = ParticipantId(Uuid::from_u64_pair(7, 0));
const BIDDER: ParticipantId = ParticipantId(Uuid::from_u64_pair(7, 1));
const CREATE: RequestId = RequestId(Uuid::from_u64_pair(8, 0));
const BID: RequestId = RequestId(Uuid::from_u64_pair(8, 1));
const AUCTION: AuctionId = AuctionId(Uuid::from_u64_pair(9, 0));
const LEADER: NodeId = NodeId { uuid: Uuid::from_u64_pair(1, 1), incarnation: 1 };
const OTHER: NodeId = NodeId { uuid: Uuid::from_u64_pair(1, 2), incarnation: 2 };
const EPOCH: Epoch = Epoch { number: 1, leader: LEADER };

fn amount(text: &str) -> Amount {
    Amount::parse(text).expect("an amount")
}

fn spec() -> Spec {
    Spec {
        item: "Painting".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Sealed,
        limit: amount("10"),
        rounds: 1,
        bidders: 1,
        round_timeout_ms: None,
        start: Start::Auto,
    }
}

fn receipt(seq: u64) -> Receipt {
    Receipt { auction: AUCTION, seq: Seq(seq), round: None, amount: None }
}

fn at(index: u64) -> Position {
    Position { epoch: EPOCH, index: Index(index) }
}

fn decision(key: Option<(ParticipantId, RequestId)>, answer: Option<Receipt>, events: Vec<Event>) -> Decision {
    let key = key.map(|(participant, request)| RequestKey { participant, request });
    Decision { key, events, answer: answer.map(Answer::Done), floor: None }
}

/// An auction of one bid, as nodes commit it.
fn history() -> Vec<Decision> {
    let (auction, round, participant) = (AUCTION, Round(1), BIDDER);
    vec![
        decision(
            Some((HOUSE, CREATE)),
            Some(receipt(1)),
            vec![Event::AuctionCreated { auction, auctioneer: HOUSE, spec: spec().into() }],
        ),
        decision(
            None,
            None,
            vec![
                Event::ParticipantJoined { auction, participant },
                Event::AuctionStarted { auction },
                Event::RoundStarted { auction, round, deadline: None },
            ],
        ),
        decision(
            Some((BIDDER, BID)),
            Some(receipt(5)),
            vec![
                Event::BidAccepted { auction, round, participant, amount: amount("12") },
                Event::RoundCompleted { auction, round },
                Event::AuctionCompleted { auction },
            ],
        ),
    ]
}

fn logs() -> Logs {
    let mut logs = Logs::default();
    logs.begin(0);
    for (index, decision) in (1..).zip(history()) {
        logs.committed(0, at(index), &decision, true).expect("a history that can be");
    }
    logs
}

/// What the bidder is told of it.
fn told() -> Vec<What> {
    let (round, participant) = (Round(1), BIDDER);
    vec![
        What::Created { auctioneer: HOUSE, spec: spec() },
        What::Joined { participant },
        What::Started,
        What::RoundStarted { round, remaining: None },
        What::Bid { round, participant, pass: false, amount: Some(amount("12")) },
        What::RoundCompleted { round, lines: Vec::new() },
        What::Ended {
            side: Side::Won,
            winner: Some(participant),
            total: Some(amount("12")),
            price: Some(amount("12")),
            lines: Vec::new(),
        },
    ]
}

fn head(seq: u64) -> Head {
    Head { auction: AUCTION, epoch: 1, seq: Seq(seq), at: At(0) }
}

/// The bidder follows the auction to its end.
fn oracle(events: Vec<What>) -> Oracle {
    let mut oracle = Oracle::default();
    let stream = oracle.follows(BIDDER, AUCTION);
    for (seq, what) in (1..).zip(events) {
        oracle.heard(stream, Told { head: head(seq), what });
    }
    oracle.ended(stream, Ended::Over);
    oracle
}

fn answered(oracle: &mut Oracle, participant: ParticipantId, request: RequestId, receipt: Receipt) {
    let ticket = oracle.asked(0, participant, request, Action::Join(AUCTION));
    let ack = Ack { request, receipt, durability: Durability::Quorum, disk: false };
    oracle.answered(ticket, Reply::Done(ack));
}

fn broken(result: Result<(), Violation>) -> Option<&'static str> {
    result.err().map(|violation| violation.invariant)
}

fn end(oracle: &Oracle) -> Option<&'static str> {
    broken(in_the_end(&logs(), oracle, Promise::OneLog))
}

#[test]
fn what_is_told_as_it_was_committed_is_right() {
    let mut oracle = oracle(told());
    answered(&mut oracle, HOUSE, CREATE, receipt(1));
    answered(&mut oracle, BIDDER, BID, receipt(5));
    assert_eq!(end(&oracle), None);
}

#[test]
fn an_acknowledgement_that_no_log_holds_is_noticed() {
    let mut oracle = oracle(told());
    answered(&mut oracle, BIDDER, RequestId(Uuid::from_u64_pair(8, 9)), receipt(5));
    assert_eq!(end(&oracle), Some("LOG-1"));
    assert_eq!(broken(in_the_end(&logs(), &oracle, Promise::Branches)), Some("LOG-1"));
}

#[test]
fn another_answer_than_the_one_that_was_decided_is_noticed() {
    let mut oracle = oracle(told());
    answered(&mut oracle, BIDDER, BID, receipt(5));
    answered(&mut oracle, BIDDER, BID, receipt(6));
    assert_eq!(end(&oracle), Some("ONCE-1"));
}

#[test]
fn an_event_too_few_too_many_or_out_of_order_is_noticed() {
    for broken in [0, 1, 2] {
        let mut events = told();
        match broken {
            0 => drop(events.remove(1)),
            1 => events.insert(1, What::Joined { participant: BIDDER }),
            _ => events.swap(1, 2),
        }
        assert_eq!(end(&oracle(events)), Some("ORDER-1"));
    }
}

#[test]
fn a_stream_that_ends_before_its_last_event_is_noticed() {
    let mut events = told();
    events.truncate(5);
    assert_eq!(end(&oracle(events)), Some("ORDER-1"));
}

#[test]
fn another_winner_or_price_than_the_fold_s_is_noticed() {
    let mut events = told();
    if let Some(What::Ended { price, .. }) = events.last_mut() {
        *price = Some(amount("11"));
    }
    assert_eq!(end(&oracle(events)), Some("WIN-1"));
    let mut events = told();
    if let Some(What::Ended { side, .. }) = events.last_mut() {
        *side = Side::Lost;
    }
    assert_eq!(end(&oracle(events)), Some("WIN-1"));
}

#[test]
fn nodes_that_commit_differently_are_noticed() {
    let mut logs = logs();
    logs.begin(1);
    let mut other = history();
    other[0].events.clear();
    assert_eq!(broken(logs.committed(1, at(1), &other[0], true)), Some("LOG-2"));
}

#[test]
fn a_node_that_lacks_what_was_committed_is_noticed() {
    let mut logs = logs();
    logs.begin(1);
    for (index, decision) in (1..).zip(history()).take(2) {
        logs.committed(1, at(index), &decision, true).expect("a history that can be");
    }
    assert!(logs.differ(&[0, 1]).is_some());
    assert_eq!(broken(logs.kept(1)), Some("LOG-1"));
}

#[test]
fn a_request_that_is_committed_twice_is_noticed() {
    let mut logs = logs();
    assert_eq!(broken(logs.committed(0, at(4), &history()[2], true)), Some("ONCE-1"));
}

#[test]
fn an_amount_before_its_round_is_complete_is_noticed() {
    let mut logs = Logs::default();
    logs.begin(0);
    for (index, decision) in (1..).zip(history()).take(2) {
        logs.committed(0, at(index), &decision, true).expect("a history that can be");
    }
    let told = Message::Bidding(Bidding::Broadcast {
        head: head(5),
        round: Round(1),
        participant: BIDDER,
        pass: false,
        amount: Some(amount("12")),
    });
    let mut seal = Seal1::default();
    assert_eq!(broken(seal.received(&logs, BIDDER, &told)), None, "one's own");
    assert_eq!(broken(seal.received(&logs, HOUSE, &told)), Some("SEAL-1"));
    logs.committed(0, at(3), &history()[2], true).expect("a history that can be");
    assert_eq!(broken(seal.received(&logs, HOUSE, &told)), None, "the round is complete");
}

#[test]
fn who_sends_entries_in_another_s_epoch_or_acknowledges_below_its_promise_is_noticed() {
    let mut lead = Lead1::default();
    let replicate = Message::Replicator(Replicator::Replicate {
        founding: agora::id::FoundingId(Uuid::nil()),
        epoch: EPOCH,
        probe: agora::id::Probe(1),
        previous: Position::START,
        entries: Vec::new(),
        commit: Index(0),
        at: At(0),
    });
    assert_eq!(broken(lead.sent(1, LEADER, &replicate)), None);
    assert_eq!(broken(lead.sent(1, OTHER, &replicate)), Some("LEAD-1"));

    let promise = Message::Replicator(Replicator::PromiseResponse {
        founding: agora::id::FoundingId(Uuid::nil()),
        epoch: Epoch { number: 2, leader: OTHER },
        dry: false,
        granted: true,
        promise: Epoch { number: 2, leader: OTHER },
        last: Position::START,
        commit: Index(0),
        at: At(0),
    });
    let ack = Ack { request: BID, receipt: receipt(5), durability: Durability::Quorum, disk: false };
    let ack = Message::Bidding(Bidding::Ack(ack));
    lead.sent(2, LEADER, &promise).expect("a promise");
    lead.sent(2, LEADER, &ack).expect("not known yet");
    assert_eq!(broken(lead.step(2)), None, "within one step there is no order");
    lead.sent(3, LEADER, &ack).expect("not known yet");
    assert_eq!(broken(lead.step(3)), Some("LEAD-1"));
}

#[test]
fn fewer_nodes_than_the_cluster_has_found_none() {
    assert_eq!(broken(Lead1::founded(Mode::Majority(3), 2)), Some("MEMB-1"));
    assert_eq!(broken(Lead1::founded(Mode::Majority(3), 3)), None);
    assert_eq!(broken(Lead1::founded(Mode::Reachable, 1)), None);
}

#[test]
fn a_request_that_waits_for_too_long_is_noticed() {
    let mut oracle = Oracle::default();
    oracle.asked(0, BIDDER, BID, Action::Join(AUCTION));
    assert_eq!(broken(owed(&oracle, 10 * SECOND, 20 * SECOND)), None);
    assert_eq!(broken(owed(&oracle, 10 * SECOND, 30 * SECOND)), Some("LIVE-1"));
}
