//! What holds of the auction rules whatever is asked, by whomever, whenever.

use std::collections::BTreeMap;
use std::time::Duration;

use agora::amount::Amount;
use agora::auction::apply::{apply, state_at};
use agora::auction::decide::{Limits, decide, tick};
use agora::auction::event::{Command, Decision, Disclosure, Event, Rule, Spec, Start};
use agora::auction::message::{Bidding, Head, Line, Outcome, Phase};
use agora::auction::refusal::MAX_REASON;
use agora::auction::state::Auction;
use agora::auction::view::{Showing, Shown, needs_state_at, view};
use agora::auction::winner::winner;
use agora::id::{AuctionId, ParticipantId, Round, Seq};
use agora::time::At;
use proptest::prelude::*;
use uuid::Uuid;

const ID: AuctionId = AuctionId(Uuid::from_u128(7));
const LIMITS: Limits = Limits { start_timeout: Duration::from_secs(60), max_bidders: 10_000 };
/// Participants 1 to 5; the first is the auctioneer.
const PEOPLE: u128 = 5;

fn person(number: u128) -> ParticipantId {
    ParticipantId(Uuid::from_u128(number))
}

fn any_person() -> impl Strategy<Value = ParticipantId> {
    (1..=PEOPLE).prop_map(person)
}

fn any_amount() -> impl Strategy<Value = Amount> {
    let micros = prop_oneof![
        6 => (0..8u128).prop_map(|number| number * 2_500_000),
        1 => 0..Amount::MAX.micros(),
        1 => Just(Amount::MAX.micros()),
    ];
    micros.prop_map(|micros| Amount::from_micros(micros).expect("within the limit"))
}

fn any_spec() -> impl Strategy<Value = Spec> {
    let rule = prop_oneof![2 => Just(Rule::Highest), 1 => Just(Rule::Lowest), 1 => Just(Rule::SecondPrice)];
    let disclosure = prop_oneof![Just(Disclosure::Sealed), Just(Disclosure::Open), Just(Disclosure::Secret)];
    let timeout = prop_oneof![Just(None), (1..30u64).prop_map(Some)];
    let start = prop_oneof![3 => Just(Start::Auto), 1 => Just(Start::Confirm)];
    let item = "Painting".to_string();
    (rule, disclosure, 0..3u128, 1..4u32, 1..4u32, timeout, start).prop_map(
        move |(rule, disclosure, limit, rounds, bidders, round_timeout_ms, start)| {
            // By `lowest` the limit is the highest bid that is taken.
            let limit = if rule == Rule::Lowest { limit + 5 } else { limit };
            let limit = Amount::from_micros(limit * 2_500_000).expect("within the limit");
            Spec { item: item.clone(), rule, disclosure, limit, rounds, bidders, round_timeout_ms, start }
        },
    )
}

fn any_command() -> impl Strategy<Value = Command> {
    let round = || prop_oneof![5 => Just(None), 2 => (0..5u32).prop_map(|round| Some(Round(round)))];
    prop_oneof![
        3 => Just(Command::Join(ID)),
        1 => Just(Command::Leave(ID)),
        1 => Just(Command::Start(ID)),
        1 => prop::option::of(Just("no time".to_string())).prop_map(|reason| Command::Cancel { auction: ID, reason }),
        9 => (round(), any_amount()).prop_map(|(round, amount)| Command::Bid { auction: ID, round, amount }),
        2 => round().prop_map(|round| Command::Pass { auction: ID, round }),
        1 => any_spec().prop_map(|spec| Command::Create { auction: ID, spec }),
    ]
}

/// Who asks what, after how many milliseconds.
type Step = (ParticipantId, Command, u64);

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![9 => 0..6u64, 1 => 0..100_000u64];
    prop::collection::vec((any_person(), any_command(), wait), 0..60)
}

/// An auction's whole life: its events, and the state after each.
#[derive(Debug, Default)]
struct Life {
    events: Vec<Event>,
    states: Vec<Auction>,
}

impl Life {
    fn last(&self) -> &Auction {
        self.states.last().expect("created")
    }

    /// Whether the event fits.
    fn happens(&mut self, event: Event) -> bool {
        let mut state = self.states.last().cloned();
        let number = apply(&mut state, &event);
        if number.is_some() {
            assert_eq!(number, Some(seq(self.events.len())));
            self.events.push(event);
            self.states.extend(state);
        }
        number.is_some()
    }

