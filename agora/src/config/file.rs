//! TOML files for people: every mistake names the file, the line, and, for a misspelt key, the key that was meant.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;
use thiserror::Error;

/// A configuration or script larger than this is a mistaken path.
pub const LARGEST: u64 = 1024 * 1024;

/// Why a file could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileError {
    /// It could not be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// It was read, and does not say what it should.
    #[error("{path}:{line}: {reason}")]
    Wrong {
        /// Which.
        path: String,
        /// Where, from 1.
        line: usize,
        /// What is wrong, and what was meant.
        reason: String,
    },
}

/// Reads a file into `T`, whose `deny_unknown_fields` is what refuses unknown keys.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    let name = path.display().to_string();
    let unreadable = |reason: String| FileError::Unreadable { path: name.clone(), reason };
    let text = read_text(path, "configuration").map_err(unreadable)?;
    parse(&name, &text)
}

/// Reads a file of at most [`LARGEST`] bytes, and no more of one without end. `what` is what it is meant to be.
pub fn read_text(path: &Path, what: &str) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > LARGEST {
        return Err(format!("more than the {LARGEST} bytes of any {what}"));
    }
    String::from_utf8(text).map_err(|_| "stream did not contain valid UTF-8".into())
}

/// Reads `text` into `T`; `name` is the file that errors name.
pub fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        FileError::Wrong { path: name.into(), line, reason: explain(error.message()) }
    })
}

/// The line of a byte of `text`, from 1.
pub fn line_of(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count()
}

/// Turns serde's list of all keys into the one that was probably meant.
fn explain(message: &str) -> String {
    let message = message.trim().replace('\n', ", ");
    let Some(rest) = message.strip_prefix("unknown field ") else { return message };
    let mut names = rest.split('`').skip(1).step_by(2);
    let Some(unknown) = names.next() else { return message };
    match nearest(unknown, names) {
        Some(meant) => format!("unknown key `{unknown}`; did you mean `{meant}`?"),
        None => format!("unknown key {rest}"),
    }
}

/// The candidate that fewest edits turn `word` into, if that is fewer than a third of its letters.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(edits, candidate)| edits * 3 <= candidate.len().max(word.len()))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}
