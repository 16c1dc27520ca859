//! What clients have asked, and what they were told.

use std::collections::BTreeSet;

use agora::auction::event::RequestKey;
use agora::auction::message::{Ack, Bidding, Deny, Lobby, Outcome};
use agora::auction::refusal::Code;
use agora::client::event::{Event, What};
use agora::client::fold::View;
use agora::client::message::{Action, Reply};
use agora::id::{AuctionId, ParticipantId, RequestId};
use agora::wire::Message;

use crate::queue::Micros;

/// A request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub at: Micros,
    pub key: RequestKey,
    pub action: Action,
    pub reply: Option<Reply>,
    /// A leader said last that the client knows more than is committed.
    other_history: bool,
    /// The client waits no more.
    pub given_up: bool,
}

/// How a stream of events ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// After its last event.
    Over,
    /// There is no such auction.
    NotFound,
}

/// An auction, followed.
#[derive(Debug)]
pub(crate) struct Stream {
    pub participant: ParticipantId,
    pub auction: AuctionId,
    pub events: Vec<Event>,
    pub end: Option<Ended>,
}

/// What all clients know together.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    pub asked: Vec<Asked>,
    pub streams: Vec<Stream>,
    /// What there is in the end.
    pub shown: Vec<(AuctionId, Option<View>)>,
    /// Who acknowledged what, lately.
    acknowledged: Vec<(Micros, usize, RequestId)>,
    /// What nodes acknowledged right before a life of theirs ended.
    last_words: BTreeSet<RequestId>,
}

/// A program reads what its node has committed within this, while the node lives.
const READ_WITHIN: Micros = 20_000;

impl Oracle {
    /// A client asks; the number of the request here.
    pub(crate) fn asked(
        &mut self,
        at: Micros,
        participant: ParticipantId,
        request: RequestId,
        action: Action,
    ) -> usize {
        let key = RequestKey { participant, request };
        self.asked.push(Asked { at, key, action, reply: None, other_history: false, given_up: false });
        self.asked.len() - 1
    }

    /// It is answered.
    pub(crate) fn answered(&mut self, number: usize, reply: Reply) {
        self.asked[number].reply = Some(reply);
    }

    /// A node sends an acknowledgement.
    pub(crate) fn acknowledges(&mut self, now: Micros, slot: usize, request: RequestId) {
        self.acknowledged.retain(|(at, ..)| at + READ_WITHIN >= now);
        self.acknowledged.push((now, slot, request));
    }

    /// A life of a node ends.
    pub(crate) fn falls_silent(&mut self, now: Micros, slot: usize) {
        let lately = self.acknowledged.iter().filter(|(at, who, _)| *who == slot && at + READ_WITHIN >= now);
        self.last_words.extend(lately.map(|(.., request)| *request));
    }

    /// Whether the entry behind this answer may have gone with its node before the node's program could read it.
    pub(crate) fn is_last_word(&self, request: RequestId) -> bool {
        self.last_words.contains(&request)
    }

    /// A client is told that a request is not taken now.
    pub(crate) fn denied(&mut self, deny: &Deny) {
        let other = deny.refusal.code == Code::Busy && deny.refusal.reason.contains("another history");
        for asked in self.asked.iter_mut().filter(|asked| asked.key.request == deny.request) {
            asked.other_history = other;
        }
    }

    pub(crate) fn is_of_another_history(&self, number: usize) -> bool {
        self.asked[number].other_history
    }

    pub(crate) fn give_up(&mut self, number: usize) {
        self.asked[number].given_up = true;
    }

    /// A client follows an auction; the number of the stream here.
    pub(crate) fn follows(&mut self, participant: ParticipantId, auction: AuctionId) -> usize {
        self.streams.push(Stream { participant, auction, events: Vec::new(), end: None });
        self.streams.len() - 1
    }

    pub(crate) fn heard(&mut self, stream: usize, event: Event) {
        self.streams[stream].events.push(event);
    }

    pub(crate) fn ended(&mut self, stream: usize, end: Ended) {
        self.streams[stream].end = Some(end);
    }

    pub(crate) fn shown(&mut self, auction: AuctionId, view: Option<View>) {
        self.shown.push((auction, view));
    }

    /// Requests that were done; bids among them; results that were told.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let done = self.asked.iter().filter(|asked| matches!(asked.reply, Some(Reply::Done(_))));
        let bids = done.clone().filter(|asked| matches!(asked.action, Action::Bid { .. }));
        let results = self.streams.iter().filter_map(|stream| stream.events.last());
        let results = results.filter(|event| matches!(event.what, What::Ended { .. }));
        (done.count() as u64, bids.count() as u64, results.count() as u64)
    }
}

/// A message that says that a request was carried out.
pub(crate) const fn ack(message: &Message) -> Option<&Ack> {
    match message {
        Message::Bidding(Bidding::Ack(ack))
        | Message::Lobby(
            Lobby::CreateAck(ack) | Lobby::JoinAck(ack) | Lobby::LeaveAck(ack) | Lobby::ReadyConfirmAck(ack),
        )
        | Message::Outcome(Outcome::CancelAck(ack)) => Some(ack),
        _ => None,
    }
}

/// A message that says that a request is not carried out.
pub(crate) const fn deny(message: &Message) -> Option<&Deny> {
    match message {
        Message::Bidding(Bidding::Deny(deny))
        | Message::Lobby(
            Lobby::CreateDeny(deny) | Lobby::JoinDeny(deny) | Lobby::LeaveDeny(deny) | Lobby::ReadyConfirmDeny(deny),
        )
        | Message::Outcome(Outcome::CancelDeny(deny)) => Some(deny),
        _ => None,
    }
}
