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
// Aligned like everything around it: events and answers are kept by the million.
#[repr(Rust, packed(8))]
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Amount, AmountError, MAX_FRACTION_DIGITS, MAX_WHOLE_DIGITS};

    fn any_amount() -> impl Strategy<Value = Amount> {
        let micros = prop_oneof![0..=Amount::MAX.0, 0..10_000_000u128, (0..1_000u128).prop_map(|n| n * 1_000_000)];
        micros.prop_map(Amount)
    }

    #[test]
    fn an_amount_is_written_in_lowest_terms() {
        let cases = [
            ("12.50", "12.5"),
            ("10", "10"),
            ("10.0", "10"),
            ("0", "0"),
            ("000", "0"),
            ("0.000000", "0"),
            ("0.000001", "0.000001"),
            ("007.010", "7.01"),
            ("100.100100", "100.1001"),
            ("999999999999999.999999", "999999999999999.999999"),
        ];
        for (text, lowest) in cases {
            assert_eq!(Amount::parse(text).map(|amount| amount.to_string()), Ok(lowest.into()), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_amount_is_refused_with_the_reason() {
        use AmountError::{
            Character, Empty, NothingAfterPoint, NothingBeforePoint, Signed, TooManyFractionDigits, TooManyWholeDigits,
        };
        let cases = [
            ("", Empty),
            ("-5", Signed),
            ("+5", Signed),
            ("NaN", Character('N')),
            ("inf", Character('i')),
            ("1e3", Character('e')),
            (" 1", Character(' ')),
            ("1 ", Character(' ')),
            ("1,5", Character(',')),
            ("1.2.3", Character('.')),
            ("1-2", Character('-')),
            ("٣", Character('٣')),
            ("1\0", Character('\0')),
            (".5", NothingBeforePoint),
            (".", NothingBeforePoint),
            ("5.", NothingAfterPoint),
            ("1000000000000000", TooManyWholeDigits),
            ("0000000000000001", TooManyWholeDigits),
            ("0.0000001", TooManyFractionDigits),
            ("0.0000000", TooManyFractionDigits),
        ];
        for (text, error) in cases {
            assert_eq!(Amount::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn the_largest_amount_plus_the_smallest_is_none() {
        assert_eq!(Amount::MAX.checked_add(Amount(1)), None);
        assert_eq!(Amount::MAX.checked_add(Amount::ZERO), Some(Amount::MAX));
        assert_eq!(Amount::from_micros(Amount::MAX.0 + 1), None);
    }

    #[test]
    fn a_number_is_not_read_as_an_amount() {
        assert!(serde_json::from_str::<Amount>("12.5").is_err());
        assert!(serde_json::from_str::<Amount>("\"12.5 \"").is_err());
    }

    #[test]
    fn an_amount_is_aligned_like_a_text() {
        assert_eq!(format!("{:>6}|", Amount(12_500_000)), "  12.5|");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same_amount(amount in any_amount()) {
            let text = amount.to_string();
            prop_assert_eq!(Amount::parse(&text), Ok(amount));
            prop_assert_eq!(text.parse::<Amount>(), Ok(amount));
            prop_assert!(!text.contains('.') || !text.ends_with('0'), "{} is not in lowest terms", text);
            let json = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(&json, &format!("\"{text}\""));
            prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
            let packed = rmp_serde::to_vec(&amount).unwrap();
            prop_assert_eq!(rmp_serde::from_slice::<Amount>(&packed).unwrap(), amount);
        }

        #[test]
        fn any_text_is_an_amount_exactly_if_its_digits_fit(
            text in prop_oneof!["[0-9]{0,17}(\\.[0-9]{0,8})?", "[0-9.eE+ -]{0,8}", "\\PC{0,8}"]
        ) {
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
            let fits = |digits: &str, most| {
                (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
            };
            let expected = fits(whole, MAX_WHOLE_DIGITS) && fits(fraction, MAX_FRACTION_DIGITS);
            prop_assert_eq!(Amount::parse(&text).is_ok(), expected, "{:?}", text);
        }

        #[test]
        fn sums_are_exact(one in any_amount(), other in any_amount()) {
            let sum = one.micros() + other.micros();
            prop_assert_eq!(one.checked_add(other), Amount::from_micros(sum));
            prop_assert_eq!(one.checked_add(other).is_some(), sum <= Amount::MAX.micros());
        }

        #[test]
        fn amounts_are_ordered_by_value(one in any_amount(), other in any_amount()) {
            prop_assert_eq!(one.cmp(&other), one.micros().cmp(&other.micros()));
        }
    }
}
