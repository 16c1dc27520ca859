//! The worker's loop: sockets, timers, orders, bids.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use agora::auction::message::Bidding;
use agora::client::message::{Command, Output};
use agora::discovery::message::Message as Discovery;
use agora::id::NodeId;
use agora::time::Timestamp;
use agora::wire::{Message, Packer};
use mio::{Events, Interest, Poll, Token};

use super::clock::{Alarm, Clock};
use super::hall::{Hall, Wishes};
use super::lot::index;
use super::pace::Pacer;
use super::seat::{Seat, everybody};
use super::tell;
use super::ticket::Ticket;
use super::verify::Witness;
use crate::bench::talk::{Order, Report, Share};

/// How often the parent is told.
const SAMPLE: Duration = Duration::from_micros(SAMPLE_US);
const SAMPLE_US: u64 = 100_000;
/// Orders are looked for at least so often.
const LOOK: Duration = Duration::from_millis(20);
/// So long each thing is waited for after the measured time: bids that are due, answers, the auctions' ends, their events.
const PATIENCE: Duration = Duration::from_secs(15);
/// The alarm's number among the sockets.
const ALARM: Token = Token(usize::MAX);

/// How far the worker is.
#[derive(Debug)]
enum Act {
    /// The auctions are set up.
    Opening,
    /// They wait for the parent.
    Waiting,
    Bidding(Pacer),
    /// What should have been made is made.
    Draining(Pacer, Timestamp),
    /// What is under way is waited for.
    Settling(Timestamp),
    /// The auctions are ended.
    Closing(Timestamp),
    /// A fresh session is shown some.
    Verifying(Witness, Timestamp),
    Over,
}

/// The worker.
pub(super) struct Stage {
    share: Share,
    clock: Clock,
    orders: Receiver<Order>,
    poll: Poll,
    alarm: Alarm,
    everybody: Vec<SocketAddr>,
    seats: Vec<Seat>,
    /// Seats that have something to send, or another deadline.
    touched: BTreeSet<usize>,
    /// Seats that may have more to receive.
    full: BTreeSet<usize>,
    packer: Packer,
    hall: Hall,
    act: Act,
    sampled: Timestamp,
    /// Samples are taken so long after full tenths of a second of the clock: in step with the measured time.
    phase: u64,
    nodes: BTreeSet<SocketAddr>,
    /// Whose acknowledgement came last.
    leader: Option<NodeId>,
}

impl Stage {
    pub(super) fn new(share: Share, orders: Receiver<Order>) -> io::Result<Self> {
        let (clock, poll) = (Clock::start(), Poll::new()?);
        let alarm = Alarm::new(poll.registry(), ALARM)?;
        let bidders = index(share.groups * share.bidders);
        let mut stage = Self {
            clock,
            orders,
            alarm,
            everybody: everybody(&share),
            seats: Vec::new(),
            touched: BTreeSet::new(),
            full: BTreeSet::new(),
            packer: Packer::new(),
            hall: Hall::new(share.clone(), std::iter::empty(), uuid::Uuid::nil()),
            act: Act::Opening,
            sampled: Timestamp::ZERO,
            phase: 0,
            nodes: BTreeSet::new(),
            leader: None,
            poll,
            share,
        };
        // One more: the auctioneer.
        for _ in 0..=bidders {
            stage.sit()?;
        }
        let participants = stage.seats.iter().take(bidders).map(|seat| seat.participant);
        stage.hall = Hall::new(stage.share.clone(), participants, crate::identity::fresh().0);
        Ok(stage)
    }

    fn sit(&mut self) -> io::Result<usize> {
        let number = self.seats.len();
        let mut seat = Seat::open(&self.share, self.clock.now())?;
        self.poll.registry().register(&mut seat.socket, Token(number), Interest::READABLE)?;
        self.seats.push(seat);
        self.touched.insert(number);
        Ok(number)
    }

