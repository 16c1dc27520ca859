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
    /// [`Settings::fast`].
    Fast,
    /// [`Settings::classic`].
    Classic,
}

/// No preset of that name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no preset; the presets are lan, fast and classic")]
pub struct UnknownPreset(pub String);

impl Preset {
    /// Its settings.
    pub fn settings(self) -> Settings {
        match self {
            Self::Lan => Settings::lan(),
            Self::Fast => Settings::fast(),
            Self::Classic => Settings::classic(),
        }
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        match name {
            "lan" => Ok(Self::Lan),
            "fast" => Ok(Self::Fast),
            "classic" => Ok(Self::Classic),
            other => Err(UnknownPreset(other.into())),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lan => "lan",
            Self::Fast => "fast",
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
