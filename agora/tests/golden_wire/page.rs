//! `docs/protocol.md` says what the code does: its tables of structures and messages describe every frozen sample, and its
//! annotated datagrams are what the code seals.

mod schema;

use std::collections::BTreeSet;

use agora::id::NodeId;
use agora::wire::{ClusterTag, Packer, Sealer};
use uuid::Uuid;

use super::{frozen, hex, name, samples, unhex};
use schema::Schema;

const PAGE: &str = include_str!("../../../docs/protocol.md");

/// The text below a heading, up to the next of the same or a higher level.
fn chapter(heading: &str) -> &'static str {
    let level = heading.split(' ').next().expect("split yields something");
    let (_, rest) = PAGE.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no chapter {heading}"));
    let next =
        |line: &&str| line.starts_with('#') && line.split(' ').next().is_some_and(|hashes| hashes.len() <= level.len());
    let end = rest.lines().take_while(|line| !next(line)).map(|line| line.len() + 1).sum::<usize>();
    &rest[..end.min(rest.len())]
}

/// The cells of each row of the tables in a text, without their headings.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter(|line| line.starts_with('|'));
    let cells = lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>());
    cells.filter(|cells| !matches!(cells[0], "message" | "structure" | "type" | "bytes" | "---|---" | "---|---|---"))
}

fn schema() -> Schema {
    let (_, structures) = chapter("## Types").split_once("\n| structure |").expect("a table of structures");
    let structures = rows(structures).map(|row| (row[0], row[1]));
    let replication = rows(chapter("### Replication (`agora/src/replicator/message/`)")).map(|row| row[0]);
    let of_a_log: BTreeSet<_> = replication.collect();
    let messages = rows(chapter("## Messages")).map(|row| (row[0], row[2], of_a_log.contains(row[0])));
    Schema::read(structures, messages)
}

#[test]
fn the_tables_of_the_page_describe_every_frozen_sample() {
    let schema = schema();
    let wrong: Vec<_> = frozen()
        .into_iter()
        .filter_map(|(label, bytes)| Some(format!("{label}: {}", schema.check(name(label), &unhex(bytes)).err()?)))
        .collect();
    assert!(wrong.is_empty(), "the page tells something else:\n{}\n", wrong.join("\n"));
}

#[test]
fn the_page_has_no_message_that_the_code_does_not_have() {
    let here: BTreeSet<_> = super::all_names().into_iter().collect();
    let schema = schema();
    let there: BTreeSet<_> = schema.messages().collect();
    assert_eq!(there, here);
}

#[test]
fn the_annotated_datagrams_of_the_page_are_what_the_code_seals() {
    let client = NodeId { uuid: Uuid::nil(), incarnation: 0x5e55 };
    let leader = NodeId { uuid: Uuid::from_bytes([1; 16]), incarnation: 0x0a01 };
    let text = chapter("## Byte by byte");
    let labels: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    for wanted in [
        "DISCOVERY_REQUEST (client)",
        "LEADER_DETAILS",
        "AUCTION_JOIN_REQUEST",
        "AUCTION_EVENTS_REQUEST",
        "HEART_BEAT (client)",
        "ROUND_START",
        "BID_SUBMIT",
        "BID_ACK",
    ] {
        assert!(labels.contains(&wanted), "no datagram of {wanted}");
    }
    for label in labels {
        let (_, message) = samples::all().into_iter().find(|(sample, _)| *sample == label).expect("a sample");
        let from_leader = ["LEADER_DETAILS", "ROUND_START", "BID_ACK"].contains(&label);
        let mut sealer = Sealer::new(ClusterTag::of("agora"), if from_leader { leader } else { client });
        let mut packer = Packer::new();
        packer.push(&message).expect("fits");
        let datagrams: Vec<_> = packer.finish(&mut sealer).map(hex).collect();
        let annotated: String = rows(chapter(&format!("### {label}"))).map(|row| bytes(row[0])).collect();
        assert_eq!([annotated], *datagrams, "{label}");
    }
}

/// The hexadecimal digits of a cell such as `` `c4a0` `00` × 160 ``.
fn bytes(cell: &str) -> String {
    let mut pieces: Vec<String> = Vec::new();
    let mut words = cell.split(' ');
    while let Some(word) = words.next() {
        if word == "×" {
            let times = words.next().and_then(|times| times.parse().ok()).expect("how often");
            let last = pieces.pop().expect("something to repeat");
            pieces.push(last.repeat(times));
        } else {
            pieces.push(word.trim_matches('`').into());
        }
    }
    pieces.concat()
}
