use super::*;
use crate::auction::event::{MAX_BIDDERS, MAX_ROUNDS};
use crate::auction::message::Phase;

fn create(spec: Spec) -> Result<Decided, Refusal> {
    decide(None, &Command::Create { auction: ID, spec }, AUCTIONEER, At(0), &LIMITS)
}

#[test]
fn whoever_creates_an_auction_is_its_auctioneer() {
    let created = Event::AuctionCreated { auction: ID, auctioneer: AUCTIONEER, spec: painting().into() };
    assert_eq!(create(painting()), Ok(Decided { events: vec![created], receipt: receipt(1) }));
}

#[test]
fn a_malformed_auction_is_refused_with_what_is_wrong() {
    let cases = [
        (Spec { item: String::new(), ..painting() }, "item has 1 to 200 bytes, not 0"),
        (Spec { item: "é".repeat(101), ..painting() }, "item has 1 to 200 bytes, not 202"),
        (Spec { item: "a\nb".into(), ..painting() }, "item has no control characters"),
        (Spec { rounds: 0, ..painting() }, "rounds is 1 to 10000, not 0"),
        (Spec { rounds: MAX_ROUNDS + 1, ..painting() }, "rounds is 1 to 10000, not 10001"),
        (Spec { bidders: 0, ..painting() }, "bidders is 1 to 10000, not 0"),
        (Spec { bidders: MAX_BIDDERS + 1, ..painting() }, "bidders is 1 to 10000, not 10001"),
        (Spec { round_timeout_ms: Some(0), ..painting() }, "round-timeout is at least 1ms, or none"),
    ];
    for (spec, reason) in cases {
        assert_eq!(create(spec), refused(Code::BadRequest, reason));
    }
}

#[test]
fn the_largest_auction_is_accepted() {
    let spec = Spec {
        item: "x".repeat(200),
        rounds: MAX_ROUNDS,
        bidders: MAX_BIDDERS,
        limit: Amount::MAX,
        round_timeout_ms: Some(u64::MAX),
        ..painting()
    };
    assert!(create(spec).is_ok());
}

#[test]
fn creating_the_same_auction_again_repeats_the_receipt() {
    let mut house = House::running();
    let again = house.ask(AUCTIONEER, &Command::Create { auction: ID, spec: painting() });
    assert_eq!(again, Ok(Decided { events: Vec::new(), receipt: receipt(1) }));
}

#[test]
fn an_auction_is_not_created_over_another_one() {
    let mut house = House::running();
    let other = Command::Create { auction: ID, spec: Spec { rounds: 3, ..painting() } };
    let reason = format!("there is another auction {ID}");
    assert_eq!(house.ask(AUCTIONEER, &other), refused(Code::BadRequest, &reason));
    assert_eq!(
        house.ask(ALICE, &Command::Create { auction: ID, spec: painting() }),
        refused(Code::BadRequest, &reason)
    );
}

#[test]
fn what_names_no_auction_is_not_found() {
    let (auction, round) = (ID, None);
    let commands = [
        Command::Join(ID),
        Command::Leave(ID),
        Command::Start(ID),
        Command::Cancel { auction, reason: None },
        Command::Bid { auction, round, amount: Amount::ZERO },
        Command::Pass { auction, round },
    ];
    for command in commands {
        let outcome = decide(None, &command, ALICE, At(0), &LIMITS);
        assert_eq!(outcome, refused(Code::NotFound, &format!("there is no auction {ID}")));
    }
}

#[test]
fn an_automatic_auction_starts_with_the_join_that_reaches_the_minimum() {
    let mut house = House::waiting(painting());
    assert_eq!(house.join(ALICE), Ok(Decided { events: vec![joined(ALICE)], receipt: receipt(2) }));
    house.at = At(70);
    let events = vec![joined(BOB), Event::AuctionStarted { auction: ID }, round_started(1, 5_070)];
    assert_eq!(house.join(BOB), Ok(Decided { events, receipt: receipt(3) }));
}

