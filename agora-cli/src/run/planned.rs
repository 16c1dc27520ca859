//! A bidder that follows a strategy.

use agora::client::event::What;

use super::bidder::{Bidder, Feed, Tale, leaves_the_round_open};
use super::script::Move;
use super::strategy::Strategy;
use crate::failure::Failure;

/// Makes the strategy's move in every round.
pub(super) async fn play(bidder: Bidder, events: Feed, strategy: Strategy) {
    if let Err(failure) = follow(&bidder, events, &strategy).await {
        bidder.tell(Tale::Broken(failure));
    }
}

async fn follow(bidder: &Bidder, mut events: Feed, strategy: &Strategy) -> Result<(), Failure> {
    while let Some(event) = events.next().await {
        let event = event?;
        if let What::RoundStarted { round, .. } = event.what
            && round >= bidder.since
        {
            let answer = strategy.answer(round);
            let refusal = bidder.play(&mut events, round, answer.clone()).await?;
            if answer != Move::Pass && refusal.is_some_and(|refusal| leaves_the_round_open(refusal.code)) {
                bidder.play(&mut events, round, Move::Pass).await?;
            }
        }
        if event.what.is_last() {
            bidder.tell(Tale::Over { participant: bidder.participant(), event });
        }
    }
    Ok(())
}
