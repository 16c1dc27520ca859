//! Auctions that have left, asked for again: what goes to the archive, and what comes back.

use std::time::Duration;

use super::scene::{
    ALICE, AUCTIONEER, BOB, COOKIES, Log, ROOM, Scene, address, auction_of, bid, create, epoch, events, join, session,
    settings, spec,
};
use crate::auction::event::Spec;
use crate::auction::message::{Input, Lobby, Outcome, Output, Phase};
use crate::auction::protocol::Manager;
use crate::auction::transcript;
use crate::config::Settings;
use crate::id::{AuctionId, Seq};
use crate::machine::{FromArchive, FromLog, Lines, ToArchive, ToLog};
use crate::time::At;

const RETENTION: Duration = Duration::from_secs(1);

/// A leader with an archive, and what it has put there.
fn leader() -> Scene {
    let settings = Settings { auction_retention: RETENTION, ..settings() };
    let mut leader = Scene::with(&settings);
    leader.manager = Manager::new(&settings, COOKIES).archives(true);
    leader.tell(FromLog::Leading { epoch: epoch(1), at: At(0), room: ROOM });
    leader
}

fn text(lines: &Lines) -> String {
    let lines: Vec<String> = (0..).map_while(|number| lines.line(number)).collect();
    lines.join("\n")
}

/// An auction that was played, and left: its transcript.
fn archived(leader: &mut Scene, log: &mut Log, number: u128) -> (AuctionId, String) {
    let (auction, first) = (auction_of(number), number * 100);
    leader.done(log, create(number, Spec { rounds: 1, ..spec() }));
    leader.done(log, join(ALICE, first, auction));
    leader.done(log, join(BOB, first + 1, auction));
    leader.done(log, bid(ALICE, first + 2, auction, "10"));
    leader.done(log, bid(BOB, first + 3, auction, "11"));
    leader.pass(RETENTION);
    let mut kept = None;
    while !leader.proposed.is_empty() {
        for output in leader.commit(log) {
            if let Output::Archive(ToArchive::Keep { key, lines }) = output {
                assert_eq!(key, auction.0);
                kept = Some(text(&lines));
            }
        }
    }
    (auction, kept.expect("it left"))
}

/// The one question to the archive.
fn asked(out: &[Output]) -> &ToArchive {
    let [Output::Archive(wish)] = out else { panic!("{out:?}") };
    wish
}

#[test]
fn a_transcript_is_the_auction_again() {
    let (mut leader, mut log) = (leader(), Log::default());
    let (auction, text) = archived(&mut leader, &mut log, 1);
    let lines = transcript::read(&text).expect("it is whole");
    let state = crate::auction::apply::state_at(lines.iter().map(|line| &line.event), Seq(9)).expect("the last");
    assert_eq!((state.id(), state.phase(), lines.len()), (auction, Phase::Completed, 9));
    assert!(lines.iter().all(|line| line.epoch == epoch(1)));
    // Without its end, or with another beginning, it is none.
    assert_eq!(transcript::read(text.rsplit_once('\n').expect("lines").0), None);
    assert_eq!(transcript::read(&text.replace("\"transcript\":1", "\"transcript\":2")), None);
}

#[test]
fn who_asks_for_what_has_left_is_sent_it_from_the_archive() {
    let (mut leader, mut log) = (leader(), Log::default());
    let (auction, text) = archived(&mut leader, &mut log, 1);
    let question = leader.tell(events(ALICE, auction, 0));
    let ToArchive::Retrieve { ticket, key } = *asked(&question) else { panic!("{question:?}") };
    assert_eq!(key, auction.0);
    let told = leader.tell(Input::Archive(FromArchive::Retrieved { ticket, text: Some(text) }));
    assert_eq!(told.len(), 9 + 1);
    assert!(matches!(told[9], Output::Outcome(_, Outcome::EventsResponse { last: Some(Seq(9)), .. })));
    // The rest is not fetched again, and who comes from there goes on.
    let rest = leader.tell(events(ALICE, auction, 7));
    assert_eq!(rest[..], told[7..]);
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut leader = leader();
    let question = leader.tell(events(ALICE, auction_of(9), 0));
    let ToArchive::Retrieve { ticket, .. } = *asked(&question) else { panic!("{question:?}") };
    for text in [Some("rubbish".to_owned()), None] {
        let mut told = leader.tell(Input::Archive(FromArchive::Retrieved { ticket, text }));
        if let [Output::Log(ToLog::Read { ticket })] = told[..] {
            told = leader.tell(FromLog::ReadReady { ticket });
        }
        // The second answer is to no question.
        assert!(
            told.is_empty() || matches!(told[..], [Output::Outcome(_, Outcome::EventsResponse { last: None, .. })])
        );
    }
}

