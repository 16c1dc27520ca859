//! What the auction manager says on the wire, and to its neighbours. On the wire: three enums, *lobby*, *bidding* and
//! *outcome*.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::event::{Receipt, RequestKey, Spec};
use super::refusal::Refusal;
use crate::amount::Amount;
use crate::heartbeat::message::{ClientBeat, Session};
use crate::id::{AuctionId, Epoch, Index, Member, NodeId, ParticipantId, RequestId, Round, Seq};
use crate::replicator::message::{Entry, Peer, Situation, Standing};
use crate::time::At;

/// What every request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Who asks, from where.
    pub session: Session,
    /// Chosen once, kept on every retry.
    pub request: RequestId,
    /// The commit index that the client knew when it first sent this: the request cannot have been carried out at or
    /// before it.
    pub known: Index,
}

impl Call {
    /// The key under which it takes effect at most once.
    pub const fn key(&self) -> RequestKey {
        RequestKey { participant: self.session.participant, request: self.request }
    }
}

/// What the leader says of an acknowledged request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The request's.
    pub request: RequestId,
    /// What was done.
    pub receipt: Receipt,
    /// What the acknowledgement rests on.
    pub durability: Durability,
    /// Whether it is on disk.
    pub disk: bool,
}

/// What an acknowledgement rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Durability {
    /// A majority of the members holds it.
    #[serde(rename = "quorum")]
    Quorum,
    /// All members of the view hold it.
    #[serde(rename = "reachable")]
    Reachable,
}

/// What the leader says of a refused request. After `NO_QUORUM` and `BUSY` its fate is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deny {
    /// The request's.
    pub request: RequestId,
    /// Why.
    pub refusal: Refusal,
}

/// Finding and setting up auctions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lobby {
    /// Client → leader.
    #[serde(rename = "AUCTION_CREATE_REQUEST")]
    CreateRequest {
        /// Who and which.
        call: Call,
        /// How.
        spec: Spec,
    },
    /// Leader → client.
    #[serde(rename = "AUCTION_CREATE_ACK")]
    CreateAck(Ack),
    /// Leader → client.
    #[serde(rename = "AUCTION_CREATE_DENY")]
    CreateDeny(Deny),
    /// Client → leader: a page of the auctions.
    #[serde(rename = "AUCTION_LIST_REQUEST")]
    ListRequest {
        /// Who asks.
        session: Session,
        /// Repeated in the response.
        read: u64,
        /// Only those in this state.
        state: Option<Phase>,
        /// Only this one (`show`).
        auction: Option<AuctionId>,
        /// Only those after this one, in the order of their ids.
        after: Option<AuctionId>,
    },
    /// Leader → client: as many as fit a datagram.
    #[serde(rename = "AUCTION_LIST_RESPONSE")]
    ListResponse {
        /// The request's.
        read: u64,
        /// In which this was committed state.
        epoch: Epoch,
        /// As of which entry.
        commit: Index,
        /// In the order of their ids.
        auctions: Vec<Summary>,
        /// There are more after the last.
        more: bool,
    },
    /// Client → leader.
    #[serde(rename = "AUCTION_JOIN_REQUEST")]
    JoinRequest {
        /// Who and which.
        call: Call,
        /// Where.
        auction: AuctionId,
    },
    /// Leader → client.
    #[serde(rename = "AUCTION_JOIN_ACK")]
    JoinAck(Ack),
    /// Leader → client.
    #[serde(rename = "AUCTION_JOIN_DENY")]
    JoinDeny(Deny),
    /// The auctioneer → leader: *start*.
    #[serde(rename = "AUCTION_READY_CONFIRM")]
    ReadyConfirm {
        /// Who and which.
        call: Call,
        /// Where.
        auction: AuctionId,
    },
    /// Leader → client.
    #[serde(rename = "AUCTION_READY_CONFIRM_ACK")]
    ReadyConfirmAck(Ack),
    /// Leader → client.
    #[serde(rename = "AUCTION_READY_CONFIRM_DENY")]
    ReadyConfirmDeny(Deny),
}

/// The state of an auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// For bidders, or for the auctioneer's confirmation.
    Waiting,
    /// Rounds run.
    Active,
    /// It has its result.
    Completed,
    /// It has none.
    Cancelled,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Which.
    pub auction: AuctionId,
    /// Whose.
    pub auctioneer: ParticipantId,
    /// How it was set up.
    pub spec: Spec,
    /// Where it stands.
    pub phase: Phase,
    /// The open round, or the last; 0 before the first.
    pub round: Round,
    /// How many have joined.
    pub bidders: u32,
    /// Its last event.
    pub last: Seq,
}

