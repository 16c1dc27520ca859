//! Somebody who sends again what others have sent, and rubbish. Not a forger: what it makes up never has a tag that is
//! right and a content that means something.

use agora::wire::{HEADER, TAG};

use crate::dice::Dice;
use crate::run::State;
use crate::schedule::{MILLI, SECOND};
use crate::sea::{Datagram, damage};

/// Sends something.
pub(crate) fn strike(state: &mut State, dice: &mut Dice) {
    let Some(mut datagram) = state.sea.any_of_late() else { return };
    if crate::sea::endpoint(datagram.to.ip()) >= state.schedule.starts.len() {
        // A broadcast, or to a client: to a node as if broadcast.
        if datagram.to.ip() == std::net::IpAddr::from(crate::net::EVERYBODY) || dice.coin() {
            let node = dice.index(state.schedule.starts.len());
            datagram.to = (crate::sea::address(node), agora::node::BROADCAST_PORT).into();
        }
    }
    match dice.below(5) {
        0 | 1 => {}
        2 => datagram.bytes = damage(dice, &datagram.bytes),
        3 => {
            let length = dice.between(0, 1_300);
            datagram.bytes = (0..length).map(|_| u8::try_from(dice.below(256)).unwrap_or(0)).collect();
        }
        _ => rubbish_in_a_sound_envelope(dice, &mut datagram),
    }
    *state.report.faults.entry("hostile").or_default() += 1;
    let at = state.now + if dice.coin() { 0 } else { dice.between(MILLI, 2 * SECOND) };
    state.sea.send_later(at, datagram);
}

/// Header and tag are right, what is between means nothing.
fn rubbish_in_a_sound_envelope(dice: &mut Dice, datagram: &mut Datagram) {
    let Some(end) = datagram.bytes.len().checked_sub(TAG) else { return };
    for byte in &mut datagram.bytes[HEADER..end] {
        *byte = u8::try_from(dice.below(256)).unwrap_or(0);
    }
    let tag = crc32fast::hash(&datagram.bytes[..end]).to_be_bytes();
    datagram.bytes[end..end + tag.len()].copy_from_slice(&tag);
}
