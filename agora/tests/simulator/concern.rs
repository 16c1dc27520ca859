//! A protocol behind a mailbox, driven as its actor drives it.

use std::collections::VecDeque;

use agora::protocol::Protocol;
use agora::time::Timestamp;

use crate::invariants::Violation;

/// A concern of a node.
#[derive(Debug)]
pub(crate) struct Concern<P: Protocol> {
    protocol: P,
    mailbox: VecDeque<P::Input>,
    outputs: Vec<P::Output>,
}

impl<P: Protocol> Concern<P> {
    /// With an empty mailbox.
    pub(crate) const fn new(protocol: P) -> Self {
        Self { protocol, mailbox: VecDeque::new(), outputs: Vec::new() }
    }

    /// Puts a message into the mailbox.
    pub(crate) fn tell(&mut self, input: P::Input) {
        self.mailbox.push_back(input);
    }

    /// Whether a message waits.
    pub(crate) fn busy(&self) -> bool {
        !self.mailbox.is_empty()
    }

    /// Whether a message waits or a deadline is due.
    pub(crate) fn ready(&self, now: Timestamp) -> bool {
        self.busy() || self.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Its next deadline.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.protocol.deadline()
    }

    /// Fires what is due and takes up to `most` messages. The outputs, in order.
    pub(crate) fn turn(&mut self, now: Timestamp, most: usize) -> Result<std::vec::Drain<'_, P::Output>, Violation> {
        if self.protocol.deadline().is_some_and(|deadline| deadline <= now) {
            self.protocol.fire(now, &mut self.outputs);
            if self.protocol.deadline().is_some_and(|deadline| deadline <= now) {
                let protocol = std::any::type_name::<P>();
                return Err(Violation::new("NET-1", format!("{protocol}: a deadline is still due after firing")));
            }
        }
        for input in self.mailbox.drain(..most.min(self.mailbox.len())) {
            self.protocol.handle(now, input, &mut self.outputs);
        }
        self.protocol.settle(now, &mut self.outputs);
        Ok(self.outputs.drain(..))
    }
}