    fn happen(&mut self, events: Vec<Event>) {
        for event in events {
            assert!(self.happens(event.clone()), "what is decided fits: {event:?}");
        }
    }

    /// What the event at `place` is shown as, right after it.
    fn shown(&self, place: usize, to: Option<ParticipantId>) -> Vec<Shown> {
        view(&self.states[place], &self.events[place], head(place), At(0), to)
    }
}

/// The number of the event at a place from 0.
fn seq(place: usize) -> Seq {
    Seq(place as u64 + 1)
}

fn head(place: usize) -> Head {
    Head { auction: ID, epoch: 1, seq: seq(place), at: At(0) }
}

/// Lives through the steps as a leader does: first what deadlines cause, then the command.
fn live(spec: Spec, steps: &[Step]) -> Life {
    let mut life = Life::default();
    let create = Command::Create { auction: ID, spec };
    life.happen(decide(None, &create, person(1), At(0), &LIMITS).expect("a good spec").events);
    let mut at = At(0);
    for (who, command, wait) in steps {
        at = at + Duration::from_millis(*wait);
        life.happen(tick(life.last(), at, &LIMITS));
        assert_eq!(tick(life.last(), at, &LIMITS), [], "a deadline acts once");
        let next = life.last().seq().next();
        match decide(Some(life.last()), command, *who, at, &LIMITS) {
            Ok(decided) if decided.events.is_empty() => assert!(decided.receipt.seq < next, "it repeats an old event"),
            Ok(decided) => {
                assert_eq!(decided.receipt.seq, next);
                life.happen(decided.events);
            }
            Err(refusal) => assert!((1..=MAX_REASON).contains(&refusal.reason.len()), "{refusal}"),
        }
    }
    life
}

/// Everybody who may be shown something, and a watcher.
fn everybody() -> impl Iterator<Item = Option<ParticipantId>> {
    (1..=PEOPLE).map(person).map(Some).chain([None])
}

/// Whose amounts a message tells.
fn told(shown: &Shown) -> Vec<ParticipantId> {
    let told = |line: &&Line| line.amount.is_some() || line.total.is_some();
    let lines = |lines: &[Line]| lines.iter().filter(told).map(|line| line.participant).collect();
    match shown {
        Shown::Bidding(Bidding::Broadcast { participant, amount: Some(_), .. }) => vec![*participant],
        Shown::Bidding(Bidding::RoundComplete { page, .. }) => lines(&page.lines),
        Shown::Outcome(Outcome::Winner(end) | Outcome::Loser(end) | Outcome::Result(end)) => lines(&end.page.lines),
        _ => Vec::new(),
    }
}

/// The head of a message that shows an event, which page it is, and of how many.
fn head_and_page(shown: &Shown) -> (Head, u16, u16) {
    match shown {
        Shown::Bidding(
            Bidding::Created { head, .. }
            | Bidding::Joined { head, .. }
            | Bidding::Left { head, .. }
            | Bidding::ReadyCheck { head, .. }
            | Bidding::Start { head }
            | Bidding::RoundStart { head, .. }
            | Bidding::Broadcast { head, .. },
        )
        | Shown::Outcome(Outcome::Cancel { head, .. }) => (*head, 1, 1),
        Shown::Bidding(Bidding::RoundComplete { head, page, .. }) => (*head, page.number, page.of),
        Shown::Outcome(Outcome::Winner(end) | Outcome::Loser(end) | Outcome::Result(end)) => {
            (end.head, end.page.number, end.page.of)
        }
        other => panic!("{other:?} shows no event"),
    }
}

/// A winner, its total and its price, in millionths.
type Counted = (ParticipantId, u128, u128);

