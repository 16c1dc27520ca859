//! Exact decimal amounts: at most 15 digits before and 6 after the point, never binary floats.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// At most so many digits before the point; leading zeros count.
pub const MAX_WHOLE_DIGITS: usize = 15;
/// At most so many digits after the point; trailing zeros count.
pub const MAX_FRACTION_DIGITS: usize = 6;
/// All digits and the point.
const MAX_TEXT: usize = MAX_WHOLE_DIGITS + 1 + MAX_FRACTION_DIGITS;
/// Micro-units in one.
const UNIT: u128 = 1_000_000;

/// An amount, from 0 to [`Amount::MAX`]; on the wire a decimal string in lowest terms (`"12.5"`, `"10"`, `"0.000001"`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(u128);

/// Why a text is not an amount. It repeats at most one character of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing is written.
    #[error("an amount is not empty")]
    Empty,
    /// A plus or minus.
    #[error("an amount has no sign")]
    Signed,
    /// Neither a digit nor the one point: letters, exponents, spaces, separators, a second point.
    #[error("an amount has only digits and one point, not {0:?}")]
    Character(char),
    /// As in `.5`.
    #[error("an amount has a digit before the point")]
    NothingBeforePoint,
    /// As in `5.`.
    #[error("an amount has a digit after the point")]
    NothingAfterPoint,
    /// More than [`MAX_WHOLE_DIGITS`].
    #[error("an amount has at most {MAX_WHOLE_DIGITS} digits before the point")]
    TooManyWholeDigits,
    /// More than [`MAX_FRACTION_DIGITS`].
    #[error("an amount has at most {MAX_FRACTION_DIGITS} digits after the point")]
    TooManyFractionDigits,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount that can be written: 999999999999999.999999.
    pub const MAX: Self = Self(1_000_000_000_000_000 * UNIT - 1);

    /// The amount of so many millionths; `None` above [`Amount::MAX`].
    pub const fn from_micros(micros: u128) -> Option<Self> {
        if micros <= Self::MAX.0 { Some(Self(micros)) } else { None }
    }

    /// In millionths.
    pub const fn micros(self) -> u128 {
        self.0
    }

    /// The sum; `None` above [`Amount::MAX`].
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_micros(self.0 + other.0) // Far from the end of u128: both are at most MAX.
    }

    /// Reads `digits` or `digits.digits`, within the limits of digits.
    ///
    /// Leading and trailing zeros are accepted but count as digits: `007.50` is 7.5. Reads no further than the first
    /// mistake.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let (mut micros, mut whole, mut fraction) = (0, 0, None);
        for character in text.chars() {
            let place = match (character, fraction) {
                ('0'..='9', None) if whole == MAX_WHOLE_DIGITS => return Err(AmountError::TooManyWholeDigits),
                ('0'..='9', None) => &mut whole,
                ('0'..='9', Some(MAX_FRACTION_DIGITS)) => return Err(AmountError::TooManyFractionDigits),
                ('0'..='9', Some(_)) => fraction.get_or_insert(0),
                ('.', None) if whole == 0 => return Err(AmountError::NothingBeforePoint),
                ('.', None) => {
                    fraction = Some(0);
                    continue;
                }
                ('+' | '-', None) if whole == 0 => return Err(AmountError::Signed),
                (other, _) => return Err(AmountError::Character(other)),
            };
            *place += 1;
            micros = micros * 10 + u128::from(character.to_digit(10).unwrap_or(0));
        }
        match fraction {
            None if whole == 0 => return Err(AmountError::Empty),
            Some(0) => return Err(AmountError::NothingAfterPoint),
            _ => {}
        }
        for _ in fraction.unwrap_or(0)..MAX_FRACTION_DIGITS {
            micros *= 10;
        }
        Ok(Self(micros))
    }

    /// Calls `use_text` with the decimal in lowest terms, without allocating.
    fn with_text<T>(self, use_text: impl FnOnce(&str) -> T) -> T {
        let mut text = [b'0'; MAX_TEXT];
        let (mut rest, mut start, mut end) = (self.0, MAX_TEXT, MAX_TEXT);
        for _ in 0..MAX_FRACTION_DIGITS {
            start -= 1;
            text[start] = ascii_digit(rest % 10);
            rest /= 10;
            // A zero that nothing but zeros and the end follow is not written.
            if text[start] == b'0' && end == start + 1 {
                end = start;
            }
        }
        if end > start {
            start -= 1;
            text[start] = b'.';
        }
        loop {
            start -= 1;
            text[start] = ascii_digit(rest % 10);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        use_text(str::from_utf8(&text[start..end]).unwrap_or_default())
    }
}

/// The character of a digit.
fn ascii_digit(digit: u128) -> u8 {
    b'0' + u8::try_from(digit).unwrap_or(0)
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        Self::parse(text)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.pad(text))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amount({self})")
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(DecimalText)
    }
}

/// Reads an amount from a string in place.
struct DecimalText;

impl Visitor<'_> for DecimalText {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount as a decimal string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
        Amount::parse(text).map_err(E::custom)
    }
}
