//! What clients and leaders say of auctions.

use agora::amount::Amount;
use agora::auction::event::{Disclosure, Receipt, Rule, Spec, Start};
use agora::auction::message::{
    Ack, Bidding, Call, Deny, Durability, Ending, Head, Line, Lobby, OrderAnswer, Outcome, Page, Phase, Status, Submit,
    Summary,
};
use agora::auction::refusal::{Code, Refusal};
use agora::heartbeat::message::Session;
use agora::id::{Index, Member, RequestId, Round, Seq};
use agora::replicator::message::{Order, Peer, Standing};
use agora::time::At;
use uuid::Uuid;

use super::{auction_id, epoch, node, participant};

fn amount(text: &str) -> Amount {
    text.parse().expect("an amount")
}

fn request() -> RequestId {
    RequestId(Uuid::from_bytes([0xc0; 16]))
}

fn session() -> Session {
    Session { participant: participant(1), session: 0x5e55, cookie: 0xc00c }
}

fn call() -> Call {
    Call { session: session(), request: request(), known: Index(77) }
}

fn spec() -> Spec {
    Spec {
        item: "Gemälde".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Sealed,
        limit: amount("10"),
        rounds: 3,
        bidders: 2,
        round_timeout_ms: Some(5_000),
        start: Start::Confirm,
    }
}

fn other_spec() -> Spec {
    Spec { disclosure: Disclosure::Open, round_timeout_ms: None, start: Start::Auto, ..spec() }
}

fn tender() -> Spec {
    Spec { rule: Rule::Lowest, disclosure: Disclosure::Secret, ..spec() }
}

fn second_price() -> Spec {
    Spec { rule: Rule::SecondPrice, ..spec() }
}

fn ack(seq: u64, round: Option<u32>, bid: Option<&str>) -> Ack {
    let receipt = Receipt { auction: auction_id(), seq: Seq(seq), round: round.map(Round), amount: bid.map(amount) };
    Ack { request: request(), receipt, durability: Durability::Quorum, disk: false }
}

fn deny(code: Code) -> Deny {
    Deny {
        request: request(),
        refusal: Refusal { code, reason: "because".into() },
        retry_ms: (code == Code::Busy).then_some(120),
    }
}

fn head(seq: u64) -> Head {
    Head { auction: auction_id(), epoch: 1, seq: Seq(seq), at: At(1_000) }
}

fn page() -> Page {
    let line = |number, bid: Option<&str>, total: Option<&str>| Line {
        participant: participant(number),
        amount: bid.map(amount),
        total: total.map(amount),
    };
    Page { number: 1, of: 2, lines: vec![line(1, Some("12.5"), Some("37.5")), line(2, None, None)] }
}

fn summary() -> Summary {
    Summary {
        auction: auction_id(),
        auctioneer: participant(0),
        spec: spec(),
        phase: Phase::Active,
        round: Round(2),
        bidders: 2,
        last: Seq(9),
    }
}

