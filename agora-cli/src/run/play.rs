//! Plays a checked script: the auctioneer creates, waits for the bidders and confirms the start; its events are the ones
//! that are printed.

use std::time::Duration;

use agora::auction::event::Start;
use agora::client::event::{Event, What};
use agora::client::message::{Action, Leader, Reply};
use agora::client::{Client, Events, Leaders};
use agora::id::{AuctionId, ParticipantId, Round};
use serde_json::{Map, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::bidder::{Bidder, Tale};
use super::exec::{self, Running};
use super::local::Nodes;
use super::script::{Plan, Script};
use super::{fixed, result};
use crate::commands::holders;
use crate::events::{self, Names, put_participant};
use crate::failure::Failure;
use crate::identity;
use crate::options::Settings;
use crate::output::{Colour, Printer};

/// How often a local cluster is asked whether it is complete.
const POLL: Duration = Duration::from_millis(20);

/// `--crash`.
pub(super) struct Crash<'a> {
    pub(super) round: u32,
    pub(super) nodes: &'a Nodes,
}

/// The whole play.
pub(super) async fn play(
    script: &Script,
    programs: Vec<Option<Running>>,
    settings: &Settings,
    printer: Printer,
    crash: Option<Crash<'_>>,
) -> Result<(), Failure> {
    let client = Client::connect(settings.client(identity::fresh())).await?;
    client.leader(settings.timeout).await?;
    if let Some(crash) = &crash {
        complete(&client, crash.nodes.count()).await?;
    }
    let leaders = client.leaders().await;
    let auction = create(&client, script, settings.timeout).await?;
    let events = client.follow(auction).await;
    let (stage, tales) = mpsc::unbounded_channel();
    let mut names = Names::new();
    let mut bidders = JoinSet::new();
    for (role, program) in script.bidders.iter().zip(programs) {
        let client = Client::connect(settings.client(identity::fresh())).await?;
        names.insert(client.participant(), role.name.clone());
        let (name, stage, timeout) = (role.name.clone(), stage.clone(), settings.timeout);
        let bidder = Bidder { name, client, auction, stage, timeout };
        bidder.join().await?;
        let events = bidder.events().await;
        match (&role.plan, program) {
            (Plan::Moves(moves), _) => bidders.spawn(fixed::play(bidder, events, moves.clone())),
            (Plan::Exec(program), Some(running)) => {
                bidders.spawn(exec::play(bidder, events, running, program.time_limit))
            }
            (Plan::Exec(_), None) => return Err(Failure::fault("a program was not started")),
        };
    }
    drop(stage);
    let mut show = Show { script, client: &client, printer, names, crash, leader: None, timeout: settings.timeout };
    let last = show.run(events, leaders, tales).await?;
    while bidders.join_next().await.is_some() {}
    result::print(printer, &last, &script.spec, &show.names)?;
    match last.what {
        What::Cancelled { reason } => Err(Failure::cancelled(reason)),
        _ => Ok(()),
    }
}

/// A crash is worth watching only where all nodes hold the log before it.
async fn complete(client: &Client, count: usize) -> Result<(), Failure> {
    while holders(&*client.status(None).await?) < count {
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

async fn create(client: &Client, script: &Script, timeout: Option<Duration>) -> Result<AuctionId, Failure> {
    match client.submit(Action::Create(script.spec.clone()), timeout).await? {
        Reply::Done(ack) => Ok(ack.receipt.auction),
        Reply::Refused(refusal) => Err(Failure::refused(&refusal)),
    }
}

/// What is printed while it runs.
struct Show<'a> {
    script: &'a Script,
    client: &'a Client,
    printer: Printer,
    names: Names,
    crash: Option<Crash<'a>>,
    leader: Option<Leader>,
    timeout: Option<Duration>,
}

impl Show<'_> {
    /// Until the auctioneer and all bidders have their last event; the auctioneer's is returned.
    async fn run(
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
            if told && let Some(last) = last.take() {
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
            What::ReadyCheck { .. } if self.script.spec.start == Start::Confirm => self.confirm(event).await,
            What::Bid { round, .. } => self.crash(round),
            _ => Ok(()),
        }
    }

    /// All bidders have joined before the events are looked at, so the start may be confirmed at once.
    async fn confirm(&self, event: &Event) -> Result<(), Failure> {
        match self.client.submit(Action::Start(event.head.auction), self.timeout).await? {
            Reply::Done(_) => Ok(()),
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
