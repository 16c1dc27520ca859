//! What is printed while a script runs: the events, as its auctioneer or somebody aside sees them, each once; and what
//! happens to the bidders that are played here.

use std::time::Duration;

use agora::auction::decide::SUPERSEDED;
use agora::auction::refusal::Code;
use agora::client::event::{Event, What};
use agora::client::message::{Action, Leader, Reply};
use agora::client::{Client, Events, Leaders};
use agora::id::{AuctionId, ParticipantId, Round};
use serde_json::{Map, json};
use tokio::sync::mpsc;

use super::bidder::Tale;
use crate::events::{self, Names, put_participant};
use crate::failure::Failure;
use crate::local::Nodes;
use crate::output::{Colour, Printer};

/// `--crash`.
#[derive(Debug)]
pub(super) struct Crash<'a> {
    pub(super) round: u32,
    pub(super) nodes: &'a Nodes,
}

/// What is printed while it runs.
pub(super) struct Show<'a> {
    pub(super) client: &'a Client,
    pub(super) auction: AuctionId,
    /// Whether the client is the auctioneer, and has to confirm the start.
    pub(super) auctioneer: bool,
    pub(super) printer: Printer,
    pub(super) names: Names,
    pub(super) crash: Option<Crash<'a>>,
    pub(super) leader: Option<Leader>,
    pub(super) timeout: Option<Duration>,
}

/// Whether a run has nothing more to tell: this client has its last event, and all bidders have theirs (`told`). A history
/// that was set aside ends with this client's word: a bidder that has seen no more of it than is in the other history, too,
/// goes on there, and would wait for those who have ended.
fn is_over(last: Option<&Event>, told: bool) -> bool {
    last.is_some_and(|last| told || is_superseded(last))
}

/// Whether a partition took the auction back.
pub(super) fn is_superseded(last: &Event) -> bool {
    matches!(&last.what, What::Cancelled { reason } if reason == SUPERSEDED)
}

