//! A simulated client: finds the leader, asks, retries with the same id until it has an answer, follows its auctions,
//! and notes what it was told. Deliberately simple, and written apart from the library's own client.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use agora::auction::event::{Disclosure, Rule, Spec, Start};
use agora::auction::message::{Bidding, Call, Head, Lobby, Outcome as Ending, Submit};
use agora::discovery::message::{CLIENT_PADDING, Message as Discovery};
use agora::heartbeat::message::{ClientBeat, MAX_FOLLOWED, Message as Beat, Session};
use agora::id::{AuctionId, Epoch, Index, NodeId, ParticipantId, RequestId, Round, Seq};
use agora::wire::{ClusterTag, Message, Packer, Sealer};
use uuid::Uuid;

use crate::dice::Dice;
use crate::queue::Micros;
use crate::schedule::MILLI;

/// How many requests are in flight at once.
const WINDOW: usize = 3;
/// How many auctions one client sets up in a run.
const AUCTIONS: usize = 12;

/// What is asked. Kept, with its id, until there is an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Set up an auction.
    Create(Spec),
    /// Become a bidder.
    Join(AuctionId),
    /// Be a bidder no more.
    Leave(AuctionId),
    /// Confirm the start.
    Start(AuctionId),
    /// End it without a winner.
    Cancel(AuctionId),
    /// Bid, or pass.
    Bid(AuctionId, Option<Round>, Option<String>),
    /// List the auctions; what was acknowledged when it was first sent must be in the answer.
    List(Index),
}

/// A request without an answer yet.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// What is asked.
    pub ask: Ask,
    /// When it was sent first.
    pub begun: Micros,
    pub known: Index,
    next: Micros,
    sends: u32,
}

/// What a client knows of an auction.
#[derive(Debug, Default)]
pub(crate) struct Follow {
    /// The last event received without a gap before it.
    pub last: Seq,
    /// The epoch of the leader that sent it.
    under: Option<Epoch>,
    /// Received behind a gap, and in the epoch of which leader.
    ahead: BTreeMap<Seq, Epoch>,
    round: Option<Round>,
    answered: Option<Round>,
    ended: bool,
    asked: Option<bool>,
}

/// A client.
#[derive(Debug)]
pub(crate) struct SimClient {
    /// Where it receives.
    pub address: SocketAddr,
    /// Who it is.
    pub participant: ParticipantId,
    /// Unanswered, by id.
    pub tasks: BTreeMap<RequestId, Task>,
    /// Its auctions.
    pub follows: BTreeMap<AuctionId, Follow>,
    /// It sets up the auctions that others join.
    pub auctioneer: bool,
    /// It asks for nothing new.
    pub closing: bool,
    session: u64,
    dice: Dice,
    leader: Option<SocketAddr>,
    cookies: BTreeMap<SocketAddr, u64>,
    known: Option<Index>,
    nonce: u64,
    search: Micros,
    beat: Micros,
    silent: u32,
    created: usize,
    numbers: u64,
    refusals: u32,
    shut: BTreeSet<AuctionId>,
    /// What it set up although it does not hold the auctions.
    pub idle: Vec<AuctionId>,
    packer: Packer,
    sealer: Sealer,
}

impl SimClient {
    /// The client of a participant; `auctioneer`: it sets auctions up.
    pub(crate) fn new(number: usize, participant: ParticipantId, mut dice: Dice, auctioneer: bool) -> Self {
        let last = u8::try_from(number).unwrap_or(u8::MAX);
        let session = dice.number();
        let sender = NodeId { uuid: Uuid::nil(), incarnation: session };
        Self {
            address: SocketAddr::from(([10, 0, 1, last + 1], 6_000)),
            participant,
            tasks: BTreeMap::new(),
            follows: BTreeMap::new(),
            closing: false,
            session,
            nonce: dice.number(),
            dice,
            leader: None,
            cookies: BTreeMap::new(),
            known: None,
            search: 0,
            beat: 0,
            silent: 0,
            created: 0,
            numbers: 0,
            refusals: 0,
            shut: BTreeSet::new(),
            idle: Vec::new(),
            auctioneer,
            packer: Packer::new(),
            sealer: Sealer::new(ClusterTag::of("agora"), sender),
        }
    }

