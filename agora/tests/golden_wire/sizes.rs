//! What must fit into what: each message at its longest.

use std::net::{Ipv6Addr, SocketAddr};

use agora::config::Mode;
use agora::discovery::message::{About, CLIENT_PADDING, MAX_OTHERS, Message as Discovery, NODE_PADDING};
use agora::heartbeat::message::{ClientBeat, MAX_FOLLOWED, Message as Heartbeat, Session};
use agora::id::{AuctionId, Epoch, FoundingId, Index, Member, NodeId, ParticipantId, Position, Probe, Seq};
use agora::replicator::message::{Body, Entry, MAX_EVENTS, MAX_MEMBERS, Message as Replicator};
use agora::time::At;
use agora::wire::{HEADER, MAX_DATAGRAM, MAX_PAYLOAD, Message, TAG};
use uuid::Uuid;

use super::encoded;

const NODE: NodeId = NodeId { uuid: Uuid::max(), incarnation: u64::MAX };
const EPOCH: Epoch = Epoch { number: u64::MAX, leader: NODE };
const POSITION: Position = Position { epoch: EPOCH, index: Index(u64::MAX) };
const MEMBER: Member = Member { node: NODE, priority: u32::MAX };
const FOUNDING: FoundingId = FoundingId(Uuid::max());

/// Bytes of the datagram that carries nothing else.
fn size(message: &Message) -> usize {
    HEADER + encoded(message).len() + TAG
}

fn discovery(message: Discovery) -> usize {
    size(&Message::Discovery(message))
}

fn longest_about() -> About {
    About {
        member: MEMBER,
        mode: Mode::Majority(u8::MAX),
        disk: false,
        founding: Some(FOUNDING),
        promise: EPOCH,
        leader: Some(NODE),
        serving: true,
        commit: POSITION,
        last: POSITION,
        decided: u64::MAX,
    }
}

/// What a node tells that has just started; even its incarnation happens to be small.
fn shortest_about() -> About {
    About {
        member: Member { node: NodeId { uuid: Uuid::max(), incarnation: 0 }, priority: 0 },
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

#[test]
fn leader_details_are_not_longer_than_a_clients_question() {
    for nonce in [0, u64::MAX] {
        let question = discovery(Discovery::Request { nonce, node: None, padding: vec![0; CLIENT_PADDING] });
        let leader: SocketAddr = (Ipv6Addr::from([0xff; 16]), u16::MAX).into();
        let answer = discovery(Discovery::LeaderDetails {
            nonce,
            leader: Some((NODE, leader)),
            epoch: EPOCH,
            commit: Index(u64::MAX),
            cookie: u64::MAX,
            interval_ms: u32::MAX,
        });
        assert!(answer <= question, "{answer} bytes for {question}");
    }
}

#[test]
fn a_discovery_response_is_not_longer_than_a_nodes_question() {
    for nonce in [0, u64::MAX] {
        let node = Some(shortest_about());
        let question =
            discovery(Discovery::Request { nonce, node: node.map(Box::new), padding: vec![0; NODE_PADDING] });
        let others = vec![(Ipv6Addr::from([0xff; 16]), u16::MAX).into(); MAX_OTHERS];
        let answer = discovery(Discovery::Response { nonce, node: Box::new(longest_about()), others });
        assert!(answer <= question, "{answer} bytes for {question}");
    }
}

#[test]
fn a_clients_full_beat_and_its_answer_fit() {
    let session = Session { participant: ParticipantId(Uuid::max()), session: u64::MAX, cookie: u64::MAX };
    let follows = vec![(AuctionId(Uuid::max()), Seq(u64::MAX)); MAX_FOLLOWED];
    let client = Some(ClientBeat { session, follows: follows.clone() });
    assert!(size(&Message::Heartbeat(Heartbeat::HeartBeat { number: u64::MAX, client })) <= MAX_DATAGRAM);
    let ack = Heartbeat::HeartBeatAck { number: u64::MAX, epoch: EPOCH, last: follows };
    assert!(size(&Message::Heartbeat(ack)) <= MAX_DATAGRAM);
}

#[test]
fn an_entry_of_every_kind_at_its_fullest_fits() {
    let members = || vec![MEMBER; MAX_MEMBERS];
    for body in [
        Body::Founded { founding: FOUNDING, members: members() },
        Body::EpochStarted { members: members() },
        Body::Members(members()),
        Body::Events(vec![0xff; MAX_EVENTS].into()),
    ] {
        let entries = vec![Entry { position: POSITION, at: At(u64::MAX), body }];
        let replicate = Replicator::Replicate {
            founding: FOUNDING,
            epoch: EPOCH,
            probe: Probe(u64::MAX),
            previous: POSITION,
            entries: entries.clone(),
            commit: Index(u64::MAX),
            at: At(u64::MAX),
        };
        assert!(size(&Message::Replicator(replicate)) <= MAX_DATAGRAM);
        let response = Replicator::ReplicationResponse {
            founding: FOUNDING,
            epoch: EPOCH,
            previous: POSITION,
            entries: entries.clone(),
        };
        assert!(size(&Message::Replicator(response)) <= MAX_DATAGRAM);
        let previous = Index(u64::MAX);
        let piece =
            Replicator::Snapshot { founding: FOUNDING, epoch: EPOCH, base: POSITION, previous, entries, asks: false };
        assert!(size(&Message::Replicator(piece)) <= MAX_DATAGRAM);
    }
}

#[test]
fn header_payload_and_tag_make_a_datagram() {
    assert_eq!(HEADER + MAX_PAYLOAD + TAG, MAX_DATAGRAM);
    assert_eq!(MAX_DATAGRAM, 1_200);
}
