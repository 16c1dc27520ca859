//! Writing results: JSON lines for programs, aligned text for people.

use std::io::{self, IsTerminal, Write};

use agora::id::ParticipantId;
use clap::ValueEnum;
use serde::Deserialize;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::failure::Failure;

/// `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// Writes to stdout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    format: Format,
    colour: bool,
    /// Of the terminal, if it is one.
    width: Option<usize>,
}

/// The colours that are used, and only on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// What people look for.
    Bold,
    /// What they skip.
    Dim,
    /// Good news.
    Green,
    /// Bad news.
    Red,
}

impl Printer {
    pub(crate) fn new(format: Format) -> Self {
        let terminal = format == Format::Text && io::stdout().is_terminal();
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into());
        Self { format, colour: terminal && std::env::var_os("NO_COLOR").is_none(), width: width.filter(|_| terminal) }
    }

    /// One that writes to no terminal.
    #[cfg(test)]
    pub(crate) const fn plain(format: Format) -> Self {
        Self { format, colour: false, width: None }
    }

    /// As on a terminal of this width.
    #[cfg(test)]
    pub(crate) const fn on_terminal(mut self, width: usize) -> Self {
        self.width = Some(width);
        self
    }

    /// How wide the terminal is, if it is one.
    pub(crate) const fn width(self) -> Option<usize> {
        self.width
    }

    /// A line aside from the results, on stderr, that only people need.
    pub(crate) fn note(self, text: &str) {
        if self.format == Format::Text {
            complain(&format!("{text}\n"));
        }
    }

    /// The same of what goes on, for who sits before a terminal.
    pub(crate) fn progress(self, text: &str) {
        if io::stderr().is_terminal() {
            self.note(text);
        }
    }

    /// One result: as a line of JSON, or as text (which ends without a newline; nothing is written if it is empty).
    pub(crate) fn print(self, json: impl FnOnce() -> Value, text: impl FnOnce(Self) -> String) -> Result<(), Failure> {
        let line = match self.format {
            Format::Json => json().to_string(),
            Format::Text => text(self),
        };
        if line.is_empty() {
            return Ok(());
        }
        write(format!("{line}\n").as_bytes())
    }

    /// A line that only people need.
    pub(crate) fn say(self, text: impl FnOnce(Self) -> String) -> Result<(), Failure> {
        match self.format {
            Format::Json => Ok(()),
            Format::Text => write(format!("{}\n", text(self)).as_bytes()),
        }
    }

    /// `text` in a colour, on a terminal.
    pub(crate) fn paint(self, colour: Colour, text: &str) -> String {
        let code = match colour {
            Colour::Bold => 1,
            Colour::Dim => 2,
            Colour::Green => 32,
            Colour::Red => 31,
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into() }
    }

    /// `text` in a column of `width`, in a colour.
    pub(crate) fn column(self, colour: Colour, text: &str, width: usize) -> String {
        let painted = self.paint(colour, text);
        painted + &" ".repeat(width.saturating_sub(text.width()))
    }
}

/// Writes to stdout, at once. Where nobody reads it any more, the program ends quietly.
pub(crate) fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::closed_stdout(),
        _ => Failure::fault(format!("cannot write: {error}")),
    })
}

/// Writes to stderr. Where that cannot be written, the exit status has to do.
pub(crate) fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A participant without a name, short enough for a line.
pub(crate) fn short(participant: ParticipantId) -> String {
    participant.to_string().chars().take(8).collect()
}
