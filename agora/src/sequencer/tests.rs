use uuid::Uuid;

use super::message::{Input, Output};
use super::protocol::Sequencer;
use crate::id::{Epoch, NodeId};
use crate::protocol::Protocol;
use crate::time::Timestamp;

fn epoch(number: u64) -> Epoch {
    Epoch { number, leader: NodeId { uuid: Uuid::from_u128(1), incarnation: 1 } }
}

fn propose(number: u64, events: u8) -> Input {
    Input::Propose { epoch: epoch(number), events: vec![events].into() }
}

fn proposed(epoch_number: u64, number: u64, events: u8) -> Output {
    Output::Propose { epoch: epoch(epoch_number), number, events: vec![events].into() }
}

fn outputs(inputs: impl IntoIterator<Item = Input>) -> Vec<Output> {
    let mut sequencer = Sequencer::new();
    let mut out = Vec::new();
    for input in inputs {
        sequencer.handle(Timestamp::ZERO, input, &mut out);
    }
    assert_eq!(sequencer.deadline(), None);
    out
}

#[test]
fn proposals_of_an_epoch_are_numbered_from_one() {
    assert_eq!(
        outputs([propose(1, 7), propose(1, 8), propose(1, 9)]),
        [proposed(1, 1, 7), proposed(1, 2, 8), proposed(1, 3, 9)]
    );
}

#[test]
fn a_new_epoch_starts_again_at_one() {
    assert_eq!(
        outputs([propose(1, 7), propose(1, 8), propose(4, 9), propose(4, 10)]),
        [proposed(1, 1, 7), proposed(1, 2, 8), proposed(4, 1, 9), proposed(4, 2, 10)]
    );
}

#[test]
fn proposals_of_an_older_epoch_are_dropped_and_take_no_number() {
    assert_eq!(
        outputs([propose(4, 7), propose(1, 8), Input::Rebuilt { epoch: epoch(1) }, propose(4, 9)]),
        [proposed(4, 1, 7), proposed(4, 2, 9)]
    );
}

#[test]
fn rebuilt_names_the_next_number_and_no_number_is_used_again() {
    assert_eq!(
        outputs([propose(1, 7), propose(1, 8), Input::Rebuilt { epoch: epoch(1) }, propose(1, 9)]),
        [proposed(1, 1, 7), proposed(1, 2, 8), Output::Rebuilt { epoch: epoch(1), next: 3 }, proposed(1, 3, 9)]
    );
}

#[test]
fn rebuilt_may_be_the_first_word_of_an_epoch() {
    assert_eq!(
        outputs([propose(1, 7), Input::Rebuilt { epoch: epoch(2) }, propose(2, 8)]),
        [proposed(1, 1, 7), Output::Rebuilt { epoch: epoch(2), next: 1 }, proposed(2, 1, 8)]
    );
}
