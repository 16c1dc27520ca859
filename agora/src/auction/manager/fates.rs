//! FATE-1: what became of every request that this node received. The counters add up:
//! received = accepted + refused + repeated + without outcome + those that wait for their commit.

/// Counts of requests since this node started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fates {
    /// All that came.
    pub(crate) received: u64,
    /// Carried out, by this node as leader.
    pub(crate) accepted: u64,
    /// Refused with a code that stands.
    pub(crate) refused: u64,
    /// Seen before: answered from the table, or with the one that waits.
    pub(crate) repeated: u64,
    /// Redirected, `BUSY`, `NO_QUORUM`, or dropped when the leadership ended.
    pub(crate) no_outcome: u64,
}

impl Fates {
    /// As STATUS_RESPONSE tells them.
    pub(crate) const fn to_array(self) -> [u64; 5] {
        [self.received, self.accepted, self.refused, self.repeated, self.no_outcome]
    }
}
