//! What waits to be told: in slices, in order, once to each (ORDER-1).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::scene::{AUCTIONEER, Log, Scene, address, auction_of, bid, create, join, participant, session, spec};
use crate::auction::event::{Disclosure, Spec, Start};
use crate::auction::message::{Bidding, Input, Outcome, Output};
use crate::auction::protocol::Pace;
use crate::heartbeat::message::ClientBeat;
use crate::id::{AuctionId, Seq};

const BIDDERS: u128 = 13;
const AGAIN: Duration = Duration::from_millis(2);

/// Four messages at once, to four followers of one auction before the next has its turn.
const SLOW: Pace = Pace { room: 256, again: AGAIN, slice: 256 };

fn large(disclosure: Disclosure) -> Spec {
    let bidders = u32::try_from(BIDDERS).expect("few");
    Spec { disclosure, bidders, rounds: 2, round_timeout_ms: None, start: Start::Auto, ..spec() }
}

/// What events each follower was shown, in the order in which it was.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told(BTreeMap<SocketAddr, Vec<Output>>);

impl Told {
    /// Keeps the events in `out`; how many there are.
    fn note(&mut self, out: Vec<Output>) -> usize {
        let mut noted = 0;
        for output in out {
            let to = match &output {
                Output::Bidding(_, Bidding::Ack(_) | Bidding::Deny(_)) => continue,
                Output::Bidding(to, _) => *to,
                Output::Outcome(to, Outcome::Winner(_) | Outcome::Loser(_) | Outcome::Result(_)) => *to,
                _ => continue,
            };
            self.0.entry(to).or_default().push(output);
            noted += 1;
        }
        noted
    }
}

/// An auction to its end, on a leader of this pace; without time passing until it is over. What its followers were told of
/// it once it ran, and how many messages at most at once.
fn play(mut leader: Scene, spec: Spec) -> (Told, usize) {
    let (mut log, mut told, auction) = (Log::default(), Told::default(), auction_of(1));
    leader.done(&mut log, create(1, spec));
    for bidder in 0..BIDDERS {
        leader.done(&mut log, join(100 + bidder, 10 + bidder, auction));
    }
    for _ in 0..100 {
        leader.pass(AGAIN); // Who joins late may be pushed what was before, which is no matter here.
    }
    for round in 0..2 {
        for bidder in 0..BIDDERS {
            let amount = (20 + 10 * round + bidder).to_string();
            told.note(leader.done(&mut log, bid(100 + bidder, 1_000 * (round + 1) + bidder, auction, &amount)));
        }
    }
    let mut most = 0;
    while leader.manager.backlog.due().is_some() {
        most = most.max(told.note(leader.pass(AGAIN)));
    }
    (told, most)
}

#[test]
fn each_follower_is_told_the_same_at_any_pace() {
    for disclosure in [Disclosure::Sealed, Disclosure::Secret, Disclosure::Open] {
        let (at_once, none) = play(Scene::leader(), large(disclosure));
        assert_eq!(none, 0, "nothing is left to be told");
        assert_eq!(at_once.0.len(), usize::try_from(BIDDERS).expect("few") + 1);
        let (slowly, most) = play(Scene::paced(SLOW), large(disclosure));
        assert!((1..=16 * 4).contains(&most), "{most} at once");
        assert_eq!(slowly, at_once, "{disclosure:?}");
    }
}

/// An auction whose followers are still to be told of the joining of all but some.
fn behind(log: &mut Log) -> (Scene, AuctionId) {
    let (mut leader, auction) = (Scene::paced(SLOW), auction_of(1));
    leader.done(log, create(1, large(Disclosure::Sealed)));
    for bidder in 0..BIDDERS - 1 {
        leader.done(log, join(100 + bidder, 10 + bidder, auction));
    }
    leader.pass(AGAIN);
    (leader, auction)
}

#[test]
fn who_follows_another_auction_waits_for_one_slice_of_a_large_one() {
    let mut log = Log::default();
    let (mut leader, large) = behind(&mut log);
    leader.done(&mut log, create(2, spec()));
    let (mut told, small) = (Vec::new(), auction_of(2));
    while leader.manager.backlog.told(large).is_some() {
        told.extend(leader.pass(AGAIN).into_iter().filter_map(|output| match output {
            Output::Bidding(_, Bidding::Created { head, .. } | Bidding::Joined { head, .. }) => Some(head.auction),
            _ => None,
        }));
    }
    let place = told.iter().position(|auction| *auction == small).expect("it was told");
    assert!(place <= 16 * 4, "{place} of {} before it", told.len());
    assert!(told.len() > 2 * place, "and the large one had more to tell");
}

#[test]
fn a_heartbeat_is_told_the_last_event_that_all_followers_were_told() {
    let mut log = Log::default();
    let (mut leader, auction) = behind(&mut log);
    let last = |leader: &mut Scene| {
        let beat = ClientBeat { session: session(AUCTIONEER), follows: vec![(auction, Seq(0))] };
        match &leader.tell(Input::HeartBeat { from: address(AUCTIONEER), number: 1, beat })[..] {
            [Output::HeartBeatAck { last, .. }] => last.first().map(|(_, seq)| *seq),
            other => panic!("{other:?}"),
        }
    };
    let early = last(&mut leader);
    assert!(early < Some(Seq(13)), "{early:?}");
    while leader.manager.backlog.due().is_some() {
        leader.pass(AGAIN);
    }
    assert_eq!(last(&mut leader), Some(Seq(13)));
}

#[test]
fn who_leads_no_more_tells_nobody_anything() {
    let mut log = Log::default();
    let (mut leader, _) = behind(&mut log);
    leader.tell(crate::machine::FromLog::Deposed);
    assert_eq!(leader.manager.backlog.due(), None);
    assert_eq!(leader.pass(AGAIN), []);
    assert!(leader.manager.sessions.of(auction_of(1), leader.now).is_empty(), "{:?}", participant(AUCTIONEER));
}
