//! A worker: a process that plays the bidders of some auctions, and counts.
//!
//! ```text
//!   parent ── Share, Go, Measure, Stop ──▶ ┌────────────────────────────┐      ┌─ Seat: socket + Dialogue ──┐
//!                                          │ Hall: auctions, who may bid│ ───▶ │  one of each bidder        │ ──▶ nodes
//!   parent ◀── Ready, Sample…, End ─────── │ Pacer: when; Tally: figures│ ◀─── │  one of the auctioneer     │ ◀──
//!                                          └────────────────────────────┘      └─ one who verifies ─────────┘
//! ```
//!
//! One thread. It drives [`agora::client::protocol::Dialogue`] itself, as `Client` does, without a task and a channel for
//! each session: what is sent, when it is sent again, and what counts as an answer are the library's, and nothing of a
//! bid's cost to the nodes is spared.

mod clock;
mod hall;
mod lot;
mod pace;
mod seat;
mod stage;
mod tally;
mod ticket;
mod verify;

use std::io::Write;
use std::sync::mpsc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::stage::Stage;
use super::talk::{Order, Report, Share};
use crate::failure::Failure;

/// Runs a worker, which its parent started. It ends with its parent: when stdin ends.
pub(crate) fn run() -> Result<(), Failure> {
    let mut first = String::new();
    let read = std::io::stdin().read_line(&mut first);
    let share = read.ok().and_then(|_| serde_json::from_str::<Share>(&first).ok());
    let share = share.ok_or_else(|| Failure::usage("bench-worker is started by bench"))?;
    let (to, orders) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let order = serde_json::from_str::<Order>(&line);
            if order.is_ok_and(|order| to.send(order).is_err()) {
                return;
            }
        }
    });
    raise_limit();
    let ended = Stage::new(share, orders).and_then(Stage::run);
    if let Err(error) = ended {
        tell(&Report::Failed(error.to_string()));
    }
    Ok(())
}

/// A session is a socket: as many as this user may have.
fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Where that is refused, the socket that is too many says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// To the parent. Where it is gone, the end of stdin tells.
fn tell(report: &Report) {
    if let Ok(line) = serde_json::to_string(report) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
