//! What every bidder of a script does alike: joins, follows the auction, tells the stage what happens to it.

use std::collections::VecDeque;
use std::time::Duration;

use agora::auction::message::Phase;
use agora::auction::refusal::{Code, Refusal};
use agora::client::event::{Event, What};
use agora::client::message::{Action, Failure as Unanswered, Reply};
use agora::client::{Client, Events};
use agora::id::{AuctionId, ParticipantId, Round};
use tokio::sync::mpsc;

use super::script::Move;
use crate::failure::Failure;

/// So long after its round is over an answer is waited for: most are only late. The leader may also not give any, as
/// after too many refusals (`BUSY`), and the auction goes on meanwhile.
const GRACE: Duration = Duration::from_secs(1);

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
    pub(super) async fn events(&self) -> Feed {
        let (events, me) = (self.client.follow(self.auction).await, self.participant());
        Feed { events, me, ahead: VecDeque::new(), closed: Round(0), answered: Round(0), over: false }
    }

    pub(super) const fn participant(&self) -> ParticipantId {
        self.client.participant()
    }

    /// Makes a move, and waits for its answer while the round is open and a little longer. Its refusal, or that there is
    /// no answer, is told; `Ok` has the refusal, if the round may not have this bidder's answer.
    pub(super) async fn play(&self, feed: &mut Feed, round: Round, answer: Move) -> Result<Option<Refusal>, Failure> {
        let amount = match answer {
            Move::Bid(amount) => Some(amount),
            Move::Pass => None,
        };
        let action = Action::Bid { auction: self.auction, round: Some(round), amount: amount.clone() };
        let submitted = self.client.submit(action, self.timeout);
        tokio::pin!(submitted);
        let in_time = tokio::select! {
            biased;
            reply = &mut submitted => Some(reply),
            () = feed.closes(round) => tokio::time::timeout(GRACE, submitted).await.ok(),
        };
        match in_time {
            Some(Ok(Reply::Refused(refusal))) => {
                if refusal.code == Code::RoundClosed {
                    // Where an earlier run has answered the round, that answer stands.
                    feed.closes(round).await;
                    if feed.answered >= round {
                        return Ok(None);
                    }
                }
                let told = refusal.clone();
                self.tell(Tale::Refused { participant: self.participant(), round, amount, refusal: told });
                Ok(Some(refusal))
            }
            Some(Ok(Reply::Done(_))) => Ok(None),
            Some(Err(unanswered)) => Err(unanswered.into()),
            None => {
                if feed.answered < round {
                    let reason = "the leader did not answer before the round was over".into();
                    self.tell(Tale::Failed { participant: self.participant(), round: Some(round), reason });
                }
                Ok(None)
            }
        }
    }

    /// To the stage, which outlives every bidder.
    pub(super) fn tell(&self, tale: Tale) {
        let _ = self.stage.send(tale);
    }
}

/// The events of the auction. They can be looked at ahead, for the end of a round; each is still told in its turn.
#[derive(Debug)]
pub(super) struct Feed {
    events: Events,
    me: ParticipantId,
    ahead: VecDeque<Result<Event, Unanswered>>,
    /// The last round that is known to be complete.
    closed: Round,
    /// The last round that is known to have a bid or a pass of this bidder.
    answered: Round,
    /// No more rounds.
    over: bool,
}

impl Feed {
    /// The next event; `None` after the last. May be cancelled without losing one.
    pub(super) async fn next(&mut self) -> Option<Result<Event, Unanswered>> {
        match self.ahead.pop_front() {
            Some(event) => Some(event),
            None => self.read().await,
        }
    }

    /// Returns when the round is over, or was. May be cancelled.
    async fn closes(&mut self, round: Round) {
        while self.closed < round && !self.over {
            match self.read().await {
                Some(event) => self.ahead.push_back(event),
                None => return,
            }
        }
    }

    async fn read(&mut self) -> Option<Result<Event, Unanswered>> {
        let event = self.events.next().await;
        match &event {
            Some(Ok(event)) => match event.what {
                What::RoundCompleted { round, .. } => self.closed = round,
                What::Bid { round, participant, .. } if participant == self.me => self.answered = round,
                _ => self.over |= event.what.is_last(),
            },
            _ => self.over = true,
        }
        event
    }
}

/// Whether, after this refusal, the bidder may still answer the round.
pub(super) const fn leaves_the_round_open(code: Code) -> bool {
    matches!(code, Code::BelowMinimum | Code::AboveMaximum | Code::BadAmount | Code::BadRequest)
}
