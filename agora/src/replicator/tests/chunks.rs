//! Chunks against a plain list, and a log that is compacted while it grows.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::log::Log;
use super::super::message::{Chunks, Entry, Record};
use super::{entry, epoch};
use crate::id::Index;

/// Of entries with these gaps between them.
fn chunks(most: usize, gaps: &[u64]) -> (Chunks, Vec<Entry>) {
    let (mut chunks, mut index) = (Chunks::of(most), 0);
    let mut plain = Vec::new();
    for gap in gaps {
        index += gap;
        chunks.push(entry(epoch(1, 1), index));
        plain.push(entry(epoch(1, 1), index));
    }
    (chunks, plain)
}

proptest! {
    #[test]
    fn chunks_hold_what_a_list_holds(
        most in 1_usize..5,
        gaps in prop::collection::vec(1_u64..4, 0..30),
        index in (0_u64..100).prop_map(Index),
    ) {
        let (mut chunks, mut plain) = chunks(most, &gaps);
        let after = |list: &[Entry]| list.partition_point(|entry| entry.position.index <= index);
        prop_assert!(chunks.iter().eq(&plain));
        prop_assert_eq!((chunks.first(), chunks.last(), chunks.len()), (plain.first(), plain.last(), plain.len()));
        prop_assert!(chunks.after(index).eq(&plain[after(&plain)..]));
        prop_assert_eq!(chunks.get(index), plain.iter().find(|entry| entry.position.index == index));
        prop_assert_eq!(chunks.up_to(index), after(&plain));
        let whole = chunks.clone();
        let (later, rest) = (chunks.split_off(index), plain.split_off(after(&plain)));
        prop_assert!(chunks.iter().eq(&plain) && later.iter().eq(&rest));
        prop_assert_eq!((chunks.len(), later.len()), (plain.len(), rest.len()));
        chunks.append(later);
        prop_assert_eq!(chunks, whole);
    }

    #[test]
    fn a_log_is_compacted_while_it_grows(
        most in 1_usize..5,
        steps in prop::collection::vec((0_u8..4, any::<prop::sample::Index>()), 0..120),
    ) {
        let mut log = Log::in_chunks_of(most);
        // What is here, and what may go.
        let mut model = BTreeMap::new();
        let mut going: Option<(u64, Vec<u64>)> = None;
        for (what, which) in steps {
            let last = log.last().index.0;
            match what {
                0 | 1 => {
                    let new = entry(epoch(1, 1), last + 1);
                    log.append(new.clone(), &mut Vec::new());
                    model.insert(last + 1, new);
                }
                2 if going.is_none() && last > log.base().index.0 => {
                    let base = log.base().index.0;
                    let to = base + 1 + which.index(usize::try_from(last - base).expect("few")) as u64;
                    let gone: Vec<u64> = model.keys().copied().filter(|index| index % 3 != 0 && *index < to).collect();
                    log.begin_compaction(Index(to), gone.iter().copied().map(Index).collect());
                    going = Some((to, gone));
                }
                _ => {
                    let Some(Record::Compact { snapshot, rest }) = log.go_on_compacting() else { continue };
                    let (to, gone) = going.take().expect("it was begun");
                    model.retain(|index, _| !gone.contains(index));
                    prop_assert_eq!(snapshot.base.index, Index(to));
                    prop_assert!(snapshot.kept.iter().chain(&rest).eq(model.values()));
                }
            }
            prop_assert!(log.after(Index(0)).eq(model.values()), "after {what}");
        }
    }
}
