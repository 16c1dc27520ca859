//! What a client's message asks for, whatever message it came in.

use crate::auction::decide::read_amount;
use crate::auction::event::{Answer, Command, Spec};
use crate::auction::message::{Ack, Bidding, Call, Deny, Durability, Lobby, Outcome, Output, Submit};
use crate::auction::refusal::Refusal;
use crate::id::{AuctionId, RequestId};
use std::net::SocketAddr;
use std::time::Duration;

/// Which message a request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// AUCTION_CREATE_ACK or its denial.
    Create,
    /// AUCTION_JOIN_ACK or its denial.
    Join,
    /// AUCTION_LEAVE_ACK or its denial.
    Leave,
    /// AUCTION_READY_CONFIRM_ACK or its denial.
    Start,
    /// AUCTION_CANCEL_ACK or its denial.
    Cancel,
    /// BID_ACK or BID_DENY.
    Bid,
}

/// Where what is acknowledged is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    /// By whom.
    pub(crate) durability: Durability,
    /// This node's own copy is on disk.
    pub(crate) disk: bool,
}

impl Kind {
    /// Whether who asks for this wants to be told how the auction goes on.
    pub(crate) const fn subscribes(self) -> bool {
        matches!(self, Self::Create | Self::Join)
    }

    /// The message that tells `answer` to `to`.
    pub(crate) fn answer(self, to: SocketAddr, request: RequestId, answer: Answer, kept: Kept) -> Output {
        match answer {
            Answer::Done(receipt) => {
                let ack = Ack { request, receipt, durability: kept.durability, disk: kept.disk };
                match self {
                    Self::Create => Output::Lobby(to, Lobby::CreateAck(ack)),
                    Self::Join => Output::Lobby(to, Lobby::JoinAck(ack)),
                    Self::Leave => Output::Lobby(to, Lobby::LeaveAck(ack)),
                    Self::Start => Output::Lobby(to, Lobby::ReadyConfirmAck(ack)),
                    Self::Cancel => Output::Outcome(to, Outcome::CancelAck(ack)),
                    Self::Bid => Output::Bidding(to, Bidding::Ack(ack)),
                }
            }
            Answer::Refused(refusal) => self.deny(to, request, refusal.into()),
        }
    }

    /// The message that tells `denial` to `to`.
    pub(crate) fn deny(self, to: SocketAddr, request: RequestId, denial: Denial) -> Output {
        let Denial { refusal, retry } = denial;
        // Rounded up: who comes a little too soon comes in vain.
        let retry_ms = retry.map(|retry| u64::try_from(retry.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX));
        let deny = Deny { request, refusal, retry_ms };
        match self {
            Self::Create => Output::Lobby(to, Lobby::CreateDeny(deny)),
            Self::Join => Output::Lobby(to, Lobby::JoinDeny(deny)),
            Self::Leave => Output::Lobby(to, Lobby::LeaveDeny(deny)),
            Self::Start => Output::Lobby(to, Lobby::ReadyConfirmDeny(deny)),
            Self::Cancel => Output::Outcome(to, Outcome::CancelDeny(deny)),
            Self::Bid => Output::Bidding(to, Bidding::Deny(deny)),
        }
    }
}

/// A refusal, and after how long to ask again, where that is known.
#[derive(Debug)]
pub(crate) struct Denial {
    /// Why.
    pub(crate) refusal: Refusal,
    /// After how long, if it is no outcome.
    pub(crate) retry: Option<Duration>,
}

impl Denial {
    /// The same: ask again after so long.
    pub(crate) const fn after(mut self, retry: Duration) -> Self {
        self.retry = Some(retry);
        self
    }
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, retry: None }
    }
}

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    /// Who and which.
    pub(crate) call: Call,
    /// How it is answered.
    pub(crate) kind: Kind,
    /// Where.
    pub(crate) auction: AuctionId,
    /// What; malformed: why.
    pub(crate) command: Result<Command, Refusal>,
}

impl Request {
    /// AUCTION_CREATE_REQUEST.
    pub(crate) fn create(call: Call, spec: Spec) -> Self {
        let auction = AuctionId::derive(call.session.participant, call.request);
        Self { call, kind: Kind::Create, auction, command: Ok(Command::Create { auction, spec }) }
    }

    /// AUCTION_JOIN_REQUEST.
    pub(crate) const fn join(call: Call, auction: AuctionId) -> Self {
        Self { call, kind: Kind::Join, auction, command: Ok(Command::Join(auction)) }
    }

    /// AUCTION_LEAVE_REQUEST.
    pub(crate) const fn leave(call: Call, auction: AuctionId) -> Self {
        Self { call, kind: Kind::Leave, auction, command: Ok(Command::Leave(auction)) }
    }

    /// AUCTION_READY_CONFIRM.
    pub(crate) const fn start(call: Call, auction: AuctionId) -> Self {
        Self { call, kind: Kind::Start, auction, command: Ok(Command::Start(auction)) }
    }

    /// AUCTION_CANCEL_REQUEST.
    pub(crate) const fn cancel(call: Call, auction: AuctionId, reason: Option<String>) -> Self {
        Self { call, kind: Kind::Cancel, auction, command: Ok(Command::Cancel { auction, reason }) }
    }

    /// BID_SUBMIT, or its retransmission.
    pub(crate) fn submit(submit: Submit) -> Self {
        let Submit { call, auction, round, amount } = submit;
        let command = match amount {
            None => Ok(Command::Pass { auction, round }),
            Some(text) => read_amount(&text).map(|amount| Command::Bid { auction, round, amount }),
        };
        Self { call, kind: Kind::Bid, auction, command }
    }
}