    /// Acts: sends what is due. `board`: the auctions that exist; `acknowledged`: the last entry that any client knows
    /// to be acknowledged. `None` as destination is a broadcast.
    pub(crate) fn act(
        &mut self,
        now: Micros,
        board: &[AuctionId],
        acknowledged: Index,
    ) -> Vec<(Option<SocketAddr>, Message)> {
        let mut out = Vec::new();
        if self.silent >= 4 {
            self.leader = None;
        }
        let Some((leader, known)) = self.leader.zip(self.known) else {
            if now >= self.search {
                self.search = now + self.dice.between(80 * MILLI, 160 * MILLI);
                let padding = vec![0; CLIENT_PADDING];
                out.push((None, Message::Discovery(Discovery::Request { nonce: self.nonce, node: None, padding })));
            }
            return out;
        };
        if !self.closing && self.tasks.len() < WINDOW && self.dice.chance(500) {
            self.begin(now, known, board, acknowledged);
        }
        let session = self.session(leader);
        let due: Vec<RequestId> =
            self.tasks.iter().filter(|(_, task)| task.next <= now).map(|(request, _)| *request).collect();
        for request in due {
            let wait = self.dice.between(100 * MILLI, 250 * MILLI);
            let Some(task) = self.tasks.get_mut(&request) else { continue };
            task.next = now + wait;
            task.sends += 1;
            out.push((Some(leader), task.message(session, request)));
        }
        if now >= self.beat {
            self.beat = now + 100 * MILLI;
            let followed = self.follows.iter().filter(|(_, follow)| !follow.ended);
            let follows: Vec<_> = followed.map(|(id, follow)| (*id, follow.last)).collect();
            // One beat at least, and as many as it takes to name all that it follows.
            for part in 0..follows.len().div_ceil(MAX_FOLLOWED).max(1) {
                let follows = follows.iter().copied().skip(part * MAX_FOLLOWED).take(MAX_FOLLOWED).collect();
                self.numbers += 1;
                let client = Some(ClientBeat { session, follows });
                out.push((Some(leader), Message::Heartbeat(Beat::HeartBeat { number: self.numbers, client })));
            }
        }
        if self.dice.chance(10) {
            let status = Ending::StatusRequest { session, read: self.numbers };
            out.push((Some(leader), Message::Outcome(status)));
        }
        self.silent += u32::from(!out.is_empty());
        out
    }

    fn session(&self, leader: SocketAddr) -> Session {
        let cookie = self.cookies.get(&leader).copied().unwrap_or(0);
        Session { participant: self.participant, session: self.session, cookie }
    }

    /// Seals messages for one destination.
    pub(crate) fn seal(&mut self, message: &Message) -> Vec<Vec<u8>> {
        if self.packer.push(message).is_err() {
            return Vec::new();
        }
        self.packer.finish(&mut self.sealer).map(<[u8]>::to_vec).collect()
    }

    /// Puts a request of another client of the same participant among its own: the same id, from another address.
    pub(crate) fn copy(&mut self, request: RequestId, mut task: Task, now: Micros, other_amount: bool) {
        task.next = now;
        if let (true, Ask::Bid(_, _, Some(amount))) = (other_amount, &mut task.ask)
            && amount.parse::<u64>().is_ok()
        {
            *amount = self.dice.between(10, 99).to_string();
        }
        self.tasks.insert(request, task);
    }

    fn begin(&mut self, now: Micros, known: Index, board: &[AuctionId], acknowledged: Index) {
        let Some(ask) = self.think(board, acknowledged) else { return };
        let request = RequestId(Uuid::from_u64_pair(self.dice.number(), self.dice.number()));
        self.tasks.insert(request, Task { ask, begun: now, known, next: now, sends: 0 });
    }

