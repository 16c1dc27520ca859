//! Plays a checked script, or the roles of it that are asked for: the auctioneer creates the auction and confirms the
//! start, the bidders join and bid; everybody is a client of its own.

use agora::auction::event::{Spec, Start};
use agora::client::Client;
use agora::client::event::{Event, What};
use agora::client::message::{Action, Reply};
use agora::id::{AuctionId, Round};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::bidder::Bidder;
use super::cast::{AUCTIONEER, Cast};
use super::exec::{self, Running};
use super::script::{Plan, Script};
use super::show::{Crash, Show, is_superseded};
use super::trace::Roles;
use super::{planned, result};
use crate::events::{self, Names};
use crate::failure::Failure;
use crate::identity;
use crate::options::Settings;
use crate::output::Printer;
use crate::session;

/// What is played, by whom, and where.
pub(super) struct Play<'a> {
    pub(super) script: &'a Script,
    pub(super) cast: &'a Cast,
    pub(super) settings: &'a Settings,
    pub(super) printer: Printer,
    pub(super) roles: &'a Roles,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Outcome {
    last: Event,
    names: Names,
}

impl Outcome {
    /// Prints the result; an auction that was cancelled is a failure.
    pub(super) fn tell(&self, printer: Printer, script: &Script) -> Result<(), Failure> {
        result::print(printer, &self.last, &script.spec, &self.names)?;
        match &self.last.what {
            What::Cancelled { reason } => Err(Failure::cancelled(reason)),
            _ => Ok(()),
        }
    }
}

impl Play<'_> {
    /// The whole play.
    pub(super) async fn run(&self, programs: Vec<Running>, crash: Option<Crash<'_>>) -> Result<Outcome, Failure> {
        let timeout = self.settings.timeout;
        let auctioneer = self.cast.has_auctioneer();
        // Who plays no auctioneer looks on as somebody aside.
        let client = self.connect(if auctioneer { Some(AUCTIONEER) } else { None }).await?;
        session::leader(&client, timeout, self.printer).await?;
        if let Some(crash) = &crash {
            // Worth watching only where all nodes hold the log before it.
            crash.nodes.complete(&client).await?;
        }
        let leaders = client.leaders().await;
        let auction = match self.cast.auction {
            Some(auction) => self.find(&client, auction).await?,
            None => self.create(&client).await?,
        };
        let events = client.follow(auction).await;
        let (stage, tales) = mpsc::unbounded_channel();
        let mut names = self.others()?;
        let mut bidders = JoinSet::new();
        let mut programs = programs.into_iter();
        for role in self.script.bidders.iter().filter(|role| self.cast.has(&role.name)) {
            let client = self.connect(Some(&role.name)).await?;
            names.insert(client.participant(), role.name.clone());
            let (name, stage) = (role.name.clone(), stage.clone());
            let mut bidder = Bidder { name, client, auction, stage, since: Round(0), timeout };
            bidder.join().await?;
            let events = bidder.events().await;
            match &role.plan {
                Plan::Strategy(strategy) => bidders.spawn(planned::play(bidder, events, strategy.clone())),
                Plan::Exec(program) => {
                    let running = programs.next().ok_or_else(|| Failure::fault("a program was not started"))?;
                    bidders.spawn(exec::play(bidder, events, running, program.time_limit))
                }
            };
        }
        drop(stage);
        let auctioneer = auctioneer && self.script.spec.start == Start::Confirm;
        let (client, printer) = (&client, self.printer);
        let mut show = Show { client, auction, auctioneer, printer, names, crash, leader: None, timeout };
        let last = show.run(events, leaders, tales).await?;
        // Of a history that was set aside, not all are told; those end here.
        if !is_superseded(&last) {
            while bidders.join_next().await.is_some() {}
        }
        Ok(Outcome { last, names: show.names })
    }

    /// A client for a role, or for nobody's.
    async fn connect(&self, role: Option<&str>) -> Result<Client, Failure> {
        let participant = match role {
            Some(role) => self.cast.participant(role)?,
            None => identity::fresh(),
        };
        let client = Client::connect(self.settings.client(participant)).await?;
        if let Some(role) = role {
            self.roles.name(client.address(), role);
        }
        Ok(client)
    }

    async fn create(&self, client: &Client) -> Result<AuctionId, Failure> {
        let auction = match client.submit(Action::Create(self.script.spec.clone()), self.settings.timeout).await? {
            Reply::Done(ack) => ack.receipt.auction,
            Reply::Refused(refusal) => return Err(Failure::refused(&refusal)),
        };
        Ok(auction)
    }

    /// The auction of `--auction`, if it is set up as the script says.
    async fn find(&self, client: &Client, auction: AuctionId) -> Result<AuctionId, Failure> {
        let summary = client.find(auction, self.settings.timeout).await?.ok_or_else(|| Failure::not_found(auction))?;
        let differences = differences(&self.script.spec, &summary.spec);
        if differences.is_empty() {
            return Ok(auction);
        }
        let path = self.script.path.display();
        let lines: Vec<_> = differences.iter().map(|difference| format!("{path}: {difference}")).collect();
        Err(Failure::file(lines.join("\n")))
    }

    /// The names of those who play elsewhere with the same folder of identities.
    fn others(&self) -> Result<Names, Failure> {
        let mut names = Names::new();
        for role in self.script.bidders.iter().filter(|role| !self.cast.has(&role.name)) {
            names.extend(self.cast.other(&role.name)?.map(|participant| (participant, role.name.clone())));
        }
        Ok(names)
    }
}

/// Where a script and an auction disagree, key by key.
fn differences(script: &Spec, auction: &Spec) -> Vec<String> {
    let (script, auction) = (events::spec_json(script), events::spec_json(auction));
    let text = |value: Option<&Value>| value.map_or_else(|| "nothing".into(), Value::to_string);
    let different = script.iter().filter(|(key, value)| auction.get(*key) != Some(value));
    different
        .map(|(key, value)| {
            // The script has the flags' names.
            let flag = if key == "min-bidders" { "bidders" } else { key };
            format!("`{flag}` is {value}, but the auction has {}", text(auction.get(key)))
        })
        .collect()
}
