//! LOG-1: an acknowledged entry is in every later leader's log, at the same index.

use agora::auction::event::{Answer, RequestKey};
use agora::id::{Epoch, Index};

use super::once_1::Outcome;
use super::shadow::Held;
use super::{Ledger, Shadow, Violation};

/// A node begins to serve: all that is committed in earlier epochs must be in its log.
pub(crate) fn leading(shadow: &Shadow, epoch: Epoch, ledger: &Ledger) -> Result<(), Violation> {
    let earlier = |committed: &&Held| committed.position.epoch < epoch;
    for (place, committed) in ledger.entries.iter().take_while(earlier).enumerate() {
        let held = shadow.log.get(place);
        // What matters no more need not be there.
        if !held.is_some_and(|held| held.as_ref().is_none_or(|held| held == committed)) {
            let held = held.and_then(Option::as_ref).map(|held| held.position);
            let what = format!("{:?} leads without {:?}; it holds {held:?}", shadow.me.node, committed.position);
            return Err(Violation::new("LOG-1", what));
        }
    }
    Ok(())
}

/// A client was told an outcome: it must be committed, and the same. Gives the index.
pub(crate) fn acknowledged(
    ledger: Option<&Ledger>,
    key: RequestKey,
    outcome: &Outcome,
) -> Result<Option<Index>, Violation> {
    let Some((index, answer)) = ledger.and_then(|ledger| ledger.answers.get(&key)) else {
        // What is malformed is refused at once, without an entry.
        return match outcome {
            Outcome::Done(receipt) => {
                Err(Violation::new("LOG-1", format!("{key:?} acknowledged as {receipt:?}, but not committed")))
            }
            Outcome::Refused(_) => Ok(None),
        };
    };
    let same = match (answer, outcome) {
        (Some(Answer::Done(decided)), Outcome::Done(told)) => decided == told,
        (Some(Answer::Refused(decided)), Outcome::Refused(told)) => decided.code == told.code,
        _ => false,
    };
    if same {
        return Ok(Some(*index));
    }
    Err(Violation::new("ONCE-1", format!("{key:?} told as {outcome:?}, committed at {index} as {answer:?}")))
}
