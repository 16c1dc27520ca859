//! Durations as people write them in flags and files: `250ms`, `20s`, `2m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DurationError {
    /// There is no number before the unit.
    #[error("`{0}` does not begin with a number; write for example `250ms`, `20s` or `2m`")]
    NoNumber(String),
    /// A number without a unit could be anything.
    #[error("`{0}` has no unit; write for example `{0}ms` or `{0}s`")]
    NoUnit(String),
    /// Not one of the units.
    #[error("`{unit}` in `{text}` is no unit; the units are us, ms, s, m, h and d")]
    UnknownUnit {
        /// As written.
        text: String,
        /// What follows the number.
        unit: String,
    },
    /// More than 18 digits, finer than a microsecond, or longer than a million days.
    #[error("`{0}` is out of range: from 1us up to 1000000d, no finer than a microsecond")]
    OutOfRange(String),
}

const UNITS: [(&str, u64); 6] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

/// No duration is longer: sums of a few of them stay far inside a `u64` of microseconds.
const LONGEST_MICROS: u64 = 1_000_000 * 86_400_000_000;

/// Reads a whole or decimal number with a unit: `250ms`, `1.5s`, `2m`, `24h`. `0` alone needs no unit.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start());
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(DurationError::NoNumber(text.into()));
    }
    if unit.is_empty() {
        return if number == "0" { Ok(Duration::ZERO) } else { Err(DurationError::NoUnit(text.into())) };
    }
    let Some(&(_, micros_per_unit)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(DurationError::UnknownUnit { text: text.into(), unit: unit.into() });
    };
    let micros = micros_of(number, micros_per_unit).ok_or_else(|| DurationError::OutOfRange(text.into()))?;
    Ok(Duration::from_micros(micros))
}

/// Exact: no binary fraction on the way.
fn micros_of(number: &str, micros_per_unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if fraction.is_empty() || fraction.len() > 18 {
        return None;
    }
    let scaled = u128::from(fraction.parse::<u64>().ok()?) * u128::from(micros_per_unit);
    let parts = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    if !scaled.is_multiple_of(parts) {
        return None;
    }
    let micros = u128::from(whole.parse::<u64>().ok()?) * u128::from(micros_per_unit) + scaled / parts;
    u64::try_from(micros).ok().filter(|micros| *micros <= LONGEST_MICROS)
}

/// Writes a duration in the largest unit that needs no fraction; [`parse_duration`] reads it back to the microsecond.
pub fn format_duration(duration: Duration) -> String {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    if micros == 0 {
        return "0s".into();
    }
    UNITS
        .iter()
        .find(|(_, per_unit)| micros.is_multiple_of(*per_unit))
        .map_or_else(|| format!("{micros}us"), |(unit, per_unit)| format!("{}{unit}", micros / per_unit))
}

/// A [`Duration`] that flags and files read and write as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval(pub Duration);

impl FromStr for Interval {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        parse_duration(text).map(Self)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.0))
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
