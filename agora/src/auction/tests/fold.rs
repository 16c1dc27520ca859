use super::*;
use crate::auction::apply::state_at;
use crate::auction::message::{Phase, Summary};

#[test]
fn an_event_that_does_not_fit_changes_nothing_and_gets_no_number() {
    let house = House::running();
    let other = AuctionId(Uuid::from_u128(0xb));
    let misfits = [
        Event::AuctionCreated { auction: ID, auctioneer: BOB, spec: painting().into() },
        joined(CAROL),
        Event::ReadyCheck { auction: ID, deadline: At(1) },
        Event::AuctionStarted { auction: ID },
        round_started(1, 1),
        round_started(2, 1),
        round_started(3, 1),
        bid_accepted(2, ALICE, "10"),
        bid_accepted(1, CAROL, "10"),
        passed(2, ALICE),
        passed(1, AUCTIONEER),
        round_completed(2),
        round_completed(0),
        Event::AuctionCompleted { auction: ID },
        Event::AuctionCancelled { auction: other, reason: String::new() },
    ];
    for misfit in misfits {
        let mut auction = house.auction.clone();
        assert_eq!(apply(&mut auction, &misfit), None, "{misfit:?}");
        assert_eq!(auction, house.auction, "{misfit:?}");
    }
}

#[test]
fn only_its_creation_begins_an_auction() {
    let mut none = None;
    assert_eq!(apply(&mut none, &joined(ALICE)), None);
    assert_eq!(none, None);
}

#[test]
fn nothing_follows_a_cancelled_auction() {
    let mut house = House::running();
    house.happen(&[Event::AuctionCancelled { auction: ID, reason: "fire".into() }]);
    let before = house.auction.clone();
    for event in [bid_accepted(1, ALICE, "10"), round_completed(1), Event::AuctionCompleted { auction: ID }] {
        assert_eq!(apply(&mut house.auction, &event), None, "{event:?}");
    }
    assert_eq!(house.auction, before);
    assert_eq!((house.auction().is_open(), house.auction().deadline()), (false, None));
}

#[test]
fn any_earlier_state_is_found_again_from_the_events() {
    let mut house = House::running();
    let at_start = house.auction.clone();
    house.bid(ALICE, "10").unwrap();
    house.bid(BOB, "10").unwrap();
    assert_eq!(state_at(&house.events, Seq(5)), at_start);
    assert_eq!(state_at(&house.events, house.auction().seq()), house.auction);
    assert_eq!(state_at(&house.events, house.auction().seq().next()), None);
    assert_eq!(state_at(&house.events, Seq(0)), None);
}

#[test]
fn a_summary_tells_where_the_auction_stands() {
    let house = House::running();
    let summary = Summary {
        auction: ID,
        auctioneer: AUCTIONEER,
        spec: painting(),
        phase: Phase::Active,
        round: Round(1),
        bidders: 2,
        last: Seq(5),
    };
    assert_eq!(house.auction().summary(), summary);
    assert_eq!(house.auction().participants().collect::<Vec<_>>(), [AUCTIONEER, ALICE, BOB]);
}
