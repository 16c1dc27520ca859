//! ONCE-1: a request takes effect at most once, and has one answer.

use std::collections::BTreeMap;

use agora::auction::event::{Decision, Receipt, RequestKey};
use agora::auction::message::Ack;
use agora::auction::refusal::Refusal;
use agora::id::{Index, ParticipantId};

use super::{Shadow, Violation};

/// What a client is told of its request, for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done.
    Done(Receipt),
    /// Refused.
    Refused(Refusal),
}

/// What clients were told.
#[derive(Debug, Default)]
pub(crate) struct Once1 {
    told: BTreeMap<RequestKey, Outcome>,
}

impl Once1 {
    /// A client is told an outcome: the same as ever before.
    pub(crate) fn answered(&mut self, key: RequestKey, outcome: &Outcome) -> Result<(), Violation> {
        let first = self.told.entry(key).or_insert_with(|| outcome.clone());
        if first == outcome {
            return Ok(());
        }
        Err(Violation::new("ONCE-1", format!("{key:?} was answered {first:?}, then {outcome:?}")))
    }
}

/// A manager applies a decision: in order, and for a request that it has not seen.
pub(crate) fn applied(shadow: &mut Shadow, index: Index, decision: &Decision) -> Result<(), Violation> {
    let node = shadow.me.node;
    if index <= shadow.applied_index && shadow.resets > 0 {
        // It folds its log anew.
        shadow.resets -= 1;
        if shadow.resets == 0 {
            shadow.handed_before = Index(0);
        }
        shadow.applied_index = Index(0);
        shadow.applied.clear();
    }
    if index <= shadow.applied_index || index > shadow.commit.max(shadow.handed_before) {
        let what = format!("{node:?} applies {index} after {}, with {} committed", shadow.applied_index, shadow.commit);
        return Err(Violation::new("LOG-2", what));
    }
    shadow.applied_index = index;
    if let Some(key) = decision.key
        && let Some(first) = shadow.applied.insert(key, index)
    {
        return Err(Violation::new("ONCE-1", format!("{node:?} applies {key:?} at {first} and at {index}")));
    }
    Ok(())
}

/// A manager acknowledges a bid: only what it has applied.
pub(crate) fn acknowledged(shadow: &Shadow, to: Option<ParticipantId>, ack: &Ack) -> Result<(), Violation> {
    let Some(participant) = to else { return Ok(()) };
    if shadow.applied.contains_key(&RequestKey { participant, request: ack.request }) {
        return Ok(());
    }
    Err(Violation::new("LOG-1", format!("{:?} acknowledges before it is committed: {ack:?}", shadow.me.node)))
}