#[test]
fn the_auctioneer_is_asked_once_at_the_join_that_reaches_the_minimum() {
    let mut house = House::waiting(Spec { start: Start::Confirm, ..painting() });
    assert_eq!(house.join(ALICE).unwrap().events, [joined(ALICE)]);
    house.at = At(70);
    let check = Event::ReadyCheck { auction: ID, deadline: At(60_070) };
    assert_eq!(house.join(BOB), Ok(Decided { events: vec![joined(BOB), check], receipt: receipt(3) }));
    house.at = At(80);
    assert_eq!(house.join(CAROL), Ok(Decided { events: vec![joined(CAROL)], receipt: receipt(5) }));
    assert_eq!(house.auction().deadline(), Some(At(60_070)), "a late bidder gives no more time");
}

#[test]
fn the_auctioneer_does_not_join() {
    let mut house = House::waiting(painting());
    let reason = "the auctioneer does not join as a bidder";
    assert_eq!(house.join(AUCTIONEER), refused(Code::IsAuctioneer, reason));
}

#[test]
fn nobody_joins_twice() {
    let mut house = House::waiting(painting());
    house.join(ALICE).unwrap();
    assert_eq!(house.join(ALICE), refused(Code::AlreadyJoined, "the participant has joined before"));
}

#[test]
fn nobody_joins_an_auction_that_has_started() {
    let mut house = House::running();
    let reason = "the auction is active; bidders join while it is waiting";
    assert_eq!(house.join(CAROL), refused(Code::NotOpen, reason));
}

#[test]
fn an_auction_holds_no_more_than_its_limit_of_bidders() {
    let mut house = House::waiting(Spec { start: Start::Confirm, ..painting() });
    for number in 1_000..1_000 + u128::from(MAX_BIDDERS) {
        house.join(ParticipantId(Uuid::from_u128(number))).unwrap();
    }
    let reason = "the auction has 10000 bidders, the most that it can hold";
    assert_eq!(house.join(ALICE), refused(Code::Full, reason));
}

#[test]
fn the_auctioneer_starts_the_auction_and_the_check_is_over() {
    let mut house = House::joined(Spec { start: Start::Confirm, ..painting() });
    house.at = At(59_999);
    let events = vec![Event::AuctionStarted { auction: ID }, round_started(1, 64_999)];
    assert_eq!(house.start(AUCTIONEER), Ok(Decided { events, receipt: receipt(5) }));
    assert_eq!((house.auction().phase(), house.auction().deadline()), (Phase::Active, Some(At(64_999))));
}

#[test]
fn only_the_auctioneer_starts_the_auction() {
    let mut house = House::joined(Spec { start: Start::Confirm, ..painting() });
    assert_eq!(house.start(ALICE), refused(Code::NotAuctioneer, "only the auctioneer starts the auction"));
}

#[test]
fn an_auction_does_not_start_below_its_minimum_of_bidders() {
    let mut house = House::waiting(Spec { start: Start::Confirm, ..painting() });
    house.join(ALICE).unwrap();
    assert_eq!(house.start(AUCTIONEER), refused(Code::NotReady, "1 of at least 2 bidders have joined"));
}

#[test]
fn an_auction_starts_once() {
    let mut house = House::running();
    let reason = "the auction is active; it starts while it is waiting";
    assert_eq!(house.start(AUCTIONEER), refused(Code::NotOpen, reason));
}

#[test]
fn a_bidder_leaves_a_waiting_auction_and_may_come_back() {
    let mut house = House::waiting(painting());
    house.join(ALICE).unwrap();
    assert_eq!(house.leave(ALICE), Ok(Decided { events: vec![left(ALICE)], receipt: receipt(3) }));
    assert_eq!((house.auction().bidders().len(), house.auction().phase()), (0, Phase::Waiting));
    assert_eq!(house.leave(ALICE), refused(Code::NotParticipant, "the participant has not joined"));
    house.join(BOB).unwrap();
    assert_eq!(house.auction().phase(), Phase::Waiting, "one bidder is not two");
    house.join(ALICE).unwrap();
    let order: Vec<_> = house.auction().bidders().iter().map(|bidder| bidder.id).collect();
    assert_eq!((house.auction().phase(), order), (Phase::Active, vec![BOB, ALICE]));
}