pub(crate) fn lobby() -> impl Iterator<Item = (&'static str, Lobby)> {
    let auction = auction_id();
    let list = Lobby::ListRequest { session: session(), read: 5, state: None, auction: None, after: None };
    let list_active = Lobby::ListRequest {
        session: session(),
        read: 6,
        state: Some(Phase::Active),
        auction: Some(auction),
        after: Some(auction),
    };
    let response = |auctions, more| Lobby::ListResponse { read: 5, epoch: epoch(5), commit: Index(77), auctions, more };
    [
        ("AUCTION_CREATE_REQUEST", Lobby::CreateRequest { call: call(), spec: spec() }),
        ("AUCTION_CREATE_REQUEST (auto)", Lobby::CreateRequest { call: call(), spec: other_spec() }),
        ("AUCTION_CREATE_REQUEST (lowest)", Lobby::CreateRequest { call: call(), spec: tender() }),
        ("AUCTION_CREATE_REQUEST (second-price)", Lobby::CreateRequest { call: call(), spec: second_price() }),
        ("AUCTION_CREATE_ACK", Lobby::CreateAck(ack(1, None, None))),
        ("AUCTION_CREATE_DENY", Lobby::CreateDeny(deny(Code::BadRequest))),
        ("AUCTION_LIST_REQUEST", list),
        ("AUCTION_LIST_REQUEST (active, one)", list_active),
        ("AUCTION_LIST_RESPONSE", response(vec![summary()], true)),
        ("AUCTION_LIST_RESPONSE (none)", response(Vec::new(), false)),
        ("AUCTION_JOIN_REQUEST", Lobby::JoinRequest { call: call(), auction }),
        ("AUCTION_JOIN_ACK", Lobby::JoinAck(ack(2, None, None))),
        ("AUCTION_JOIN_DENY", Lobby::JoinDeny(deny(Code::AlreadyJoined))),
        ("AUCTION_LEAVE_REQUEST", Lobby::LeaveRequest { call: call(), auction }),
        ("AUCTION_LEAVE_ACK", Lobby::LeaveAck(ack(4, None, None))),
        ("AUCTION_LEAVE_DENY", Lobby::LeaveDeny(deny(Code::NotParticipant))),
        ("AUCTION_READY_CONFIRM", Lobby::ReadyConfirm { call: call(), auction }),
        ("AUCTION_READY_CONFIRM_ACK", Lobby::ReadyConfirmAck(ack(5, None, None))),
        ("AUCTION_READY_CONFIRM_DENY", Lobby::ReadyConfirmDeny(deny(Code::NotAuctioneer))),
    ]
    .into_iter()
}

pub(crate) fn bidding() -> impl Iterator<Item = (&'static str, Bidding)> {
    let submit = |round: Option<u32>, bid: Option<&str>| Submit {
        call: call(),
        auction: auction_id(),
        round: round.map(Round),
        amount: bid.map(Into::into),
    };
    let broadcast = |pass, bid: Option<&str>| Bidding::Broadcast {
        head: head(7),
        round: Round(2),
        participant: participant(1),
        pass,
        amount: bid.map(amount),
    };
    [
        ("AUCTION_CREATED", Bidding::Created { head: head(1), auctioneer: participant(0), spec: spec() }),
        ("PARTICIPANT_JOINED", Bidding::Joined { head: head(2), participant: participant(1) }),
        ("PARTICIPANT_LEFT", Bidding::Left { head: head(3), participant: participant(1) }),
        ("AUCTION_READY_CHECK", Bidding::ReadyCheck { head: head(4), remaining_ms: 60_000 }),
        ("AUCTION_START", Bidding::Start { head: head(5) }),
        ("ROUND_START", Bidding::RoundStart { head: head(6), round: Round(1), remaining_ms: Some(5_000) }),
        ("ROUND_START (no timeout)", Bidding::RoundStart { head: head(6), round: Round(1), remaining_ms: None }),
        ("BID_SUBMIT", Bidding::Submit(submit(Some(2), Some("12.50")))),
        ("BID_SUBMIT (pass)", Bidding::Submit(submit(None, None))),
        ("BID_SUBMIT_RETRANSMIT", Bidding::SubmitRetransmit(submit(Some(2), Some("12.50")))),
        ("BID_ACK", Bidding::Ack(ack(7, Some(2), Some("12.5")))),
        ("BID_ACK (reachable)", Bidding::Ack(Ack { durability: Durability::Reachable, ..ack(7, Some(2), None) })),
        ("BID_DENY", Bidding::Deny(deny(Code::BelowMinimum))),
        ("BID_DENY (busy)", Bidding::Deny(deny(Code::Busy))),
        ("BID_BROADCAST (sealed)", broadcast(false, None)),
        ("BID_BROADCAST (open)", broadcast(false, Some("12.5"))),
        ("BID_BROADCAST (pass)", broadcast(true, None)),
        ("ROUND_COMPLETE", Bidding::RoundComplete { head: head(8), round: Round(2), page: page() }),
    ]
    .into_iter()
}

