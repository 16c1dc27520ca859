//! What a program holds of its client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::config::ClientConfig;
use super::event::Event;
use super::fold::View;
use super::message::{Action, Failure, Leader, Listing, Reply};
use super::protocol::Dialogue;
use super::socket::{ConnectError, Socket};
use super::task::{Ask, COMMANDS, EVENTS, Submission, Task};
use crate::auction::message::{Phase, Status, Summary};
use crate::auction::refusal::Refusal;
use crate::id::{AuctionId, Index, ParticipantId, RequestId};
use crate::replicator::message::Order;
use crate::transport::Net;

/// A client of a cluster: one session of one participant. Clones share it; it ends with the last of them.
///
/// Every `timeout` bounds the whole operation; without one it goes on until it has its answer.
#[derive(Debug, Clone)]
pub struct Client {
    participant: ParticipantId,
    address: SocketAddr,
    asks: mpsc::Sender<Ask>,
    next: Arc<AtomicU64>,
}

impl Client {
    /// Opens the socket and begins to look for the leader, in a task of the present tokio runtime.
    pub async fn connect(config: ClientConfig) -> Result<Self, ConnectError> {
        let (session, seed) = (random().as_u64_pair().1, random().as_u64_pair().1);
        let socket = Socket::open(&config, session).await?;
        let (asks, orders) = mpsc::channel(COMMANDS);
        let (participant, address) = (config.participant, socket.address());
        let task = Task::new(socket, orders, |now| Dialogue::new(now, participant, session, seed));
        tokio::spawn(task.run());
        Ok(Self { participant, address, asks, next: Arc::new(AtomicU64::new(0)) })
    }

    /// The same in the `LocalSet` that this is called in (an actix system is one), on a network and a randomness of the
    /// caller's own, and so in a simulation. Two clients must not draw the same. What [`submit`](Self::submit) draws is
    /// the system's all the same: who wants to repeat a run chooses the ids, and gives them to [`repeat`](Self::repeat).
    ///
    /// # Panics
    /// Outside of a `LocalSet`.
    pub async fn connect_local(
        config: ClientConfig,
        net: impl Net,
        mut random: impl FnMut() -> u64,
    ) -> Result<Self, ConnectError> {
        let (session, seed) = (random(), random());
        let socket = Socket::open_in(Arc::new(net), &config, session).await?;
        let (asks, orders) = mpsc::channel(COMMANDS);
        let (participant, address) = (config.participant, socket.address());
        let task = Task::new(socket, orders, |now| Dialogue::new(now, participant, session, seed));
        tokio::task::spawn_local(task.run());
        Ok(Self { participant, address, asks, next: Arc::new(AtomicU64::new(0)) })
    }

    /// As whom.
    pub const fn participant(&self) -> ParticipantId {
        self.participant
    }

    /// Where its socket is bound, as the system says: the IP address may be unspecified.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request id that was never used before.
    pub fn new_request() -> RequestId {
        RequestId(random())
    }

    /// Who leads.
    pub async fn leader(&self, timeout: Option<Duration>) -> Result<Leader, Failure> {
        self.ask(|reply| Ask::Locate(timeout, reply)).await
    }

    /// Carries out an action under a fresh request id.
    pub async fn submit(&self, action: Action, timeout: Option<Duration>) -> Result<Reply, Failure> {
        self.repeat(Self::new_request(), None, action, timeout).await
    }

    /// Carries out an action under this id, at most once however often it is repeated, by any client of the
    /// participant. `known` is the commit index known when it was *first* sent: it belongs to the id.
    pub async fn repeat(
        &self,
        request: RequestId,
        known: Option<Index>,
        action: Action,
        timeout: Option<Duration>,
    ) -> Result<Reply, Failure> {
        let submission = Box::new(Submission { request, known, action, timeout });
        self.ask(|reply| Ask::Submit(submission, reply)).await
    }

    /// The auctions, as committed.
    pub async fn list(&self, state: Option<Phase>, timeout: Option<Duration>) -> Result<Listing, Failure> {
        self.ask(|reply| Ask::List(state, None, timeout, reply)).await
    }

    /// One auction, as committed, if there is one of this id.
    pub async fn find(&self, auction: AuctionId, timeout: Option<Duration>) -> Result<Option<Summary>, Failure> {
        let listing = self.ask(|reply| Ask::List(None, Some(auction), timeout, reply)).await?;
        Ok(listing.auctions.into_iter().find(|summary| summary.auction == auction))
    }

