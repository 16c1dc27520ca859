//! A node inside a program: what its handle does, and from where.

use agora::amount::Amount;
use agora::auction::event::{Decision, Disclosure, Event, Rule, Spec, Start};
use agora::client::Client;
use agora::client::message::{Action, Reply};
use agora::id::{AuctionId, ParticipantId, Position};
use agora::machine::Nothing;
use agora::node::{Committed, Ending, Events, Node, NodeEvent, NodeFault, NodeHandle, Told};
use uuid::Uuid;

use crate::{PATIENCE, alone, in_time, leading, spawn, three, until};

/// Does not compile where one of them cannot be sent to, or used from, another thread.
const _: () = {
    const fn sent<T: Send>() {}
    const fn shared<T: Send + Sync>() {}
    shared::<NodeHandle>();
    shared::<NodeHandle<Nothing>>();
    shared::<Client>();
    sent::<Node>();
    sent::<Events>();
    sent::<Committed<Nothing>>();
};

fn participant(number: u128) -> ParticipantId {
    ParticipantId(Uuid::from_u128(number))
}

fn spec() -> Spec {
    Spec {
        item: "Painting".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Sealed,
        limit: Amount::parse("10").expect("an amount"),
        rounds: 1,
        bidders: 1,
        round_timeout_ms: None,
        start: Start::Auto,
    }
}

/// Carries out an action; the auction that it was of.
async fn done(client: &Client, action: Action) -> AuctionId {
    match client.submit(action, Some(PATIENCE)).await {
        Ok(Reply::Done(ack)) => ack.receipt.auction,
        other => panic!("{other:?}"),
    }
}

/// The next event, and where it stands.
async fn next(committed: &mut Committed) -> (Position, Decision) {
    match in_time(committed.next()).await {
        Some(Told::Event { position, event, .. }) => (position, event),
        other => panic!("{other:?}"),
    }
}

fn created(decision: &Decision) -> Option<AuctionId> {
    match decision.events.as_slice() {
        [Event::AuctionCreated { auction, .. }] => Some(*auction),
        _ => None,
    }
}

#[test]
fn a_node_runs_inside_an_actix_system() {
    actix::System::new().block_on(async {
        let node = spawn(alone(1));
        in_time(node.ready()).await.expect("it runs");
        let client = node.client(participant(1)).await.expect("a client");
        let auction = done(&client, Action::Create(spec())).await;
        assert_eq!(created(&next(&mut node.committed(Position::START)).await.1), Some(auction));
        assert_eq!(node.shutdown().await, Ending::Stopped);
    });
}

#[test]
fn a_node_runs_inside_a_program_without_a_runtime_and_is_asked_from_any_thread() {
    let node = spawn(alone(1));
    let elsewhere = node.clone();
    let ready = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(in_time(elsewhere.ready()))
    });
    assert!(ready.join().expect("no panic").is_ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    assert_eq!(runtime.block_on(in_time(node.shutdown())), Ending::Stopped);
}

#[tokio::test]
async fn who_waits_for_a_node_that_cannot_be_is_told_why() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let node = spawn(alone(1).bind(taken.local_addr().expect("bound")));
    match in_time(node.ready()).await {
        Err(Ending::Fault(NodeFault::Open(error))) => assert!(error.to_string().contains("127.0.0.1"), "{error}"),
        other => panic!("{other:?}"),
    }
    assert!(in_time(node.client(participant(1))).await.is_err());
    assert_eq!(in_time(node.committed(Position::START).next()).await, None);
    assert_eq!(in_time(node.events().next()).await, None);
}

#[tokio::test]
async fn commands_through_a_handle_outlive_the_leader_and_the_handles_own_node() {
    let nodes = three();
    for node in &nodes {
        in_time(node.ready()).await.expect("it runs");
    }
    let leader = &nodes[leading(&nodes).await];
    let client = leader.client(participant(1)).await.expect("a client");
    let before = done(&client, Action::Create(spec())).await;
    leader.kill();
    let after = done(&client, Action::Create(spec())).await;
    for node in nodes.iter().filter(|node| node.uuid != leader.uuid) {
        let mut committed = node.committed(Position::START);
        let seen = [next(&mut committed).await, next(&mut committed).await].map(|(_, decision)| created(&decision));
        assert_eq!(seen, [Some(before), Some(after)]);
    }
}

#[tokio::test]
async fn a_stream_of_what_is_committed_goes_on_from_any_place() {
    let node = spawn(alone(1));
    let client = node.client(participant(1)).await.expect("a client");
    let mut auctions = Vec::new();
    // More than a stream fetches at once.
    for _ in 0..150 {
        auctions.push(done(&client, Action::Create(spec())).await);
    }
    let mut slow = node.committed(Position::START);
    let mut seen = Vec::new();
    for auction in &auctions {
        let (position, decision) = next(&mut slow).await;
        assert_eq!(created(&decision), Some(*auction));
        seen.push(position);
    }
    let mut resumed = node.committed(seen[99]);
    assert_eq!(created(&next(&mut resumed).await.1), Some(auctions[100]));
    // What is committed later comes when it does.
    let later = done(&client, Action::Create(spec())).await;
    assert_eq!(created(&next(&mut slow).await.1), Some(later));
    node.shutdown().await;
    assert_eq!(in_time(slow.next()).await, None);
}

#[tokio::test]
async fn a_stream_from_an_entry_that_the_log_does_not_hold_says_so_and_begins_anew() {
    let node = spawn(alone(1));
    let client = node.client(participant(1)).await.expect("a client");
    let auction = done(&client, Action::Create(spec())).await;
    let (mut elsewhere, _) = next(&mut node.committed(Position::START)).await;
    elsewhere.epoch.leader.incarnation ^= 1;
    let mut committed = node.committed(elsewhere);
    assert_eq!(in_time(committed.next()).await, Some(Told::OtherLog));
    assert_eq!(created(&next(&mut committed).await.1), Some(auction));
}

#[tokio::test]
async fn who_begins_to_listen_late_is_told_what_happened_lately() {
    let node = spawn(alone(1));
    in_time(node.ready()).await.expect("it runs");
    until(&mut node.events(), |event| matches!(event, NodeEvent::Bound { .. }).then_some(())).await;
    until(&mut node.events(), |event| matches!(event, NodeEvent::Ready { .. }).then_some(())).await;
}
