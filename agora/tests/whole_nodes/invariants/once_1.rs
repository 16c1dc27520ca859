//! ONCE-1 and LOG-1, as clients see them: a request has one answer, and that is in the log.

use std::collections::BTreeMap;

use agora::auction::event::{Answer, RequestKey};
use agora::auction::refusal::Code;
use agora::client::message::Reply;

use super::{Logs, Oracle, Violation};
use crate::schedule::Promise;

/// In the end: of one log, every answer is in it, the same for whoever asked; of branches, every answer is in one.
pub(crate) fn check(logs: &Logs, oracle: &Oracle, promise: Promise) -> Result<(), Violation> {
    let branches: Vec<BTreeMap<RequestKey, &Answer>> = match promise {
        Promise::OneLog => logs.longest().into_iter().map(super::log::Log::answers).collect(),
        Promise::Branches => logs.lives().iter().map(super::log::Log::answers).collect(),
    };
    for asked in &oracle.asked {
        let Some(reply) = &asked.reply else { continue };
        let told = match reply {
            // These are no decisions: nothing is written of them.
            Reply::Refused(refusal) if matches!(refusal.code, Code::BadAmount | Code::BadRequest | Code::Expired) => {
                continue;
            }
            Reply::Refused(refusal) => Answer::Refused(refusal.clone()),
            Reply::Done(ack) => Answer::Done(ack.receipt.clone()),
        };
        let mut known = branches.iter().filter_map(|answers| answers.get(&asked.key));
        if known.clone().any(|answer| **answer == told) {
            continue;
        }
        let (key, action) = (asked.key, &asked.action);
        return Err(match known.next() {
            Some(other) => Violation::new(
                "ONCE-1",
                format!("{key:?} ({action:?}) was answered {told:?}, but decided is {other:?}"),
            ),
            // Nobody else had it; nor is that promised.
            None if promise == Promise::Branches && oracle.is_last_word(key.request) => continue,
            None => Violation::new("LOG-1", format!("{key:?} ({action:?}) was answered {told:?}, and no log has it")),
        });
    }
    Ok(())
}