#[test]
fn a_node_without_an_archive_asks_nothing() {
    let mut leader = Scene::leader();
    let asked = leader.tell(events(ALICE, auction_of(9), 0));
    let [Output::Log(ToLog::Read { ticket })] = asked[..] else { panic!("{asked:?}") };
    let told = leader.tell(FromLog::ReadReady { ticket });
    assert!(matches!(told[..], [Output::Outcome(_, Outcome::EventsResponse { last: None, .. })]));
}

fn list(phase: Option<Phase>, after: Option<AuctionId>) -> Input {
    let session = session(AUCTIONEER);
    Input::Lobby(address(AUCTIONEER), Lobby::ListRequest { session, read: 5, state: phase, auction: None, after })
}

/// Asks for a page, confirms the read, and answers what the archive is asked.
fn page(
    leader: &mut Scene,
    input: Input,
    mut browsed: impl FnMut(Option<AuctionId>) -> Vec<(uuid::Uuid, String)>,
) -> (Vec<AuctionId>, bool) {
    let out = leader.tell(input);
    let [Output::Log(ToLog::Read { ticket })] = out[..] else { panic!("{out:?}") };
    let mut out = leader.tell(FromLog::ReadReady { ticket });
    while let [Output::Archive(ToArchive::Browse { ticket, after, .. })] = out[..] {
        let found = browsed(after.map(AuctionId));
        out = leader.tell(Input::Archive(FromArchive::Browsed { ticket, found }));
    }
    let [Output::Lobby(_, Lobby::ListResponse { auctions, more, .. })] = &out[..] else { panic!("{out:?}") };
    (auctions.iter().map(|summary| summary.auction).collect(), *more)
}

#[test]
fn a_list_is_of_what_is_here_and_what_has_left_in_the_order_of_their_ids() {
    let (mut leader, mut log) = (leader(), Log::default());
    let mut gone = Vec::new();
    for number in 1..=6 {
        let (auction, text) = archived(&mut leader, &mut log, number);
        gone.push((auction.0, text.lines().next().expect("a head").to_owned()));
    }
    gone.sort();
    for number in 7..=9 {
        leader.done(&mut log, create(number, spec()));
    }
    let browse = |after: Option<AuctionId>| {
        let later = gone.iter().filter(|(key, _)| after.is_none_or(|after| *key > after.0));
        later.take(4).cloned().collect::<Vec<_>>()
    };
    let mut wanted: Vec<AuctionId> = (1..=9).map(auction_of).collect();
    wanted.sort_unstable();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (some, more) = page(&mut leader, list(None, after), browse);
        after = some.last().copied();
        all.extend(some);
        if !more {
            break;
        }
    }
    assert_eq!(all, wanted);
    // Nothing that has left was cancelled: the archive is looked through to its end.
    assert_eq!(page(&mut leader, list(Some(Phase::Cancelled), None), browse), (vec![], false));
    let out = leader.tell(list(Some(Phase::Waiting), None));
    let [Output::Log(ToLog::Read { ticket })] = out[..] else { panic!("{out:?}") };
    let told = leader.tell(FromLog::ReadReady { ticket });
    assert!(matches!(told[..], [Output::Lobby(..)]), "nothing that waits has left");
}
