use proptest::prelude::*;
use uuid::Uuid;

use super::limits::{HEADER, MAX_DATAGRAM, MAX_MESSAGES, MAX_PAYLOAD, TAG};
use super::{ClusterTag, Header, Message, Packer, Sealer, TooLarge, WireError, encode, open};
use crate::auction::event::{Disclosure, Rule, Spec, Start};
use crate::auction::message::{Bidding, Call, Head, Submit};
use crate::heartbeat::message::{Message as Beat, Session};
use crate::id::{AuctionId, Epoch, FoundingId, Index, Member, NodeId, ParticipantId, Position, Probe, RequestId, Seq};
use crate::replicator::message::{Body, Entry, Message as Replicator};
use crate::time::At;

fn cluster() -> ClusterTag {
    ClusterTag::of("agora")
}

fn node() -> NodeId {
    NodeId { uuid: Uuid::from_u128(7), incarnation: 9 }
}

fn sealer() -> Sealer {
    Sealer::new(cluster(), node())
}

fn beat(number: u64) -> Message {
    Message::Heartbeat(Beat::HeartBeat { number, client: None })
}

/// An entry with so many bytes of events.
fn replicate(events: usize) -> Message {
    let epoch = Epoch { number: 3, leader: node() };
    let position = |index| Position { epoch, index: Index(index) };
    let members = vec![Member { node: node(), priority: 1 }];
    let entries = vec![
        Entry { position: position(5), at: At(8), body: Body::EpochStarted { members } },
        Entry { position: position(6), at: At(9), body: Body::Events(vec![0x5a; events].into()) },
    ];
    Message::Replicator(Replicator::Replicate {
        founding: FoundingId(Uuid::from_u128(4)),
        epoch,
        probe: Probe(12),
        previous: position(4),
        entries,
        commit: Index(4),
        at: At(10),
    })
}

fn submit() -> Message {
    let session = Session { participant: ParticipantId(Uuid::from_u128(2)), session: 5, cookie: 6 };
    let call = Call { session, request: RequestId(Uuid::from_u128(3)), known: Index(4) };
    let auction = AuctionId(Uuid::from_u128(1));
    Message::Bidding(Bidding::Submit(Submit { call, auction, round: None, amount: Some("12.50".into()) }))
}

fn created() -> Message {
    let spec = Spec {
        item: "Painting".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Secret,
        limit: "10".parse().expect("an amount"),
        rounds: 3,
        bidders: 3,
        round_timeout_ms: None,
        start: Start::Auto,
    };
    let head = Head { auction: AuctionId(Uuid::from_u128(1)), epoch: 1, seq: Seq(1), at: At(2) };
    Message::Bidding(Bidding::Created { head, auctioneer: ParticipantId(Uuid::from_u128(2)), spec })
}

fn pack(messages: &[Message]) -> Vec<Vec<u8>> {
    let mut packer = Packer::new();
    for message in messages {
        packer.push(message).expect("fits");
    }
    packer.finish(&mut sealer()).map(<[u8]>::to_vec).collect()
}

/// A datagram with this payload, header and tag as they should be.
fn sealed(payload: &[u8]) -> Vec<u8> {
    let mut datagram = vec![0; HEADER];
    datagram.extend_from_slice(payload);
    datagram.extend_from_slice(&[0; TAG]);
    sealer().seal(&mut datagram);
    datagram
}

/// The datagram with one byte of the header changed, and the tag made for it.
fn with_header_byte(at: usize, byte: u8) -> Vec<u8> {
    let mut datagram = sealed(&encoded(&beat(1)));
    datagram[at] = byte;
    let end = datagram.len() - TAG;
    let checksum = crc32fast::hash(&datagram[..end]).to_be_bytes();
    datagram[end..end + 4].copy_from_slice(&checksum);
    datagram
}

fn encoded(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(message, &mut bytes).expect("fits");
    bytes
}

fn refusal(datagram: &[u8]) -> Option<WireError> {
    open(datagram, cluster()).err()
}

#[test]
fn messages_arrive_as_they_were_packed() {
    let messages = [beat(1), submit(), replicate(100), created()];
    let datagrams = pack(&messages);
    assert_eq!(datagrams.len(), 1);
    let header = Header { cluster: cluster(), sender: node(), counter: 0 };
    assert_eq!(open(&datagrams[0], cluster()), Ok((header, messages.to_vec())));
}

#[test]
fn every_datagram_has_the_next_number() {
    let (mut packer, mut sealer) = (Packer::new(), sealer());
    for counter in 0..3 {
        packer.push(&beat(counter)).expect("fits");
        let datagrams: Vec<_> = packer.finish(&mut sealer).map(|datagram| open(datagram, cluster())).collect();
        let header = Header { cluster: cluster(), sender: node(), counter };
        assert_eq!(datagrams, [Ok((header, vec![beat(counter)]))]);
    }
}

