use super::*;
use crate::auction::message::{Line, Phase};
use crate::client::event::{Event, Side, What};
use crate::client::fold::{Bid, View};
use crate::id::Round;

/// The events, numbered from 1.
fn events(whats: Vec<What>) -> Vec<Event> {
    whats.into_iter().zip(1..).map(|(what, seq)| Event { head: head(seq), what }).collect()
}

fn line(n: u8, bid: Option<&str>, total: &str) -> Line {
    Line { participant: participant(n), amount: bid.map(amount), total: Some(amount(total)) }
}

fn bid(n: u8, pass: bool) -> What {
    What::Bid { round: Round(1), participant: participant(n), pass, amount: None }
}

fn until_round_1() -> Vec<What> {
    vec![
        What::Created { auctioneer: ME, spec: spec() },
        What::Joined { participant: participant(1) },
        What::Joined { participant: participant(2) },
        What::ReadyCheck { remaining: Duration::from_secs(60) },
        What::Started,
        What::RoundStarted { round: Round(1), remaining: None },
        bid(1, false),
        bid(2, true),
    ]
}

#[test]
fn a_view_begins_with_the_first_event_only() {
    assert_eq!(View::fold(&events(vec![What::Started])), None);
    assert_eq!(View::fold(&[]), None);
}

#[test]
fn in_an_open_round_bids_are_there_and_their_amounts_are_not() {
    let view = View::fold(&events(until_round_1())).expect("a view");
    assert_eq!((view.phase, view.round, view.open), (Phase::Active, Round(1), true));
    assert_eq!(view.bidders, [participant(1), participant(2)]);
    let bid = |seq, n, pass| Bid { seq: Seq(seq), round: Round(1), participant: participant(n), pass, amount: None };
    assert_eq!(view.bids, [bid(7, 1, false), bid(8, 2, true)]);
    assert_eq!(view.last, Seq(8));
}

#[test]
fn a_complete_round_opens_its_amounts() {
    let mut whats = until_round_1();
    let lines = vec![line(1, Some("12.5"), "12.5"), line(2, None, "0")];
    whats.push(What::RoundCompleted { round: Round(1), lines: lines.clone() });
    let view = View::fold(&events(whats)).expect("a view");
    assert_eq!(view.bids[0].amount, Some(amount("12.5")));
    assert_eq!(view.bids[1].amount, None);
    assert_eq!(view.standings, lines);
    assert!(!view.open);
}

#[test]
fn an_end_has_a_winner_and_standings() {
    let mut whats = until_round_1();
    let (winner, total) = (Some(participant(1)), Some(amount("12.5")));
    whats.push(What::Ended { side: Side::Aside, winner, total, price: total, lines: vec![line(1, None, "12.5")] });
    let view = View::fold(&events(whats)).expect("a view");
    assert_eq!(view.phase, Phase::Completed);
    assert_eq!(view.winner, Some((participant(1), total)));
    assert_eq!(view.standings, [line(1, None, "12.5")]);
}

#[test]
fn a_cancelled_auction_keeps_its_reason() {
    let mut whats = until_round_1();
    whats.push(What::Cancelled { reason: "START_TIMEOUT".into() });
    let view = View::fold(&events(whats)).expect("a view");
    assert_eq!((view.phase, view.reason.as_deref()), (Phase::Cancelled, Some("START_TIMEOUT")));
}

#[test]
fn the_time_that_is_left_is_that_of_the_ready_check_or_round_that_is_open() {
    let minute = Duration::from_secs(60);
    let remaining = |whats: &[What]| View::fold(&events(whats.to_vec())).expect("a view").remaining;
    let created = || until_round_1().remove(0);
    let joined = |n| What::Joined { participant: participant(n) };
    let check = || What::ReadyCheck { remaining: minute };
    let ready = [created(), joined(1), joined(2), check()];
    assert_eq!(remaining(&ready[..3]), None);
    assert_eq!(remaining(&ready), Some(minute));
    assert_eq!(remaining(&[&ready[..], &[joined(3)]].concat()), Some(minute));
    let left = What::Left { participant: participant(1) };
    assert_eq!(remaining(&[&ready[..], std::slice::from_ref(&left)].concat()), None, "taken back");
    assert_eq!(remaining(&[&ready[..], &[joined(3), left]].concat()), Some(minute), "enough are left");
    assert_eq!(remaining(&[&ready[..], &[What::Started]].concat()), None);
    let round = What::RoundStarted { round: Round(1), remaining: Some(minute) };
    assert_eq!(remaining(&[&ready[..], &[What::Started, round]].concat()), Some(minute));
}
