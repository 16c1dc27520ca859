//! An auction that has left, as text: a JSON object a line. From it anyone can compute the result again.
//!
//! ```text
//! {"transcript":1,"summary":{"auction":…,"auctioneer":…,"spec":{…},"phase":"completed",…}}
//! {"seq":1,"at":1200,"epoch":{…},"event":{"AuctionCreated":{…}}}
//! {"seq":2,…}
//! ```
//!
//! `at` is the leadership time of the event's entry, in milliseconds. The events are those of [`Event`], amounts and all:
//! who folds them with [`apply`](super::apply::apply) has the auction as it ended.

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::message::Summary;
use crate::id::{Epoch, Seq};
use crate::time::At;

/// The version of all this.
const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    transcript: u32,
    summary: Summary,
}

/// Each other line: an event, the time and the epoch of its entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number.
    pub seq: Seq,
    /// Leadership time.
    pub at: At,
    /// Whose leader appended it.
    pub epoch: Epoch,
    /// What happened.
    pub event: Event,
}

/// The first line of a transcript. Nothing where JSON cannot say it, which is never.
pub(crate) fn write_head(summary: Summary) -> Option<String> {
    serde_json::to_string(&Head { transcript: VERSION, summary }).ok()
}

/// An event's line.
pub(crate) fn write_line(line: &Line) -> Option<String> {
    serde_json::to_string(line).ok()
}

/// What a first line says; nothing, where it is none of this version.
pub fn read_head(line: &str) -> Option<Summary> {
    let head: Head = serde_json::from_str(line).ok()?;
    (head.transcript == VERSION).then_some(head.summary)
}

/// The events of a transcript, in order from the first; nothing, where it is not whole.
pub fn read(text: &str) -> Option<Vec<Line>> {
    let mut lines = text.lines();
    let summary = read_head(lines.next()?)?;
    let events: Vec<Line> = lines.map(|line| serde_json::from_str(line).ok()).collect::<Option<_>>()?;
    let in_order = (1..).zip(&events).all(|(seq, line)| line.seq == Seq(seq));
    (in_order && events.last().is_some_and(|last| last.seq == summary.last)).then_some(events)
}