pub(crate) fn outcome() -> impl Iterator<Item = (&'static str, Outcome)> {
    let (total, price) = (Some(amount("37.5")), Some(amount("30")));
    let ending = || Ending { head: head(20), winner: Some(participant(1)), total, price, page: page() };
    let empty = Page { number: 1, of: 1, lines: Vec::new() };
    let nobody = Ending { winner: None, total: None, price: None, page: empty, ..ending() };
    let cancel = |reason| Outcome::CancelRequest { call: call(), auction: auction_id(), reason };
    let status = Status {
        node: node(1),
        standing: Standing::Member,
        epoch: epoch(5),
        leader: Some(node(1)),
        serving: true,
        hears_quorum: true,
        commit: Index(77),
        last: Index(78),
        members: vec![Member { node: node(1), priority: 10 }, Member { node: node(2), priority: 0 }],
        peers: vec![Peer { node: node(2), index: Index(76), heard: true }],
        auctions: [1, 2, 3, 4],
        fates: [10, 5, 2, 2, 1],
    };
    let server = |number| node(number).uuid;
    let order = |order| Outcome::OrderRequest { session: session(), read: 5, order };
    let ordered = |answer| Outcome::OrderResponse { read: 5, answer };
    let refused = Refusal { code: Code::NotFound, reason: "because".into() };
    let events = |auction| Outcome::EventsRequest { session: session(), auction, after: Seq(3), held: Some(epoch(4)) };
    let last = |last| Outcome::EventsResponse { auction: auction_id(), epoch: epoch(5), last };
    [
        ("AUCTION_WINNER", Outcome::Winner(ending())),
        ("AUCTION_LOSER", Outcome::Loser(ending())),
        ("AUCTION_RESULT", Outcome::Result(ending())),
        ("AUCTION_RESULT (nobody bid)", Outcome::Result(nobody)),
        ("AUCTION_CANCEL", Outcome::Cancel { head: head(5), reason: "START_TIMEOUT".into() }),
        ("AUCTION_CANCEL_REQUEST", cancel(Some("no time".into()))),
        ("AUCTION_CANCEL_REQUEST (without a reason)", cancel(None)),
        ("AUCTION_CANCEL_ACK", Outcome::CancelAck(ack(6, None, None))),
        ("AUCTION_CANCEL_DENY", Outcome::CancelDeny(deny(Code::NotAuctioneer))),
        ("AUCTION_EVENTS_REQUEST", events(Some(auction_id()))),
        ("AUCTION_EVENTS_REQUEST (all)", events(None)),
        ("AUCTION_EVENTS_RESPONSE", last(Some(Seq(9)))),
        ("AUCTION_EVENTS_RESPONSE (no such auction)", last(None)),
        ("STATUS_REQUEST", Outcome::StatusRequest { session: session(), read: 5 }),
        ("STATUS_RESPONSE", Outcome::StatusResponse { read: 5, status: Box::new(status) }),
        ("CLUSTER_ORDER_REQUEST (add)", order(Order::Add(server(3)))),
        ("CLUSTER_ORDER_REQUEST (remove)", order(Order::Remove(server(3)))),
        ("CLUSTER_ORDER_REQUEST (transfer)", order(Order::Transfer { from: server(1), to: Some(server(2)) })),
        ("CLUSTER_ORDER_RESPONSE (done)", ordered(OrderAnswer::Done)),
        ("CLUSTER_ORDER_RESPONSE (under way)", ordered(OrderAnswer::UnderWay)),
        ("CLUSTER_ORDER_RESPONSE (refused)", ordered(OrderAnswer::Refused(refused))),
    ]
    .into_iter()
}
