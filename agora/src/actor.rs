//! The one shell in which every concern's protocol runs as an actix actor.
//!
//! actix empties a whole mailbox before it polls timers, so a deadline checked by a timer alone can come seconds late on
//! a busy node. [`Concern`] therefore fires overdue deadlines before *every* message, then handles it, carries out the
//! outputs in order, and arms one timer for the next deadline: the contract of [`crate::protocol`].

use actix::{Actor, AsyncContext, Context, Handler, Message, SpawnHandle};

use crate::protocol::Protocol;
use crate::time::Timestamp;

/// A monotonic clock.
pub trait Clock {
    /// The reading now.
    fn now(&self) -> Timestamp;
}

/// An input, as an actix message.
#[derive(Debug)]
pub struct In<T>(pub T);

impl<T> Message for In<T> {
    type Result = ();
}

/// An actor that runs a protocol.
pub struct Concern<P: Protocol> {
    protocol: P,
    clock: Box<dyn Clock>,
    outputs: Vec<P::Output>,
    deliver: Box<dyn FnMut(P::Output)>,
    timer: Option<(Timestamp, SpawnHandle)>,
}

impl<P: Protocol + std::fmt::Debug> std::fmt::Debug for Concern<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Concern").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

impl<P> Concern<P>
where
    P: Protocol + Unpin + 'static,
    P::Input: 'static,
    P::Output: Unpin + 'static,
{
    /// `deliver` carries out each output; it must not wait.
    pub fn new(protocol: P, clock: Box<dyn Clock>, deliver: Box<dyn FnMut(P::Output)>) -> Self {
        Self { protocol, clock, outputs: Vec::new(), deliver, timer: None }
    }

    fn drive(&mut self, context: &mut Context<Self>, input: Option<P::Input>) {
        let now = self.clock.now();
        if self.protocol.deadline().is_some_and(|deadline| deadline <= now) {
            self.protocol.fire(now, &mut self.outputs);
        }
        if let Some(input) = input {
            self.protocol.handle(now, input, &mut self.outputs);
        }
        for output in self.outputs.drain(..) {
            (self.deliver)(output);
        }
        self.arm(context, now);
    }

    fn arm(&mut self, context: &mut Context<Self>, now: Timestamp) {
        let deadline = self.protocol.deadline();
        if self.timer.map(|(at, _)| at) == deadline {
            return;
        }
        if let Some((_, timer)) = self.timer.take() {
            context.cancel_future(timer);
        }
        if let Some(deadline) = deadline {
            let timer = context.run_later(deadline.since(now), |concern, context| {
                concern.timer = None;
                concern.drive(context, None);
            });
            self.timer = Some((deadline, timer));
        }
    }
}

impl<P> Actor for Concern<P>
where
    P: Protocol + Unpin + 'static,
    P::Input: 'static,
    P::Output: Unpin + 'static,
{
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.drive(context, None);
    }
}

impl<P> Handler<In<P::Input>> for Concern<P>
where
    P: Protocol + Unpin + 'static,
    P::Input: 'static,
    P::Output: Unpin + 'static,
{
    type Result = ();

    fn handle(&mut self, input: In<P::Input>, context: &mut Self::Context) {
        self.drive(context, Some(input.0));
    }
}
