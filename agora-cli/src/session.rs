//! A connected client for one command, as the identity that the flags name.

use std::time::Duration;

use agora::auction::message::{Ack, Summary};
use agora::client::message::{Action, Leader, Reply};
use agora::client::{Client, Events};
use agora::id::{AuctionId, ParticipantId};

use crate::failure::Failure;
use crate::identity::Identity;
use crate::options::Settings;
use crate::output::{Printer, short};

/// One-shot commands give up after this, unless told otherwise.
pub(crate) const ONE_SHOT: Duration = Duration::from_secs(10);

/// After so long without a leader people are told what is waited for.
const QUIET: Duration = Duration::from_secs(2);

/// Waits for a leader.
pub(crate) async fn leader(client: &Client, timeout: Option<Duration>, printer: Printer) -> Result<Leader, Failure> {
    let found = client.leader(timeout);
    tokio::pin!(found);
    tokio::select! {
        leader = &mut found => return Ok(leader?),
        () = tokio::time::sleep(QUIET) => {}
    }
    printer.progress("no leader found yet; looking on, until ctrl-c");
    Ok(found.await?)
}

/// A command's surroundings.
#[derive(Debug)]
pub(crate) struct Session {
    settings: Settings,
    identity: Identity,
    pub(crate) client: Client,
    pub(crate) printer: Printer,
}

impl Session {
    pub(crate) async fn connect(settings: Settings, printer: Printer) -> Result<Self, Failure> {
        let identity = settings.identity()?;
        let client = Client::connect(settings.client(identity.participant)).await?;
        Ok(Self { settings, identity, client, printer })
    }

    pub(crate) const fn participant(&self) -> ParticipantId {
        self.identity.participant
    }

    /// Who that is, for people.
    pub(crate) fn name(&self) -> String {
        format!("{} ({})", self.identity.name(), short(self.identity.participant))
    }

    /// How long a one-shot command may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.settings.timeout.unwrap_or(ONE_SHOT)
    }

    /// How long a command that follows something waits for a leader: without limit, unless told otherwise.
    pub(crate) const fn patience(&self) -> Option<Duration> {
        self.settings.timeout
    }

    /// Carries out the one request of this command.
    pub(crate) async fn submit(&self, action: Action) -> Result<Ack, Failure> {
        match self.answer(action).await? {
            Reply::Done(ack) => Ok(ack),
            Reply::Refused(refusal) => Err(Failure::refused(&refusal)),
        }
    }

    async fn answer(&self, action: Action) -> Result<Reply, Failure> {
        let timeout = Some(self.timeout());
        let Some(request) = self.settings.request else { return Ok(self.client.submit(action, timeout).await?) };
        let known = match self.identity.recall(request)? {
            Some(known) => known,
            None => self.identity.remember(request, self.client.leader(timeout).await?.commit)?,
        };
        Ok(self.client.repeat(request, Some(known), action, timeout).await?)
    }

    /// One auction as committed.
    pub(crate) async fn find(&self, auction: AuctionId, timeout: Option<Duration>) -> Result<Summary, Failure> {
        self.client.find(auction, timeout).await?.ok_or_else(|| Failure::not_found(auction))
    }

    /// The events of an auction that exists.
    pub(crate) async fn follow(&self, auction: AuctionId) -> Events {
        self.client.follow(auction).await
    }
}