    pub(super) fn run(mut self) -> io::Result<()> {
        let mut wishes = Wishes::new();
        let mut out = Vec::new();
        self.hall.open(&mut wishes);
        let mut events = Events::with_capacity(1024);
        loop {
            let now = self.clock.now();
            self.grant(now, &mut wishes, &mut out);
            self.fire(now, &mut out);
            self.go_on(now, &mut wishes)?;
            if let Some(failed) = &self.hall.failed {
                return Err(io::Error::other(failed.clone()));
            }
            if matches!(self.act, Act::Over) {
                return Ok(());
            }
            self.grant(now, &mut wishes, &mut out);
            for seat in std::mem::take(&mut self.touched) {
                self.seats[seat].flush(&mut self.packer);
            }
            self.wait(&mut events)?;
            self.receive(&events, &mut out, &mut wishes);
        }
    }

    /// Until there is something to do.
    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let now = self.clock.now();
        let deadline = self.seats.iter().filter_map(|seat| seat.deadline).min();
        let mut wait = deadline.map_or(LOOK, |deadline| LOOK.min(deadline.since(now)));
        if matches!(self.act, Act::Bidding(_) | Act::Draining(..) | Act::Settling(_)) {
            wait = wait.min((self.sampled + SAMPLE).since(now));
        }
        if let Act::Bidding(pacer) | Act::Draining(pacer, _) = &self.act
            && let Some(next) = pacer.next().filter(|next| *next > now)
            && next.since(now) < wait
        {
            wait = next.since(now);
            self.alarm.set(wait);
        }
        if !self.full.is_empty() {
            wait = Duration::ZERO;
        }
        match self.poll.poll(events, Some(wait)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    fn receive(&mut self, events: &Events, out: &mut Vec<Output>, wishes: &mut Wishes) {
        let mut coming = std::mem::take(&mut self.full);
        coming.extend(events.iter().map(|event| event.token().0).filter(|token| *token < self.seats.len()));
        for number in coming {
            let now = self.clock.now();
            let (hall, nodes, leader, clock) = (&mut self.hall, &mut self.nodes, &mut self.leader, &self.clock);
            let more = self.seats[number].receive(now, out, |from, sender, message| match message {
                Message::Bidding(Bidding::Ack(_)) if *leader != Some(sender) => {
                    *leader = Some(sender);
                    tell(&Report::Leader { at_us: clock.told(now), node: sender });
                }
                Message::Bidding(Bidding::Deny(deny)) if hall.tally.counts(now) => {
                    let code = deny.refusal.code.as_str().to_owned();
                    *hall.tally.end.refusals.entry(code).or_default() += 1;
                }
                Message::Discovery(Discovery::LeaderDetails { .. }) => {
                    nodes.insert(from);
                }
                _ => {}
            });
            if more {
                self.full.insert(number);
            }
            self.carry_out(now, number, out, wishes);
        }
    }

    /// What a seat's protocol wants.
    fn carry_out(&mut self, now: Timestamp, number: usize, out: &mut Vec<Output>, wishes: &mut Wishes) {
        self.touched.insert(number);
        let seat = &mut self.seats[number];
        for output in out.drain(..) {
            match output {
                Output::Broadcast(message) => {
                    for to in &self.everybody {
                        seat.push(*to, message.clone());
                    }
                }
                Output::Send { to, message } => {
                    let again = matches!(message, Message::Bidding(Bidding::SubmitRetransmit(_)));
                    self.hall.tally.end.retransmissions += u64::from(again && self.hall.tally.counts(now));
                    seat.push(to, message);
                }
                Output::Answered { ticket, result } => self.hall.answered(now, ticket, result, wishes),
                Output::Event { ticket, event } => match &mut self.act {
                    Act::Verifying(witness, _) => witness.event(Ticket::read(ticket), &event),
                    _ => self.hall.event(now, ticket, &event, wishes),
                },
                _ => {}
            }
        }
    }

    /// What the hall wants of the seats.
    fn grant(&mut self, now: Timestamp, wishes: &mut Wishes, out: &mut Vec<Output>) {
        while !wishes.is_empty() {
            for (seat, command) in std::mem::take(wishes) {
                self.seats[seat].command(now, command, out);
                self.carry_out(now, seat, out, wishes);
            }
        }
    }

    fn fire(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let mut wishes = Wishes::new();
        for number in 0..self.seats.len() {
            if self.seats[number].deadline.is_some_and(|deadline| deadline <= now) {
                self.seats[number].fire(now, out);
                self.carry_out(now, number, out, &mut wishes);
            }
        }
        self.grant(now, &mut wishes, out);
    }

    /// Orders, bids, and what comes next.
    fn go_on(&mut self, now: Timestamp, wishes: &mut Wishes) -> io::Result<()> {
        self.obey(now, wishes);
        self.act = match std::mem::replace(&mut self.act, Act::Over) {
            Act::Opening if self.hall.is_open() => {
                tell(&Report::Ready { nodes: self.nodes.iter().copied().collect() });
                Act::Waiting
            }
            Act::Bidding(mut pacer) => {
                self.bid(now, &mut pacer, wishes);
                match self.hall.tally.over() {
                    Some(over) if over <= now => {
                        pacer.end(over);
                        Act::Draining(pacer, now + PATIENCE)
                    }
                    _ => Act::Bidding(pacer),
                }
            }
            Act::Draining(mut pacer, until) => {
                self.bid(now, &mut pacer, wishes);
                if pacer.overdue(now) > 0 && now < until {
                    Act::Draining(pacer, until)
                } else {
                    self.give_up(now, pacer);
                    Act::Settling(now + PATIENCE)
                }
            }
            Act::Settling(until) if self.hall.in_flight == 0 || now >= until => {
                self.hall.close(now, wishes);
                Act::Closing(now + PATIENCE)
            }
            Act::Closing(until) if self.hall.ending == 0 || now >= until => {
                self.sample(now, 0);
                let (witness, commands) = Witness::begin(std::mem::take(&mut self.hall.kept));
                let seat = self.sit()?;
                wishes.extend(commands.into_iter().map(|command: Command| (seat, command)));
                Act::Verifying(witness, now + PATIENCE)
            }
            Act::Verifying(witness, until) if witness.is_done() || now >= until => {
                self.hall.tally.end.verified = witness.end();
                tell(&Report::End(Box::new(self.hall.tally.end.clone())));
                Act::Over
            }
            act => act,
        };
        let overdue = match &self.act {
            Act::Bidding(pacer) | Act::Draining(pacer, _) => pacer.overdue(now),
            Act::Settling(_) => 0,
            _ => return Ok(()),
        };
        if now >= self.sampled + SAMPLE {
            self.sample(now, overdue);
        }
        Ok(())
    }

    fn obey(&mut self, now: Timestamp, wishes: &mut Wishes) {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Go) => {
                    self.sampled = now;
                    self.act = Act::Bidding(Pacer::begin(self.share.pace, now));
                }
                Ok(Order::Measure(from)) => {
                    let from = self.clock.read(from);
                    self.phase = from.as_micros() % SAMPLE_US;
                    self.hall.tally.measure(from, from + Duration::from_micros(self.share.duration_us));
                }
                Ok(Order::Stop) => {
                    self.hall.kept.clear();
                    self.hall.close(now, wishes);
                    self.hall.kept.clear();
                    self.act = Act::Closing(now + PATIENCE);
                }
                Err(TryRecvError::Empty) => return,
                // The parent is gone.
                Err(TryRecvError::Disconnected) => {
                    self.act = Act::Over;
                    return;
                }
            }
        }
    }

    fn bid(&mut self, now: Timestamp, pacer: &mut Pacer, wishes: &mut Wishes) {
        while let Some(intended) = pacer.due(now, self.hall.in_flight)
            && self.hall.bid(intended, now, wishes)
        {
            pacer.made();
        }
    }

    /// Bids that were never made count with the time that they would have waited at least.
    fn give_up(&mut self, now: Timestamp, mut pacer: Pacer) {
        while pacer.overdue(now) > 0
            && let Some(intended) = pacer.due(now, 0)
        {
            self.hall.tally.given_up(intended, now);
            self.hall.tally.end.unsent += 1;
            pacer.made();
        }
    }

    fn sample(&mut self, now: Timestamp, overdue: u64) {
        let past = (now.as_micros() + SAMPLE_US - self.phase) % SAMPLE_US;
        self.sampled = Timestamp::from_micros(now.as_micros().saturating_sub(past));
        let mut sample = self.hall.tally.sample();
        sample.at_us = self.clock.told(now);
        sample.in_flight = self.hall.in_flight;
        sample.overdue = overdue;
        tell(&Report::Sample(Box::new(sample)));
    }
}