    /// One auction whole, as committed, as far as disclosed to this participant.
    pub async fn show(&self, auction: AuctionId, timeout: Option<Duration>) -> Result<Option<View>, Failure> {
        let show = async {
            let Some(summary) = self.find(auction, timeout).await? else { return Ok(None) };
            let mut events = self.follow(auction).await;
            let mut view: Option<View> = None;
            while view.as_ref().is_none_or(|view| view.last < summary.last) {
                let event = events.next().await.ok_or(Failure::Closed)??;
                match &mut view {
                    Some(view) => view.apply(&event),
                    None => view = View::begin(&event),
                }
            }
            Ok(view)
        };
        match timeout {
            Some(timeout) => tokio::time::timeout(timeout, show).await.unwrap_or(Err(Failure::NoAnswer)),
            None => show.await,
        }
    }

    /// What the leader knows, or, while there is none, any node. Not a read of committed state.
    pub async fn status(&self, timeout: Option<Duration>) -> Result<Box<Status>, Failure> {
        self.ask(|reply| Ask::Status(timeout, reply)).await
    }

    /// Has the members or the leader changed, as an operator; refused where it cannot be. Given again it is the same order:
    /// done, if it is so by then.
    pub async fn order(&self, order: Order, timeout: Option<Duration>) -> Result<Result<(), Refusal>, Failure> {
        self.ask(|reply| Ask::Order(order, timeout, reply)).await
    }

    /// An auction's events from its first on, until it is over.
    pub async fn follow(&self, auction: AuctionId) -> Events {
        self.subscribe(Some(auction)).await
    }

    /// The events of all auctions that are not finished, and of all that are created from now on, each from its first
    /// on.
    pub async fn follow_all(&self) -> Events {
        self.subscribe(None).await
    }

    /// Changes of the leader, beginning with the present one.
    pub async fn leaders(&self) -> Leaders {
        let (sender, changes) = mpsc::unbounded_channel();
        let _ = self.asks.send(Ask::FollowLeader(self.number(), sender)).await;
        Leaders { changes, _asks: self.asks.clone() }
    }

    async fn subscribe(&self, auction: Option<AuctionId>) -> Events {
        let (sender, coming) = mpsc::channel(EVENTS + 1);
        let ticket = self.number();
        let _ = self.asks.send(Ask::Follow(ticket, auction, sender)).await;
        Events { ticket, coming, taken: 0, asks: self.asks.clone() }
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<Result<T, Failure>>) -> Ask) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(ask(reply)).await.map_err(|_| Failure::Closed)?;
        answer.await.unwrap_or(Err(Failure::Closed))
    }
}

/// Events, in order, each once.
#[derive(Debug)]
pub struct Events {
    ticket: u64,
    coming: mpsc::Receiver<Result<Event, Failure>>,
    taken: usize,
    asks: mpsc::Sender<Ask>,
}

impl Events {
    /// The next event; `None` after the last. May be cancelled without losing one.
    pub async fn next(&mut self) -> Option<Result<Event, Failure>> {
        if self.taken >= EVENTS / 2 {
            // Reserved first, so that cancelling loses no room.
            if let Ok(permit) = self.asks.reserve().await {
                permit.send(Ask::Room(self.ticket, std::mem::take(&mut self.taken)));
            }
        }
        let event = self.coming.recv().await?;
        self.taken += 1;
        Some(event)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        // Where the task is busy it notices with the next event that nobody takes.
        let _ = self.asks.try_send(Ask::Unfollow(self.ticket));
    }
}

/// Changes of the leader.
#[derive(Debug)]
pub struct Leaders {
    /// Unbounded, yet small: the leader changes seldom.
    changes: mpsc::UnboundedReceiver<Option<Leader>>,
    _asks: mpsc::Sender<Ask>,
}

impl Leaders {
    /// The next change: who leads, or `None` when the leader is not heard any more. `None` outside when the client ends.
    pub async fn next(&mut self) -> Option<Option<Leader>> {
        self.changes.recv().await
    }
}

#[expect(clippy::disallowed_methods, reason = "sessions and request ids are drawn here, at the edge")]
fn random() -> Uuid {
    Uuid::new_v4()
}
