//! The programs of the clients' hosts: they hold auctions, bid, and look at the end; each remembers what it was told.

mod bidder;
mod house;
mod operator;
mod verifier;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use agora::client::event::Event;
use agora::client::message::{Action, Reply};
use agora::client::{Client, ClientConfig, Events};
use agora::id::{AuctionId, ParticipantId, RequestId};
use uuid::Uuid;

use crate::dice::Dice;
use crate::invariants::Ended;
use crate::net::{EVERYBODY, Shore};
use crate::queue::Micros;
use crate::run::Run;
use crate::schedule::{CLIENTS, Promise, SECOND};

/// The first bidder after the houses, and its twin, if it has one.
const HOUSES: usize = 2;
const FIRST_TWIN: usize = 3;
const SECOND_TWIN: usize = 4;

/// When all faults have ended for so long, a client believes a leader that its request is of another history.
const GIVE_UP: Micros = 5 * SECOND;

/// What clients know of each other.
#[derive(Debug, Default)]
pub(crate) struct Board {
    auctions: Vec<AuctionId>,
    /// What the first twin has asked.
    asked: Vec<(RequestId, Action)>,
    /// No more auctions are begun.
    pub closing: bool,
    /// Which clients are done with all that they began.
    pub done: [bool; CLIENTS],
    /// Somebody may look at the end.
    pub look: bool,
    /// Somebody has.
    pub looked: bool,
    twins: bool,
}

impl Board {
    pub(crate) fn set_twins(&mut self, twins: bool) {
        self.twins = twins;
    }

    /// As whom a client asks.
    pub(crate) fn participant(&self, client: usize) -> ParticipantId {
        let whose = if self.twins && client == SECOND_TWIN { FIRST_TWIN } else { client };
        ParticipantId(Uuid::from_u64_pair(7, whose as u64))
    }
}

/// What client `number` does. The one after the last looks at the end, and the one after that is the operator.
pub(crate) async fn program(run: Run, number: usize) -> turmoil::Result {
    let asker = Asker::connect(run.clone(), number).await;
    let twins = run.lock().schedule.twins;
    match number {
        CLIENTS => verifier::look(&asker).await,
        _ if number > CLIENTS => operator::order(&asker).await,
        _ if number < HOUSES => house::hold(&asker).await,
        SECOND_TWIN if twins => bidder::repeat(&asker).await,
        _ => bidder::bid(&asker).await,
    }
    if let Some(done) = run.lock().board.done.get_mut(number) {
        *done = true;
    }
    Ok(())
}

/// A client that remembers.
#[derive(Clone)]
struct Asker {
    run: Run,
    number: usize,
    client: Client,
    dice: Rc<RefCell<Dice>>,
}

impl Asker {
    async fn connect(run: Run, number: usize) -> Self {
        let (mut dice, endpoint, participant) = {
            let state = run.lock();
            let dice = Dice::new(state.schedule.seed, 100 + number as u64);
            (dice, state.schedule.starts.len() + number, state.board.participant(number))
        };
        let config = ClientConfig { broadcast_addresses: vec![EVERYBODY], ..ClientConfig::new(participant) };
        let shore = Shore { run: run.clone(), endpoint };
        let client = Client::connect_local(config, shore, || dice.number()).await.expect("a socket");
        Self { run, number, client, dice: Rc::new(RefCell::new(dice)) }
    }

    /// Asks until it is answered, or, after a partition, nobody will ever answer.
    async fn submit(&self, action: Action) -> Option<Reply> {
        let request = RequestId(Uuid::from_u64_pair(self.dice.borrow_mut().number(), self.number as u64));
        if self.number == FIRST_TWIN {
            self.run.lock().board.asked.push((request, action.clone()));
        }
        self.repeat(request, action).await
    }

    async fn repeat(&self, request: RequestId, action: Action) -> Option<Reply> {
        let ticket = {
            let mut state = self.run.lock();
            state.tell(&format!("c{}", self.number), &format!("asks {request} {action:?}"));
            let now = state.now;
            state.oracle.asked(now, self.client.participant(), request, action.clone())
        };
        let reply = tokio::select! {
            biased;
            reply = self.client.repeat(request, None, action, None) => reply.expect("without a deadline, an answer"),
            () = self.set_aside(ticket) => return None,
        };
        let mut state = self.run.lock();
        state.tell(&format!("c{}", self.number), &format!("is answered {request} {reply:?}"));
        state.oracle.answered(ticket, reply.clone());
        Some(reply)
    }

    /// Waits until it is clear that the history to which the request belongs has lost: all faults have ended, and a leader
    /// says that the client knows more than is committed. Where there is one log, that never is so.
    async fn set_aside(&self, ticket: usize) {
        loop {
            tokio::time::sleep(Duration::from_micros(SECOND)).await;
            let mut state = self.run.lock();
            let healed = state.now > state.schedule.heal + GIVE_UP;
            if state.schedule.promise == Promise::Branches && healed && state.oracle.is_of_another_history(ticket) {
                state.oracle.give_up(ticket);
                state.report.given_up += 1;
                return;
            }
        }
    }

    async fn follow(&self, auction: AuctionId) -> Stream {
        let events = self.client.follow(auction).await;
        let number = self.run.lock().oracle.follows(self.client.participant(), auction);
        Stream { run: self.run.clone(), number, events }
    }

    async fn pause(&self, low: Micros, high: Micros) {
        let pause = self.dice.borrow_mut().between(low, high);
        tokio::time::sleep(Duration::from_micros(pause)).await;
    }

    fn chance(&self, permille: u64) -> bool {
        self.dice.borrow_mut().chance(permille)
    }

    fn between(&self, low: u64, high: u64) -> u64 {
        self.dice.borrow_mut().between(low, high)
    }

    fn closing(&self) -> bool {
        self.run.lock().board.closing
    }
}

/// An auction's events, remembered.
struct Stream {
    run: Run,
    number: usize,
    events: Events,
}

impl Stream {
    async fn next(&mut self) -> Option<Event> {
        let next = self.events.next().await;
        let mut state = self.run.lock();
        match next {
            Some(Ok(event)) => {
                state.tell("", &format!("stream {}: {event:?}", self.number));
                state.oracle.heard(self.number, event.clone());
                Some(event)
            }
            Some(Err(_)) => {
                state.oracle.ended(self.number, Ended::NotFound);
                None
            }
            None => {
                state.oracle.ended(self.number, Ended::Over);
                None
            }
        }
    }
}
