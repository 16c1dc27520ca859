//! What a bid passes through, piece by piece, and all of it.
//!
//! Run it: `cargo bench -p agora --bench bid`. A figure means something beside the others of the same run.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use agora::amount::Amount;
use agora::auction::apply::apply;
use agora::auction::decide::{Limits, decide};
use agora::auction::event::{Command, Disclosure, Event, Rule, Spec, Start};
use agora::auction::message::{Bidding, Call, Head, Submit};
use agora::auction::state::Auction;
use agora::client::Client;
use agora::client::message::{Action, Reply};
use agora::config::{Mode, Settings};
use agora::discovery::message::About;
use agora::heartbeat::message::Session;
use agora::id::{
    AuctionId, Epoch, FoundingId, Index, Member, NodeId, ParticipantId, Position, Probe, RequestId, Round, Seq,
};
use agora::node::{Node, NodeHandle};
use agora::protocol::Protocol;
use agora::replicator::message::{Body, Entry, Input, Output};
use agora::replicator::protocol::Replicator;
use agora::time::{At, Timestamp};
use agora::transport::free_broadcast_port;
use agora::wire::{ClusterTag, Message, Packer, Sealer, encode, open};
use divan::Bencher;
use divan::counter::ItemsCount;
use uuid::Uuid;

/// Bytes of an entry's events, about those of a bid.
const EVENTS: usize = 150;
const CLUSTER: &str = "bench";
const BIDDERS: u64 = 8;

fn main() {
    divan::main();
}

fn node() -> NodeId {
    NodeId { uuid: Uuid::from_u64_pair(1, 1), incarnation: 1 }
}

fn participant(number: u64) -> ParticipantId {
    ParticipantId(Uuid::from_u64_pair(2, number))
}

fn auction() -> AuctionId {
    AuctionId(Uuid::from_u64_pair(3, 1))
}

fn submit() -> Message {
    let session = Session { participant: participant(1), session: 7, cookie: 9 };
    let call = Call { session, request: RequestId(Uuid::from_u64_pair(4, 4)), known: Index(1_000_000) };
    let amount = Some("109.25".into());
    Message::Bidding(Bidding::Submit(Submit { call, auction: auction(), round: Some(Round(3)), amount }))
}

fn broadcast() -> Message {
    let head = Head { auction: auction(), epoch: 3, seq: Seq(70_000), at: At(1_000_000) };
    let (round, participant) = (Round(3), participant(1));
    Message::Bidding(Bidding::Broadcast { head, round, participant, pass: false, amount: None })
}

/// As many entries as fit a datagram.
fn replicate() -> Message {
    let epoch = Epoch { number: 3, leader: node() };
    let entry = |index| Entry {
        position: Position { epoch, index: Index(index) },
        at: At(1_000_000),
        body: Body::Events(vec![7; EVENTS].into()),
    };
    Message::Replicator(agora::replicator::message::Message::Replicate {
        founding: FoundingId(Uuid::from_u64_pair(5, 5)),
        epoch,
        probe: Probe(1_000),
        previous: Position { epoch, index: Index(999_999) },
        entries: (1_000_000..1_000_004).map(entry).collect(),
        commit: Index(999_990),
        at: At(1_000_000),
    })
}

fn spec(rounds: u32, bidders: u32) -> Spec {
    Spec {
        item: "Painting".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Sealed,
        limit: Amount::parse("10").expect("an amount"),
        rounds,
        bidders,
        round_timeout_ms: None,
        start: Start::Auto,
    }
}

/// Writing and reading single messages, in a datagram.
mod codec {
    use super::{Bencher, CLUSTER, ClusterTag, Message, Packer, Sealer, black_box, encode, node, open};

