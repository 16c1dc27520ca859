//! What the tables of the page say of MessagePack, and whether bytes are as they say.

use std::collections::BTreeMap;

/// A type as the page writes it: `u64`, `[member]`, `[node, address]?`, `{"K": T}`, `"quorum"`.
#[derive(Debug, Clone)]
enum Type {
    /// A base type, or a structure of the page.
    Named(String),
    /// `T?`
    Optional(Box<Type>),
    /// `[T]`, or with a number `[T × n]`.
    List(Box<Type>, Option<usize>),
    /// `[T, U]`, and every structure.
    Fields(Vec<Type>),
    /// `"text"`
    Text(String),
    /// `{"K": T}`
    Pair(String, Box<Type>),
    /// One of these.
    Either(Vec<Type>),
}

/// What the page says of every message.
#[derive(Debug)]
pub(super) struct Schema {
    structures: BTreeMap<String, Type>,
    messages: BTreeMap<String, Type>,
}

impl Schema {
    /// From (structure, fields), and from (messages, fields, whether the founding comes before them).
    pub(super) fn read<'a>(
        structures: impl Iterator<Item = (&'a str, &'a str)>,
        messages: impl Iterator<Item = (&'a str, &'a str, bool)>,
    ) -> Self {
        let described = structures.map(|(name, text)| (name.trim_matches('`').to_owned(), structure(text)));
        let mut schema = Self { structures: described.collect(), messages: BTreeMap::new() };
        for (names, text, of_a_log) in messages {
            let mut fields: Vec<_> = text.split(" · ").map(field).collect();
            if of_a_log {
                fields.insert(0, Type::Named("uuid".into()));
            }
            // "an `ack` · a `deny`": each message is that structure.
            let is_structure = text.split(" · ").all(|field| field.starts_with("an `") || field.starts_with("a `"));
            for (place, name) in names.split(" · ").enumerate() {
                let whole = if is_structure {
                    fields.get(place).or(fields.last()).expect("a field").clone()
                } else {
                    Type::Fields(fields.clone())
                };
                assert!(schema.messages.insert(name.into(), whole).is_none(), "{name} stands twice");
            }
        }
        schema
    }

    /// The names of all messages.
    pub(super) fn messages(&self) -> impl Iterator<Item = &str> {
        self.messages.keys().map(String::as_str)
    }

    /// Whether `bytes` are this message.
    pub(super) fn check(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let fields = self.messages.get(name).ok_or("not on the page")?;
        match self.take(&Type::Pair(name.into(), Box::new(fields.clone())), bytes)? {
            [] => Ok(()),
            rest => Err(format!("{} bytes too many", rest.len())),
        }
    }

    /// What is left behind a value of this type.
    fn take<'a>(&self, wanted: &Type, bytes: &'a [u8]) -> Result<&'a [u8], String> {
        match wanted {
            Type::Named(name) => match self.structures.get(name) {
                Some(structure) => self.take(structure, bytes),
                None => base(name, bytes).ok_or_else(|| format!("no {name} at {bytes:02x?}")),
            },
            Type::Optional(inner) => match bytes {
                [0xc0, rest @ ..] => Ok(rest),
                _ => self.take(inner, bytes),
            },
            Type::List(inner, wanted) => {
                let (length, rest) = array(bytes)?;
                if wanted.is_some_and(|wanted| wanted != length) {
                    return Err(format!("{length} elements, not {wanted:?}"));
                }
                (0..length).try_fold(rest, |rest, _| self.take(inner, rest))
            }
            Type::Fields(fields) => {
                let (length, rest) = array(bytes)?;
                if length != fields.len() {
                    return Err(format!("{length} fields, not {} as in {fields:?}", fields.len()));
                }
                fields.iter().try_fold(rest, |rest, field| self.take(field, rest))
            }
            Type::Text(wanted) => match text(bytes) {
                Some((found, rest)) if found == wanted.as_bytes() => Ok(rest),
                _ => Err(format!("not {wanted:?} at {bytes:02x?}")),
            },
            Type::Pair(key, value) => match bytes {
                [0x81, rest @ ..] => self.take(value, self.take(&Type::Text(key.clone()), rest)?),
                _ => Err(format!("no map of one pair at {bytes:02x?}")),
            },
            Type::Either(types) => types
                .iter()
                .find_map(|one| self.take(one, bytes).ok())
                .ok_or_else(|| format!("none of {types:?} at {bytes:02x?}")),
        }
    }
}

