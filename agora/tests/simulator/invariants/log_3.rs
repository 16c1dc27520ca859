//! LOG-3: epoch, promise and commit index never fall on an incarnation; and nothing is told that rests on what is not
//! yet durable, or they would fall with the power.

use agora::disk::Recovered;
use agora::id::Member;
use agora::replicator::message::{Message, Record, Situation};

use super::{Shadow, Violation};

/// A node writes a promise: never a lower one.
pub(crate) fn written(shadow: &Shadow, record: &Record) -> Result<(), Violation> {
    match record {
        Record::Promise(epoch) if *epoch < shadow.promise => {
            let what = format!("{:?} promises {epoch:?} after {:?}", shadow.me.node, shadow.promise);
            Err(Violation::new("LOG-3", what))
        }
        _ => Ok(()),
    }
}

/// A node tells where it stands: never behind where it stood.
pub(crate) fn situation(shadow: &Shadow, now: &Situation) -> Result<(), Violation> {
    if now.commit.index < shadow.remembered {
        let what = format!("{:?} has forgotten that {} was committed", shadow.me.node, shadow.remembered);
        return Err(Violation::new("LOG-3", what));
    }
    if let Some(before) = &shadow.situation
        && (now.promise < before.promise || now.commit.index < before.commit.index || now.at < before.at)
    {
        let what = format!(
            "{:?} falls from promise {:?}, commit {:?}, at {} to promise {:?}, commit {:?}, at {}",
            shadow.me.node, before.promise, before.commit, before.at.0, now.promise, now.commit, now.at.0
        );
        return Err(Violation::new("LOG-3", what));
    }
    Ok(())
}

/// A node says something: what it rests on must be durable.
pub(crate) fn sent(shadow: &Shadow, message: &Message) -> Result<(), Violation> {
    let durable = match message {
        Message::ReplicateAck { epoch, index, .. } => {
            shadow.durable_promise >= *epoch && (shadow.promise > *epoch || shadow.durable(*index))
        }
        Message::PromiseRequest { epoch, dry: false, .. } | Message::Replicate { epoch, .. } => {
            shadow.durable_promise >= *epoch
        }
        Message::PromiseResponse { epoch, dry: false, granted: true, last, .. } => {
            let held = shadow.at(last.index).is_some_and(|held| held.position == *last);
            // What has been cut since, in a higher epoch, says nothing.
            shadow.durable_promise >= *epoch && (!held || shadow.durable(last.index))
        }
        _ => true,
    };
    if durable {
        return Ok(());
    }
    Err(Violation::new("LOG-3", format!("{:?} says {message:?}, which rests on what is not durable", shadow.me.node)))
}

/// A node lives on: with all that was durable, and of what was not, the first so many records as they were written.
pub(crate) fn resumed(before: Option<&Shadow>, me: Member, held: &Recovered) -> Result<(), Violation> {
    match before {
        Some(before) if before.may_leave(held) => Ok(()),
        Some(before) => {
            let (promise, entries) = (held.promise, held.entries.len());
            let what = format!(
                "{:?} lives on with promise {promise:?} and {entries} entries; durable were {:?} and {}",
                me.node,
                before.durable_promise,
                before.durable_log.len()
            );
            Err(Violation::new("LOG-3", what))
        }
        // It began, and ended before anything was seen of it.
        None if held.entries.is_empty() && held.promise == agora::id::Epoch::NONE => Ok(()),
        None => Err(Violation::new("LOG-3", format!("{:?} lives on with a log that it never wrote", me.node))),
    }
}
