//! Exact decimal amounts: at most 15 digits before and 6 after the point, never binary floats.

use serde::{Deserialize, Serialize};

/// An amount; on the wire a decimal string in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Amount(u128);