#[test]
fn what_does_not_fit_one_datagram_goes_into_several_in_order() {
    let messages: Vec<_> = (0..40).map(|number| replicate(number * 23)).chain((0..90).map(beat)).collect();
    let datagrams = pack(&messages);
    assert!(datagrams.len() > 2);
    assert!(datagrams.iter().all(|datagram| datagram.len() <= MAX_DATAGRAM));
    let arrived: Vec<_> =
        datagrams.iter().flat_map(|datagram| open(datagram, cluster()).expect("well-formed").1).collect();
    assert_eq!(arrived, messages);
}

#[test]
fn a_datagram_is_filled_to_the_last_byte() {
    let overhead = encoded(&replicate(MAX_PAYLOAD - 400)).len() - (MAX_PAYLOAD - 400);
    let datagrams = pack(&[replicate(MAX_PAYLOAD - overhead)]);
    assert_eq!(datagrams.iter().map(Vec::len).collect::<Vec<_>>(), [MAX_DATAGRAM]);
    assert!(open(&datagrams[0], cluster()).is_ok());
}

#[test]
fn a_message_that_no_datagram_can_carry_is_refused_and_the_others_go_out() {
    let (mut packer, mut sealer) = (Packer::new(), sealer());
    assert_eq!(packer.push(&replicate(MAX_PAYLOAD)), Err(TooLarge));
    assert!(packer.is_empty());
    assert_eq!(packer.finish(&mut sealer).count(), 0);
    for message in [beat(1), submit()] {
        assert_eq!(packer.push(&replicate(MAX_PAYLOAD)), Err(TooLarge));
        packer.push(&message).expect("fits");
    }
    let datagrams: Vec<_> = packer.finish(&mut sealer).map(|datagram| open(datagram, cluster())).collect();
    let header = Header { cluster: cluster(), sender: node(), counter: 0 };
    assert_eq!(datagrams, [Ok((header, vec![beat(1), submit()]))]);
}

#[test]
fn a_packer_is_empty_once_its_datagrams_are_out() {
    let (mut packer, mut sealer) = (Packer::new(), sealer());
    packer.push(&beat(1)).expect("fits");
    assert!(!packer.is_empty());
    assert_eq!(packer.finish(&mut sealer).count(), 1);
    assert!(packer.is_empty());
    assert_eq!(packer.finish(&mut sealer).count(), 0);
}

#[test]
fn sixty_four_messages_fill_a_datagram_however_small_they_are() {
    let messages = vec![beat(1); MAX_MESSAGES + 1];
    let datagrams = pack(&messages);
    assert_eq!(datagrams.len(), 2);
    assert_eq!(open(&datagrams[0], cluster()).map(|(_, messages)| messages.len()), Ok(MAX_MESSAGES));
    let together: Vec<_> = messages.iter().flat_map(encoded).collect();
    assert!(together.len() <= MAX_PAYLOAD);
    assert_eq!(refusal(&sealed(&together)), Some(WireError::TooManyMessages));
}

#[test]
fn datagrams_that_are_not_ours_are_refused_by_kind() {
    assert_eq!(refusal(&[]), Some(WireError::TooShort));
    assert_eq!(refusal(b"hello"), Some(WireError::TooShort));
    assert_eq!(refusal(&[0; HEADER + TAG - 1]), Some(WireError::TooShort));
    assert_eq!(refusal(&[0; MAX_DATAGRAM]), Some(WireError::Magic));
    assert_eq!(refusal(&[0; MAX_DATAGRAM + 1]), Some(WireError::TooLong));
    assert_eq!(refusal(&with_header_byte(1, b'G')), Some(WireError::Magic));
    assert_eq!(refusal(&with_header_byte(2, 2)), Some(WireError::Version));
    assert_eq!(refusal(&with_header_byte(3, 1)), Some(WireError::Key));
    assert_eq!(refusal(&with_header_byte(11, 1)), Some(WireError::Log));
    assert_eq!(open(&sealed(&encoded(&beat(1))), ClusterTag::of("other")), Err(WireError::Cluster));
}

#[test]
fn payloads_that_are_not_messages_are_refused_by_kind() {
    assert_eq!(refusal(&sealed(&[])), Some(WireError::Empty));
    for payload in [&b"{}"[..], b"[]", &[0x80], &[0x81], &[0x82, 0xa1, b'x', 0x90], &[0x81, 0x01, 0x90], &[0xc1]] {
        assert_eq!(refusal(&sealed(payload)), Some(WireError::UnknownMessage), "{payload:?}");
    }
    assert_eq!(refusal(&sealed(b"\x81\xa9BEAT_HEAR\x90")), Some(WireError::UnknownMessage));
    // As a client that writes no map would.
    assert_eq!(refusal(&sealed(b"\xaaHEART_BEAT")), Some(WireError::UnknownMessage));
    let whole = encoded(&beat(1));
    for end in 1..whole.len() {
        let error = refusal(&sealed(&whole[..end]));
        assert!(matches!(error, Some(WireError::UnknownMessage | WireError::Malformed)), "{end}: {error:?}");
    }
}