impl Show<'_> {
    /// Until all is over; this client's last event is returned.
    pub(super) async fn run(
        &mut self,
        mut events: Events,
        mut leaders: Leaders,
        mut tales: mpsc::UnboundedReceiver<Tale>,
    ) -> Result<Event, Failure> {
        let (mut last, mut told, mut ends) = (None, false, Vec::new());
        loop {
            tokio::select! {
                biased;
                Some(leader) = leaders.next() => {
                    self.leader = leader;
                    events::print_leader(self.printer, leader)?;
                }
                event = events.next(), if last.is_none() => {
                    let event = event.ok_or_else(|| Failure::fault("the events ended before the auction"))??;
                    self.event(&event).await?;
                    if event.what.is_last() {
                        last = Some(event);
                    }
                }
                tale = tales.recv(), if !told => match tale {
                    // Their ends are told after the events that led there.
                    Some(Tale::Over { participant, event }) => ends.push((participant, event)),
                    Some(tale) => self.tale(tale)?,
                    None => told = true,
                },
            }
            if is_over(last.as_ref(), told)
                && let Some(last) = last.take()
            {
                for (participant, event) in ends {
                    self.ended(participant, &event)?;
                }
                return Ok(last);
            }
        }
    }

    async fn event(&mut self, event: &Event) -> Result<(), Failure> {
        events::print(self.printer, event, &self.names)?;
        match event.what {
            What::ReadyCheck { .. } if self.auctioneer => self.confirm(event).await,
            What::Bid { round, .. } => self.crash(round),
            _ => Ok(()),
        }
    }

    /// All bidders that are played here have joined before the events are looked at, so it may be confirmed at once.
    async fn confirm(&self, event: &Event) -> Result<(), Failure> {
        match self.client.submit(Action::Start(event.head.auction), self.timeout).await? {
            Reply::Done(_) => Ok(()),
            // Started by an earlier run, or somebody left meanwhile: then the next ready check is confirmed.
            Reply::Refused(refusal) if matches!(refusal.code, Code::NotOpen | Code::NotReady) => Ok(()),
            Reply::Refused(refusal) => Err(Failure::refused(&refusal)),
        }
    }

    fn crash(&mut self, round: Round) -> Result<(), Failure> {
        let Some(leader) = self.leader else { return Ok(()) };
        let node = leader.node.uuid;
        let Some(crash) = self.crash.take_if(|crash| crash.round == round.0) else { return Ok(()) };
        if !crash.nodes.crash(node) {
            return Err(Failure::fault(format!("the leader {node} is none of the nodes of this process")));
        }
        self.printer.print(
            || json!({"event": "crash", "node": node, "round": round}),
            |printer| {
                events::line(printer, None, "crash", Colour::Red, &format!("{node}, which led, in round {round}"))
            },
        )
    }

    /// What a bidder is told at the end, with whom it was told.
    fn ended(&self, participant: ParticipantId, event: &Event) -> Result<(), Failure> {
        let What::Ended { winner, total, .. } = &event.what else { return Ok(()) };
        let name = events::name(&event.what);
        let colour = if name == "auction-won" { Colour::Green } else { Colour::Dim };
        self.printer.print(
            || {
                let mut object = Map::new();
                object.insert("event".into(), name.into());
                object.insert("auction".into(), json!(event.head.auction));
                object.insert("seq".into(), json!(event.head.seq));
                put_participant(&mut object, participant, &self.names);
                object.insert("winner".into(), json!(winner));
                object.insert("total".into(), json!(total));
                object.into()
            },
            |printer| {
                let who = events::call(participant, &self.names);
                events::line(printer, Some(event.head.seq.0), name, colour, &who)
            },
        )
    }

    fn tale(&self, tale: Tale) -> Result<(), Failure> {
        let mut object = Map::new();
        match tale {
            Tale::Over { participant, event } => self.ended(participant, &event),
            Tale::Broken(failure) => Err(failure),
            Tale::Refused { participant, round, amount, refusal } => {
                object.insert("event".into(), "bid-refused".into());
                object.insert("auction".into(), json!(self.auction));
                object.insert("round".into(), json!(round));
                put_participant(&mut object, participant, &self.names);
                object.insert("amount".into(), json!(amount));
                object.insert("code".into(), json!(refusal.code));
                object.insert("reason".into(), json!(refusal.reason));
                let who = events::call(participant, &self.names);
                let text = format!("{who} in round {round}: {}", refusal.code);
                let text = |printer: Printer| events::line(printer, None, "bid-refused", Colour::Red, &text);
                self.printer.print(|| object.into(), text)
            }
            Tale::Failed { participant, round, reason } => {
                object.insert("event".into(), "bidder-failed".into());
                object.insert("auction".into(), json!(self.auction));
                object.insert("round".into(), json!(round));
                put_participant(&mut object, participant, &self.names);
                object.insert("reason".into(), json!(reason));
                let text = format!("{}: {reason}", events::call(participant, &self.names));
                let text = |printer: Printer| events::line(printer, None, "bidder-failed", Colour::Red, &text);
                self.printer.print(|| object.into(), text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use agora::auction::message::Head;
    use agora::id::Seq;
    use agora::time::At;

    use super::*;

    fn cancelled(reason: &str) -> Event {
        let head = Head { auction: AuctionId(uuid::Uuid::nil()), epoch: 1, seq: Seq(9), at: At(0) };
        Event { head, what: What::Cancelled { reason: reason.into() } }
    }

    #[test]
    fn a_run_is_over_when_this_client_and_all_bidders_are() {
        assert!(!is_over(None, true));
        assert!(!is_over(Some(&cancelled("BY_AUCTIONEER")), false));
        assert!(is_over(Some(&cancelled("BY_AUCTIONEER")), true));
    }

    #[test]
    fn a_run_whose_history_was_set_aside_waits_for_no_bidder() {
        assert!(is_over(Some(&cancelled("superseded")), false));
    }
}
