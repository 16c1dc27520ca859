use super::*;
use crate::auction::winner::{Won, standings, winner};

fn won(participant: ParticipantId, total: &str, price: &str) -> Won {
    Won { participant, total: amount(total), price: amount(price) }
}

/// An auction of Alice and Bob by `highest` with a minimum of 0, and so many rounds of their bids (`-` is a pass).
fn bids(rounds: &[(&str, &str)]) -> Auction {
    bids_by(Rule::Highest, "0", rounds)
}

fn bids_by(rule: Rule, limit: &str, rounds: &[(&str, &str)]) -> Auction {
    let length = u32::try_from(rounds.len()).unwrap();
    let mut house = House::joined(Spec { rule, limit: amount(limit), rounds: length, ..painting() });
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
    assert_eq!(winner(&auction), Some(won(ALICE, "12.5", "12.5")));
    assert_eq!(standings(&auction), [(ALICE, amount("12.5")), (BOB, amount("12.499999"))]);
}

#[test]
fn among_equal_totals_the_one_reached_first_wins() {
    assert_eq!(winner(&bids(&[("10", "10")])), Some(won(ALICE, "10", "10")));
    assert_eq!(winner(&bids(&[("4", "10"), ("6", "-")])), Some(won(BOB, "10", "10")), "Bob had it a round earlier");
}

#[test]
fn a_bid_of_nothing_does_not_reach_the_total_again() {
    assert_eq!(winner(&bids(&[("10", "10"), ("0", "-")])), Some(won(ALICE, "10", "10")));
}

#[test]
fn who_bids_nothing_has_bid() {
    let auction = bids(&[("-", "0"), ("-", "-")]);
    assert_eq!(winner(&auction), Some(won(BOB, "0", "0")));
    assert_eq!(standings(&auction), [(BOB, Amount::ZERO), (ALICE, Amount::ZERO)]);
}

#[test]
fn without_bids_there_is_no_winner() {
    let auction = bids(&[("-", "-"), ("-", "-")]);
    assert_eq!(winner(&auction), None);
    assert_eq!(standings(&auction), [(ALICE, Amount::ZERO), (BOB, Amount::ZERO)], "in order of joining");
}

#[test]
fn by_lowest_the_lowest_total_wins_and_is_paid() {
    let auction = bids_by(Rule::Lowest, "100", &[("10", "12"), ("20", "17.5")]);
    assert_eq!(winner(&auction), Some(won(BOB, "29.5", "29.5")));
    assert_eq!(standings(&auction), [(BOB, amount("29.5")), (ALICE, amount("30"))]);
}

#[test]
fn by_lowest_who_stays_away_from_a_round_is_not_cheaper_by_that() {
    let auction = bids_by(Rule::Lowest, "100", &[("10", "99"), ("-", "99")]);
    assert_eq!(winner(&auction), Some(won(BOB, "198", "198")));
    assert_eq!(winner(&bids_by(Rule::Lowest, "100", &[("-", "99"), ("-", "-")])), Some(won(BOB, "99", "99")));
    assert_eq!(winner(&bids_by(Rule::Lowest, "100", &[("-", "-")])), None, "whose total of 0 is no bid");
}

#[test]
fn by_lowest_among_equal_totals_the_one_reached_first_wins() {
    assert_eq!(winner(&bids_by(Rule::Lowest, "100", &[("5", "4"), ("5", "6")])), Some(won(ALICE, "10", "10")));
}

#[test]
fn by_second_price_the_highest_total_wins_and_pays_the_second_highest() {
    let auction = bids_by(Rule::SecondPrice, "1", &[("10", "12"), ("20", "17.5")]);
    assert_eq!(winner(&auction), Some(won(ALICE, "30", "29.5")));
    assert_eq!(winner(&bids_by(Rule::SecondPrice, "1", &[("7", "7")])), Some(won(ALICE, "7", "7")));
}

#[test]
fn by_second_price_nobody_pays_less_than_the_minimum_of_each_round_that_it_bid_in() {
    let alone = bids_by(Rule::SecondPrice, "10", &[("25", "-"), ("30", "-"), ("-", "-")]);
    assert_eq!(winner(&alone), Some(won(ALICE, "55", "20")));
    let cheap_second = bids_by(Rule::SecondPrice, "10", &[("25", "12"), ("30", "-")]);
    assert_eq!(winner(&cheap_second), Some(won(ALICE, "55", "20")));
    assert_eq!(winner(&bids_by(Rule::SecondPrice, "10", &[("-", "-")])), None);
}