/// Totals, then the winner with its total and price, counted from the bids alone: the best total, then whose last raising
/// bid came first.
fn count(spec: &Spec, events: &[Event]) -> (BTreeMap<ParticipantId, u128>, Option<Counted>) {
    let mut totals: BTreeMap<ParticipantId, u128> = BTreeMap::new();
    let mut reached = BTreeMap::new();
    let mut rounds: BTreeMap<ParticipantId, u128> = BTreeMap::new();
    for (place, event) in events.iter().enumerate() {
        if let Event::BidAccepted { participant, amount, .. } = event {
            *totals.entry(*participant).or_insert(0) += amount.micros();
            *rounds.entry(*participant).or_insert(0) += 1;
            if *amount > Amount::ZERO || !reached.contains_key(participant) {
                reached.insert(*participant, place);
            }
        }
    }
    let most = rounds.values().max().copied();
    let may_win = |who: &ParticipantId| spec.rule != Rule::Lowest || rounds.get(who).copied() == most;
    let candidates: Vec<_> = totals.iter().filter(|(who, _)| may_win(who)).map(|(_, total)| *total).collect();
    let best = if spec.rule == Rule::Lowest { candidates.iter().min() } else { candidates.iter().max() };
    let winner = reached
        .iter()
        .filter(|(who, _)| may_win(who) && totals.get(who) == best)
        .min_by_key(|(_, place)| **place)
        .map(|(who, _)| *who);
    let won = winner.map(|who| {
        let others = totals.iter().filter(|(other, _)| **other != who).map(|(_, total)| *total).max();
        let least = spec.limit.micros() * rounds[&who];
        let second = others.unwrap_or(0).max(least);
        (who, totals[&who], if spec.rule == Rule::SecondPrice { second } else { totals[&who] })
    });
    (totals, won)
}

/// Whether the disclosure lets the event at hand tell everybody amounts of the bids in `round`.
fn opens(disclosure: Disclosure, event: &Event, round: Round) -> bool {
    match (disclosure, event) {
        (_, Event::AuctionCompleted { .. }) => true,
        (Disclosure::Open, Event::BidAccepted { round: of, .. } | Event::RoundCompleted { round: of, .. })
        | (Disclosure::Sealed, Event::RoundCompleted { round: of, .. }) => *of >= round,
        _ => false,
    }
}

