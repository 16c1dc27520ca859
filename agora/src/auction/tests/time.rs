use super::*;
use crate::auction::decide::deadline;
use crate::auction::message::Phase;
use crate::auction::state::Standing;

#[test]
fn an_auction_that_is_not_confirmed_in_time_is_cancelled() {
    let mut house = House::joined(Spec { start: Start::Confirm, ..painting() });
    assert_eq!(house.wait(59_999), []);
    let cancelled = Event::AuctionCancelled { auction: ID, reason: "START_TIMEOUT".into() };
    assert_eq!(house.wait(1), [cancelled]);
    assert_eq!((house.auction().phase(), deadline(house.auction())), (Phase::Cancelled, None));
    assert_eq!(house.wait(1_000_000), []);
}

#[test]
fn an_auction_waits_for_bidders_as_long_as_it_takes() {
    let mut house = House::waiting(painting());
    assert_eq!(house.wait(u64::MAX), []);
}

#[test]
fn a_round_ends_with_its_time_and_the_next_one_gets_all_of_its_own() {
    let mut house = House::running();
    house.bid(ALICE, "12").unwrap();
    assert_eq!(house.wait(4_999), []);
    assert_eq!(house.wait(801), [round_completed(1), round_started(2, 10_800)]);
    assert_eq!(house.wait(0), [], "once");
}

#[test]
fn who_was_silent_may_come_back_and_what_was_bid_stays() {
    let mut house = House::running();
    house.bid(ALICE, "12").unwrap();
    house.wait(5_000);
    assert_eq!(house.auction().bidder(BOB).unwrap().standing, Standing::None);
    house.bid(BOB, "30").unwrap();
    let totals: Vec<_> = house.auction().bidders().iter().map(|bidder| bidder.total).collect();
    assert_eq!(totals, [amount("12"), amount("30")]);
}

#[test]
fn the_auction_ends_with_the_time_of_its_last_round() {
    let mut house = House::running();
    house.wait(5_000);
    assert_eq!(house.wait(5_000), [round_completed(2), Event::AuctionCompleted { auction: ID }]);
    assert_eq!(house.auction().phase(), Phase::Completed);
}

#[test]
fn a_round_without_a_timeout_waits_for_all() {
    let mut house = House::joined(Spec { round_timeout_ms: None, ..painting() });
    assert_eq!(deadline(house.auction()), None);
    assert_eq!(house.wait(u64::MAX), []);
}