#[test]
fn fields_that_are_missing_or_too_many_are_malformed() {
    for fields in [&[0x90][..], &[0x91, 1], &[0x93, 1, 0xc0, 0xc0], &[0x92, 0xa1, b'1', 0xc0], &[0xc0]] {
        let payload = [b"\x81\xaaHEART_BEAT", fields].concat();
        assert_eq!(refusal(&sealed(&payload)), Some(WireError::Malformed), "{fields:?}");
    }
    assert_eq!(refusal(&sealed(b"\x81\xaaHEART_BEAT\x92\x01\xc0")), None);
}

#[test]
fn rubbish_behind_a_message_is_refused_with_it() {
    let payload = [encoded(&beat(1)), vec![0xc0]].concat();
    assert_eq!(refusal(&sealed(&payload)), Some(WireError::UnknownMessage));
    let mut behind_tag = sealed(&encoded(&beat(1)));
    behind_tag.push(0);
    assert_eq!(refusal(&behind_tag), Some(WireError::Tag));
}

#[test]
fn a_list_that_claims_more_than_it_holds_is_malformed() {
    // follows: an array of 2^32 − 1.
    let session = [&[0x93, 0xc4, 16][..], &[1; 16], &[5, 6]].concat();
    let payload = [b"\x81\xaaHEART_BEAT\x92\x01\x92", session.as_slice(), b"\xdd\xff\xff\xff\xff"].concat();
    assert_eq!(refusal(&sealed(&payload)), Some(WireError::Malformed));
    // padding: 2^32 − 1 bytes.
    let payload = b"\x81\xb1DISCOVERY_REQUEST\x93\x01\xc0\xc6\xff\xff\xff\xff";
    assert_eq!(refusal(&sealed(payload)), Some(WireError::Malformed));
}

#[test]
fn deep_nesting_is_malformed() {
    for deep in [&[0x91][..], &[0x81, 0xa1, b'x']] {
        // In a field that nobody knows, which is skipped, and in one that somebody does.
        let nested = deep.repeat(900 / deep.len());
        let unknown = [b"\x81\xaaHEART_BEAT\x83\xa6number\x01\xa6client\xc0\xa1x", nested.as_slice(), &[0xc0]].concat();
        assert_eq!(refusal(&sealed(&unknown)), Some(WireError::Malformed));
        let known = [b"\x81\xaaHEART_BEAT\x92\x01", nested.as_slice(), &[0xc0]].concat();
        assert_eq!(refusal(&sealed(&known)), Some(WireError::Malformed));
    }
}

#[test]
fn every_damaged_byte_is_noticed() {
    let datagram = sealed(&[encoded(&submit()), encoded(&replicate(50))].concat());
    for at in 0..datagram.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = datagram.clone();
            damaged[at] ^= flip;
            assert!(refusal(&damaged).is_some(), "byte {at} ^ {flip}");
        }
    }
    for end in 0..datagram.len() {
        assert!(refusal(&datagram[..end]).is_some(), "cut at {end}");
    }
}

/// Some message of some kind.
fn any_message() -> impl Strategy<Value = Message> {
    prop_oneof![any::<u64>().prop_map(beat), (0_usize..800).prop_map(replicate), Just(submit()), Just(created()),]
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1_400)) {
        prop_assert!(open(&bytes, cluster()).is_err());
    }

    #[test]
    fn random_payloads_never_panic(payload in proptest::collection::vec(any::<u8>(), 0..MAX_PAYLOAD)) {
        prop_assert!(open(&sealed(&payload), cluster()).is_err());
    }

    #[test]
    fn random_fields_never_panic(
        name in prop::sample::select(vec!["STATE_REPLICATE", "BID_SUBMIT", "STATUS_RESPONSE", "LEADER_DETAILS"]),
        fields in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let length = u8::try_from(name.len()).expect("short");
        let payload = [&[0x81, 0xa0 | length], name.as_bytes(), fields.as_slice()].concat();
        let _ = open(&sealed(&payload), cluster());
    }

    /// With a tag that fits, so that the mutation reaches the decoder. What is accepted is written again.
    #[test]
    fn mutated_payloads_never_panic(message in any_message(), at in any::<prop::sample::Index>(), byte: u8, cut: bool) {
        let mut payload = encoded(&message);
        let at = at.index(payload.len());
        payload[at] = byte;
        if cut {
            payload.truncate(at);
        }
        if let Ok((_, messages)) = open(&sealed(&payload), cluster()) {
            let written: Vec<_> = messages.iter().flat_map(encoded).collect();
            let again = open(&sealed(&written), cluster());
            prop_assert_eq!(again.map(|(_, messages)| messages), Ok(messages));
        }
    }

    #[test]
    fn whatever_is_packed_arrives_in_order(messages in proptest::collection::vec(any_message(), 0..100)) {
        let datagrams = pack(&messages);
        let mut arrived = Vec::new();
        for datagram in &datagrams {
            prop_assert!(datagram.len() <= MAX_DATAGRAM);
            arrived.extend(open(datagram, cluster()).expect("well-formed").1);
        }
        prop_assert_eq!(arrived, messages);
    }
}
