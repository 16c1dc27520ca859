//! The actor that owns the sockets.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::wrap_future;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler};

use super::address_book::AddressBook;
use super::counters::{Count, Counters};
use super::inlet::{Bundle, Inlet};
use super::net::{Buffer, Received, Socket};
use super::outgoing::Outgoing;
use super::sift::Sieve;
use super::sockets::{Sockets, warn_of_names};
use crate::actor::{Clock, In};
use crate::heartbeat;
use crate::id::NodeId;
use crate::node::wiring::{self, from_network};
use crate::wire::{ClusterTag, MAX_DATAGRAM, Message, Sealer};

/// Datagrams that one turn takes from a socket: enough to be worth a wake-up, few enough that the concerns keep up.
const BATCH: usize = 128;
/// Messages from concerns that wait here; more are no loss, see [`crate::actor::MAILBOX`].
const MAILBOX: usize = 1_024;
/// How often interfaces and names are looked at again.
const REFRESH: Duration = Duration::from_secs(30);
/// The same while a name has no address.
const RETRY: Duration = Duration::from_secs(1);
/// A socket that fails to receive is left alone for so long, lest it keep the node busy.
const AFTER_ERROR: Duration = Duration::from_millis(10);

/// Sees every message that comes in or goes out.
pub type Tap = Arc<dyn Fn(Way, SocketAddr, &Message) + Send + Sync>;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the address to this node.
    In,
    /// From this node to the address.
    Out,
}

/// Begin to serve these concerns, under this identity; the former ones are forgotten.
#[derive(Debug)]
pub struct Attach {
    /// The identity that datagrams carry.
    pub me: NodeId,
    /// Who hears the network.
    pub inlet: Inlet,
}

/// Close the sockets.
#[derive(Debug)]
pub struct Close {
    /// Send what waits before.
    pub flush: bool,
}

#[derive(Debug)]
struct Flush;

/// Datagrams that came together.
struct Batch {
    buffers: Box<[Buffer]>,
    received: Vec<Received>,
}

impl Batch {
    fn new() -> Self {
        Self { buffers: vec![[0; MAX_DATAGRAM + 1]; BATCH].into(), received: Vec::with_capacity(BATCH) }
    }

    /// There may be more where they came from.
    fn is_full(&self) -> bool {
        self.received.len() == BATCH
    }
}

/// The transport actor.
pub struct Transport {
    sockets: Sockets,
    broadcasts: Vec<SocketAddr>,
    sieve: Sieve,
    attached: Option<Attached>,
    outgoing: Outgoing,
    book: AddressBook,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
    tap: Option<Tap>,
    ended: Option<Box<dyn FnOnce()>>,
}

/// The concerns at work.
struct Attached {
    me: NodeId,
    sealer: Sealer,
    inlet: Inlet,
}

impl Transport {
    /// A transport that takes and sends nothing until [`Attach`].
    pub fn new(
        sockets: Sockets,
        cluster: &str,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
        tap: Option<Tap>,
    ) -> Self {
        let local = sockets.local().ip();
        Self {
            broadcasts: sockets.reach.broadcasts(local, &*sockets.net),
            sockets,
            sieve: Sieve { cluster: ClusterTag::of(cluster), loopback_only: local.is_loopback() },
            attached: None,
            outgoing: Outgoing::default(),
            book: AddressBook::default(),
            counters,
            clock,
            tap,
            ended: None,
        }
    }

    /// `ended` is called when this transport is gone, whatever the reason.
    #[must_use]
    pub fn when_ended(mut self, ended: impl FnOnce() + 'static) -> Self {
        self.ended = Some(Box::new(ended));
        self
    }

    /// Takes one batch, then waits for the next; between two full ones the concerns get their turn.
    fn receive(socket: Rc<dyn Socket>, mut batch: Batch, context: &mut Context<Self>) {
        let reader = Rc::clone(&socket);
        let read = async move {
            if batch.is_full() {
                tokio::task::yield_now().await;
            }
            batch.received.clear();
            let result = read(&*reader, &mut batch).await;
            (result, batch)
        };
        context.spawn(wrap_future::<_, Self>(read).map(move |(result, batch), transport, context| {
            match result {
                Ok(()) => transport.take_all(&batch),
                Err(_) => transport.counters.add(Count::ReceiveError),
            }
            Self::receive(socket, batch, context);
        }));
    }

    fn take_all(&mut self, batch: &Batch) {
        let mut bundle = Bundle::default();
        self.counters.add_many(Count::Received, batch.received.len() as u64);
        for (buffer, (length, from)) in batch.buffers.iter().zip(&batch.received) {
            let taken = match from {
                Some(from) => self.take(*from, &buffer[..*length], &mut bundle),
                None => Err(Count::Rubbish),
            };
            if let Err(dropped) = taken {
                self.counters.add(dropped);
            }
        }
        if let Some(attached) = &self.attached {
            if batch.is_full() {
                attached.inlet.heartbeat.do_send(In(vec![heartbeat::message::Input::Behind]));
            }
            let offered = attached.inlet.offer(bundle);
            self.counters.add_many(Count::Delivered, offered.delivered);
            self.counters.add_many(Count::Full, offered.full);
            self.counters.add_many(Count::Detached, offered.ended);
        }
    }

