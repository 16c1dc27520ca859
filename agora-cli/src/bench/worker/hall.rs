//! The auctions of a worker: sets them up, bids, and begins the next one where one ends.

use std::collections::{BTreeMap, VecDeque};

use agora::amount::Amount;
use agora::auction::event::{Disclosure, Rule, Spec, Start};
use agora::auction::refusal::Code;
use agora::client::event::{Event, What};
use agora::client::message::{Action, Command, Failure, Reply};
use agora::id::{AuctionId, ParticipantId, RequestId, Round, Seq};
use agora::time::Timestamp;
use uuid::Uuid;

use super::lot::{Lot, Record, Standing, index};
use super::tally::Tally;
use super::ticket::{About, Ticket};
use crate::bench::talk::Share;

/// The next auction of a slot is set up so many rounds before the present one ends, so that no bidder has to wait for it.
const AHEAD: u32 = 4;

/// So many bidders of an auction join together, and then the next: each is told of all who joined before, and all those of
/// each, which takes fewer datagrams where many join at once.
const JOINING: u32 = 128;

/// What a seat is told, by its number.
pub(super) type Wishes = Vec<(usize, Command)>;

/// An auction that is over, or was ended, with what was acknowledged in it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: AuctionId,
    pub(super) lot: u32,
    pub(super) rounds: u32,
    /// By participant: the number in the record.
    pub(super) bidders: BTreeMap<ParticipantId, u32>,
    pub(super) record: Record,
}

/// The auctions.
#[derive(Debug)]
pub(super) struct Hall {
    share: Share,
    /// By participant: the seat.
    seats: BTreeMap<ParticipantId, u32>,
    lots: BTreeMap<u32, Lot>,
    next: u32,
    /// Who may bid: lot, bidder, round.
    ready: VecDeque<(u32, u32, u32)>,
    pub(super) in_flight: u64,
    requests: u128,
    pub(super) kept: Vec<Kept>,
    pub(super) tally: Tally,
    /// Slots whose first auction runs.
    begun: u32,
    /// No further auction is begun.
    closing: bool,
    /// Auctions that are to be ended and whose end was not answered yet.
    pub(super) ending: u64,
    /// Why nothing goes on.
    pub(super) failed: Option<String>,
}

impl Hall {
    /// `bidders` are the participants of the seats from 0 on, group by group; `requests` is random.
    pub(super) fn new(share: Share, bidders: impl Iterator<Item = ParticipantId>, requests: Uuid) -> Self {
        Self {
            seats: bidders.zip(0..).collect(),
            share,
            lots: BTreeMap::new(),
            next: 0,
            ready: VecDeque::new(),
            in_flight: 0,
            requests: requests.as_u128(),
            kept: Vec::new(),
            tally: Tally::new(),
            begun: 0,
            closing: false,
            ending: 0,
            failed: None,
        }
    }

    /// The seat of the auctioneer of all.
    const fn auctioneer(&self) -> u32 {
        self.share.groups * self.share.bidders
    }

    /// The seat of a bidder.
    const fn seat(&self, slot: u32, bidder: u32) -> u32 {
        slot % self.share.groups * self.share.bidders + bidder
    }

    /// Every slot gets its first auction. They differ in length, so that their ends are spread over time.
    pub(super) fn open(&mut self, wishes: &mut Wishes) {
        for slot in 0..self.share.auctions {
            let share = u64::from(self.share.rounds) * u64::from(slot + 1) / u64::from(self.share.auctions);
            self.begin(slot, u32::try_from(share).unwrap_or(u32::MAX).max(1), wishes);
        }
    }

    /// Whether every slot's first auction runs.
    pub(super) const fn is_open(&self) -> bool {
        self.begun == self.share.auctions
    }

