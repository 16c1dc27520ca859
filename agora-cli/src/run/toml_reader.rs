//! Reads TOML tables key by key and collects every mistake with its line, instead of ending at the first.

use agora::config::file::{line_of, nearest};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// All mistakes of a file.
#[derive(Debug)]
pub(super) struct Mistakes<'t> {
    text: &'t str,
    found: Vec<(usize, String)>,
}

impl<'t> Mistakes<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Notes a mistake at a byte of the file.
    pub(super) fn note(&mut self, byte: usize, mistake: impl Into<String>) {
        self.found.push((line_of(self.text, byte), mistake.into()));
    }

    pub(super) fn line(&self, byte: usize) -> usize {
        line_of(self.text, byte)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// `path:line: mistake`, a line each, in the order of the file.
    pub(super) fn report(mut self, path: &str) -> String {
        self.found.sort();
        self.found.dedup();
        let lines: Vec<_> = self.found.iter().map(|(line, mistake)| format!("{path}:{line}: {mistake}")).collect();
        lines.join("\n")
    }
}

/// A value, and where it is.
pub(super) type Found<'a, 'i> = (&'a DeValue<'i>, usize);

/// A table that is read key by key.
pub(super) struct Reader<'a, 'i> {
    table: &'a DeTable<'i>,
    /// Where it begins.
    pub(super) start: usize,
    known: Vec<&'static str>,
}

impl<'a, 'i> Reader<'a, 'i> {
    pub(super) const fn new(table: &'a DeTable<'i>, start: usize) -> Self {
        Self { table, start, known: Vec::new() }
    }

    /// The value of a key, if it is there.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<Found<'a, 'i>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        let (_, value) = self.table.iter().find(|(found, _)| found.get_ref().as_ref() == key)?;
        Some((value.get_ref(), value.span().start))
    }

    /// The value of a key that must be there.
    pub(super) fn required(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<Found<'a, 'i>> {
        let found = self.optional(key);
        if found.is_none() {
            mistakes.note(self.start, format!("`{key}` is missing"));
        }
        found
    }

    /// What `read` makes of an optional string.
    pub(super) fn string<T>(
        &mut self,
        key: &'static str,
        mistakes: &mut Mistakes<'_>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.optional(key)?;
        string(key, found, mistakes, read)
    }

    /// What `read` makes of a string that must be there.
    pub(super) fn required_string<T>(
        &mut self,
        key: &'static str,
        mistakes: &mut Mistakes<'_>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.required(key, mistakes)?;
        string(key, found, mistakes, read)
    }

    /// A whole number from 1 to `most` that must be there.
    pub(super) fn count(&mut self, key: &'static str, most: u32, mistakes: &mut Mistakes<'_>) -> Option<u32> {
        let (value, at) = self.required(key, mistakes)?;
        let number = match value {
            DeValue::Integer(integer) => u32::from_str_radix(integer.as_str(), integer.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| (1..=most).contains(number));
        if number.is_none() {
            mistakes.note(at, format!("`{key}` is a whole number from 1 to {most}"));
        }
        number
    }

    /// A whole number from 0, if it is there.
    pub(super) fn number(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<u64> {
        let (value, at) = self.optional(key)?;
        let number = match value {
            DeValue::Integer(integer) => u64::from_str_radix(integer.as_str(), integer.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            mistakes.note(at, format!("`{key}` is a whole number from 0"));
        }
        number
    }

    /// Every key that was not read is a mistake.
    pub(super) fn refuse_others(&self, mistakes: &mut Mistakes<'_>) {
        for key in self.table.keys() {
            let word = key.get_ref().as_ref();
            if !self.known.contains(&word) {
                let meant = nearest(word, self.known.iter().copied());
                let hint = meant.map_or_else(
                    || format!("; the keys are {}", self.known.join(", ")),
                    |meant| format!("; did you mean `{meant}`?"),
                );
                mistakes.note(key.span().start, format!("unknown key `{word}`{hint}"));
            }
        }
    }
}

fn string<T>(
    key: &str,
    (value, at): Found<'_, '_>,
    mistakes: &mut Mistakes<'_>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let Some(text) = value.as_str() else {
        mistakes.note(at, format!("`{key}` is a string, written in quotes, not {}", kind(value)));
        return None;
    };
    read(text).map_err(|mistake| mistakes.note(at, format!("`{key}`: {mistake}"))).ok()
}

/// What a value is, for people.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The place of a value.
pub(super) fn place<T>(value: &Spanned<T>) -> usize {
    value.span().start
}
