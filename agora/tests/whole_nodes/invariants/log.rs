//! LOG-1, LOG-2: what nodes commit is the same on all of them, is never taken back, and is there in the end.

use std::collections::{BTreeMap, BTreeSet};

use agora::auction::event::{Answer, Decision, Disclosure, Event, RequestKey};
use agora::id::{AuctionId, Index, Position, Round};

use super::Violation;
use super::fold::Auction;

/// What one life of a node's log has committed.
#[derive(Debug, Default, Clone)]
pub(crate) struct Log {
    entries: Vec<(Position, Decision)>,
}

impl Log {
    /// The auctions, folded by rules of their own.
    pub(crate) fn auctions(&self) -> Result<BTreeMap<AuctionId, Auction>, Violation> {
        let mut auctions: BTreeMap<AuctionId, Auction> = BTreeMap::new();
        for (position, decision) in &self.entries {
            for event in &decision.events {
                auctions.entry(event.auction()).or_default().apply(position.index, event)?;
            }
        }
        Ok(auctions)
    }

    /// How each request was answered.
    pub(crate) fn answers(&self) -> BTreeMap<RequestKey, &Answer> {
        let answers = self.entries.iter().filter_map(|(_, decision)| Some((decision.key?, decision.answer.as_ref()?)));
        answers.collect()
    }

    fn end(&self) -> Option<Position> {
        self.entries.last().map(|(position, _)| *position)
    }
}

/// The logs of all lives of all nodes.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    lives: Vec<Log>,
    current: BTreeMap<usize, usize>,
    by_position: BTreeMap<Position, Decision>,
    /// What each history has at an index. A history is named by its first decision.
    by_index: BTreeMap<(Position, Index), Position>,
    complete: BTreeSet<(AuctionId, Option<Round>)>,
    disclosures: BTreeMap<AuctionId, Disclosure>,
}

impl Logs {
    /// A node begins a log.
    pub(crate) fn begin(&mut self, slot: usize) {
        self.current.insert(slot, self.lives.len());
        self.lives.push(Log::default());
    }

    /// A node tells what it has committed next.
    pub(crate) fn committed(
        &mut self,
        slot: usize,
        position: Position,
        decision: &Decision,
        one_log: bool,
    ) -> Result<(), Violation> {
        let log = &mut self.lives[self.current[&slot]];
        let broken = |what: String| Err(Violation::new("LOG-2", format!("node {slot} commits {position:?}: {what}")));
        if let Some(before) = log.end()
            && (before.index >= position.index || before.epoch > position.epoch)
        {
            return broken(format!("after {before:?}"));
        }
        let repeated = decision.key.is_some_and(|key| log.entries.iter().any(|(_, other)| other.key == Some(key)));
        log.entries.push((position, decision.clone()));
        let history = log.entries[0].0;
        let first = self.by_position.entry(position).or_insert_with(|| decision.clone());
        if first != decision {
            return broken(format!("{decision:?}, which was {first:?}"));
        }
        let holder = *self.by_index.entry((history, position.index)).or_insert(position);
        if one_log && holder != position {
            return broken(format!("the index holds {holder:?}"));
        }
        if repeated {
            return Err(Violation::new("ONCE-1", format!("node {slot} commits {:?} a second time", decision.key)));
        }
        for event in &decision.events {
            match event {
                Event::AuctionCreated { auction, spec, .. } => {
                    self.disclosures.insert(*auction, spec.disclosure);
                }
                Event::RoundCompleted { auction, round } => {
                    self.complete.insert((*auction, Some(*round)));
                }
                Event::AuctionCompleted { auction } => {
                    self.complete.insert((*auction, None));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How many histories there are: logs that have not even the first decision in common.
    pub(crate) fn histories(&self) -> usize {
        let firsts: BTreeSet<Position> = self.by_index.keys().map(|(history, _)| *history).collect();
        firsts.len()
    }

    /// Whether everybody may know the amounts of this round.
    pub(crate) fn is_open(&self, auction: AuctionId, round: Round) -> bool {
        match self.disclosures.get(&auction) {
            Some(Disclosure::Open) => true,
            Some(Disclosure::Secret) => self.complete.contains(&(auction, None)),
            Some(Disclosure::Sealed) | None => self.complete.contains(&(auction, Some(round))),
        }
    }

    /// The logs that clients may have been told of: the one that there is, or all branches.
    pub(crate) fn lives(&self) -> &[Log] {
        &self.lives
    }

    /// The log that holds most.
    pub(crate) fn longest(&self) -> Option<&Log> {
        self.lives.iter().max_by_key(|log| log.end())
    }

    /// What hinders: of the nodes that are up, one has not committed what another has.
    pub(crate) fn differ(&self, up: &[usize]) -> Option<String> {
        let ends: Vec<_> = up.iter().map(|slot| (*slot, self.lives[self.current[slot]].end())).collect();
        let (first, of_first) = ends.first()?;
        let differs = |(slot, end): &(usize, Option<Position>)| {
            let same =
                end == of_first && self.lives[self.current[slot]].entries == self.lives[self.current[first]].entries;
            (!same).then(|| format!("node {first} has committed up to {of_first:?}, node {slot} up to {end:?}"))
        };
        ends.iter().find_map(differs)
    }

    /// LOG-1: what any node ever committed is in the log of one that is up.
    pub(crate) fn kept(&self, slot: usize) -> Result<(), Violation> {
        let last = &self.lives[self.current[&slot]];
        let longest = self.longest().map_or(&[][..], |log| &log.entries);
        let missing = longest.iter().find(|entry| !last.entries.contains(entry));
        match missing {
            Some((position, _)) => {
                Err(Violation::new("LOG-1", format!("{position:?} was committed, and node {slot} has lost it")))
            }
            None => Ok(()),
        }
    }
}
