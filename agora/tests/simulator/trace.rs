//! What happened, as a rolling hash always and as readable lines when asked for: same seed, same trace.

use std::fmt::{Debug, Display, Write};

use crate::queue::Micros;

/// The trace of one run.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    print: bool,
    now: Micros,
}

impl Trace {
    /// `print`: write readable lines to stderr.
    pub(crate) const fn new(print: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, print, now: 0 }
    }

    /// Sets the time that lines begin with.
    pub(crate) fn at(&mut self, now: Micros) {
        self.now = now;
    }

    /// Takes a number into the hash.
    pub(crate) fn mix(&mut self, number: u64) {
        self.hash = (self.hash.rotate_left(5) ^ number).wrapping_mul(0x0100_0000_01b3_9e37);
    }

    /// Takes bytes into the hash.
    pub(crate) fn mix_bytes(&mut self, bytes: &[u8]) {
        words(bytes).for_each(|word| self.mix(word));
        self.mix(bytes.len() as u64);
    }

    /// Writes a line, if lines are wanted.
    pub(crate) fn line<T: Display>(&self, who: T, what: impl FnOnce() -> String) {
        if self.print {
            eprintln!("{:>5}.{:06} {who:<4} {}", self.now / 1_000_000, self.now % 1_000_000, what());
        }
    }

    /// Whether lines are wanted.
    pub(crate) const fn prints(&self) -> bool {
        self.print
    }

    /// The hash of everything so far.
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }
}

/// Bytes, eight at a time.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let (words, rest) = bytes.as_chunks::<8>();
    let last = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    words.iter().map(|word| u64::from_le_bytes(*word)).chain([last])
}

/// What something is, on a line of bearable length: long lists of bytes become their number.
pub(crate) fn brief(what: &impl Debug) -> String {
    let long = format!("{what:?}");
    let mut short = String::new();
    let mut rest = long.as_str();
    while let Some((before, list)) = rest.split_once('[') {
        short.push_str(before);
        let bytes = list.split_once(']').filter(|(list, _)| {
            list.len() > 40 && list.chars().all(|letter| letter.is_ascii_digit() || letter == ',' || letter == ' ')
        });
        if let Some((list, after)) = bytes {
            let _ = write!(short, "[{} bytes]", list.split(',').count());
            rest = after;
        } else {
            short.push('[');
            rest = list;
        }
    }
    short + rest
}