    fn begin(&mut self, slot: u32, rounds: u32, wishes: &mut Wishes) {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.lots.insert(number, Lot::new(slot, rounds, self.share.bidders, slot < self.share.verify));
        let spec = Spec {
            item: format!("bench {number}"),
            rule: Rule::Highest,
            disclosure: Disclosure::Sealed,
            limit: amount(0, 0, 0),
            rounds,
            bidders: self.share.bidders,
            // A bid that is late because the cluster is must not become a pass.
            round_timeout_ms: None,
            start: Start::Auto,
        };
        let auctioneer = self.auctioneer();
        self.submit(auctioneer, Ticket::of(number, 0, About::Create), Action::Create(spec), wishes);
    }

    fn submit(&mut self, seat: u32, ticket: u64, action: Action, wishes: &mut Wishes) {
        self.requests = self.requests.wrapping_add(1);
        let request = RequestId(Uuid::from_u128(self.requests));
        let command = Command::Submit { ticket, request, known: None, action, deadline: None };
        wishes.push((index(seat), command));
    }

    /// Makes the next bid, if somebody may bid.
    pub(super) fn bid(&mut self, intended: Timestamp, now: Timestamp, wishes: &mut Wishes) -> bool {
        while let Some((number, bidder, round)) = self.ready.pop_front() {
            let Some(lot) = self.lots.get_mut(&number) else { continue };
            let Some(auction) = lot.id else { continue };
            lot.bid(bidder, round, (intended, now));
            let slot = lot.slot;
            self.in_flight += 1;
            if self.tally.counts(intended) {
                self.tally.end.sent += 1;
            }
            let seat = self.seat(slot, bidder);
            let wanted = Action::Bid {
                auction,
                round: Some(Round(round)),
                amount: Some(amount(number, bidder, round).to_string()),
            };
            self.submit(seat, Ticket::of(number, bidder, About::Bid { round }), wanted, wishes);
            return true;
        }
        false
    }

    /// A request has its answer.
    pub(super) fn answered(
        &mut self,
        now: Timestamp,
        ticket: u64,
        result: Result<Reply, Failure>,
        wishes: &mut Wishes,
    ) {
        let Ticket { lot: number, bidder, about } = Ticket::read(ticket);
        match (about, result) {
            (About::Create, Ok(Reply::Done(ack))) => self.created(number, ack.receipt.auction, wishes),
            (About::Join, Ok(Reply::Done(_))) => self.joined(number, wishes),
            (About::Bid { round }, Ok(Reply::Done(ack))) => {
                self.tally.end.durability = Some(ack.durability);
                self.tally.end.disk = ack.disk;
                let Some(lot) = self.lots.get_mut(&number) else { return };
                if let Some(bid) = lot.find(bidder, round) {
                    let (intended, sent) = (bid.intended, bid.sent);
                    self.tally.acknowledged(intended, sent, now);
                }
                let standing = lot.acknowledged(bidder, round, ack.receipt.seq);
                self.stands(now, (number, bidder, round), standing);
            }
            (About::Bid { round }, Ok(Reply::Refused(refusal))) => self.refused((number, bidder, round), refusal.code),
            (About::Cancel, _) => self.ending = self.ending.saturating_sub(1),
            (about, Ok(Reply::Refused(refusal))) => self.failed = Some(format!("{about:?} was refused: {refusal}")),
            (about, Err(failure)) => self.failed = Some(format!("{about:?}: {failure}")),
            (About::Events | About::Witness, Ok(Reply::Done(_))) => {}
        }
    }

    fn created(&mut self, number: u32, auction: AuctionId, wishes: &mut Wishes) {
        self.tally.end.created += 1;
        let Some(lot) = self.lots.get_mut(&number) else {
            // The bench was over before.
            self.cancel(number, auction, wishes);
            return;
        };
        lot.id = Some(auction);
        self.join(number, wishes);
    }

    /// One more bidder has joined.
    fn joined(&mut self, number: u32, wishes: &mut Wishes) {
        let Some(lot) = self.lots.get_mut(&number) else { return };
        lot.joined += 1;
        if lot.joined.is_multiple_of(JOINING) {
            self.join(number, wishes);
        }
    }

