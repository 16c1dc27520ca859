//! What is committed in a log, folded once, from whichever node applied it first.

use std::collections::BTreeMap;

use agora::auction::event::{Answer, Decision, RequestKey};
use agora::id::{AuctionId, Index};

use super::Violation;
use super::fold::Auction;
use super::shadow::Held;

/// The committed content of one log.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The committed entries, from index 1.
    pub entries: Vec<Held>,
    /// What was decided, by the index of its entry.
    decisions: BTreeMap<Index, Decision>,
    /// How each request was answered, and where.
    pub answers: BTreeMap<RequestKey, (Index, Option<Answer>)>,
    /// The auctions.
    pub auctions: BTreeMap<AuctionId, Auction>,
}

impl Ledger {
    /// The committed entry at an index.
    pub(crate) fn at(&self, index: Index) -> Option<&Held> {
        self.entries.get(usize::try_from(index.0.checked_sub(1)?).ok()?)
    }

    /// Whether an auction was archived, or is to be by now.
    pub(crate) fn has_left(&self, auction: AuctionId) -> bool {
        self.auctions.get(&auction).is_some_and(|folded| folded.archived)
    }

    /// A manager has applied a decision: the first that does defines it, the others must agree.
    pub(crate) fn applied(&mut self, index: Index, decision: &Decision) -> Result<(), Violation> {
        if let Some(known) = self.decisions.get(&index) {
            if known != decision {
                return Err(Violation::new("LOG-2", format!("index {index}: {decision:?} applied after {known:?}")));
            }
            return Ok(());
        }
        if let Some(key) = decision.key
            && let Some((first, _)) = self.answers.insert(key, (index, decision.answer.clone()))
        {
            return Err(Violation::new("ONCE-1", format!("{key:?} was decided at {first} and at {index}")));
        }
        for event in &decision.events {
            self.auctions.entry(event.auction()).or_default().apply(index, event)?;
        }
        self.decisions.insert(index, decision.clone());
        Ok(())
    }
}
