//! Why the program ends with another status than 0.

use std::process::ExitCode;

use agora::config::file::FileError;
use agora::config::{Invalid, Mode};
use agora::disk::Unreadable;
use agora::node::{BuildError, NodeFault};
use serde_json::json;

use crate::output::{self, Format};

/// Bad usage or configuration.
pub(crate) const USAGE: u8 = 2;

/// A failure: what kind, and the reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    code: &'static str,
    status: u8,
    reason: String,
}

impl Failure {
    /// Bad usage: exit 2.
    pub(crate) fn usage(reason: impl Into<String>) -> Self {
        Self { code: "usage", status: USAGE, reason: reason.into() }
    }

    /// A configuration that cannot be: exit 2.
    fn configuration(reason: impl Into<String>) -> Self {
        Self { code: "configuration", status: USAGE, reason: reason.into() }
    }

    /// A fault of the system: exit 1.
    pub(crate) fn fault(reason: impl Into<String>) -> Self {
        Self { code: "fault", status: 1, reason: reason.into() }
    }

    /// Says it on stderr, in one line, and gives the exit status.
    pub(crate) fn report(&self, format: Format) -> ExitCode {
        match format {
            Format::Text => output::complain(&format!("error: {}\n", self.reason)),
            Format::Json => output::complain(&format!("{}\n", json!({ "error": self.code, "reason": self.reason }))),
        }
        ExitCode::from(self.status)
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::configuration(invalid.to_string())
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Data { why: Unreadable::Io(_) | Unreadable::Damaged { .. }, .. } => {
                Self::fault(error.to_string())
            }
            error => Self::configuration(error.to_string()),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::configuration(error.to_string())
    }
}

impl From<NodeFault> for Failure {
    fn from(fault: NodeFault) -> Self {
        match fault {
            NodeFault::OtherMode { mode, .. } => {
                let same = match mode {
                    Mode::Majority(size) => format!("with --cluster-size {size}"),
                    Mode::Reachable => "without --cluster-size".into(),
                };
                Self::configuration(format!(
                    "cluster-size: {fault}; start this node {same} to join it, or under another --cluster"
                ))
            }
            fault => Self::fault(fault.to_string()),
        }
    }
}
