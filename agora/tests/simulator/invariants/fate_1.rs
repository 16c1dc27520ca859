//! FATE-1: every request received is accepted, refused with a code, a repeat, or answered with no outcome.

use agora::auction::message::Outcome;

use super::Violation;

/// A manager tells its counters: no request has two fates.
pub(crate) fn sent(slot: usize, message: &Outcome) -> Result<(), Violation> {
    if let Outcome::StatusResponse { status, .. } = message {
        let [received, fates @ ..] = status.fates;
        if fates.iter().sum::<u64>() > received {
            return Err(Violation::new("FATE-1", format!("node {slot}: {received} requests, fates {fates:?}")));
        }
    }
    Ok(())
}
