//! The one shell in which every concern's protocol runs as an actix actor.
//!
//! actix empties a whole mailbox before it polls timers, so a deadline checked by a timer alone can come seconds late on
//! a busy node. [`Concern`] therefore fires overdue deadlines before *every* message, then handles it, carries out the
//! outputs in order, and arms one timer for the next deadline: the contract of [`crate::protocol`].
//!
//! A message holds all that its sender had for this concern at the end of its turn: what came with one look at the
//! socket, or what followed from one turn of another concern. So the work of a turn is done once for all of it.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message, SpawnHandle};

use crate::machine::{self, Machine};
use crate::protocol::Protocol;
use crate::time::Timestamp;

/// At most so many batches of the network wait for one concern; more are dropped and counted, because a sender that is
/// not answered sends again. What concerns tell each other always gets through: it is bounded by what came in.
pub const MAILBOX: usize = 64;

/// A monotonic clock.
pub trait Clock: Send + Sync + 'static {
    /// The reading now.
    fn now(&self) -> Timestamp;

    /// How long tokio's timers take for what takes `time` on this clock: as long, unless the clock is a fast or a slow one.
    fn takes(&self, time: Duration) -> Duration {
        time
    }
}

/// An input, as an actix message.
#[derive(Debug)]
pub struct In<T>(pub T);

impl<T> Message for In<T> {
    type Result = ();
}

/// What the log and the transport tell a machine, whichever that is, as an actix message.
#[derive(Debug)]
pub struct ToMachine(pub Vec<machine::Input>);

impl Message for ToMachine {
    type Result = ();
}

/// Takes the outputs of one turn out, and carries them out; it must not wait.
pub type CarryOut<O> = Box<dyn FnMut(&mut Vec<O>)>;

/// An actor that runs a protocol.
pub struct Concern<P: Protocol> {
    protocol: P,
    clock: Arc<dyn Clock>,
    outputs: Vec<P::Output>,
    carry_out: CarryOut<P::Output>,
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
    /// An actor that has not started.
    pub fn new(protocol: P, clock: Arc<dyn Clock>, carry_out: CarryOut<P::Output>) -> Self {
        Self { protocol, clock, outputs: Vec::new(), carry_out, timer: None }
    }

    fn drive(&mut self, context: &mut Context<Self>, inputs: impl IntoIterator<Item = P::Input>) {
        let now = self.clock.now();
        if self.protocol.deadline().is_some_and(|deadline| deadline <= now) {
            self.protocol.fire(now, &mut self.outputs);
        }
        for input in inputs {
            self.protocol.handle(now, input, &mut self.outputs);
        }
        self.protocol.settle(now, &mut self.outputs);
        (self.carry_out)(&mut self.outputs);
        self.arm(context, now);
    }

    /// A timer that fires before the deadline is left as it is: deadlines mostly move away from now, and firing early
    /// only arms the next one.
    fn arm(&mut self, context: &mut Context<Self>, now: Timestamp) {
        let Some(deadline) = self.protocol.deadline() else { return };
        match self.timer {
            Some((at, _)) if at <= deadline => {}
            earlier => {
                if let Some((_, timer)) = earlier {
                    context.cancel_future(timer);
                }
                self.start_timer(context, now, deadline);
            }
        }
    }

    fn start_timer(&mut self, context: &mut Context<Self>, now: Timestamp, deadline: Timestamp) {
        let timer = context.run_later(self.clock.takes(deadline.since(now)), |concern, context| {
            concern.timer = None;
            concern.drive(context, []);
        });
        self.timer = Some((deadline, timer));
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
        context.set_mailbox_capacity(MAILBOX);
        self.drive(context, []);
    }
}

impl<P> Handler<In<Vec<P::Input>>> for Concern<P>
where
    P: Protocol + Unpin + 'static,
    P::Input: 'static,
    P::Output: Unpin + 'static,
{
    type Result = ();

    fn handle(&mut self, In(inputs): In<Vec<P::Input>>, context: &mut Self::Context) {
        self.drive(context, inputs);
    }
}

impl<M: Machine> Handler<ToMachine> for Concern<M> {
    type Result = ();

    fn handle(&mut self, ToMachine(inputs): ToMachine, context: &mut Self::Context) {
        self.drive(context, inputs.into_iter().filter_map(|input| M::hears(input.widen())));
    }
}
