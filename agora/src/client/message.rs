//! What the client's protocol is told, and what it wants done.

use std::net::SocketAddr;
use std::time::Duration;

use super::event::Event;
use crate::auction::event::Spec;
use crate::auction::message::{Ack, Phase, Status, Summary};
use crate::auction::refusal::Refusal;
use crate::id::{AuctionId, Epoch, Index, NodeId, RequestId, Round};
use crate::replicator::message::Order;
use crate::time::Timestamp;
use crate::wire::Message;

/// What the protocol is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// From the socket.
    Message {
        /// The datagram's source address.
        from: SocketAddr,
        /// The node in the datagram's header.
        sender: NodeId,
        /// What it says.
        message: Message,
    },
    /// From the program that uses the client.
    Command(Command),
}

/// What the program wants. A *ticket* is a number of its choice that the completion repeats; each is used once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Wait until the leader is known.
    Locate {
        /// Repeated by [`Output::Located`].
        ticket: u64,
        /// Give up then.
        deadline: Option<Timestamp>,
    },
    /// Carry out a request, exactly once.
    Submit {
        /// Repeated by [`Output::Answered`].
        ticket: u64,
        /// Chosen once, kept on every retry, across runs of the program too.
        request: RequestId,
        /// The commit index known when it was *first* sent; `None`, if it never was.
        known: Option<Index>,
        /// What.
        action: Action,
        /// Give up then, its fate unknown.
        deadline: Option<Timestamp>,
    },
    /// Read the list of auctions, confirmed by a quorum.
    List {
        /// Repeated by [`Output::Listed`].
        ticket: u64,
        /// Only those in this state.
        state: Option<Phase>,
        /// Only this one.
        auction: Option<AuctionId>,
        /// Give up then.
        deadline: Option<Timestamp>,
    },
    /// Ask the leader, or while there is none any node, what it knows.
    Status {
        /// Repeated by [`Output::Told`].
        ticket: u64,
        /// Give up then.
        deadline: Option<Timestamp>,
    },
    /// Have an operator's order carried out.
    Order {
        /// Repeated by [`Output::Ordered`].
        ticket: u64,
        /// What.
        order: Order,
        /// Give up then.
        deadline: Option<Timestamp>,
    },
    /// Deliver the events of an auction, in order, each once.
    Follow {
        /// Names the subscription.
        ticket: u64,
        /// Which; `None`: all that are not finished, and all that are created from now on.
        auction: Option<AuctionId>,
        /// How many events may be delivered before [`Command::Room`].
        room: usize,
    },
    /// So many events more may be delivered.
    Room {
        /// Which subscription.
        ticket: u64,
        /// How many.
        room: usize,
    },
    /// End a subscription.
    Unfollow {
        /// Which.
        ticket: u64,
    },
    /// Tell changes of the leader from now on, beginning with the present one.
    FollowLeader {
        /// Names the subscription.
        ticket: u64,
    },
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Set up an auction; the asker is its auctioneer. Its id is [`AuctionId::derive`] of participant and request.
    Create(Spec),
    /// Become a bidder.
    Join(AuctionId),
    /// Be a bidder no more, while it is waiting.
    Leave(AuctionId),
    /// Confirm the start.
    Start(AuctionId),
    /// End it without a winner; the auctioneer only.
    Cancel {
        /// Which.
        auction: AuctionId,
        /// Why, for people.
        reason: Option<String>,
    },
    /// Bid, or, without an amount, pass.
    Bid {
        /// Where.
        auction: AuctionId,
        /// When; without it, in the open round.
        round: Option<Round>,
        /// How much, as written.
        amount: Option<String>,
    },
}

/// What the protocol wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send to the broadcast addresses and every `--join` address.
    Broadcast(Message),
    /// Send to a node's address.
    Send {
        /// The address.
        to: SocketAddr,
        /// What.
        message: Message,
    },
    /// [`Command::Locate`] is done.
    Located {
        /// The command's.
        ticket: u64,
        /// Who leads.
        result: Result<Leader, Failure>,
    },
    /// [`Command::Submit`] is done.
    Answered {
        /// The command's.
        ticket: u64,
        /// How it was answered.
        result: Result<Reply, Failure>,
    },
    /// [`Command::List`] is done.
    Listed {
        /// The command's.
        ticket: u64,
        /// What there is.
        result: Result<Listing, Failure>,
    },
    /// [`Command::Order`] is done.
    Ordered {
        /// The command's.
        ticket: u64,
        /// Whether it was carried out, or refused.
        result: Result<Result<(), Refusal>, Failure>,
    },
    /// [`Command::Status`] is done.
    Told {
        /// The command's.
        ticket: u64,
        /// What the node knows.
        result: Result<Box<Status>, Failure>,
    },
    /// To a subscription.
    Event {
        /// Which.
        ticket: u64,
        /// What happened.
        event: Event,
    },
    /// A subscription has ended: the auction is over, or there is no such auction.
    Ended {
        /// Which.
        ticket: u64,
        /// Whether there is such an auction.
        found: bool,
    },
    /// To a subscription of leader changes: `None` while the leader is not heard.
    Leader {
        /// Which.
        ticket: u64,
        /// Who leads.
        leader: Option<Leader>,
    },
}

/// The leader, as the client knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leader {
    /// Who.
    pub node: NodeId,
    /// Where.
    pub address: SocketAddr,
    /// In which epoch.
    pub epoch: Epoch,
    /// The highest commit index that it told.
    pub commit: Index,
    /// The cluster's heart-beat interval.
    pub interval: Duration,
}

/// The one answer that a request has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done.
    Done(Ack),
    /// Refused, for good.
    Refused(Refusal),
}

/// Committed state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// In which it was read.
    pub epoch: Epoch,
    /// As of which entry the first page was read.
    pub commit: Index,
    /// In the order of their ids.
    pub auctions: Vec<Summary>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No leader was found in time; nothing was sent.
    #[error("no leader found; {nodes} nodes answered")]
    NoLeader {
        /// So many nodes answered, none of which leads.
        nodes: usize,
    },
    /// It was sent, and not answered in time: it may have been carried out, or may yet be.
    #[error("the outcome of request {request} is unknown")]
    Unknown {
        /// To ask again under the same id.
        request: RequestId,
        /// What a leader said last, if one did: no outcome, and why.
        said: Option<Refusal>,
    },
    /// It was read, and not answered in time. Reading changes nothing.
    #[error("no confirmed answer in time")]
    NoAnswer,
    /// There is no such auction.
    #[error("no such auction")]
    NoAuction,
    /// The client has ended.
    #[error("the client has ended")]
    Closed,
}