    /// The next bidders join, as far as there are more.
    fn join(&mut self, number: u32, wishes: &mut Wishes) {
        let Some(lot) = self.lots.get_mut(&number) else { return };
        let Some(auction) = lot.id else { return };
        let (slot, first) = (lot.slot, lot.joined);
        for bidder in first..first.saturating_add(JOINING).min(self.share.bidders) {
            let seat = self.seat(slot, bidder);
            let ticket = Ticket::of(number, bidder, About::Events);
            let follow = Command::Follow { ticket, auction: Some(auction), room: usize::MAX };
            wishes.push((index(seat), follow));
            self.submit(seat, Ticket::of(number, bidder, About::Join), Action::Join(auction), wishes);
        }
    }

    /// A bidder is told of an event.
    pub(super) fn event(&mut self, now: Timestamp, ticket: u64, event: &Event, wishes: &mut Wishes) {
        let Ticket { lot: number, bidder, .. } = Ticket::read(ticket);
        match &event.what {
            What::RoundStarted { round, .. } => {
                self.ready.push_back((number, bidder, round.0));
                if bidder == 0 {
                    self.round(number, round.0, wishes);
                }
            }
            What::Bid { round, participant, .. } => self.told((now, number), *participant, round.0, event.head.seq),
            What::Ended { .. } | What::Cancelled { .. } => {
                let completed = matches!(event.what, What::Ended { .. });
                self.over(number, completed, wishes);
            }
            _ => {}
        }
    }

    fn round(&mut self, number: u32, round: u32, wishes: &mut Wishes) {
        let Some(lot) = self.lots.get_mut(&number) else { return };
        if round == 1 && number < self.share.auctions {
            self.begun += 1;
        }
        if round.saturating_add(AHEAD) > lot.rounds && !lot.succeeded && !self.closing {
            lot.succeeded = true;
            let slot = lot.slot;
            self.begin(slot, self.share.rounds, wishes);
        }
    }

    fn told(&mut self, (now, number): (Timestamp, u32), who: ParticipantId, round: u32, seq: Seq) {
        let Some(seat) = self.seats.get(&who) else { return };
        let bidder = seat % self.share.bidders;
        let Some(lot) = self.lots.get_mut(&number) else { return };
        let standing = lot.told(bidder, round, seq);
        self.stands(now, (number, bidder, round), standing);
    }

    fn stands(&mut self, now: Timestamp, (number, bidder, round): (u32, u32, u32), standing: Standing) {
        match standing {
            Standing::UnderWay | Standing::Unknown => {}
            Standing::Contradiction => {
                self.tally.end.contradictions += 1;
                self.forget(number, bidder, round);
            }
            Standing::Done(_) => {
                let bid = self.lots.get_mut(&number).and_then(|lot| lot.find(bidder, round));
                if let Some(intended) = bid.map(|bid| bid.intended) {
                    self.tally.done(intended, now);
                }
                self.forget(number, bidder, round);
            }
        }
    }

    fn forget(&mut self, number: u32, bidder: u32, round: u32) {
        if let Some(lot) = self.lots.get_mut(&number) {
            lot.remove(bidder, round);
            self.in_flight = self.in_flight.saturating_sub(1);
            self.clear(number);
        }
    }

    /// For good. The bidder bids again, where that can help.
    fn refused(&mut self, (number, bidder, round): (u32, u32, u32), code: Code) {
        self.forget(number, bidder, round);
        if matches!(code, Code::Expired | Code::BadRequest) {
            self.ready.push_back((number, bidder, round));
        }
    }

    fn over(&mut self, number: u32, completed: bool, wishes: &mut Wishes) {
        let Some(lot) = self.lots.get_mut(&number) else { return };
        lot.ended += 1;
        lot.completed |= completed;
        if !lot.succeeded && !self.closing {
            lot.succeeded = true;
            let slot = lot.slot;
            self.begin(slot, self.share.rounds, wishes);
        }
        self.clear(number);
    }

