use super::super::message::{Around, Body, Entry, Output};
use super::super::protocol::Replicator;
use super::{at, epoch, member};
use crate::config::{Mode, Settings};
use crate::discovery::message::About;
use crate::id::{Epoch, FoundingId, Position};
use crate::protocol::Protocol;
use crate::time::{At, Timestamp};

const FOUNDING: FoundingId = FoundingId(uuid::Uuid::from_u128(7));

fn settings() -> Settings {
    Settings { mode: Mode::Majority(3), ..Settings::lan() }
}

fn newcomer() -> Replicator {
    Replicator::new(member(1), &settings(), 1, Timestamp::ZERO)
}

/// One of the members 1 and 2.
fn holder() -> Replicator {
    let mut replicator = newcomer();
    let body = Body::Founded { founding: FOUNDING, members: vec![member(1), member(2)] };
    replicator.log.append(Entry { position: at(epoch(1, 2), 1), at: At(0), body }, &mut Vec::new());
    replicator
}

fn hear(replicator: &mut Replicator, number: u128, founding: Option<FoundingId>) {
    let about = About {
        member: member(number),
        mode: settings().mode,
        disk: false,
        founding,
        promise: Epoch::NONE,
        leader: None,
        serving: false,
        commit: Position::START,
        last: Position::START,
        decided: 0,
    };
    replicator.on_found(Timestamp::ZERO, about, &mut Vec::new());
}

#[test]
fn a_newcomer_counts_who_is_without_a_log_like_itself_and_who_holds_one() {
    let mut newcomer = newcomer();
    assert_eq!(newcomer.around(Timestamp::ZERO), Around::default());
    hear(&mut newcomer, 2, None);
    hear(&mut newcomer, 3, Some(FOUNDING));
    hear(&mut newcomer, 4, Some(FOUNDING));
    assert_eq!(newcomer.around(Timestamp::ZERO), Around { newcomers: 1, holders: 2 });
}

#[test]
fn who_holds_the_log_counts_its_members_only() {
    let mut holder = holder();
    hear(&mut holder, 2, Some(FOUNDING));
    hear(&mut holder, 3, Some(FOUNDING));
    hear(&mut holder, 4, None);
    assert_eq!(holder.around(Timestamp::ZERO), Around { newcomers: 1, holders: 1 }, "3 is an observer");
}

#[test]
fn who_was_not_heard_within_the_discovery_window_is_not_here() {
    let mut newcomer = newcomer();
    hear(&mut newcomer, 2, None);
    let window = Timestamp::ZERO + settings().discovery_window;
    assert_eq!(newcomer.around(window).newcomers, 1);
    assert_eq!(newcomer.around(window + settings().heart_beat_interval).newcomers, 0);
}

#[test]
fn the_situation_tells_who_is_here_while_there_is_no_leader() {
    let mut newcomer = newcomer();
    hear(&mut newcomer, 2, None);
    let mut out = Vec::new();
    newcomer.fire(Timestamp::ZERO + settings().heart_beat_interval, &mut out);
    newcomer.settle(Timestamp::ZERO + settings().heart_beat_interval, &mut out);
    let around = Around { newcomers: 1, holders: 0 };
    let told = |output: &Output| matches!(output, Output::Situation(situation) if situation.around == around);
    assert!(out.iter().any(told), "{out:?}");
}