    /// Takes one datagram, or says why it is dropped.
    fn take(&mut self, from: SocketAddr, datagram: &[u8], bundle: &mut Bundle) -> Result<(), Count> {
        let attached = self.attached.as_ref().ok_or(Count::Detached)?;
        let (header, messages) = self.sieve.sift(attached.me, from, datagram)?;
        if !header.sender.uuid.is_nil() && !self.book.learn(header.sender, from, self.clock.now()) {
            self.counters.add(Count::BookFull);
        }
        for message in messages {
            if let Some(tap) = &self.tap {
                tap(Way::In, from, &message);
            }
            // Everything on the wire is for one of them.
            bundle.add(from_network(from, header.sender, message));
        }
        Ok(())
    }

    fn send(&mut self, to: &[SocketAddr], message: &Message) {
        if let Some(tap) = &self.tap {
            for to in to {
                tap(Way::Out, *to, message);
            }
        }
        if self.outgoing.push(to, message).is_err() {
            self.counters.add(Count::TooLarge);
        }
    }

    fn carry_out(&mut self, request: wiring::Transport) {
        match request {
            wiring::Transport::ToNode(node, message) => match self.book.find(node) {
                Some(to) => self.send(&[to], &message),
                None => self.counters.add(Count::Unknown),
            },
            wiring::Transport::ToAddress(to, message) => self.send(&[to], &message),
            wiring::Transport::ToEach(to, message) => self.send(&to, &message),
            wiring::Transport::Broadcast(message) => {
                let everybody = [&self.broadcasts[..], &self.sockets.joins[..]].concat();
                self.send(&everybody, &message);
            }
            wiring::Transport::Learn(node, address) => {
                if !self.book.learn(node, address, self.clock.now()) {
                    self.counters.add(Count::BookFull);
                }
            }
        }
    }

    fn flush(&mut self) {
        if let Some(attached) = &mut self.attached {
            self.outgoing.flush(&mut attached.sealer, &*self.sockets.unicast, &self.counters);
        }
    }

    /// Looks names and interfaces up again, after a while.
    fn refresh_later(&self, context: &mut Context<Self>) {
        let after = if self.sockets.unfound.is_empty() { REFRESH } else { RETRY };
        context.run_later(after, |transport, context| {
            let local = transport.sockets.local().ip();
            transport.broadcasts = transport.sockets.reach.broadcasts(local, &*transport.sockets.net);
            let (reach, net) = (transport.sockets.reach.clone(), Arc::clone(&transport.sockets.net));
            let lookup = async move { reach.joins(local, &*net).await };
            context.spawn(wrap_future::<_, Self>(lookup).map(|(found, failed), transport, context| {
                // A name server that is away takes no address from us.
                if failed.is_empty() {
                    transport.sockets.joins = found;
                } else {
                    transport.sockets.joins.extend(found);
                    transport.sockets.joins.sort_unstable();
                    transport.sockets.joins.dedup();
                }
                warn_of_names(&transport.sockets.unfound, &failed);
                transport.sockets.unfound = failed;
                transport.refresh_later(context);
            }));
        });
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            ended();
        }
    }
}

async fn read(socket: &dyn Socket, batch: &mut Batch) -> io::Result<()> {
    socket.readable().await?;
    let Batch { buffers, received } = batch;
    while received.len() < BATCH {
        match socket.try_receive_many(&mut buffers[received.len()..], received) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if received.is_empty() => {
                tokio::time::sleep(AFTER_ERROR).await;
                return Err(error);
            }
            Err(_) => break,
        }
    }
    Ok(())
}

impl Actor for Transport {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
        Self::receive(Rc::clone(&self.sockets.unicast), Batch::new(), context);
        if let Some(listener) = &self.sockets.listener {
            Self::receive(Rc::clone(listener), Batch::new(), context);
        }
        self.refresh_later(context);
    }
}

impl Handler<In<Vec<wiring::Transport>>> for Transport {
    type Result = ();

    fn handle(&mut self, In(requests): In<Vec<wiring::Transport>>, context: &mut Self::Context) {
        let first = self.outgoing.is_empty();
        for request in requests {
            self.carry_out(request);
        }
        if first && !self.outgoing.is_empty() {
            // Handled when the mailbox is empty: at the end of this turn.
            context.notify(In(Flush));
        }
    }
}

impl Handler<In<Flush>> for Transport {
    type Result = ();

    fn handle(&mut self, _: In<Flush>, _: &mut Self::Context) {
        self.flush();
    }
}

impl Handler<In<Attach>> for Transport {
    type Result = ();

    fn handle(&mut self, In(Attach { me, inlet }): In<Attach>, _: &mut Self::Context) {
        // What waits was said under the former identity.
        self.flush();
        self.attached = Some(Attached { me, sealer: Sealer::new(self.sieve.cluster, me), inlet });
    }
}

impl Handler<In<Close>> for Transport {
    type Result = ();

    fn handle(&mut self, In(Close { flush }): In<Close>, context: &mut Self::Context) {
        if flush {
            self.flush();
        }
        context.terminate();
    }
}
