//! A bidder with a fixed list of moves.

use agora::client::Events;
use agora::client::event::What;

use super::bidder::{Bidder, Tale, leaves_the_round_open};
use super::script::Move;
use crate::failure::Failure;

/// Plays the list, a move a round, and passes the rest.
pub(super) async fn play(bidder: Bidder, events: Events, moves: Vec<Move>) {
    if let Err(failure) = follow(&bidder, events, moves).await {
        bidder.tell(Tale::Broken(failure));
    }
}

async fn follow(bidder: &Bidder, mut events: Events, moves: Vec<Move>) -> Result<(), Failure> {
    while let Some(event) = events.next().await {
        let event = event?;
        if let What::RoundStarted { round, .. } = event.what {
            let place = round.0.saturating_sub(1) as usize;
            let answer = moves.get(place).cloned().unwrap_or(Move::Pass);
            let refusal = bidder.play(round, answer.clone()).await?;
            if answer != Move::Pass && refusal.is_some_and(|refusal| leaves_the_round_open(refusal.code)) {
                bidder.play(round, Move::Pass).await?;
            }
        }
        if event.what.is_last() {
            bidder.tell(Tale::Over { participant: bidder.participant(), event });
        }
    }
    Ok(())
}
