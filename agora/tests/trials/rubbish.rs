//! The prototype: one datagram `hello` and the server is deaf for good; one bid with an amount of another type, and there
//! is no bid, no list and no election any more.

use std::net::SocketAddr;

use agora::client::message::Action;
use agora::transport::Count;
use uuid::Uuid;

use crate::cluster::{Cluster, PATIENCE, until};
use crate::house::{House, Plan, done};
use crate::stranger::{NOBODY, Stranger, seal};

/// Whoever was there before can do everything that an auction needs, under the same leader.
async fn nothing_has_changed(cluster: &Cluster, mut house: House) {
    house.bid(0, 1, "11").await;
    house.bid(1, 1, "12").await;
    house.verify().await;
    let another = done(&house.auctioneer, Action::Create(Plan::of(1, 1).spec())).await.0;
    let listed = house.auctioneer.list(None, Some(PATIENCE)).await.expect("a list");
    let mut auctions = [house.auction, another];
    auctions.sort_unstable();
    assert_eq!(listed.auctions.iter().map(|summary| summary.auction).collect::<Vec<_>>(), auctions);
    assert_eq!(cluster.leader().await.epoch.number, 1, "nobody else came to lead");
}

#[tokio::test]
async fn rubbish_is_counted_and_changes_nothing() {
    let cluster = Cluster::of_size(3).await;
    let house = House::open(&cluster, &Plan::of(1, 2)).await;
    let stranger = Stranger::new().await;
    let long = [vec![0xff; 1_200], vec![0xc1; 60_000]];
    let short: [&[u8]; 6] = [b"hello", b"{}", b"[]", b"", b"\0", b"{\"type\": \"LEADER\"}"];
    let all: Vec<&[u8]> = short.into_iter().chain(long.iter().map(Vec::as_slice)).collect();
    for node in &cluster.nodes {
        for bytes in &all {
            stranger.send_bytes(node.address, bytes).await;
        }
    }
    let sent = u64::try_from(all.len() * cluster.nodes.len()).expect("small");
    until("all of it has come", async || cluster.count(Count::Rubbish) == sent).await;
    nothing_has_changed(&cluster, house).await;
}

/// The fields of BID_SUBMIT, and for each what is of another type. An amount is written as a string.
const FIELDS: [(&str, &[&[u8]]); 8] = [
    ("participant", NO_UUID),
    ("session", NO_NUMBER),
    ("cookie", NO_NUMBER),
    ("request", NO_UUID),
    ("known", NO_NUMBER),
    ("auction", NO_UUID),
    ("round", &[b"\xc3", b"\xff", NAN, b"\xa11", b"\x90", b"\x80", b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"]),
    (
        "amount",
        &[
            b"\xc3",
            b"\x0c",
            b"\xff",
            NAN,
            INFINITY,
            b"\xcb\x40\x29\0\0\0\0\0\0",
            b"\x91\xa211",
            b"\x80",
            b"\xa2\xff\xfe",
        ],
    ),
];
const NO_UUID: &[&[u8]] =
    &[b"\xc0", b"\xc3", b"\x07", b"\xff", NAN, b"\xa1a", b"\xc4\0", b"\xc4\x01a", b"\x90", b"\x80"];
const NO_NUMBER: &[&[u8]] = &[b"\xc0", b"\xc3", b"\xff", NAN, INFINITY, b"\xa11", b"\xc4\x011", b"\x90", b"\x80"];
const NAN: &[u8] = b"\xcb\x7f\xf8\0\0\0\0\0\0";
const INFINITY: &[u8] = b"\xcb\x7f\xf0\0\0\0\0\0\0";

/// BID_SUBMIT of these fields: [[[participant, session, cookie], request, known], auction, round, amount].
fn bid_submit(fields: &[Vec<u8>; 8]) -> Vec<u8> {
    let mut bytes = b"\x81\xaaBID_SUBMIT\x94\x93\x93".to_vec();
    bytes.extend(fields.concat());
    bytes
}

/// A bid of 13 that would be taken.
async fn good(house: &House, stranger: &mut Stranger, leader: SocketAddr) -> [Vec<u8>; 8] {
    let uuid = |uuid: Uuid| [b"\xc4\x10", &uuid.as_bytes()[..]].concat();
    let number = |number: u64| [&b"\xcf"[..], &number.to_be_bytes()].concat();
    [
        uuid(house.bidders[0].participant().0),
        number(NOBODY.incarnation),
        number(stranger.cookie(leader).await),
        uuid(Uuid::from_u64_pair(2, 2)),
        number(1),
        uuid(house.auction.0),
        b"\x01".to_vec(),
        b"\xa213".to_vec(),
    ]
}

#[tokio::test]
async fn a_bid_with_a_field_of_another_type_is_dropped_and_changes_nothing() {
    let cluster = Cluster::of_size(3).await;
    let house = House::open(&cluster, &Plan::of(1, 2)).await;
    let leader = cluster.leader().await.address;
    let mut stranger = Stranger::new().await;
    let good = good(&house, &mut stranger, leader).await;
    let mut sent = 0;
    for (place, (field, others)) in FIELDS.into_iter().enumerate() {
        for other in others {
            let mut fields = good.clone();
            fields[place] = other.to_vec();
            stranger.send_bytes(leader, &seal(NOBODY, &bid_submit(&fields))).await;
            sent += 1;
            let what = format!("{field} as {other:02x?} is dropped");
            until(&what, async || cluster.count(Count::Malformed) == sent).await;
        }
    }
    assert_eq!(house.show().await.bids, []);
    nothing_has_changed(&cluster, house).await;
}

#[tokio::test]
async fn the_same_bid_with_all_its_fields_right_is_taken() {
    let cluster = Cluster::of_size(1).await;
    let house = House::open(&cluster, &Plan::of(1, 2)).await;
    let leader = cluster.leader().await.address;
    let mut stranger = Stranger::new().await;
    let good = good(&house, &mut stranger, leader).await;
    stranger.send_bytes(leader, &seal(NOBODY, &bid_submit(&good))).await;
    until("it stands", async || house.show().await.bids.len() == 1).await;
}
