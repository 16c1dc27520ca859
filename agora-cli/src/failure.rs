//! How a command ends when it does not succeed: an exit code, a code for programs, a reason for people.

use std::process::ExitCode;

use agora::auction::refusal::{Code, Refusal};
use agora::client::ConnectError;
use agora::client::message::Failure as Unanswered;
use agora::config::file::FileError;
use agora::id::{AuctionId, RequestId};
use serde_json::{Value, json};

use crate::output::{self, Format};

/// A fault of the program or the system.
pub(crate) const FAULT: u8 = 1;
/// Bad usage, script or file.
pub(crate) const USAGE: u8 = 2;
/// Refused by the cluster.
const REFUSED: u8 = 3;
/// No leader found; nothing was sent.
const NO_LEADER: u8 = 4;
/// An auction that was followed was cancelled.
const CANCELLED: u8 = 5;
/// Sent; the outcome is unknown.
const UNKNOWN: u8 = 6;
/// ctrl-c.
const INTERRUPTED: u8 = 130;

/// Why a command did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    exit: u8,
    code: String,
    reason: String,
    request: Option<RequestId>,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn fault(reason: impl Into<String>) -> Self {
        Self::new(FAULT, "fault", reason)
    }

    pub(crate) fn usage(reason: impl Into<String>) -> Self {
        Self::new(USAGE, "usage", reason)
    }

    /// A file that cannot be used; each line of `reason` names path and line.
    pub(crate) fn file(reason: impl Into<String>) -> Self {
        Self::new(USAGE, "file", reason)
    }

    pub(crate) fn refused(refusal: &Refusal) -> Self {
        let failure = Self::new(REFUSED, refusal.code.as_str(), refusal.reason.clone());
        Self { hint: advice(refusal.code).map(Into::into), ..failure }
    }

    pub(crate) fn not_found(auction: AuctionId) -> Self {
        Self::refused(&Refusal { code: Code::NotFound, reason: format!("there is no auction {auction}") })
    }

    /// Of an operator's order: the advice for auctions does not fit, and giving it again does no harm.
    pub(crate) fn order(failure: Self) -> Self {
        let again = "the same command again does nothing twice; `agora-cli member list` tells what is so";
        match failure.exit {
            REFUSED => Self { hint: None, ..failure },
            NO_LEADER if failure.hint.is_none() => {
                let reason = "it was sent, and not done in time; it may be under way";
                Self { hint: Some(again.into()), ..Self::new(UNKNOWN, "unknown", reason) }
            }
            _ => failure,
        }
    }

    pub(crate) fn cancelled(reason: impl Into<String>) -> Self {
        Self::new(CANCELLED, "cancelled", reason)
    }

    pub(crate) fn timeout(reason: impl Into<String>) -> Self {
        Self::new(FAULT, "timeout", reason)
    }

    /// So many nodes answered, none of which leads.
    pub(crate) fn no_leader(nodes: usize) -> Self {
        let (found, hint) = match nodes {
            0 => ("", "is a node running? `--join HOST:PORT` names one where no broadcast reaches"),
            _ => (
                ", though nodes answered",
                "with `--cluster-size N` more than half of the N must be there; `agora-cli status` tells who is",
            ),
        };
        let failure = Self::new(NO_LEADER, "no-leader", format!("no leader found{found}; nothing was sent"));
        Self { hint: Some(hint.into()), ..failure }
    }

    fn unknown(request: RequestId, said: Option<&Refusal>) -> Self {
        let said = said.map(|refusal| format!("; the leader said last: {refusal}")).unwrap_or_default();
        let hint = format!("the same command with `--request {request}` finds out, and does nothing twice");
        let reason = format!("it was sent, and not answered in time: its outcome is unknown{said}");
        let failure = Self::new(UNKNOWN, "unknown", reason);
        Self { request: Some(request), hint: Some(hint), ..failure }
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(INTERRUPTED, "", "")
    }

    /// Whoever read stdout has gone: the program ends quietly.
    pub(crate) fn closed_stdout() -> Self {
        Self::new(0, "", "")
    }

    fn new(exit: u8, code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { exit, code: code.into(), reason: reason.into(), request: None, hint: None }
    }

    /// Tells it on stderr, in JSON on exactly one line.
    pub(crate) fn report(&self, format: Format) -> ExitCode {
        if !self.code.is_empty() {
            match format {
                Format::Json => output::complain(&format!("{}\n", self.json())),
                Format::Text => output::complain(&self.text()),
            }
        }
        ExitCode::from(self.exit)
    }

    fn json(&self) -> Value {
        match self.request {
            Some(request) => json!({"error": self.code, "request": request, "reason": self.reason}),
            None => json!({"error": self.code, "reason": self.reason}),
        }
    }

    fn text(&self) -> String {
        let reason = match self.exit {
            REFUSED => format!("refused: {}: {}\n", self.code, self.reason),
            CANCELLED => format!("cancelled: {}\n", self.reason),
            // Path and line first, so that editors find them.
            USAGE if self.code == "file" => format!("{}\n", self.reason),
            _ => format!("error: {}\n", self.reason),
        };
        match &self.hint {
            Some(hint) => format!("{reason}hint: {hint}\n"),
            None => reason,
        }
    }
}

/// What to do about a refusal, where the reason does not say so.
const fn advice(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::NotFound => "`agora-cli list` shows the auctions",
        Code::NotOpen => "`agora-cli show AUCTION` tells how it stands",
        Code::NotParticipant => "`agora-cli join AUCTION` comes first; `--as NAME` says who you are",
        Code::NotAuctioneer => "that is who created it; `--as NAME` says who you are",
        Code::IsAuctioneer => "`--as NAME` takes part as somebody else",
        Code::AlreadyJoined => "there is nothing to do; `agora-cli watch AUCTION` follows it",
        Code::AlreadyBid => "one bid a round; `agora-cli wait AUCTION --until round=N` waits for the next",
        Code::WrongRound | Code::RoundClosed => "without `--round` a bid is for the open round",
        Code::BadAmount => "an amount is at most 15 digits, and at most 6 after a point, such as 12.50",
        Code::NotReady => "`agora-cli wait AUCTION --until ready-check` returns when they have",
        Code::BelowMinimum
        | Code::AboveMaximum
        | Code::BadRequest
        | Code::Full
        | Code::Expired
        | Code::NoQuorum
        | Code::Busy => return None,
    })
}

impl From<Unanswered> for Failure {
    fn from(failure: Unanswered) -> Self {
        match failure {
            Unanswered::NoLeader { nodes } => Self::no_leader(nodes),
            Unanswered::Unknown { request, said } => Self::unknown(request, said.as_ref()),
            Unanswered::NoAnswer => {
                Self::new(NO_LEADER, "no-leader", "no leader confirmed what was read; nothing was changed")
            }
            Unanswered::NoAuction => Self::new(REFUSED, "NOT_FOUND", "there is no such auction any more"),
            Unanswered::Closed => Self::fault("the client has ended"),
        }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Bind { .. } => Self::fault(error.to_string()),
            ConnectError::Lookup { .. } => Self::usage(error.to_string()),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::file(error.to_string())
    }
}