    fn think(&mut self, board: &[AuctionId], acknowledged: Index) -> Option<Ask> {
        if self.dice.chance(100) {
            return Some(Ask::List(acknowledged));
        }
        if self.auctioneer && self.created < AUCTIONS && self.dice.chance(60) {
            self.created += 1;
            return Some(Ask::Create(self.spec()));
        }
        if !self.auctioneer && self.dice.chance(250) {
            return Some(Ask::Create(self.spec())); // Nobody joins it; it is one more thing to remember.
        }
        if self.dice.chance(200)
            && let Some(auction) = self.idle.pop()
        {
            return Some(Ask::Cancel(auction)); // And then to forget.
        }
        if self.auctioneer {
            let ready = self.follows.iter_mut().find(|(_, follow)| follow.asked == Some(false));
            if let Some((auction, follow)) = ready {
                follow.asked = Some(true);
                return Some(Ask::Start(*auction));
            }
        }
        if board.is_empty() {
            return None;
        }
        let recent = board.len().saturating_sub(3);
        let auction = board[recent + self.dice.index(board.len() - recent)];
        let tried = self.follows.contains_key(&auction) || self.shut.contains(&auction);
        if tried && self.auctioneer && self.dice.chance(5) {
            return Some(Ask::Cancel(auction));
        }
        let waits = self.follows.get(&auction).is_some_and(|follow| follow.round.is_none() && !follow.ended);
        if waits && !self.auctioneer && self.refusals < 20 && self.dice.chance(60) {
            return Some(Ask::Leave(auction));
        }
        // Joining twice, joining one's own, bidding without having joined: all must be refused.
        if !tried || self.absurd(20) {
            return Some(if self.dice.chance(900) { Ask::Join(auction) } else { self.bid(auction, None) });
        }
        let follow = self.follows.get(&auction)?;
        let (round, answered, ended) = (follow.round, follow.answered, follow.ended);
        if ended || round.is_none() || round == answered {
            return self.absurd(20).then(|| self.bid(auction, round));
        }
        if let Some(follow) = self.follows.get_mut(&auction) {
            follow.answered = round;
        }
        Some(self.bid(auction, round))
    }

    /// Whether to ask for something that must be refused: rarely, because refusals are kept, and too many are `BUSY`.
    fn absurd(&mut self, permille: u64) -> bool {
        self.refusals < 20 && self.dice.chance(permille)
    }

    fn bid(&mut self, auction: AuctionId, round: Option<Round>) -> Ask {
        let round = if self.dice.chance(200) { None } else { round };
        let amount = match self.dice.below(20) {
            0 if self.refusals < 20 => Some(self.dice.below(10).to_string()),
            1 => Some("NaN".into()),
            2..=4 => None,
            _ => Some(self.dice.between(10, 99).to_string()),
        };
        Ask::Bid(auction, round, amount)
    }

    fn spec(&mut self) -> Spec {
        let (rule, limit) = match self.dice.below(4) {
            0 => (Rule::Lowest, "\"90\""),
            1 => (Rule::SecondPrice, "\"10\""),
            _ => (Rule::Highest, "\"10\""),
        };
        Spec {
            item: format!("item {}", self.created),
            rule,
            disclosure: Disclosure::Sealed,
            limit: serde_json::from_str(limit).unwrap_or_default(),
            rounds: u32::try_from(self.dice.between(1, 6)).unwrap_or(1),
            bidders: u32::try_from(self.dice.between(1, 2)).unwrap_or(1),
            round_timeout_ms: if self.dice.chance(900) { Some(self.dice.between(300, 2_000)) } else { None },
            start: if self.dice.chance(700) { Start::Auto } else { Start::Confirm },
        }
    }

    /// LEADER_DETAILS: where to send from now on.
    pub(crate) fn learn(&mut self, from: SocketAddr, leader: Option<(NodeId, SocketAddr)>, commit: Index, cookie: u64) {
        self.cookies.insert(from, cookie);
        // Not the most ever told: after a partition, or a founding anew, that is another history's.
        self.known = Some(commit);
        self.silent = 0;
        if let Some((_, address)) = leader {
            let address = if address.ip().is_unspecified() { from } else { address };
            if self.leader != Some(address) || from == address {
                for task in self.tasks.values_mut() {
                    task.next = 0;
                }
            }
            self.leader = Some(address);
        }
    }

    /// The leader is there.
    pub(crate) fn heard(&mut self) {
        self.silent = 0;
    }

    /// A request has its answer, for good.
    pub(crate) fn answered(&mut self, request: RequestId) -> Option<Task> {
        self.silent = 0;
        self.tasks.remove(&request)
    }

