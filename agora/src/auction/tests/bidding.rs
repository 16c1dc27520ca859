use super::*;
use crate::auction::decide::read_amount;

#[test]
fn a_bid_binds() {
    let mut house = House::running();
    let decided = Decided { events: vec![bid_accepted(1, ALICE, "12.5")], receipt: bid_receipt(6, 1, "12.5") };
    assert_eq!(house.bid(ALICE, "12.50"), Ok(decided));
    assert_eq!(house.auction().bidder(ALICE).unwrap().total, amount("12.5"));
}

#[test]
fn the_same_bid_again_is_answered_as_the_bid_that_stands() {
    let mut house = House::running();
    let first = house.bid(ALICE, "12.5").unwrap();
    assert_eq!(house.bid_in(1, ALICE, "12.500"), Ok(Decided { events: Vec::new(), receipt: first.receipt }));
}

#[test]
fn another_amount_is_refused_with_the_bid_that_stands() {
    let mut house = House::running();
    house.bid(ALICE, "12.5").unwrap();
    for other in ["13", "9", "0"] {
        let outcome = house.bid(ALICE, other);
        assert_eq!(outcome, refused(Code::AlreadyBid, "in round 1 the bid of 12.5 stands"));
    }
}

#[test]
fn who_has_bid_does_not_pass() {
    let mut house = House::running();
    house.bid(ALICE, "12.5").unwrap();
    assert_eq!(house.pass(ALICE), refused(Code::AlreadyBid, "in round 1 the bid of 12.5 stands"));
}

#[test]
fn who_has_passed_does_not_bid() {
    let mut house = House::running();
    house.pass(ALICE).unwrap();
    assert_eq!(house.bid(ALICE, "12.5"), refused(Code::AlreadyBid, "in round 1 the participant has passed"));
}

#[test]
fn passing_again_is_answered_as_the_pass_that_stands() {
    let mut house = House::running();
    let receipt = Receipt { round: Some(Round(1)), ..receipt(6) };
    let decided = Decided { events: vec![passed(1, ALICE)], receipt: receipt.clone() };
    assert_eq!(house.pass(ALICE), Ok(decided));
    assert_eq!(house.pass(ALICE), Ok(Decided { events: Vec::new(), receipt }));
}

#[test]
fn the_last_bid_of_a_round_completes_it_and_starts_the_next() {
    let mut house = House::running();
    house.bid(ALICE, "12.5").unwrap();
    house.at = At(300);
    let events = vec![bid_accepted(1, BOB, "11"), round_completed(1), round_started(2, 5_300)];
    assert_eq!(house.bid(BOB, "11"), Ok(Decided { events, receipt: bid_receipt(7, 1, "11") }));
}

#[test]
fn a_pass_may_be_what_completes_the_round() {
    let mut house = House::running();
    house.bid(BOB, "11").unwrap();
    assert_eq!(house.pass(ALICE).unwrap().events, [passed(1, ALICE), round_completed(1), round_started(2, 5_000)]);
}

#[test]
fn the_last_bid_of_the_last_round_completes_the_auction() {
    let mut house = House::running();
    for text in ["10", "20"] {
        house.bid(ALICE, text).unwrap();
        let events = house.bid(BOB, text).unwrap().events;
        if text == "20" {
            let completed = Event::AuctionCompleted { auction: ID };
            assert_eq!(events, [bid_accepted(2, BOB, "20"), round_completed(2), completed]);
        }
    }
    assert_eq!(house.auction().deadline(), None);
    let reason = "the auction is completed; bids are taken while it is active";
    assert_eq!(house.bid(ALICE, "30"), refused(Code::NotOpen, reason));
}

#[test]
fn a_bid_below_the_minimum_is_not_raised_to_it() {
    let mut house = House::running();
    assert_eq!(house.bid(ALICE, "9.5"), refused(Code::BelowMinimum, "the minimum is 10, the bid was 9.5"));
    assert!(house.bid(ALICE, "10").is_ok(), "the minimum itself is enough");
}

#[test]
fn by_lowest_a_bid_above_the_maximum_is_not_lowered_to_it() {
    let mut house = House::joined(Spec { rule: Rule::Lowest, ..painting() });
    assert_eq!(house.bid(ALICE, "10.5"), refused(Code::AboveMaximum, "the maximum is 10, the bid was 10.5"));
    assert!(house.bid(ALICE, "10").is_ok(), "the maximum itself is admitted");
    assert!(house.bid(BOB, "0").is_ok(), "nothing is too cheap");
}

#[test]
fn a_total_that_cannot_be_written_is_refused() {
    let mut house = House::running();
    house.bid(ALICE, "999999999999999.999999").unwrap();
    house.pass(BOB).unwrap();
    let reason = "with 10 the total of 999999999999999.999999 would be above 999999999999999.999999";
    assert_eq!(house.bid(ALICE, "10"), refused(Code::BadAmount, reason));
}

#[test]
fn a_text_that_is_no_amount_is_refused_with_what_is_wrong() {
    assert_eq!(read_amount("-5"), refused(Code::BadAmount, "an amount has no sign"));
    assert_eq!(read_amount("NaN"), refused(Code::BadAmount, "an amount has only digits and one point, not 'N'"));
}

#[test]
fn the_auctioneer_neither_bids_nor_passes() {
    let mut house = House::running();
    assert_eq!(house.bid(AUCTIONEER, "50"), refused(Code::IsAuctioneer, "the auctioneer does not bid"));
    assert_eq!(house.pass(AUCTIONEER), refused(Code::IsAuctioneer, "the auctioneer does not bid"));
}

#[test]
fn who_has_not_joined_neither_bids_nor_passes() {
    let mut house = House::running();
    assert_eq!(house.bid(CAROL, "50"), refused(Code::NotParticipant, "the participant has not joined"));
    assert_eq!(house.pass(CAROL), refused(Code::NotParticipant, "the participant has not joined"));
}

#[test]
fn no_bid_is_taken_before_the_start() {
    let mut house = House::joined(Spec { start: Start::Confirm, ..painting() });
    let reason = "the auction is waiting; bids are taken while it is active";
    assert_eq!(house.bid(ALICE, "50"), refused(Code::NotOpen, reason));
}

#[test]
fn a_bid_for_a_round_to_come_is_in_the_wrong_round() {
    let mut house = House::running();
    assert_eq!(house.bid_in(2, ALICE, "50"), refused(Code::WrongRound, "the round is 1, the bid was for 2"));
    assert_eq!(house.bid_in(0, ALICE, "50"), refused(Code::WrongRound, "the round is 1, the bid was for 0"));
}

#[test]
fn a_bid_for_an_earlier_round_comes_too_late() {
    let mut house = House::running();
    house.bid(ALICE, "10").unwrap();
    house.bid(BOB, "10").unwrap();
    assert_eq!(house.bid_in(1, ALICE, "50"), refused(Code::RoundClosed, "round 1 is complete, the round is 2"));
}
