//! The least of a schedule that still fails.

use std::collections::BTreeSet;

/// A failure is looked at again so often at most.
const MAX_TRIES: usize = 1_000;

/// Leaves out as many of `parts` as it can, and tells which, and how what is left fails; nothing, if it fails with all of
/// them only.
///
/// Half of them are left out at a time, then fewer, for as long as it still fails (delta debugging: Zeller and Hildebrandt,
/// 2002). `fails` runs without some, and tells how that fails in the way that is looked for.
pub(crate) fn shrink<P: Copy + Ord, F>(
    parts: Vec<P>,
    mut fails: impl FnMut(&BTreeSet<P>) -> Option<F>,
) -> Option<(BTreeSet<P>, F)> {
    let mut left = parts;
    let mut out = BTreeSet::new();
    let mut seen = None;
    let (mut size, mut tries) = (left.len().div_ceil(2), 0);
    while size > 0 {
        let (mut place, before) = (0, left.len());
        while place < left.len() && tries < MAX_TRIES {
            tries += 1;
            let end = (place + size).min(left.len());
            let more: BTreeSet<P> = out.iter().chain(&left[place..end]).copied().collect();
            if let Some(failure) = fails(&more) {
                (out, seen) = (more, Some(failure));
                left.drain(place..end);
            } else {
                place = end;
            }
        }
        // What is left alone now may go once something else has gone.
        let again = size == 1 && left.len() < before && tries < MAX_TRIES;
        size = if again { 1 } else { size / 2 };
    }
    seen.map(|failure| (out, failure))
}

#[test]
fn what_a_failure_does_not_need_is_left_out() {
    let needs = |needed: &'static [usize]| {
        let fails = move |without: &BTreeSet<usize>| {
            needed.iter().all(|part| !without.contains(part)).then(|| 20 - without.len())
        };
        assert!(fails(&BTreeSet::new()).is_some(), "fails with all");
        shrink((0..20).collect(), fails)
    };
    let (without, left) = needs(&[3, 17]).expect("it fails with less");
    assert_eq!(left, 2);
    assert!(!without.contains(&3) && !without.contains(&17), "{without:?}");
    assert_eq!(needs(&[]).map(|(_, left)| left), Some(0));
    let all: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19];
    assert!(needs(all).is_none());
}
