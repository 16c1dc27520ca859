//! An auction with its auctioneer and bidders, and the book of what was acknowledged in it.

use std::collections::BTreeMap;
use std::time::Duration;

use agora::amount::Amount;
use agora::auction::event::{Disclosure, Rule, Spec, Start};
use agora::auction::message::Phase;
use agora::auction::refusal::Code;
use agora::client::Client;
use agora::client::fold::View;
use agora::client::message::{Action, Reply};
use agora::id::{AuctionId, ParticipantId, Round, Seq};

use crate::cluster::{Cluster, PATIENCE, somebody, until};

/// As a test sets it up.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) bidders: u32,
    pub(crate) round_timeout: Option<Duration>,
    pub(crate) start: Start,
}

impl Plan {
    /// Of so many rounds and bidders; it starts by itself, and waits for everybody.
    pub(crate) const fn of(rounds: u32, bidders: u32) -> Self {
        Self { rounds, bidders, round_timeout: None, start: Start::Auto }
    }

    pub(crate) fn spec(&self) -> Spec {
        Spec {
            item: "Painting".into(),
            rule: Rule::Highest,
            disclosure: Disclosure::Sealed,
            limit: amount("1"),
            rounds: self.rounds,
            bidders: self.bidders,
            round_timeout_ms: self.round_timeout.map(|time| u64::try_from(time.as_millis()).expect("short")),
            start: self.start,
        }
    }
}

/// An auction, and who takes part.
pub(crate) struct House {
    pub(crate) auctioneer: Client,
    pub(crate) bidders: Vec<Client>,
    pub(crate) auction: AuctionId,
    /// What was acknowledged.
    pub(crate) book: BTreeMap<Seq, (Round, ParticipantId, Amount)>,
}

impl House {
    /// Created, and joined by all its bidders.
    pub(crate) async fn open(cluster: &Cluster, plan: &Plan) -> Self {
        let auctioneer = cluster.client(somebody()).await;
        let mut bidders = Vec::new();
        for _ in 0..plan.bidders {
            bidders.push(cluster.client(somebody()).await);
        }
        Self::among(auctioneer, bidders, plan).await
    }

    /// The same, of clients that are there already.
    pub(crate) async fn among(auctioneer: Client, bidders: Vec<Client>, plan: &Plan) -> Self {
        let auction = done(&auctioneer, Action::Create(plan.spec())).await.0;
        for bidder in &bidders {
            done(bidder, Action::Join(auction)).await;
        }
        Self { auctioneer, bidders, auction, book: BTreeMap::new() }
    }

    /// Whatever a client asks, bidding in the open round.
    pub(crate) fn bidding(&self, amount: &str) -> Action {
        Action::Bid { auction: self.auction, round: None, amount: Some(amount.into()) }
    }

    /// A bid that must stand; in which round, and as which event.
    pub(crate) async fn bid(&mut self, bidder: usize, round: u32, written: &str) -> Seq {
        let action = Action::Bid { auction: self.auction, round: Some(Round(round)), amount: Some(written.into()) };
        let (_, seq) = done(&self.bidders[bidder], action).await;
        self.book.insert(seq, (Round(round), self.bidders[bidder].participant(), amount(written)));
        seq
    }

    /// As the auctioneer is shown it.
    pub(crate) async fn show(&self) -> View {
        self.auctioneer.show(self.auction, Some(PATIENCE)).await.expect("an answer").expect("the auction")
    }

    pub(crate) async fn until_round(&self, round: u32) {
        until("the round begins", async || self.show().await.round >= Round(round)).await;
    }

    pub(crate) async fn until_completed(&self) -> View {
        until("the auction is completed", async || self.show().await.phase == Phase::Completed).await;
        self.show().await
    }

    /// Completed, with every acknowledged bid as acknowledged and no other, and the winner that follows from them.
    pub(crate) async fn verify(&self) {
        let view = self.until_completed().await;
        let shown: BTreeMap<_, _> = view
            .bids
            .iter()
            .filter(|bid| !bid.pass)
            .map(|bid| (bid.seq, (bid.round, bid.participant, bid.amount.expect("disclosed at the end"))))
            .collect();
        assert_eq!(shown, self.book);
        assert_eq!(view.winner.map(|(winner, total)| (winner, total.expect("disclosed"))), self.winner());
    }

    /// By the book alone: the highest total, among equals the one reached first.
    fn winner(&self) -> Option<(ParticipantId, Amount)> {
        let mut totals: BTreeMap<ParticipantId, (Amount, Seq)> = BTreeMap::new();
        for (seq, (_, who, amount)) in &self.book {
            let total = totals.get(who).map_or(Some(*amount), |(total, _)| total.checked_add(*amount));
            totals.insert(*who, (total.expect("small"), *seq));
        }
        let best = totals.into_iter().max_by_key(|(_, (total, reached))| (*total, std::cmp::Reverse(*reached)));
        best.map(|(winner, (total, _))| (winner, total))
    }
}

/// An amount that is one.
pub(crate) fn amount(text: &str) -> Amount {
    Amount::parse(text).expect("an amount")
}

/// What must be carried out: in which auction, as which event.
pub(crate) async fn done(client: &Client, action: Action) -> (AuctionId, Seq) {
    match client.submit(action.clone(), Some(PATIENCE)).await {
        Ok(Reply::Done(ack)) => (ack.receipt.auction, ack.receipt.seq),
        other => panic!("{action:?}: {other:?}"),
    }
}

/// The code with which it must be refused.
pub(crate) async fn refused(client: &Client, action: Action) -> Code {
    match client.submit(action.clone(), Some(PATIENCE)).await {
        Ok(Reply::Refused(refusal)) => refusal.code,
        other => panic!("{action:?}: {other:?}"),
    }
}
