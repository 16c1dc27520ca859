//! What servers say among themselves, and to clients that look for one.

use std::net::{Ipv6Addr, SocketAddr};

use agora::config::Mode;
use agora::discovery::message::{About, CLIENT_PADDING, Message as Discovery, NODE_PADDING};
use agora::election::message::Message as Election;
use agora::heartbeat::message::{ClientBeat, Message as Heartbeat, Session};
use agora::id::{Epoch, FoundingId, Index, Member, Position, Probe, Seq};
use agora::replicator::message::{Body, Entry, Message as Replicator};
use agora::time::At;
use uuid::Uuid;

use super::{auction_id, epoch, node, participant};

fn member(number: u8) -> Member {
    Member { node: node(number), priority: u32::from(number) * 10 }
}

fn founding() -> FoundingId {
    FoundingId(Uuid::from_bytes([0xf0; 16]))
}

fn about() -> About {
    About {
        member: member(2),
        mode: Mode::Majority(3),
        disk: false,
        founding: Some(founding()),
        promise: epoch(5),
        leader: Some(node(1)),
        serving: false,
        commit: Position { epoch: epoch(4), index: Index(77) },
        last: Position { epoch: epoch(5), index: Index(79) },
        decided: 66,
    }
}

/// A node that has just started.
fn newcomer() -> About {
    About {
        member: Member { node: node(2), priority: 0 },
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

pub(crate) fn discovery() -> impl Iterator<Item = (&'static str, Discovery)> {
    let v4: SocketAddr = ([127, 0, 0, 1], 40_000).into();
    let v6: SocketAddr = (Ipv6Addr::LOCALHOST, 40_000).into();
    let client = |nonce| Discovery::Request { nonce, node: None, padding: vec![0; CLIENT_PADDING] };
    [
        (
            "DISCOVERY_REQUEST (node)",
            Discovery::Request {
                nonce: 0x1234_5678_9abc_def0,
                node: Some(Box::new(about())),
                padding: vec![0; NODE_PADDING],
            },
        ),
        (
            "DISCOVERY_REQUEST (newcomer)",
            Discovery::Request { nonce: u64::MAX, node: Some(Box::new(newcomer())), padding: vec![0; NODE_PADDING] },
        ),
        ("DISCOVERY_REQUEST (client)", client(9)),
        (
            "DISCOVERY_RESPONSE",
            Discovery::Response {
                nonce: 9,
                node: Box::new(about()),
                others: vec![([127, 0, 0, 1], 40_001).into(), (Ipv6Addr::LOCALHOST, 40_001).into()],
            },
        ),
        ("DISCOVERY_RESPONSE (newcomer)", Discovery::Response { nonce: 9, node: Box::new(newcomer()), others: vec![] }),
        (
            "LEADER_DETAILS",
            Discovery::LeaderDetails {
                nonce: 9,
                leader: Some((node(1), v4)),
                epoch: epoch(5),
                commit: Index(77),
                cookie: 0xc0,
                interval_ms: 50,
            },
        ),
        (
            "LEADER_DETAILS (IPv6)",
            Discovery::LeaderDetails {
                nonce: 0,
                leader: Some((node(1), v6)),
                epoch: epoch(5),
                commit: Index(77),
                cookie: 0xc0,
                interval_ms: 50,
            },
        ),
        (
            "LEADER_DETAILS (nobody leads)",
            Discovery::LeaderDetails {
                nonce: 9,
                leader: None,
                epoch: Epoch::NONE,
                commit: Index(0),
                cookie: 0xc0,
                interval_ms: 50,
            },
        ),
    ]
    .into_iter()
}

pub(crate) fn heartbeat() -> impl Iterator<Item = (&'static str, Heartbeat)> {
    let session = Session { participant: participant(1), session: 0x5e55, cookie: 0xc0 };
    [
        ("HEART_BEAT (node)", Heartbeat::HeartBeat { number: 7, client: None }),
        (
            "HEART_BEAT (client)",
            Heartbeat::HeartBeat {
                number: 8,
                client: Some(ClientBeat { session, follows: vec![(auction_id(), Seq(3))] }),
            },
        ),
        ("HEART_BEAT_ACK (node)", Heartbeat::HeartBeatAck { number: 7, epoch: epoch(5), last: Vec::new() }),
        (
            "HEART_BEAT_ACK (client)",
            Heartbeat::HeartBeatAck { number: 8, epoch: epoch(5), last: vec![(auction_id(), Seq(4))] },
        ),
    ]
    .into_iter()
}

pub(crate) fn election() -> impl Iterator<Item = (&'static str, Election)> {
    [
        ("LEADER_ELECTION_REQUEST", Election::Request { rank: member(1).rank(), promise: epoch(5) }),
        ("LEADER_ELECTION_RESPONSE", Election::Response { rank: member(2).rank() }),
    ]
    .into_iter()
}

fn entry(index: u64, body: Body) -> Entry {
    Entry { position: Position { epoch: epoch(5), index: Index(index) }, at: At(1_000 + index), body }
}

pub(crate) fn replicator() -> impl Iterator<Item = (&'static str, Replicator)> {
    let (founding, epoch_5, previous) = (founding(), epoch(5), Position { epoch: epoch(4), index: Index(1) });
    let members = vec![member(1), member(2)];
    let entries = vec![
        entry(2, Body::Founded { founding, members: members.clone() }),
        entry(3, Body::EpochStarted { members: members.clone() }),
        entry(4, Body::Members(members)),
        entry(5, Body::Events(vec![0xe0, 0xe1, 0xe2].into())),
    ];
    let replicate = |entries| Replicator::Replicate {
        founding,
        epoch: epoch_5,
        probe: Probe(12),
        previous,
        entries,
        commit: Index(4),
        at: At(1_234),
    };
    [
        ("STATE_REPLICATE", replicate(entries.clone())),
        ("STATE_REPLICATE (idle)", replicate(Vec::new())),
        (
            "STATE_REPLICATE_ACK",
            Replicator::ReplicateAck { founding, epoch: epoch_5, probe: Probe(12), index: Index(5) },
        ),
        ("STATE_REPLICATE_DENY", Replicator::ReplicateDeny { founding, promise: epoch(6) }),
        (
            "STATE_REPLICATION_REQUEST",
            Replicator::ReplicationRequest { founding, epoch: epoch_5, probe: Probe(12), after: previous },
        ),
        (
            "STATE_REPLICATION_RESPONSE",
            Replicator::ReplicationResponse { founding, epoch: epoch_5, previous, entries: entries.clone() },
        ),
        (
            "STATE_SNAPSHOT",
            Replicator::Snapshot {
                founding,
                epoch: epoch_5,
                base: Position { epoch: epoch(4), index: Index(9) },
                previous: Index(1),
                entries,
                asks: true,
            },
        ),
        (
            "STATE_SNAPSHOT_REQUEST",
            Replicator::SnapshotRequest {
                founding,
                epoch: epoch_5,
                base: Position { epoch: epoch(4), index: Index(9) },
                after: Index(5),
            },
        ),
        (
            "LEADER_ELECTION_COORDINATION_REQUEST",
            Replicator::PromiseRequest { founding, epoch: epoch_5, dry: true, transfer: None, progress: Index(0) },
        ),
        (
            "LEADER_ELECTION_COORDINATION_REQUEST (transfer)",
            Replicator::PromiseRequest {
                founding,
                epoch: epoch_5,
                dry: false,
                transfer: Some(epoch(4)),
                progress: Index(9),
            },
        ),
        (
            "LEADER_ACK_RESPONSE",
            Replicator::PromiseResponse {
                founding,
                epoch: epoch_5,
                dry: false,
                granted: true,
                promise: epoch_5,
                last: Position { epoch: epoch(4), index: Index(9) },
                commit: Index(8),
                at: At(1_235),
            },
        ),
        ("LEADER_TRANSFER", Replicator::Transfer { founding, epoch: epoch_5, stays: false }),
        ("MEMBER_LEAVE", Replicator::Leave { founding, epoch: epoch_5 }),
        ("LEADER_SUPERSEDED", Replicator::Superseded { founding, epoch: epoch_5, winner: node(3) }),
    ]
    .into_iter()
}
