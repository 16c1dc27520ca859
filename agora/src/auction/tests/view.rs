use super::*;
use crate::auction::apply::state_at;
use crate::auction::message::{Bidding, Ending, Head, Line, Outcome, Page};
use crate::auction::view::{MAX_LINES, Shown, needs_state_at, view};

/// What `to` is shown of event `seq`, a while after it.
fn shown(house: &House, seq: u64, to: Option<ParticipantId>) -> Vec<Shown> {
    let event = &house.events[usize::try_from(seq).unwrap() - 1];
    let past = if needs_state_at(event) { state_at(&house.events, Seq(seq)) } else { house.auction.clone() };
    view(&past.unwrap(), event, head(seq), house.at, to)
}

fn head(seq: u64) -> Head {
    Head { auction: ID, epoch: 1, seq: Seq(seq), at: At(0) }
}

/// Two rounds: seq 6 and 7 are the bids of the first, 8 completes it; 10, 11 and 12 of the second; 13 the auction.
fn finished(disclosure: Disclosure) -> House {
    let mut house = House::joined(Spec { disclosure, ..painting() });
    house.bid(ALICE, "10").unwrap();
    house.bid(BOB, "12.5").unwrap();
    house.bid(ALICE, "15").unwrap();
    house.pass(BOB).unwrap();
    house
}

fn line(participant: ParticipantId, bid: Option<&str>, total: Option<&str>) -> Line {
    Line { participant, amount: bid.map(amount), total: total.map(amount) }
}

fn one_page<const N: usize>(lines: [Line; N]) -> Page {
    Page { number: 1, of: 1, lines: lines.into() }
}

fn broadcast(seq: u64, round: u32, participant: ParticipantId, bid: Option<&str>) -> Vec<Shown> {
    let round = Round(round);
    let amount = bid.map(amount);
    vec![Shown::Bidding(Bidding::Broadcast { head: head(seq), round, participant, pass: false, amount })]
}

fn round_complete<const N: usize>(seq: u64, round: u32, lines: [Line; N]) -> Vec<Shown> {
    let page = one_page(lines);
    vec![Shown::Bidding(Bidding::RoundComplete { head: head(seq), round: Round(round), page })]
}

#[test]
fn a_sealed_amount_is_shown_to_its_bidder_only() {
    let house = finished(Disclosure::Sealed);
    assert_eq!(shown(&house, 6, Some(ALICE)), broadcast(6, 1, ALICE, Some("10")));
    for to in [Some(BOB), Some(AUCTIONEER), Some(CAROL), None] {
        assert_eq!(shown(&house, 6, to), broadcast(6, 1, ALICE, None));
    }
}

#[test]
fn an_open_amount_is_shown_to_all_at_once() {
    let house = finished(Disclosure::Open);
    for to in [Some(ALICE), Some(BOB), Some(AUCTIONEER), None] {
        assert_eq!(shown(&house, 6, to), broadcast(6, 1, ALICE, Some("10")));
    }
}

#[test]
fn a_complete_round_opens_its_amounts_and_totals_best_first() {
    for disclosure in [Disclosure::Sealed, Disclosure::Open] {
        let house = finished(disclosure);
        for to in [Some(ALICE), Some(BOB), Some(AUCTIONEER), None] {
            let first = [line(BOB, Some("12.5"), Some("12.5")), line(ALICE, Some("10"), Some("10"))];
            assert_eq!(shown(&house, 8, to), round_complete(8, 1, first));
            let second = [line(ALICE, Some("15"), Some("25")), line(BOB, None, Some("12.5"))];
            assert_eq!(shown(&house, 12, to), round_complete(12, 2, second));
        }
    }
}

#[test]
fn a_secret_round_opens_nothing_but_ones_own_in_order_of_joining() {
    let house = finished(Disclosure::Secret);
    let (alice, bob) = (line(ALICE, None, None), line(BOB, None, None));
    for to in [Some(AUCTIONEER), None] {
        assert_eq!(shown(&house, 8, to), round_complete(8, 1, [alice.clone(), bob.clone()]));
    }
    let own = line(BOB, Some("12.5"), Some("12.5"));
    assert_eq!(shown(&house, 8, Some(BOB)), round_complete(8, 1, [alice, own]));
}

