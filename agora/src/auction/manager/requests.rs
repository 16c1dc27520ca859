//! The request table: the one answer that each request has (ONCE-1). A fold of the log, so the same on every node.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::places::Places;
use crate::auction::event::{Answer, RequestKey};
use crate::chunks::{Chunks, Indexed};
use crate::id::{Index, ParticipantId};
use crate::time::At;

/// The floor is raised by so much of the table at least, so that few entries serve many requests.
const STEP: usize = 16;

/// It is raised by so much at most: whatever forgets more at once does nothing else for too long.
const AT_ONCE: usize = 1_024;

/// More refusals of one participant than this within [`REFUSALS_FOR`] are not put into the log: whoever only asks
/// nonsense must not fill everybody's log.
pub(crate) const MAX_REFUSALS: usize = 64;

/// How long, in leadership time, a refusal counts towards [`MAX_REFUSALS`].
pub(crate) const REFUSALS_FOR: Duration = Duration::from_secs(60);

/// An answer, the request that it answers, and the entry that gave it.
#[derive(Debug, Clone)]
struct Given {
    index: Index,
    at: At,
    key: RequestKey,
    answer: Answer,
}

impl Indexed for Given {
    fn index(&self) -> Index {
        self.index
    }
}

/// What was answered, and lately refused.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// Answers by their entries.
    given: Chunks<Given>,
    /// Which entry answered a request.
    places: Places,
    /// Answers of entries up to this one are forgotten.
    floor: Index,
    /// How long answers are kept, in leadership time.
    kept_for: Duration,
    /// Of each participant, when its last [`MAX_REFUSALS`] refusals were. Never more than `given` in all.
    refused: BTreeMap<ParticipantId, VecDeque<(Index, At)>>,
}

impl Requests {
    /// Keeps answers for so long.
    pub(crate) fn new(kept_for: Duration) -> Self {
        Self { kept_for, ..Self::default() }
    }

    /// Empty, to be filled anew.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.kept_for)
    }

    /// Of a request whose client knew less than this when it first sent it, nobody can tell whether it was carried out: it
    /// may have been by an entry that is forgotten.
    pub(crate) const fn floor(&self) -> Index {
        self.floor
    }

    /// The floor to raise to now, if it is time: past what is kept for long enough, or a step past what is too much. `proposed` is
    /// under way.
    pub(crate) fn due(&self, now: At, proposed: Index, most: usize) -> Option<Index> {
        let step = (most / STEP).clamp(1, AT_ONCE);
        let mut next = self.given.after(proposed).take(AT_ONCE).map(|given| (given.index, given.at));
        let (first, oldest) = next.next()?;
        let too_many = self.len() + step > most && self.len() - self.given.up_to(proposed) + step > most;
        // Not for every answer that has just become old.
        let long_old = oldest + self.kept_for + self.kept_for / 8 <= now;
        let old = |at: At| at + self.kept_for <= now;
        let due = next.zip(2..).take_while(|((_, at), number)| old(*at) || (too_many && *number <= step));
        (too_many || long_old).then(|| due.last().map_or(first, |((index, _), _)| index))
    }

    /// Forgets the answers of entries up to `floor`, and that they were refusals.
    pub(crate) fn raise(&mut self, floor: Index) {
        self.floor = self.floor.max(floor);
        let later = self.given.split_off(floor);
        for Given { index, key, .. } in std::mem::replace(&mut self.given, later).iter() {
            self.places.remove(key, *index);
            if let Some(refused) = self.refused.get_mut(&key.participant) {
                while refused.pop_front_if(|(index, _)| *index <= floor).is_some() {}
                if refused.is_empty() {
                    self.refused.remove(&key.participant);
                }
            }
        }
    }

    /// The answer, if it is decided.
    pub(crate) fn answer(&self, key: &RequestKey) -> Option<&Answer> {
        let given = |index| self.given.get(index);
        let index = self.places.find(key, |index| given(index).map(|given| given.key))?;
        given(index).map(|given| &given.answer)
    }

    /// How many answers are kept.
    pub(crate) fn len(&self) -> usize {
        self.given.len()
    }

    /// Keeps the answer that the entry at `index` gave.
    pub(crate) fn keep(&mut self, key: RequestKey, index: Index, at: At, answer: Answer) {
        if matches!(answer, Answer::Refused(_)) {
            let refused = self.refused.entry(key.participant).or_default();
            if refused.len() == MAX_REFUSALS {
                refused.pop_front();
            }
            refused.push_back((index, at));
        }
        self.given.push(Given { index, at, key, answer });
        self.places.insert(&key, index);
    }

    /// How many refusals of `participant` count at `now`, and for how long the oldest of them still does.
    pub(crate) fn refusals(&self, participant: ParticipantId, now: At) -> (usize, Duration) {
        let mut counts =
            self.refused.get(&participant).into_iter().flatten().filter(|(_, at)| *at + REFUSALS_FOR > now);
        match counts.next() {
            Some((_, oldest)) => (1 + counts.count(), now.until(*oldest + REFUSALS_FOR)),
            None => (0, Duration::ZERO),
        }
    }
}
