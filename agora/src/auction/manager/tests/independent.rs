//! Auctions are held side by side: whatever happens in others, an auction comes out as if it were the only one.

use std::time::Duration;

use proptest::prelude::*;

use super::scene::{
    ALICE, AUCTIONEER, BOB, Log, ROOM, Scene, address, auction_of, bid, call, create, join, spec, submit,
};
use crate::auction::event::{Event, Rule, Spec, Start};
use crate::auction::message::{Bidding, Input, Lobby, Outcome, Submit};
use crate::machine::FromLog;
use crate::time::At;

/// Auctions 1 to 3; auction 1 is the one that is looked at.
const AUCTIONS: u128 = 3;

#[derive(Debug, Clone)]
enum What {
    Create(Rule, Start, u32),
    Join,
    Leave,
    Start,
    Cancel,
    Bid(u8),
    Pass,
}

#[derive(Debug, Clone)]
struct Step {
    auction: u128,
    who: u128,
    what: What,
    /// Milliseconds before it.
    wait: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let rule = prop_oneof![Just(Rule::Highest), Just(Rule::Lowest), Just(Rule::SecondPrice)];
    let start = prop_oneof![3 => Just(Start::Auto), 1 => Just(Start::Confirm)];
    let what = prop_oneof![
        2 => (rule, start, 1..4_u32).prop_map(|(rule, start, rounds)| What::Create(rule, start, rounds)),
        6 => Just(What::Join),
        1 => Just(What::Leave),
        1 => Just(What::Start),
        1 => Just(What::Cancel),
        12 => (1..30_u8).prop_map(What::Bid),
        3 => Just(What::Pass),
    ];
    let who = prop_oneof![1 => Just(AUCTIONEER), 4 => Just(ALICE), 4 => Just(BOB), 1 => Just(9)];
    let wait = prop_oneof![8 => 0..50_u64, 1 => 0..70_000_u64];
    (1..=AUCTIONS, who, what, wait).prop_map(|(auction, who, what, wait)| Step { auction, who, what, wait })
}

impl Step {
    /// As request `number`, which creates an auction under the auction's own number.
    fn input(&self, number: u128) -> Input {
        let (who, auction) = (self.who, auction_of(self.auction));
        match self.what {
            What::Create(rule, start, rounds) => create(self.auction, Spec { rule, rounds, start, ..spec() }),
            What::Join => join(who, number, auction),
            What::Leave => Input::Lobby(address(who), Lobby::LeaveRequest { call: call(who, number), auction }),
            What::Start => Input::Lobby(address(who), Lobby::ReadyConfirm { call: call(who, number), auction }),
            What::Cancel => {
                let request = Outcome::CancelRequest { call: call(who, number), auction, reason: None };
                Input::Outcome(address(who), request)
            }
            What::Bid(amount) => bid(who, number, auction, &amount.to_string()),
            What::Pass => {
                let pass = Submit { amount: None, ..submit(who, number, auction, "") };
                Input::Bidding(address(who), Bidding::Submit(pass))
            }
        }
    }
}

/// Lives through the steps of the auctions that count; the time of all of them passes. The events of auction 1.
fn live(steps: &[Step], counts: impl Fn(u128) -> bool) -> Vec<(Event, At)> {
    let (mut leader, mut log) = (Scene::leader(), Log::default());
    for (number, step) in (100..).zip(steps) {
        leader.tell(FromLog::Credit { room: ROOM, quorum: true });
        leader.pass(Duration::from_millis(step.wait));
        while !leader.proposed.is_empty() {
            leader.commit(&mut log);
        }
        if counts(step.auction) {
            leader.done(&mut log, step.input(number));
        }
    }
    assert!(leader.fates_add_up(), "FATE-1");
    leader.manager.book.held(auction_of(1)).map_or_else(Vec::new, |held| held.history().to_vec())
}

proptest! {
    #[test]
    fn what_other_auctions_do_never_changes_a_result(steps in prop::collection::vec(step(), 1..120)) {
        let alone = live(&steps, |auction| auction == 1);
        prop_assert_eq!(live(&steps, |_| true), alone);
    }
}

#[test]
fn auctions_under_test_come_to_results() {
    let step = |who, what| Step { auction: 1, who, what, wait: 1 };
    let steps = [
        step(AUCTIONEER, What::Create(Rule::Highest, Start::Auto, 1)),
        step(ALICE, What::Join),
        step(BOB, What::Join),
        step(ALICE, What::Bid(20)),
        step(BOB, What::Bid(21)),
    ];
    let last = live(&steps, |_| true).pop().map(|(event, _)| event);
    assert_eq!(last, Some(Event::AuctionCompleted { auction: auction_of(1) }));
}