/// What is left behind a value of a base type; `None` if there is none there.
fn base<'a>(name: &str, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let unsigned = |most: usize| match bytes {
        [0..=0x7f, rest @ ..] => Some(rest),
        [marker @ 0xcc..=0xcf, rest @ ..] if 1 << (marker - 0xcc) <= most => rest.get(1 << (marker - 0xcc)..),
        _ => None,
    };
    match name {
        "u8" => unsigned(1),
        "u16" => unsigned(2),
        "u32" => unsigned(4),
        "u64" => unsigned(8),
        "bool" => bytes.strip_prefix(&[0xc2]).or_else(|| bytes.strip_prefix(&[0xc3])),
        "str" => text(bytes).map(|(_, rest)| rest),
        "amount" => {
            text(bytes).filter(|(text, _)| text.iter().all(|c| matches!(c, b'0'..=b'9' | b'.'))).map(|(_, rest)| rest)
        }
        "uuid" => bytes.strip_prefix(&[0xc4, 16]).and_then(|rest| rest.get(16..)),
        "bin" => match bytes {
            [0xc4, length, rest @ ..] => rest.get(usize::from(*length)..),
            [0xc5, high, low, rest @ ..] => rest.get(usize::from(u16::from_be_bytes([*high, *low]))..),
            _ => None,
        },
        _ => None,
    }
}

fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match bytes {
        [marker @ 0xa0..=0xbf, rest @ ..] => rest.split_at_checked(usize::from(marker & 0x1f)),
        [0xd9, length, rest @ ..] => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}

fn array(bytes: &[u8]) -> Result<(usize, &[u8]), String> {
    match bytes {
        [marker @ 0x90..=0x9f, rest @ ..] => Ok((usize::from(marker & 0x0f), rest)),
        [0xdc, high, low, rest @ ..] => Ok((usize::from(*high) << 8 | usize::from(*low), rest)),
        _ => Err(format!("no array at {bytes:02x?}")),
    }
}

/// A structure's row: the array of its fields, or one of several values.
fn structure(text: &str) -> Type {
    let mut fields: Vec<_> = text.split(" · ").map(field).collect();
    match fields.as_slice() {
        [Type::Either(_)] => fields.remove(0),
        _ => Type::Fields(fields),
    }
}

/// A field: a word or two, and its type in backticks; several where it is one of several values.
fn field(text: &str) -> Type {
    let types: Vec<_> = text.split('`').skip(1).step_by(2).collect();
    let is_value = |text: &&str| text.starts_with(['"', '{']);
    match *types.first().unwrap_or_else(|| panic!("no type in {text}")) {
        first if is_value(&first) => Type::Either(types.into_iter().filter(is_value).map(read).collect()),
        first => read(first),
    }
}

/// A type, perhaps with a word before it that says what it is.
fn read(text: &str) -> Type {
    let text = text.trim();
    if let Some(inner) = text.strip_suffix('?') {
        return Type::Optional(Box::new(read(inner)));
    }
    if let Some(quoted) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Type::Text(quoted.into());
    }
    if let Some(pair) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let (key, value) = pair.split_once(": ").expect("a key and a type");
        return Type::Pair(key.trim_matches('"').into(), Box::new(read(value)));
    }
    let Some(start) = text.find('[') else {
        return Type::Named(text.rsplit(' ').next().expect("rsplit yields something").into());
    };
    let inner = text[start + 1..].strip_suffix(']').unwrap_or_else(|| panic!("no end of the array in {text}"));
    let parts = elements(inner);
    match parts.as_slice() {
        [one] => match one.rsplit_once(" × ") {
            Some((one, times)) if !one.contains('[') => {
                Type::List(Box::new(read(one)), Some(times.parse().expect("a number")))
            }
            _ => Type::List(Box::new(read(one)), None),
        },
        _ => Type::Fields(parts.into_iter().map(read).collect()),
    }
}

/// The parts between commas that are in no bracket of their own.
fn elements(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, character) in text.char_indices() {
        match character {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}
