//! LOG-3: epoch, promise and commit index never fall on an incarnation; and nothing is told that rests on what is not
//! yet durable, or they would fall with the power.

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
        Message::PromiseRequest { epoch, dry: false, .. } => shadow.durable_promise >= *epoch,
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
