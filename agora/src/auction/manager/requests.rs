//! The request table: the one answer that each request has (ONCE-1). A fold of the log, so the same on every node.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::auction::event::{Answer, RequestKey};
use crate::id::{Index, ParticipantId};
use crate::time::At;

/// At most so many answers are kept, all of them since the founding: about 200 MB. Above it new requests are `BUSY`.
pub(crate) const MAX_REQUESTS: usize = 1_000_000;

/// More refusals of one participant than this within [`REFUSALS_FOR`] are not put into the log: whoever only asks
/// nonsense must not fill everybody's log.
pub(crate) const MAX_REFUSALS: usize = 64;

/// How long, in leadership time, a refusal counts towards [`MAX_REFUSALS`].
pub(crate) const REFUSALS_FOR: Duration = Duration::from_secs(60);

/// What was answered, and lately refused.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    answers: BTreeMap<RequestKey, (Index, Answer)>,
    /// Of each participant, when its last [`MAX_REFUSALS`] refusals were. Never more than `answers` in all.
    refused: BTreeMap<ParticipantId, VecDeque<At>>,
}

impl Requests {
    /// The answer, if it is decided.
    pub(crate) fn answer(&self, key: &RequestKey) -> Option<&Answer> {
        self.answers.get(key).map(|(_, answer)| answer)
    }

    /// How many answers are kept.
    pub(crate) fn len(&self) -> usize {
        self.answers.len()
    }

    /// Keeps the answer that the entry at `index` gave.
    pub(crate) fn keep(&mut self, key: RequestKey, index: Index, at: At, answer: Answer) {
        if matches!(answer, Answer::Refused(_)) {
            let refused = self.refused.entry(key.participant).or_default();
            if refused.len() == MAX_REFUSALS {
                refused.pop_front();
            }
            refused.push_back(at);
        }
        self.answers.insert(key, (index, answer));
    }

    /// How many refusals of `participant` count at `now`.
    pub(crate) fn refusals(&self, participant: ParticipantId, now: At) -> usize {
        let counts = |at: &&At| **at + REFUSALS_FOR > now;
        self.refused.get(&participant).map_or(0, |refused| refused.iter().filter(counts).count())
    }
}
