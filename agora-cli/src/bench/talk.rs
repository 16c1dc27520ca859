//! What the parent and its workers say to each other: a line of JSON each, over the worker's stdin and stdout.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use agora::id::NodeId;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use serde::{Deserialize, Serialize};

/// Latencies are told in microseconds, up to ten minutes, to three digits.
const MOST_US: u64 = 600_000_000;
const DIGITS: u8 = 3;

/// An empty histogram of latencies.
pub(super) fn histogram() -> Histogram<u64> {
    match Histogram::new_with_bounds(1, MOST_US, DIGITS) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("the bounds are constants that fit: {error}"),
    }
}

/// When bids are made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Pace {
    /// A closed loop: a bid more as soon as one is done, with so many under way.
    InFlight(u32),
    /// An open loop: so many a second, whatever becomes of them.
    Rate(f64),
}

/// A worker's part of the bench: its first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Share {
    pub(super) auctions: u32,
    pub(super) bidders: u32,
    /// The auctions are dealt out among so many groups of bidders.
    pub(super) groups: u32,
    pub(super) rounds: u32,
    pub(super) pace: Pace,
    pub(super) duration_us: u64,
    pub(super) verify: u32,
    pub(super) cluster: String,
    pub(super) joins: Vec<SocketAddr>,
    pub(super) broadcast_port: u16,
    pub(super) broadcast_addresses: Vec<Ipv4Addr>,
    pub(super) bind: SocketAddr,
}

/// What a worker is told after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Order {
    /// Bid.
    Go,
    /// Bids of the time from then on count: microseconds since 1970.
    Measure(u64),
    /// Measure nothing, and end.
    Stop,
}

/// What a worker tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Report {
    /// Every auction runs.
    Ready {
        /// The addresses of the nodes that answered.
        nodes: Vec<SocketAddr>,
    },
    /// What was done, every tenth of a second.
    Sample(Box<Sample>),
    /// The first acknowledgement of a node that acknowledged none before, or another did since.
    Leader { at_us: u64, node: NodeId },
    /// It is over.
    End(Box<End>),
    /// It cannot go on.
    Failed(String),
}

/// What was done since the last one, but for what says otherwise.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Sample {
    /// Microseconds since 1970.
    pub(super) at_us: u64,
    /// Bids that were acknowledged and delivered.
    pub(super) done: u64,
    /// The slowest of them.
    pub(super) slowest_us: u64,
    /// Bids under way, now.
    pub(super) in_flight: u64,
    /// Bids that should have been made already, now.
    pub(super) overdue: u64,
    /// Latencies of bids of the measured time: from the intended time until all were told, and until it was
    /// acknowledged.
    pub(super) delivered: Packed,
    pub(super) acknowledged: Packed,
    /// From the first sending until it is acknowledged.
    pub(super) served: Packed,
}

/// A worker's sums, of the measured time where they are of bids.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct End {
    /// Done within the measured time.
    pub(super) bids: u64,
    pub(super) sent: u64,
    pub(super) retransmissions: u64,
    /// By code; `BUSY` and `NO_QUORUM` are no outcomes, and followed by a retransmission.
    pub(super) refusals: BTreeMap<String, u64>,
    /// Acknowledged or not, and not delivered to all when patience was over.
    pub(super) unfinished: u64,
    /// Never sent, because no bidder was free.
    pub(super) unsent: u64,
    /// Of which an acknowledgement and an event told different numbers, or two events did.
    pub(super) contradictions: u64,
    pub(super) created: u64,
    pub(super) completed: u64,
    /// As the last acknowledgement said.
    pub(super) durability: Option<agora::auction::message::Durability>,
    pub(super) disk: bool,
    pub(super) verified: Verified,
}

/// What a fresh session was shown of some auctions, against what was acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Verified {
    pub(super) auctions: u64,
    pub(super) bids: u64,
    /// Acknowledged, and not there.
    pub(super) lost: u64,
    /// There, otherwise than acknowledged: amount, number, total, winner.
    pub(super) wrong: u64,
    /// Auctions that were not shown in time.
    pub(super) unseen: u64,
}

/// A histogram as text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Packed(String);

impl Packed {
    /// Of the histogram, which is empty afterwards.
    pub(super) fn take(histogram: &mut Histogram<u64>) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        let _ = V2Serializer::new().serialize(histogram, &mut bytes);
        histogram.clear();
        let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
        Self(bytes.into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
    }

    /// The histogram; empty where the text is none.
    pub(super) fn open(&self) -> Histogram<u64> {
        let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let bytes: Vec<u8> = self.0.as_bytes().chunks(2).map_while(byte).collect();
        Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap_or_else(|_| histogram())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_comes_out_of_its_text_as_it_went_in() {
        let mut latencies = histogram();
        for latency in [3, 900, 900, 1_234_567] {
            latencies.saturating_record(latency);
        }
        let before = latencies.clone();
        let packed = Packed::take(&mut latencies);
        assert!(latencies.is_empty());
        assert_eq!(packed.open(), before);
        assert!(Packed::take(&mut latencies).open().is_empty());
    }
}
