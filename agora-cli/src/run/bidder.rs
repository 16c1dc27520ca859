//! What every bidder of a script does alike: joins, follows the auction, tells the stage what happens to it.

use std::time::Duration;

use agora::auction::message::Phase;
use agora::auction::refusal::{Code, Refusal};
use agora::client::event::Event;
use agora::client::message::{Action, Reply};
use agora::client::{Client, Events};
use agora::id::{AuctionId, ParticipantId, Round};
use tokio::sync::mpsc;

use super::script::Move;
use crate::failure::Failure;

/// What a bidder tells the stage.
#[derive(Debug)]
pub(super) enum Tale {
    /// A bid, or a pass, was refused.
    Refused { participant: ParticipantId, round: Round, amount: Option<String>, refusal: Refusal },
    /// A program did not answer as it should; the round is a pass.
    Failed { participant: ParticipantId, round: Option<Round>, reason: String },
    /// Its last event: it won, it lost, or the auction was cancelled.
    Over { participant: ParticipantId, event: Event },
    /// It cannot go on.
    Broken(Failure),
}

/// A bidder that has joined.
#[derive(Debug)]
pub(super) struct Bidder {
    pub(super) name: String,
    pub(super) client: Client,
    pub(super) auction: AuctionId,
    pub(super) stage: mpsc::UnboundedSender<Tale>,
    /// Rounds before this one were played by an earlier run.
    pub(super) since: Round,
    /// Bounds every request; without it they go on until they have their answer.
    pub(super) timeout: Option<Duration>,
}

impl Bidder {
    /// Becomes a bidder of the auction, or is one already: then it goes on in the round that is open.
    pub(super) async fn join(&mut self) -> Result<(), Failure> {
        match self.client.submit(Action::Join(self.auction), self.timeout).await? {
            Reply::Done(_) => Ok(()),
            Reply::Refused(refusal) if refusal.code == Code::AlreadyJoined => {
                let summary = self.client.find(self.auction, self.timeout).await?;
                self.since = match summary {
                    Some(summary) if summary.phase <= Phase::Active => summary.round,
                    _ => Round(u32::MAX),
                };
                Ok(())
            }
            Reply::Refused(refusal) => Err(Failure::refused(&refusal)),
        }
    }

    /// The events from the first on.
    pub(super) async fn events(&self) -> Events {
        self.client.follow(self.auction).await
    }

    pub(super) const fn participant(&self) -> ParticipantId {
        self.client.participant()
    }

    /// Makes a move. Its refusal is told; `Ok` says whether the round now has this bidder's answer.
    pub(super) async fn play(&self, round: Round, answer: Move) -> Result<Option<Refusal>, Failure> {
        let amount = match answer {
            Move::Bid(amount) => Some(amount),
            Move::Pass => None,
        };
        let action = Action::Bid { auction: self.auction, round: Some(round), amount: amount.clone() };
        match self.client.submit(action, self.timeout).await? {
            Reply::Done(_) => Ok(None),
            Reply::Refused(refusal) => {
                let told = refusal.clone();
                self.tell(Tale::Refused { participant: self.participant(), round, amount, refusal: told });
                Ok(Some(refusal))
            }
        }
    }

    /// To the stage, which outlives every bidder.
    pub(super) fn tell(&self, tale: Tale) {
        let _ = self.stage.send(tale);
    }
}

/// Whether, after this refusal, the bidder may still answer the round.
pub(super) const fn leaves_the_round_open(code: Code) -> bool {
    matches!(code, Code::BelowMinimum | Code::AboveMaximum | Code::BadAmount | Code::BadRequest)
}
