//! The bytes of every message are frozen in `messages.txt`: a change that moves one is a new version of the wire, never
//! an accident.
//!
//! Each line there is a message's name, in brackets which sample of it, and its bytes in hexadecimal. A message that is
//! new, or a sample that is missing, makes these tests fail with the line to be added.

mod page;
mod samples;
mod sizes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use agora::auction::message::{Bidding, Lobby, Outcome};
use agora::id::NodeId;
use agora::wire::{ClusterTag, HEADER, Message, Packer, Sealer, encode, open};
use agora::{discovery, election, heartbeat, replicator};
use serde::Deserialize;
use serde::de::{self, Visitor};
use uuid::Uuid;

const FROZEN: &str = include_str!("messages.txt");

/// `AUCTION_START: 81ad…` or `DISCOVERY_REQUEST (client): 81…`, by what stands before the colon.
fn frozen() -> BTreeMap<&'static str, &'static str> {
    let lines = FROZEN.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<_> = lines.map(|line| line.split_once(": ").expect("a label and bytes")).collect();
    let table: BTreeMap<_, _> = lines.iter().copied().collect();
    assert_eq!(table.len(), lines.len(), "a label stands twice");
    table
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    })
}

fn unhex(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn encoded(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(message, &mut bytes).expect("a sample fits");
    bytes
}

/// A datagram around `payload`, sealed as any other.
fn datagram(payload: &[u8]) -> Vec<u8> {
    let mut bytes = header();
    bytes.extend_from_slice(payload);
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes.extend_from_slice(&[0; 12]);
    bytes
}

/// The 44 bytes, written out by hand.
fn header() -> Vec<u8> {
    let mut bytes = b"Ag\x01\x00".to_vec();
    bytes.extend_from_slice(&crc32fast::hash(b"agora").to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(sender().uuid.as_bytes());
    bytes.extend_from_slice(&sender().incarnation.to_be_bytes());
    bytes.extend_from_slice(&0_u64.to_be_bytes());
    assert_eq!(bytes.len(), HEADER);
    bytes
}

fn sender() -> NodeId {
    NodeId { uuid: Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff), incarnation: 0x0102_0304_0506_0708 }
}

/// The name before the bracket.
fn name(label: &str) -> &str {
    label.split(' ').next().expect("split yields something")
}

/// The names of an enum's variants, as serde knows them.
fn variants_of<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    struct Capture<'a>(&'a mut &'static [&'static str]);

    impl<'de> de::Deserializer<'de> for Capture<'_> {
        type Error = de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom("not an enum"))
        }

        fn deserialize_enum<V: Visitor<'de>>(
            self,
            _: &'static str,
            variants: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = variants;
            Err(de::Error::custom("captured"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map struct identifier ignored_any
        }
    }

    let mut variants: &[&str] = &[];
    let captured = T::deserialize(Capture(&mut variants));
    assert!(captured.is_err() && !variants.is_empty(), "an enum tells its variants");
    variants
}

fn all_names() -> Vec<&'static str> {
    [
        variants_of::<discovery::message::Message>(),
        variants_of::<heartbeat::message::Message>(),
        variants_of::<election::message::Message>(),
        variants_of::<replicator::message::Message>(),
        variants_of::<Lobby>(),
        variants_of::<Bidding>(),
        variants_of::<Outcome>(),
    ]
    .concat()
}

#[test]
fn every_sample_has_its_frozen_bytes() {
    let frozen = frozen();
    let changed: Vec<_> = samples::all()
        .iter()
        .map(|(label, message)| (*label, hex(&encoded(message))))
        .filter(|(label, bytes)| frozen.get(label) != Some(&bytes.as_str()))
        .map(|(label, bytes)| format!("{label}: {bytes}"))
        .collect();
    assert!(changed.is_empty(), "not as frozen:\n{}\n", changed.join("\n"));
}

#[test]
fn frozen_bytes_open_as_the_sample_that_they_are() {
    let samples: BTreeMap<_, _> = samples::all().into_iter().collect();
    for (label, bytes) in frozen() {
        let datagram = datagram(&unhex(bytes));
        let (header, messages) = open(&datagram, ClusterTag::of("agora")).unwrap_or_else(|e| panic!("{label}: {e}"));
        assert_eq!(header.sender, sender());
        let sample = samples.get(label).unwrap_or_else(|| panic!("no sample for {label}"));
        assert_eq!(messages.as_slice(), std::slice::from_ref(sample), "{label}");
    }
}

#[test]
fn every_message_of_every_concern_is_frozen_under_its_own_name() {
    let names = all_names();
    let distinct: BTreeSet<_> = names.iter().copied().collect();
    assert_eq!(distinct.len(), names.len(), "two concerns share a name");
    let frozen: BTreeSet<_> = frozen().into_keys().map(name).collect();
    assert_eq!(frozen, distinct);
    for (label, message) in samples::all() {
        let name = name(label);
        let bytes = encoded(&message);
        let text = if name.len() < 32 { 2 } else { 3 };
        assert_eq!(&bytes[text..text + name.len()], name.as_bytes(), "{label}");
    }
}

#[test]
fn a_whole_datagram_is_frozen() {
    let (_, message) = samples::all().into_iter().find(|(label, _)| *label == "HEART_BEAT (node)").expect("a sample");
    let mut packer = Packer::new();
    packer.push(&message).expect("fits");
    packer.push(&message).expect("fits");
    let mut sealer = Sealer::new(ClusterTag::of("agora"), sender());
    let datagrams: Vec<_> = packer.finish(&mut sealer).map(hex).collect();
    assert_eq!(
        datagrams,
        [concat!(
            "41670100", // magic, version, key
            "a0b6a0fd", // cluster
            "00000000", // log
            "00112233445566778899aabbccddeeff",
            "0102030405060708", // incarnation
            "0000000000000000", // counter
            "81aa48454152545f424541549207c0",
            "81aa48454152545f424541549207c0",
            "bd0a79de000000000000000000000000", // tag: CRC-32, zeros
        )]
    );
    let by_hand = datagram(&[encoded(&message), encoded(&message)].concat());
    assert_eq!(datagrams, [hex(&by_hand)]);
}