proptest! {
    #[test]
    fn totals_are_exact_and_the_winner_is_the_one_counted_by_hand(spec in any_spec(), steps in any_steps()) {
        let life = live(spec, &steps);
        let (totals, best) = count(life.last().spec(), &life.events);
        for bidder in life.last().bidders() {
            prop_assert_eq!(bidder.total.micros(), totals.get(&bidder.id).copied().unwrap_or(0));
        }
        let won = winner(life.last()).map(|won| (won.participant, won.total.micros(), won.price.micros()));
        prop_assert_eq!(won, best);
        prop_assert!(won.is_none_or(|(_, total, price)| price <= total), "nobody pays more than it bid");
    }

    #[test]
    fn a_bid_asked_again_in_its_round_is_answered_the_same(
        spec in any_spec(), steps in any_steps(), who in any_person(), command in any_command()
    ) {
        let mut life = live(Spec { round_timeout_ms: None, ..spec }, &steps);
        let (at, round) = (At(u64::MAX), life.last().round());
        life.happen(tick(life.last(), at, &LIMITS));
        let bids = matches!(command, Command::Bid { .. } | Command::Pass { .. });
        let first = decide(Some(life.last()), &command, who, at, &LIMITS);
        if let Ok(first) = first.clone() {
            life.happen(first.events);
        }
        if bids && life.last().is_open() && life.last().round() == round {
            let again = decide(Some(life.last()), &command, who, at, &LIMITS);
            prop_assert_eq!(again.map(|again| (again.events, again.receipt)), first.map(|it| (Vec::new(), it.receipt)));
        }
    }

    #[test]
    fn rounds_and_phases_only_go_forward(spec in any_spec(), steps in any_steps()) {
        let life = live(spec, &steps);
        for pair in life.states.windows(2) {
            prop_assert!(pair[0].phase() <= pair[1].phase() && pair[0].round() <= pair[1].round());
            let over = pair[1].phase() > Phase::Active;
            prop_assert!(!over || (pair[1].deadline().is_none() && !pair[1].is_open()));
        }
    }

    #[test]
    fn the_events_alone_give_every_state_again(spec in any_spec(), steps in any_steps()) {
        let life = live(spec, &steps);
        for (place, state) in life.states.iter().enumerate() {
            let again = state_at(&life.events, seq(place));
            prop_assert_eq!(again.as_ref(), Some(state));
        }
    }

    #[test]
    fn events_come_back_from_bytes_as_they_were(spec in any_spec(), steps in any_steps()) {
        let decision = Decision { key: None, events: live(spec, &steps).events, answer: None, floor: None };
        let bytes = rmp_serde::to_vec(&decision).unwrap();
        prop_assert_eq!(rmp_serde::from_slice::<Decision>(&bytes).unwrap(), decision);
    }

    #[test]
    fn events_in_any_order_never_panic_and_count_only_if_they_fit(
        spec in any_spec(), steps in any_steps(), order in prop::collection::vec(any::<prop::sample::Index>(), 0..80)
    ) {
        let events = live(spec, &steps).events;
        let mut auction = None;
        for event in order.iter().map(|index| index.get(&events)) {
            let before = auction.clone();
            match apply(&mut auction, event) {
                None => prop_assert_eq!(&before, &auction),
                Some(number) => {
                    prop_assert_eq!(auction.as_ref().map(Auction::seq), Some(number));
                    prop_assert_eq!(before.map_or(Seq(0), |before| before.seq()).next(), number);
                }
            }
        }
    }

    /// ORDER-1: numbers have no gaps for anyone.
    #[test]
    fn everybody_is_shown_every_event_as_one_message(spec in any_spec(), steps in any_steps()) {
        let life = live(spec, &steps);
        for place in 0..life.events.len() {
            for to in everybody() {
                let shown = life.shown(place, to);
                let of = u16::try_from(shown.len()).unwrap();
                let pages: Vec<_> = shown.iter().map(head_and_page).collect();
                let expected: Vec<_> = (1..=of.max(1)).map(|number| (head(place), number, of)).collect();
                prop_assert_eq!(pages, expected);
            }
        }
    }

    #[test]
    fn who_has_the_same_eyes_is_shown_the_same(spec in any_spec(), steps in any_steps()) {
        let life = live(spec, &steps);
        for (place, event) in life.events.iter().enumerate() {
            let showing = Showing::new(&life.states[place], event).expect("they belong together");
            for to in everybody() {
                prop_assert_eq!(showing.to(head(place), At(0), showing.eyes(to)), life.shown(place, to));
            }
        }
    }

    #[test]
    fn an_old_event_is_shown_as_it_was_when_it_was_new(spec in any_spec(), steps in any_steps()) {
        let life = live(spec, &steps);
        for (place, event) in life.events.iter().enumerate().filter(|(_, event)| !needs_state_at(event)) {
            for to in everybody() {
                prop_assert_eq!(view(life.last(), event, head(place), At(0), to), life.shown(place, to));
            }
        }
    }

    /// SEAL-1, for amounts that are written out.
    #[test]
    fn no_amount_is_shown_before_its_time(spec in any_spec(), steps in any_steps()) {
        let life = live(spec, &steps);
        for (place, event) in life.events.iter().enumerate() {
            if !opens(life.last().spec().disclosure, event, life.states[place].round()) {
                for to in everybody() {
                    let told: Vec<_> = life.shown(place, to).iter().flat_map(told).map(Some).collect();
                    prop_assert!(told.iter().all(|whose| *whose == to), "{to:?} is told amounts of {told:?}");
                }
            }
        }
    }

    /// SEAL-1, for anything that would tell two amounts apart, such as the order of lines.
    #[test]
    fn a_sealed_amount_leaves_no_trace(
        spec in any_spec(), steps in any_steps(), which in any::<prop::sample::Index>(), other in any_amount()
    ) {
        let life = live(spec, &steps);
        let bids: Vec<_> = (0..life.events.len())
            .filter(|&place| matches!(life.events[place], Event::BidAccepted { .. }))
            .collect();
        prop_assume!(!bids.is_empty());
        let changed = *which.get(&bids);
        let mut twin = Life::default();
        let (mut bidder, mut of) = (person(0), Round(0));
        for (place, event) in life.events.iter().enumerate() {
            let mut event = event.clone();
            if let Event::BidAccepted { participant, round, amount, .. } = &mut event && place == changed {
                (bidder, of) = (*participant, *round);
                *amount = other;
            }
            // From where the disclosure opens it, or where the other amount makes too large a total, they may differ.
            if (place >= changed && opens(life.last().spec().disclosure, &event, of)) || !twin.happens(event) {
                break;
            }
            for to in everybody().filter(|to| *to != Some(bidder)) {
                prop_assert_eq!(life.shown(place, to), twin.shown(place, to));
            }
        }
    }
}