#[test]
fn the_end_is_told_to_winner_losers_and_all_others_in_a_message_each() {
    for disclosure in [Disclosure::Sealed, Disclosure::Open, Disclosure::Secret] {
        let house = finished(disclosure);
        let page = one_page([line(ALICE, None, Some("25")), line(BOB, None, Some("12.5"))]);
        let ending =
            Ending { head: head(13), winner: Some(ALICE), total: Some(amount("25")), price: Some(amount("25")), page };
        let tell = |outcome: Outcome| vec![Shown::Outcome(outcome)];
        assert_eq!(shown(&house, 13, Some(ALICE)), tell(Outcome::Winner(ending.clone())));
        assert_eq!(shown(&house, 13, Some(BOB)), tell(Outcome::Loser(ending.clone())));
        for to in [Some(AUCTIONEER), Some(CAROL), None] {
            assert_eq!(shown(&house, 13, to), tell(Outcome::Result(ending.clone())));
        }
    }
}

#[test]
fn without_a_winner_every_bidder_has_lost() {
    let mut house = House::running();
    house.wait(5_000);
    house.wait(5_000);
    let page = one_page([line(ALICE, None, Some("0")), line(BOB, None, Some("0"))]);
    let ending = Ending { head: head(9), winner: None, total: None, price: None, page };
    assert_eq!(shown(&house, 9, Some(ALICE)), [Shown::Outcome(Outcome::Loser(ending.clone()))]);
    assert_eq!(shown(&house, 9, None), [Shown::Outcome(Outcome::Result(ending))]);
}

#[test]
fn a_deadline_is_told_as_the_time_that_is_left() {
    let mut house = House::running();
    house.at = At(4_200);
    let left =
        |remaining_ms| vec![Shown::Bidding(Bidding::RoundStart { head: head(5), round: Round(1), remaining_ms })];
    assert_eq!(shown(&house, 5, None), left(Some(800)));
    house.at = At(9_000);
    assert_eq!(shown(&house, 5, None), left(Some(0)));
}

#[test]
fn a_cancelled_round_opens_nothing() {
    let mut house = House::running();
    house.bid(ALICE, "10").unwrap();
    house.happen(&[Event::AuctionCancelled { auction: ID, reason: "fire".into() }]);
    let cancel = Outcome::Cancel { head: head(7), reason: "fire".into() };
    assert_eq!(shown(&house, 7, Some(BOB)), [Shown::Outcome(cancel)]);
    assert_eq!(shown(&house, 6, Some(BOB)), broadcast(6, 1, ALICE, None));
}

#[test]
fn with_a_state_of_another_time_a_round_is_not_shown() {
    let house = finished(Disclosure::Sealed);
    let early = state_at(&house.events, Seq(7)).unwrap();
    for state in [&early, house.auction()] {
        assert_eq!(view(state, &round_completed(1), head(8), At(0), None), []);
    }
    assert_eq!(view(&early, &Event::AuctionCompleted { auction: ID }, head(13), At(0), None), []);
}

#[test]
fn many_lines_are_cut_into_pages_that_fit_a_datagram_each() {
    let spec = Spec { bidders: 25, limit: Amount::ZERO, rounds: 1, ..painting() };
    let mut house = House::waiting(spec);
    let bidders: Vec<_> = (1_000..1_025).map(|number| ParticipantId(Uuid::from_u128(u128::MAX - number))).collect();
    for &bidder in &bidders {
        house.join(bidder).unwrap();
    }
    for &bidder in &bidders {
        house.bid(bidder, "999999999999999.999999").unwrap();
    }
    let end = house.events.len() as u64;
    for seq in [end - 1, end] {
        let far = Head { auction: AuctionId(Uuid::max()), epoch: u64::MAX, seq: Seq(u64::MAX), at: At(u64::MAX) };
        let past = state_at(&house.events, Seq(seq)).unwrap();
        let shown = view(&past, &house.events[usize::try_from(seq).unwrap() - 1], far, At(0), None);
        let mut lines = Vec::new();
        for (number, shown) in (1..).zip(&shown) {
            let (page, bytes) = match shown {
                Shown::Bidding(Bidding::RoundComplete { page, .. }) => (page, size(shown)),
                Shown::Outcome(Outcome::Result(ending)) => (&ending.page, size(shown)),
                other => panic!("{other:?}"),
            };
            assert_eq!((page.number, page.of), (number, 3));
            assert!(page.lines.len() <= MAX_LINES && bytes <= 1_024, "{} lines, {bytes} bytes", page.lines.len());
            lines.extend(page.lines.iter().map(|line| line.participant));
        }
        assert_eq!(lines, bidders);
    }
}

/// Bytes of the message in the widest encoding, with the names of all fields.
fn size(shown: &Shown) -> usize {
    match shown {
        Shown::Bidding(message) => rmp_serde::to_vec_named(message),
        Shown::Outcome(message) => rmp_serde::to_vec_named(message),
    }
    .unwrap()
    .len()
}