/// What every event message begins with. Messages of one auction are delivered in order of `seq`, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Which auction.
    pub auction: AuctionId,
    /// The number of the epoch in which the sending node leads. With the sender it names the leadership: a subscription
    /// holds for one, and what an earlier one sent late does not count.
    pub epoch: u64,
    /// From 1, without gaps.
    pub seq: Seq,
    /// Leadership time of the entry.
    pub at: At,
}

/// One participant's line in ROUND_COMPLETE or AUCTION_RESULT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who.
    pub participant: ParticipantId,
    /// This round's bid, where one stands and the disclosure opens it (in a result: absent).
    pub amount: Option<Amount>,
    /// The sum of all rounds so far, where the disclosure opens it.
    pub total: Option<Amount>,
}

/// A page of lines: `number` of `of`, from 1; each page is useful alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Which page, from 1.
    pub number: u16,
    /// Of how many.
    pub of: u16,
    /// Best first, as far as totals are open; else in order of joining.
    pub lines: Vec<Line>,
}

/// Running an auction. Everything with a [`Head`] goes from the leader to the auction's participants and watchers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bidding {
    /// An auction waits for bidders.
    #[serde(rename = "AUCTION_CREATED")]
    Created {
        /// Which, and which event.
        head: Head,
        /// Whose.
        auctioneer: ParticipantId,
        /// How.
        spec: Spec,
    },
    /// A bidder more.
    #[serde(rename = "PARTICIPANT_JOINED")]
    Joined {
        /// Which, and which event.
        head: Head,
        /// Who.
        participant: ParticipantId,
    },
    /// The auctioneer is asked whether to start.
    #[serde(rename = "AUCTION_READY_CHECK")]
    ReadyCheck {
        /// Which, and which event.
        head: Head,
        /// Cancelled after so many milliseconds more.
        remaining_ms: u64,
    },
    /// It runs.
    #[serde(rename = "AUCTION_START")]
    Start {
        /// Which, and which event.
        head: Head,
    },
    /// Bids of this round are taken.
    #[serde(rename = "ROUND_START")]
    RoundStart {
        /// Which, and which event.
        head: Head,
        /// From 1.
        round: Round,
        /// It ends after so many milliseconds more, at the latest.
        remaining_ms: Option<u64>,
    },
    /// Client → leader.
    #[serde(rename = "BID_SUBMIT")]
    Submit(Submit),
    /// Client → leader, a retry of the same.
    #[serde(rename = "BID_SUBMIT_RETRANSMIT")]
    SubmitRetransmit(Submit),
    /// Leader → client.
    #[serde(rename = "BID_ACK")]
    Ack(Ack),
    /// Leader → client.
    #[serde(rename = "BID_DENY")]
    Deny(Deny),
    /// A participant has bid or passed; how much, only as far as the disclosure (or its being one's own) allows.
    #[serde(rename = "BID_BROADCAST")]
    Broadcast {
        /// Which, and which event.
        head: Head,
        /// When.
        round: Round,
        /// Who.
        participant: ParticipantId,
        /// It passed.
        pass: bool,
        /// How much.
        amount: Option<Amount>,
    },
    /// A round is complete. Paged; all pages carry the same head.
    #[serde(rename = "ROUND_COMPLETE")]
    RoundComplete {
        /// Which, and which event.
        head: Head,
        /// From 1.
        round: Round,
        /// The bids and totals.
        page: Page,
    },
}

/// A bid, or, without an amount, a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submit {
    /// Who and which.
    pub call: Call,
    /// Where.
    pub auction: AuctionId,
    /// When; without it, in the open round.
    pub round: Option<Round>,
    /// How much, as written by the client; `None` is a pass.
    pub amount: Option<String>,
}

/// How an auction ended, and what a session asks of its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// To the winner.
    #[serde(rename = "AUCTION_WINNER")]
    Winner(Ending),
    /// To every other bidder.
    #[serde(rename = "AUCTION_LOSER")]
    Loser(Ending),
    /// To the auctioneer and to those who watch.
    #[serde(rename = "AUCTION_RESULT")]
    Result(Ending),
    /// It has no result.
    #[serde(rename = "AUCTION_CANCEL")]
    Cancel {
        /// Which, and which event.
        head: Head,
        /// Why.
        reason: String,
    },
    /// Client → leader: send the events after this one, and from now on push new ones to this session.
    #[serde(rename = "AUCTION_EVENTS_REQUEST")]
    EventsRequest {
        /// Who asks, from where.
        session: Session,
        /// Of which auction; `None`: of all that are created from now on.
        auction: Option<AuctionId>,
        /// After which event.
        after: Seq,
        /// The epoch of the leader from which that one came; absent where none has. A leader whose log does not have
        /// that event of that epoch answers AUCTION_CANCEL, `superseded`: after a partition, the log went on without
        /// it.
        held: Option<Epoch>,
    },
    /// Leader → client, after what it sends in answer: this is the last event that there is.
    #[serde(rename = "AUCTION_EVENTS_RESPONSE")]
    EventsResponse {
        /// Of which auction.
        auction: AuctionId,
        /// In which this was committed state.
        epoch: Epoch,
        /// The last event; `None`: no such auction.
        last: Option<Seq>,
    },
    /// Client → any node: *what do you know?*
    #[serde(rename = "STATUS_REQUEST")]
    StatusRequest {
        /// Who asks.
        session: Session,
        /// Repeated in the response.
        read: u64,
    },
    /// The answer; not a read of committed state.
    #[serde(rename = "STATUS_RESPONSE")]
    StatusResponse {
        /// The request's.
        read: u64,
        /// What the node knows.
        status: Box<Status>,
    },
}