#[test]
fn leaving_below_the_minimum_takes_back_the_ready_check_and_its_timer() {
    let mut house = House::joined(Spec { start: Start::Confirm, ..painting() });
    house.join(CAROL).unwrap();
    house.leave(ALICE).unwrap();
    assert_eq!(house.auction().deadline(), Some(At(60_000)), "two are enough");
    house.leave(BOB).unwrap();
    assert_eq!(house.auction().deadline(), None);
    assert_eq!(house.wait(100_000), [], "nothing is cancelled");
    assert_eq!(house.start(AUCTIONEER), refused(Code::NotReady, "1 of at least 2 bidders have joined"));
    let check = Event::ReadyCheck { auction: ID, deadline: At(160_000) };
    assert_eq!(house.join(BOB).unwrap().events, [joined(BOB), check], "it is asked again, with the whole time");
    house.start(AUCTIONEER).unwrap();
    house.bid(BOB, "11").unwrap();
    assert_eq!(house.auction().bidder(CAROL).map(|bidder| bidder.id), Some(CAROL), "places moved with the bidders");
}

#[test]
fn nobody_leaves_an_auction_that_has_started_and_the_auctioneer_never_does() {
    let mut house = House::running();
    let reason = "the auction is active; bidders leave while it is waiting";
    assert_eq!(house.leave(ALICE), refused(Code::NotOpen, reason));
    assert_eq!(house.leave(CAROL), refused(Code::NotParticipant, "the participant has not joined"));
    let reason = "the auctioneer does not leave; it may cancel the auction";
    assert_eq!(house.leave(AUCTIONEER), refused(Code::IsAuctioneer, reason));
}

#[test]
fn the_auctioneer_withdraws_a_waiting_auction_or_cancels_an_active_one() {
    for (mut house, seq) in [(House::waiting(painting()), 2), (House::running(), 6)] {
        let reason = |reason: &str| Event::AuctionCancelled { auction: ID, reason: reason.into() };
        assert_eq!(house.cancel(ALICE, None), refused(Code::NotAuctioneer, "only the auctioneer cancels the auction"));
        let mut other = House { auction: house.auction.clone(), events: house.events.clone(), at: house.at };
        assert_eq!(other.cancel(AUCTIONEER, None).unwrap().events, [reason("BY_AUCTIONEER")]);
        let events = vec![reason("no time")];
        assert_eq!(house.cancel(AUCTIONEER, Some("no time")), Ok(Decided { events, receipt: receipt(seq) }));
        let auction = house.auction();
        assert_eq!((auction.phase(), auction.is_open(), auction.deadline()), (Phase::Cancelled, false, None));
        let over = "the auction is cancelled; it is cancelled while it is waiting or active";
        assert_eq!(house.cancel(AUCTIONEER, None), refused(Code::NotOpen, over));
        assert_eq!(house.wait(100_000), []);
    }
}

#[test]
fn a_reason_is_words_for_people() {
    let mut house = House::running();
    let long = "x".repeat(201);
    for (reason, wrong) in [
        ("", "reason has 1 to 200 bytes, not 0"),
        (long.as_str(), "reason has 1 to 200 bytes, not 201"),
        ("a\u{7}", "reason has no control characters"),
        ("START_TIMEOUT", "START_TIMEOUT is told only by the cluster; give another reason"),
        ("superseded", "superseded is told only by the cluster; give another reason"),
    ] {
        assert_eq!(house.cancel(AUCTIONEER, Some(reason)), refused(Code::BadRequest, wrong));
    }
}
