//! What every part of the client needs to speak to the leader.

use std::time::Duration;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::message::Output;
use super::search::Search;
use crate::heartbeat::message::Session;
use crate::id::{Epoch, ParticipantId};
use crate::time::Timestamp;
use crate::wire::Message;

/// A message that was not answered is sent again at most this late.
const RETRY_MOST: Duration = Duration::from_secs(1);

/// Whose client, and which run of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who {
    pub(super) participant: ParticipantId,
    pub(super) session: u64,
}

impl Who {
    pub(super) const fn session(self, cookie: u64) -> Session {
        Session { participant: self.participant, session: self.session, cookie }
    }
}

/// The way to the leader, at one moment.
pub(super) struct Port<'a> {
    pub(super) now: Timestamp,
    pub(super) who: Who,
    pub(super) search: &'a mut Search,
    pub(super) rng: &'a mut ChaCha8Rng,
    pub(super) out: &'a mut Vec<Output>,
}

impl Port<'_> {
    /// Sends to the leader, if one is known.
    pub(super) fn tell_leader(&mut self, message: impl FnOnce(Session) -> Message) -> bool {
        let Some((leader, cookie)) = self.search.leader() else { return false };
        self.search.expect(self.now);
        self.out.push(Output::Send { to: leader.address, message: message(self.who.session(cookie)) });
        true
    }

    /// A leader answered in an epoch that is not known here yet: it is asked to say so itself.
    pub(super) fn doubt(&mut self, epoch: Epoch) {
        self.search.doubt(self.now, epoch, self.out);
    }

    /// How long to wait for the answer to the message sent for the `sent`-th time: from two intervals to a second,
    /// spread by a quarter either way, so that many clients do not retry in step.
    pub(super) fn patience(&mut self, sent: u32) -> Duration {
        let wait = self.search.interval().saturating_mul(2 << sent.min(6)).min(RETRY_MOST);
        self.spread(wait)
    }

    /// A quarter more or less.
    pub(super) fn spread(&mut self, wait: Duration) -> Duration {
        spread(self.rng, wait)
    }

    /// Up to a half more.
    pub(super) fn no_sooner(&mut self, wait: Duration) -> Duration {
        self.spread(wait) + wait / 4
    }

    /// A number that nobody guesses.
    pub(super) fn number(&mut self) -> u64 {
        self.rng.next_u64()
    }
}

/// A quarter more or less.
pub(super) fn spread(rng: &mut ChaCha8Rng, wait: Duration) -> Duration {
    wait * 3 / 4 + wait / 2 * (rng.next_u32() % 256) / 256
}
