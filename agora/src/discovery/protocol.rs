//! Asking, answering, and telling clients who leads.

use std::net::SocketAddr;
use std::time::Duration;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::book::AddressBook;
use super::introductions::Introductions;
use super::message::{About, CLIENT_PADDING, Input, MAX_OTHERS, Message, NODE_PADDING, Output};
use crate::config::Settings;
use crate::cookie::Cookies;
use crate::id::{Epoch, Member, NodeId, Position};
use crate::protocol::Protocol;
use crate::replicator::message::Situation;
use crate::time::Timestamp;

/// Asks who is there, answers who asks; see the [module](super).
#[derive(Debug)]
pub struct Discovery {
    cookies: Cookies,
    window: Duration,
    removal_time: Duration,
    heart_beat_interval: Duration,
    random: ChaCha8Rng,
    /// Names this start of this node in its questions.
    nonce: u64,
    /// When the discovery window ends; `None` once it has.
    window_end: Option<Timestamp>,
    next_request: Timestamp,
    /// What this node tells of itself.
    about: About,
    /// Where this node's socket is bound.
    bound: Option<SocketAddr>,
    book: AddressBook,
    introductions: Introductions,
    /// Counts answers, so that each tells other addresses where there are many.
    turn: usize,
}

impl Discovery {
    /// A starting node: it asks at `now` for the first time. `seed` makes its nonce and spreads its questions; it must
    /// differ from start to start.
    pub fn new(me: Member, settings: &Settings, cookies: Cookies, seed: u64, now: Timestamp) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        Self {
            cookies,
            window: settings.discovery_window,
            removal_time: settings.removal_time(),
            heart_beat_interval: settings.heart_beat_interval,
            nonce: random.next_u64(),
            random,
            window_end: Some(now + settings.discovery_window),
            next_request: now,
            about: About {
                member: me,
                mode: settings.mode,
                disk: false,
                founding: None,
                promise: Epoch::NONE,
                leader: None,
                serving: false,
                commit: Position::START,
                last: Position::START,
                decided: 0,
            },
            bound: None,
            book: AddressBook::default(),
            introductions: Introductions::default(),
            turn: 0,
        }
    }

    /// Whether its node's log is on disk; without this it is not.
    #[must_use]
    pub const fn on_disk(mut self, on_disk: bool) -> Self {
        self.about.disk = on_disk;
        self
    }

    const fn me(&self) -> NodeId {
        self.about.member.node
    }

    fn on_message(
        &mut self,
        now: Timestamp,
        from: SocketAddr,
        sender: NodeId,
        message: Message,
        out: &mut Vec<Output>,
    ) {
        match message {
            Message::Request { nonce, node: None, padding } if padding.len() >= CLIENT_PADDING => {
                out.push(self.leader_details(from, nonce));
            }
            Message::Request { nonce, node: Some(about), padding } if about.member.node == sender => {
                let answered = padding.len() >= NODE_PADDING;
                self.on_request(now, from, nonce, about, answered, out);
            }
            Message::Response { nonce, node, others } if node.member.node == sender => {
                self.on_response(now, from, nonce, node, out);
                // Only who was asked can send this node to others.
                if nonce == self.nonce && sender != self.me() {
                    self.meet(&others, out);
                }
            }
            // Too short to be answered, in another's name, or meant for clients.
            Message::Request { .. } | Message::Response { .. } | Message::LeaderDetails { .. } => {}
        }
    }

    fn on_request(
        &mut self,
        now: Timestamp,
        from: SocketAddr,
        nonce: u64,
        about: Box<About>,
        answered: bool,
        out: &mut Vec<Output>,
    ) {
        if about.member.node == self.me() {
            return; // Its own broadcast.
        }
        let answered = answered && (self.may_stay(&about) || self.goes_before(&about));
        if self.may_stay(&about) {
            self.found(now, from, about, out);
        }
        if answered {
            self.introductions.asked(now, from);
            self.turn = self.turn.wrapping_add(MAX_OTHERS);
            let others = self.book.others(now, self.removal_time, from, MAX_OTHERS, self.turn);
            let message = Message::Response { nonce, node: Box::new(self.about.clone()), others };
            out.push(Output::SendTo { to: from, message });
        }
    }

    fn on_response(&mut self, now: Timestamp, from: SocketAddr, nonce: u64, about: Box<About>, out: &mut Vec<Output>) {
        let asked_while_starting = self.window_end.is_some() && nonce == self.nonce;
        if about.member.node == self.me() {
            // Nobody else speaks in this node's name; whoever tries is not believed.
        } else if self.may_stay(&about) {
            self.found(now, from, about, out);
        } else if asked_while_starting && about.member.node.uuid == self.me().uuid {
            out.push(Output::SameUuid(from));
        } else if asked_while_starting {
            out.push(Output::OtherMode { address: from, mode: about.mode });
        }
    }

    /// Whether that node and this one can be nodes of one cluster.
    fn may_stay(&self, other: &About) -> bool {
        other.member.node.uuid != self.me().uuid && other.mode == self.about.mode
    }

    /// Of two nodes that cannot both stay: whether this one does.
    fn goes_before(&self, other: &About) -> bool {
        let precedence = |about: &About| (about.founding.is_some(), about.member.node);
        self.window_end.is_none() || precedence(&self.about) > precedence(other)
    }

    fn found(&mut self, now: Timestamp, address: SocketAddr, about: Box<About>, out: &mut Vec<Output>) {
        self.book.heard(now, about.member.node, address);
        self.introductions.heard(address);
        out.push(Output::Found { address, about });
    }

    fn on_situation(&mut self, now: Timestamp, situation: &Situation) {
        self.about = About {
            member: self.about.member,
            mode: self.about.mode,
            disk: self.about.disk,
            founding: situation.founding,
            promise: situation.promise,
            leader: situation.leader,
            serving: situation.serving,
            commit: situation.commit,
            last: situation.last,
            decided: situation.decided,
        };
        // Who has just lost its leader does not wait for the question of quieter times.
        let soonest = now + self.pause();
        self.next_request = self.next_request.min(soonest);
    }

    /// Others that the node which answered has heard: those that are news are asked at once.
    fn meet(&mut self, others: &[SocketAddr], out: &mut Vec<Output>) {
        for &to in others.iter().take(MAX_OTHERS) {
            if Some(to) != self.bound && self.introductions.told(to) {
                out.push(Output::SendTo { to, message: self.question() });
            }
        }
    }

    fn question(&self) -> Message {
        Message::Request { nonce: self.nonce, node: Some(Box::new(self.about.clone())), padding: vec![0; NODE_PADDING] }
    }

    fn ask(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        out.push(Output::Broadcast(self.question()));
        for to in self.introductions.due(now, self.pause() * 3 / 2) {
            out.push(Output::SendTo { to, message: self.question() });
        }
        self.next_request = now + self.jittered_pause();
    }

    /// How long it waits from question to question.
    fn pause(&self) -> Duration {
        match (self.window_end, self.about.leader) {
            (Some(_), _) => self.window / 10,
            (None, None) => self.window / 5,
            (None, Some(_)) => self.removal_time / 2,
        }
    }

    /// Up to 10 % shorter or longer, so that nodes that started together do not ask together; at least a millisecond.
    fn jittered_pause(&mut self) -> Duration {
        let micros = u64::try_from(self.pause().as_micros()).unwrap_or(u64::MAX / 2).clamp(1_000, u64::MAX / 2);
        let spread = micros / 10;
        Duration::from_micros(self.random.random_range(micros - spread..=micros + spread))
    }

    fn leader_details(&self, to: SocketAddr, nonce: u64) -> Output {
        let leader = self.about.leader.and_then(|leader| {
            let address = if leader == self.me() { self.bound } else { self.book.address(leader) };
            address.map(|address| (leader, address))
        });
        let message = Message::LeaderDetails {
            nonce,
            leader: leader.filter(|(leader, _)| *leader != self.me() || self.about.serving),
            epoch: self.about.promise,
            commit: self.about.commit.index,
            cookie: self.cookies.of(to),
            interval_ms: u32::try_from(self.heart_beat_interval.as_millis()).unwrap_or(u32::MAX),
        };
        Output::SendTo { to, message }
    }
}

impl Protocol for Discovery {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Timestamp, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Message { from, sender, message } => self.on_message(now, from, sender, message, out),
            Input::Bound(address) => self.bound = Some(address),
            Input::Situation(situation) => self.on_situation(now, &situation),
            Input::Redirect(client) => out.push(self.leader_details(client, 0)),
            Input::Announce(clients) => out.extend(clients.into_iter().map(|client| self.leader_details(client, 0))),
        }
    }

    fn fire(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let closes = self.window_end.is_some_and(|end| end <= now);
        if closes {
            self.window_end = None;
        }
        if self.next_request <= now {
            self.ask(now, out);
        }
        if closes {
            out.push(Output::WindowClosed);
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        Some(self.window_end.map_or(self.next_request, |end| end.min(self.next_request)))
    }
}
