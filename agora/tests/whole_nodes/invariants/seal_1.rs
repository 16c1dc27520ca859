//! SEAL-1: no amount of a sealed round leaves the leader for a participant before ROUND_COMPLETE. Looked at where a
//! datagram arrives at a client: by then the nodes have told that the round is complete, if it is.

use agora::auction::message::{Bidding, Head};
use agora::id::{ParticipantId, Round};
use agora::wire::Message;

use super::{Logs, Violation};

/// How many amounts were looked at.
#[derive(Debug, Default)]
pub(crate) struct Seal1 {
    pub amounts: u64,
}

impl Seal1 {
    /// A client receives a message.
    pub(crate) fn received(&mut self, logs: &Logs, to: ParticipantId, message: &Message) -> Result<(), Violation> {
        let told: Option<(Head, Round)> = match message {
            Message::Bidding(Bidding::Broadcast { head, round, participant, amount: Some(_), .. })
                if *participant != to =>
            {
                Some((*head, *round))
            }
            Message::Bidding(Bidding::RoundComplete { head, round, page }) => {
                let amounts = page.lines.iter().any(|line| line.amount.is_some() && line.participant != to);
                amounts.then_some((*head, *round))
            }
            _ => None,
        };
        let Some((head, round)) = told else { return Ok(()) };
        self.amounts += 1;
        if logs.is_open(head.auction, round) {
            return Ok(());
        }
        Err(Violation::new("SEAL-1", format!("{to} is told early: {message:?}")))
    }
}