    /// A request was refused, for good.
    pub(crate) fn refused(&mut self, request: RequestId) -> Option<Task> {
        self.refusals += 1;
        let task = self.answered(request)?;
        if let Ask::Join(auction) = task.ask {
            self.shut.insert(auction);
        }
        Some(task)
    }

    /// A request was answered with no outcome: later again.
    pub(crate) fn later(&mut self, request: RequestId, now: Micros) {
        self.silent = 0;
        let wait = self.dice.between(50 * MILLI, 200 * MILLI);
        if let Some(task) = self.tasks.get_mut(&request) {
            task.next = now + wait;
        }
    }

    /// An event of an auction: delivered in order, each once. Gives what to ask for, if one is missing.
    pub(crate) fn event(&mut self, sender: NodeId, head: Head, message: &Message) {
        let Head { auction, seq, epoch: number, .. } = head;
        let epoch = Epoch { number, leader: sender };
        let own = self.auctioneer;
        if !own && !self.follows.contains_key(&auction) && matches!(message, Message::Bidding(Bidding::Created { .. }))
        {
            return;
        }
        let follow = self.follows.entry(auction).or_default();
        if seq > follow.last {
            follow.ahead.insert(seq, epoch);
        }
        // What closes the gap may come from an earlier leader than what waited behind it.
        while let Some(epoch) = follow.ahead.remove(&follow.last.next()) {
            follow.last = follow.last.next();
            follow.under = Some(epoch);
        }
        match message {
            Message::Bidding(Bidding::RoundStart { round, .. }) => follow.round = follow.round.max(Some(*round)),
            Message::Bidding(Bidding::ReadyCheck { .. }) if own && follow.asked.is_none() => follow.asked = Some(false),
            Message::Outcome(Ending::Winner(_) | Ending::Loser(_) | Ending::Result(_) | Ending::Cancel { .. }) => {
                follow.ended = follow.last >= seq;
            }
            _ => {}
        }
    }

    /// The leader has events of an auction up to `last`: asks for those that are missing.
    pub(crate) fn missing(&mut self, auction: AuctionId, last: Seq) -> Option<(SocketAddr, Message)> {
        let leader = self.leader?;
        let Follow { last: after, under: held, .. } = *self.follows.get(&auction)?;
        let session = self.session(leader);
        (after < last).then_some((
            leader,
            Message::Outcome(Ending::EventsRequest { session, auction: Some(auction), after, held }),
        ))
    }
}

impl Ask {
    /// The auction that it is about.
    pub(crate) const fn auction(&self) -> Option<AuctionId> {
        match self {
            Self::Join(auction)
            | Self::Leave(auction)
            | Self::Start(auction)
            | Self::Cancel(auction)
            | Self::Bid(auction, ..) => Some(*auction),
            Self::Create(_) | Self::List(_) => None,
        }
    }
}

impl Task {
    fn message(&self, session: Session, request: RequestId) -> Message {
        let call = Call { session, request, known: self.known };
        match &self.ask {
            Ask::Create(spec) => Message::Lobby(Lobby::CreateRequest { call, spec: spec.clone() }),
            Ask::Join(auction) => Message::Lobby(Lobby::JoinRequest { call, auction: *auction }),
            Ask::Leave(auction) => Message::Lobby(Lobby::LeaveRequest { call, auction: *auction }),
            Ask::Cancel(auction) => {
                Message::Outcome(Ending::CancelRequest { call, auction: *auction, reason: Some("enough".into()) })
            }
            Ask::Start(auction) => Message::Lobby(Lobby::ReadyConfirm { call, auction: *auction }),
            Ask::Bid(auction, round, amount) => {
                let submit = Submit { call, auction: *auction, round: *round, amount: amount.clone() };
                Message::Bidding(if self.sends > 1 {
                    Bidding::SubmitRetransmit(submit)
                } else {
                    Bidding::Submit(submit)
                })
            }
            Ask::List(_) => {
                let read = request.0.as_u64_pair().0;
                Message::Lobby(Lobby::ListRequest { session, read, state: None, auction: None, after: None })
            }
        }
    }

    /// Whether it is a read.
    pub(crate) const fn is_read(&self) -> bool {
        matches!(self.ask, Ask::List(_))
    }
}