    /// Puts an auction away that all bidders know to be over, once all its bids have their answer.
    fn clear(&mut self, number: u32) {
        let over = |lot: &&mut Lot| lot.ended == self.share.bidders && lot.open() == 0;
        if self.lots.get_mut(&number).as_ref().is_some_and(over)
            && let Some(mut lot) = self.lots.remove(&number)
        {
            self.tally.end.completed += u64::from(lot.completed);
            if self.kept.len() < index(self.share.verify) {
                self.keep(number, &mut lot);
            }
        }
    }

    fn keep(&mut self, number: u32, lot: &mut Lot) {
        if let (Some(id), Some(record)) = (lot.id, lot.record.take()) {
            let bidders = self.bidders(lot.slot);
            self.kept.push(Kept { id, lot: number, rounds: lot.rounds, bidders, record });
        }
    }

    /// The measured time is over, and so is patience: what is under way is given up, and every auction ended.
    pub(super) fn close(&mut self, now: Timestamp, wishes: &mut Wishes) {
        self.closing = true;
        self.ready.clear();
        let mut lots: Vec<_> = std::mem::take(&mut self.lots).into_iter().collect();
        for (number, lot) in &mut lots {
            self.tally.end.unfinished += lot.open();
            for bid in lot.bids() {
                self.tally.given_up(bid.intended, now);
            }
            self.ending += u64::from(lot.ended == 0);
            if let Some(auction) = lot.id.filter(|_| lot.ended == 0) {
                self.cancel(*number, auction, wishes);
            }
            self.keep(*number, lot);
        }
        self.in_flight = 0;
    }

    fn cancel(&mut self, number: u32, auction: AuctionId, wishes: &mut Wishes) {
        let wanted = Action::Cancel { auction, reason: Some("the bench is over".into()) };
        let auctioneer = self.auctioneer();
        self.submit(auctioneer, Ticket::of(number, 0, About::Cancel), wanted, wishes);
    }

    fn bidders(&self, slot: u32) -> BTreeMap<ParticipantId, u32> {
        let first = self.seat(slot, 0);
        let seats = first..first + self.share.bidders;
        let of = self.seats.iter().filter(|(_, seat)| seats.contains(seat));
        of.map(|(participant, seat)| (*participant, seat - first)).collect()
    }
}

/// What a bidder bids: from 10 to 109.99, and different from bid to bid.
pub(super) fn amount(lot: u32, bidder: u32, round: u32) -> Amount {
    let mixed = u64::from(lot) * 31 + u64::from(bidder) * 769 + u64::from(round) * 5_381;
    let cents = if round == 0 { 1_000 } else { 1_000 + mixed % 10_000 };
    Amount::from_micros(u128::from(cents) * 10_000).unwrap_or(Amount::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::talk::Pace;

    #[test]
    fn an_auction_whose_creation_is_answered_after_the_end_is_ended_too() {
        let share = Share {
            auctions: 1,
            bidders: 1,
            groups: 1,
            rounds: 9,
            pace: Pace::InFlight(1),
            duration_us: 1,
            verify: 0,
            cluster: "agora".into(),
            joins: Vec::new(),
            broadcast_port: 9,
            broadcast_addresses: Vec::new(),
            bind: ([127, 0, 0, 1], 0).into(),
        };
        let participant = ParticipantId(Uuid::from_u128(1));
        let mut hall = Hall::new(share, std::iter::once(participant), Uuid::nil());
        let mut wishes = Wishes::new();
        hall.open(&mut wishes);
        hall.close(Timestamp::ZERO, &mut wishes);
        wishes.clear();
        assert_eq!(hall.ending, 1);

        let auction = AuctionId(Uuid::from_u128(7));
        hall.created(0, auction, &mut wishes);
        let [(1, Command::Submit { ticket, action, .. })] = wishes.as_slice() else { panic!("{wishes:?}") };
        assert!(matches!(action, Action::Cancel { auction: which, .. } if *which == auction), "{action:?}");
        hall.answered(Timestamp::ZERO, *ticket, Err(Failure::NoLeader { nodes: 0 }), &mut Wishes::new());
        assert_eq!(hall.ending, 0);
    }
}
