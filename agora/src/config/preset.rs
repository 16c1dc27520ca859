//! The presets by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::Settings;

/// Where the settings start from; flags, environment and file go on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Preset {
    /// [`Settings::lan`].
    #[default]
    Lan,
    /// [`Settings::classic`].
    Classic,
}

/// No preset of that name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnknownPreset {
    /// A name that is kept for later.
    #[error("preset `fast` is not available yet; the presets are lan and classic")]
    NotYet,
    /// Any other name.
    #[error("`{0}` is no preset; the presets are lan and classic")]
    Unknown(String),
}

impl Preset {
    /// Its settings.
    pub fn settings(self) -> Settings {
        match self {
            Self::Lan => Settings::lan(),
            Self::Classic => Settings::classic(),
        }
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        match name {
            "lan" => Ok(Self::Lan),
            "classic" => Ok(Self::Classic),
            "fast" => Err(UnknownPreset::NotYet),
            other => Err(UnknownPreset::Unknown(other.into())),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lan => "lan",
            Self::Classic => "classic",
        })
    }
}

impl Serialize for Preset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Preset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