    type Sample = (&'static str, fn() -> Message);

    const MESSAGES: [Sample; 3] = [
        ("BID_SUBMIT", super::submit),
        ("BID_BROADCAST", super::broadcast),
        ("STATE_REPLICATE of 4", super::replicate),
    ];

    #[divan::bench(args = MESSAGES.map(|(name, _)| name))]
    fn write(bencher: Bencher<'_, '_>, name: &str) {
        let (message, mut bytes) = (message(name), Vec::new());
        bencher.bench_local(|| {
            bytes.clear();
            encode(black_box(&message), &mut bytes)
        });
    }

    #[divan::bench(args = MESSAGES.map(|(name, _)| name))]
    fn read(bencher: Bencher<'_, '_>, name: &str) {
        let cluster = ClusterTag::of(CLUSTER);
        let mut packer = Packer::new();
        packer.push(&message(name)).expect("it fits");
        let datagram = packer.finish(&mut Sealer::new(cluster, node())).next().expect("one").to_vec();
        bencher.bench_local(|| open(black_box(&datagram), cluster));
    }

    fn message(name: &str) -> Message {
        MESSAGES.iter().find(|(known, _)| *known == name).expect("one of them").1()
    }
}

/// Putting messages for one address into datagrams, and sealing those.
#[divan::bench(args = [1, 16, 64])]
fn pack(bencher: Bencher<'_, '_>, messages: usize) {
    let mut bytes = Vec::new();
    encode(&broadcast(), &mut bytes).expect("it fits");
    let (mut packer, mut sealer) = (Packer::new(), Sealer::new(ClusterTag::of(CLUSTER), node()));
    bencher.counter(ItemsCount::new(messages)).bench_local(|| {
        for _ in 0..messages {
            packer.push_encoded(&bytes);
        }
        packer.finish(&mut sealer).map(<[u8]>::len).sum::<usize>()
    });
}

/// The rules: a round of an auction of eight, decided and applied.
#[divan::bench]
fn decide_and_apply(bencher: Bencher<'_, '_>) {
    let limits = Limits::from(&Settings::lan());
    let round = |state: &mut Option<Auction>, number: u32| {
        for bidder in 1..=BIDDERS {
            let amount = Amount::parse("12.50").expect("an amount");
            let bid = Command::Bid { auction: auction(), round: Some(Round(number)), amount };
            let decided = decide(state.as_ref(), &bid, participant(bidder), At(1_000), &limits).expect("taken");
            for event in &decided.events {
                apply(state, event);
            }
        }
    };
    let bidders = u32::try_from(BIDDERS).expect("small");
    let created = Event::AuctionCreated {
        auction: auction(),
        auctioneer: participant(99),
        spec: Arc::new(spec(1_000_000, bidders)),
    };
    let mut state = None;
    apply(&mut state, &created);
    for bidder in 1..=BIDDERS {
        let join = Command::Join(auction());
        let decided = decide(state.as_ref(), &join, participant(bidder), At(1), &limits).expect("taken");
        for event in &decided.events {
            apply(&mut state, event);
        }
    }
    bencher.counter(ItemsCount::new(BIDDERS)).with_inputs(|| state.clone()).bench_local_refs(|state| round(state, 1));
}

/// A cluster of one, whose log takes proposals, some in each turn, and commits them.
#[divan::bench(args = [1, 16, 128])]
fn log_append(bencher: Bencher<'_, '_>, proposals: u64) {
    let mut replicator = leader();
    let epoch = Epoch { number: 1, leader: node() };
    let events = bytes::Bytes::from(vec![7; EVENTS]);
    let mut next = 1;
    bencher.counter(ItemsCount::new(proposals)).bench_local(|| {
        let mut inputs = Vec::new();
        for number in next..next + proposals {
            inputs.push(Input::Propose { epoch, number, events: events.clone() });
        }
        next += proposals;
        committed(&turn(&mut replicator, NOW, inputs))
    });
}

const NOW: Timestamp = Timestamp::from_micros(10_000_000);

/// One turn, and those in which it is told that what it wrote is durable.
fn turn(replicator: &mut Replicator, now: Timestamp, inputs: Vec<Input>) -> Vec<Output> {
    let mut out = Vec::new();
    if replicator.deadline().is_some_and(|deadline| deadline <= now) {
        replicator.fire(now, &mut out);
    }
    for input in inputs {
        replicator.handle(now, input, &mut out);
    }
    replicator.settle(now, &mut out);
    let last = out.iter().rev().find_map(|output| match output {
        Output::Write { ticket, .. } => Some(*ticket),
        _ => None,
    });
    if let Some(ticket) = last {
        out.extend(turn(replicator, now, vec![Input::Flushed(ticket)]));
    }
    out
}

fn committed(outputs: &[Output]) -> usize {
    outputs.iter().filter(|output| matches!(output, Output::Committed(_))).count()
}

fn leader() -> Replicator {
    let settings = Settings { mode: Mode::Majority(1), ..Settings::lan() };
    let member = Member { node: node(), priority: 0 };
    let mut replicator = Replicator::new(member, &settings, 1, Timestamp::ZERO);
    let about = About {
        member,
        mode: settings.mode,
        disk: false,
        founding: None,
        promise: Epoch::NONE,
        leader: None,
        serving: false,
        commit: Position::START,
        last: Position::START,
        decided: 0,
    };
    let told = turn(&mut replicator, NOW, vec![Input::Found(Box::new(about)), Input::WindowClosed]);
    assert!(told.iter().any(|output| matches!(output, Output::Leading { .. })), "a cluster of one leads at once");
    replicator
}

/// Three nodes on loopback, and a bidder that waits for each bid's acknowledgement.
#[divan::bench(sample_count = 20, sample_size = 20)]
fn end_to_end(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let port = free_broadcast_port().expect("a free port");
    let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
    let nodes: Vec<NodeHandle> = (1..=3)
        .map(|id| {
            let builder = Node::builder().id(Uuid::from_u64_pair(1, id)).loopback(port).settings(settings.clone());
            builder.build().expect("settings that can be").spawn()
        })
        .collect();
    let (client, auction) = runtime.block_on(async {
        for node in &nodes {
            node.ready().await.expect("it runs");
        }
        let client = nodes[0].client(participant(1)).await.expect("a client");
        let auctioneer = nodes[0].client(participant(2)).await.expect("a client");
        let auction = done(&auctioneer, Action::Create(spec(10_000, 1))).await;
        done(&client, Action::Join(auction)).await;
        (client, auction)
    });
    bencher.bench_local(|| {
        let bid = Action::Bid { auction, round: None, amount: Some("12.50".into()) };
        runtime.block_on(done(&client, bid))
    });
}

async fn done(client: &Client, action: Action) -> AuctionId {
    match client.submit(action, Some(Duration::from_secs(30))).await {
        Ok(Reply::Done(ack)) => ack.receipt.auction,
        other => panic!("{other:?}"),
    }
}
