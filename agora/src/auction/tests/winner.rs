use super::*;
use crate::auction::winner::{standings, winner};

/// An auction of Alice and Bob with a minimum of 0, and so many rounds of their bids (`-` is a pass).
fn bids(rounds: &[(&str, &str)]) -> Auction {
    let length = u32::try_from(rounds.len()).unwrap();
    let mut house = House::joined(Spec { limit: Amount::ZERO, rounds: length, ..painting() });
    for (alice, bob) in rounds {
        for (who, text) in [(ALICE, alice), (BOB, bob)] {
            if *text == "-" { house.pass(who) } else { house.bid(who, text) }.unwrap();
        }
    }
    house.auction().clone()
}

#[test]
fn the_highest_total_wins() {
    let auction = bids(&[("10", "12"), ("0.5", "-"), ("2", "0.499999")]);
    assert_eq!(winner(&auction), Some((ALICE, amount("12.5"))));
    assert_eq!(standings(&auction), [(ALICE, amount("12.5")), (BOB, amount("12.499999"))]);
}

#[test]
fn among_equal_totals_the_one_reached_first_wins() {
    assert_eq!(winner(&bids(&[("10", "10")])), Some((ALICE, amount("10"))));
    assert_eq!(winner(&bids(&[("4", "10"), ("6", "-")])), Some((BOB, amount("10"))), "Bob had it a round earlier");
}

#[test]
fn a_bid_of_nothing_does_not_reach_the_total_again() {
    assert_eq!(winner(&bids(&[("10", "10"), ("0", "-")])), Some((ALICE, amount("10"))));
}

#[test]
fn who_bids_nothing_has_bid() {
    let auction = bids(&[("-", "0"), ("-", "-")]);
    assert_eq!(winner(&auction), Some((BOB, Amount::ZERO)));
    assert_eq!(standings(&auction), [(BOB, Amount::ZERO), (ALICE, Amount::ZERO)]);
}

#[test]
fn without_bids_there_is_no_winner() {
    let auction = bids(&[("-", "-"), ("-", "-")]);
    assert_eq!(winner(&auction), None);
    assert_eq!(standings(&auction), [(ALICE, Amount::ZERO), (BOB, Amount::ZERO)], "in order of joining");
}