/// An auction's result. Paged; the pages carry the standings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Which, and which event.
    pub head: Head,
    /// Who won; nobody, if nobody bid.
    pub winner: Option<ParticipantId>,
    /// The winner's total.
    pub total: Option<Amount>,
    /// The standings, best first.
    pub page: Page,
}

/// What a node knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Who answers.
    pub node: NodeId,
    /// What it is.
    pub standing: Standing,
    /// The highest epoch that it has promised.
    pub epoch: Epoch,
    /// Whom it follows, or itself.
    pub leader: Option<NodeId>,
    /// It leads and serves.
    pub serving: bool,
    /// It leads and hears a quorum.
    pub hears_quorum: bool,
    /// Its commit index.
    pub commit: Index,
    /// Its last entry.
    pub last: Index,
    /// The members.
    pub members: Vec<Member>,
    /// While it leads: how far the others are.
    pub peers: Vec<Peer>,
    /// Auctions: waiting, active, completed, cancelled.
    pub auctions: [u32; 4],
    /// FATE-1: requests received, accepted, refused, repeated, answered with no outcome.
    pub fates: [u64; 5],
}

/// What the manager is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// From the transport: a client's message.
    Lobby(SocketAddr, Lobby),
    /// From the transport: a client's message.
    Bidding(SocketAddr, Bidding),
    /// From the transport: a client's message.
    Outcome(SocketAddr, Outcome),
    /// From the transport: a client's HEART_BEAT.
    HeartBeat {
        /// Where it came from.
        from: SocketAddr,
        /// Repeated in the answer.
        number: u64,
        /// Who, and what it follows.
        beat: ClientBeat,
    },
    /// From the replicator: this node leads in `epoch`; its EpochStarted was handed over before this.
    Leading {
        /// The epoch.
        epoch: Epoch,
        /// Leadership time now.
        at: At,
        /// How many proposals may be under way.
        room: usize,
    },
    /// From the replicator: it does not lead any more.
    Deposed,
    /// From the replicator, in log order, each once.
    Committed(Entry),
    /// From the replicator: so many proposals may follow those under way.
    Credit {
        /// How many.
        room: usize,
        /// Whether a quorum is heard.
        quorum: bool,
    },
    /// From the replicator: this proposal and all later ones were refused.
    Refused {
        /// Its epoch.
        epoch: Epoch,
        /// The first one refused.
        number: u64,
    },
    /// From the replicator.
    ReadReady {
        /// The read's.
        ticket: u64,
    },
    /// From the replicator: where this node stands.
    Situation(Situation),
}

/// What the manager wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To a client's address.
    Lobby(SocketAddr, Lobby),
    /// To a client's address.
    Bidding(SocketAddr, Bidding),
    /// To a client's address.
    Outcome(SocketAddr, Outcome),
    /// To a client's address: HEART_BEAT_ACK.
    HeartBeatAck {
        /// To whom.
        to: SocketAddr,
        /// The heartbeat's number.
        number: u64,
        /// In which this node leads.
        epoch: Epoch,
        /// The last event of each auction that it follows.
        last: Vec<(AuctionId, Seq)>,
    },
    /// To the sequencer: put this in order. The encoded [`Decision`](super::event::Decision).
    Propose {
        /// In which this node leads.
        epoch: Epoch,
        /// The bytes.
        events: Vec<u8>,
    },
    /// To the sequencer.
    Rebuilt {
        /// In which this node leads.
        epoch: Epoch,
    },
    /// To the replicator.
    Read {
        /// Repeated in [`Input::ReadReady`].
        ticket: u64,
    },
    /// To discovery: tell this address who leads (this node does not serve, or the cookie is stale).
    Redirect(SocketAddr),
    /// To discovery: this node serves now; tell these clients.
    Announce(Vec<SocketAddr>),
    /// To the host: an entry is committed here; for those who embed a node.
    Applied {
        /// Where.
        index: Index,
        /// What was decided.
        decision: super::event::Decision,
    },
}
