//! A bidder that is a program, in any language: a JSON line in per event, a JSON line out per bid.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use agora::client::event::{Event, What};
use agora::id::Round;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::bidder::{Bidder, Feed, Tale, leaves_the_round_open};
use super::cast::Cast;
use super::script::{Move, Plan, Program, Script};
use crate::commands::{deadline, summary_json};
use crate::events::{self, Names};
use crate::failure::Failure;
use crate::output::complain;

/// A longer line is rubbish.
const MAX_LINE: u64 = 4_096;
/// Lines that wait for a program to read them; one that is further behind has stalled for good.
const MAX_UNREAD: usize = 10_000;
/// So many answers of a program to one round may be refused; no more of it is looked at. The leader stops answering
/// whoever is refused too often (`BUSY`).
const MAX_REFUSED: u32 = 8;
/// How long a program may take to end once its stdin is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// A program that was started.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
}

/// Starts the programs of all bidders that are played, in their order, or none is left running.
pub(super) fn start_all(script: &Script, cast: &Cast) -> Result<Vec<Running>, Failure> {
    let (mut running, mut mistakes) = (Vec::new(), Vec::new());
    for bidder in script.bidders.iter().filter(|bidder| cast.has(&bidder.name)) {
        let Plan::Exec(program) = &bidder.plan else { continue };
        match start(program, &script.folder) {
            Ok(program) => running.push(program),
            Err(error) => {
                let name = program.command.first().map_or("", String::as_str);
                let place = format!("{}:{}", script.path.display(), program.line);
                mistakes.push(format!("{place}: cannot start `{name}`: {error}"));
            }
        }
    }
    if mistakes.is_empty() { Ok(running) } else { Err(Failure::file(mistakes.join("\n"))) }
}

fn start(program: &Program, folder: &Path) -> std::io::Result<Running> {
    let Some((name, arguments)) = program.command.split_first() else {
        return Err(std::io::ErrorKind::NotFound.into());
    };
    // A name with a folder in it is meant as seen from the script, as its working folder is.
    let path = if name.contains('/') { folder.canonicalize()?.join(name) } else { PathBuf::from(name) };
    let child = Command::new(path)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    Ok(Running { child })
}

/// Lets the program bid until the auction is over.
pub(super) async fn play(bidder: Bidder, feed: Feed, mut running: Running, time_limit: Option<Duration>) {
    let (unread, lines_in) = mpsc::channel(MAX_UNREAD);
    let (said, lines_out) = mpsc::channel(16);
    if let Some(stdin) = running.child.stdin.take() {
        tokio::spawn(write_lines(stdin, lines_in));
    }
    if let Some(stdout) = running.child.stdout.take() {
        tokio::spawn(read_lines(stdout, said));
    }
    if let Some(stderr) = running.child.stderr.take() {
        tokio::spawn(relay(stderr, bidder.name.clone()));
    }
    let mut exec = Exec {
        bidder,
        feed,
        unread: Some(unread),
        time_limit,
        open: VecDeque::new(),
        refused: BTreeMap::new(),
        started: Round(0),
        dead: false,
    };
    if let Err(failure) = exec.follow(lines_out).await {
        exec.bidder.tell(Tale::Broken(failure));
    }
    // Its stdin closes.
    exec.unread = None;
    if timeout(FAREWELL, running.child.wait()).await.is_err() {
        let _ = running.child.kill().await;
    }
}

/// What a program says.
#[derive(Debug, Deserialize)]
struct Said {
    round: Option<Round>,
    bid: Option<String>,
    pass: Option<bool>,
}

struct Exec {
    bidder: Bidder,
    feed: Feed,
    unread: Option<mpsc::Sender<String>>,
    time_limit: Option<Duration>,
    /// Rounds without an answer, oldest first, and when it is too late.
    open: VecDeque<(Round, Option<Instant>)>,
    /// How many answers to a round were refused; those to rounds that are still to come count for the last one.
    refused: BTreeMap<Round, u32>,
    /// The last round that was started.
    started: Round,
    dead: bool,
}

impl Exec {
    async fn follow(&mut self, mut lines: mpsc::Receiver<Result<String, String>>) -> Result<(), Failure> {
        loop {
            let limit = self.open.iter().filter_map(|(_, limit)| *limit).min();
            tokio::select! {
                // A program that never stops talking must not keep the auction waiting.
                biased;
                event = self.feed.next() => {
                    let Some(event) = event else { return Ok(()) };
                    let event = event?;
                    let last = event.what.is_last();
                    self.event(event).await?;
                    if last {
                        return Ok(());
                    }
                }
                line = lines.recv(), if !self.dead => match line {
                    Some(Ok(line)) => self.said(&line).await?,
                    Some(Err(mistake)) => self.rubbish(mistake).await?,
                    None => self.died().await?,
                },
                () = until(limit) => self.too_late(limit).await?,
            }
        }
    }

    async fn event(&mut self, event: Event) -> Result<(), Failure> {
        if let What::Created { auctioneer, spec } = &event.what {
            let auction = summary_json(&agora::auction::message::Summary {
                auction: event.head.auction,
                auctioneer: *auctioneer,
                spec: spec.clone(),
                phase: agora::auction::message::Phase::Waiting,
                round: Round(0),
                bidders: 0,
                last: event.head.seq,
            });
            let (name, participant) = (&self.bidder.name, self.bidder.participant());
            self.write(&json!({"event": "hello", "name": name, "participant": participant, "auction": auction}));
        }
        self.write(&events::to_json(&event, &Names::new()));
        if let What::RoundStarted { round, .. } = event.what {
            self.started = round;
        }
        match event.what {
            What::RoundStarted { round, .. } if round < self.bidder.since => {}
            What::RoundStarted { round, .. } if self.dead => {
                self.bidder.play(&mut self.feed, round, Move::Pass).await?;
            }
            What::RoundStarted { round, .. } => self.open.push_back((round, self.time_limit.map(deadline))),
            What::RoundCompleted { round, .. } if self.open.iter().any(|(open, _)| *open == round) => {
                self.open.retain(|(open, _)| *open != round);
                self.failed(Some(round), "said nothing in time");
            }
            What::Ended { .. } | What::Cancelled { .. } => {
                self.open.clear();
                self.bidder.tell(Tale::Over { participant: self.bidder.participant(), event });
            }
            _ => {}
        }
        Ok(())
    }

    async fn said(&mut self, line: &str) -> Result<(), Failure> {
        let answer = match serde_json::from_str::<Said>(line) {
            Ok(Said { round, bid: Some(amount), pass: None | Some(false) }) => Ok((round, Move::Bid(amount))),
            Ok(Said { round, bid: None, pass: Some(true) }) => Ok((round, Move::Pass)),
            Ok(_) => Err("neither one `bid` nor `pass`".into()),
            Err(error) => Err(error.to_string()),
        };
        match answer {
            Ok((round, answer)) => self.answer(round, answer).await,
            Err(mistake) => self.rubbish(format!("not an answer: {mistake}")).await,
        }
    }

    async fn answer(&mut self, round: Option<Round>, answer: Move) -> Result<(), Failure> {
        let Some(round) = round.or(self.open.front().map(|(round, _)| *round)) else {
            self.failed(None, "an answer without a round to answer");
            return Ok(());
        };
        if matches!(&answer, Move::Bid(amount) if amount.len() > 64) {
            return self.rubbish("an amount of more than 64 characters".into()).await;
        }
        let counted = round.min(self.started);
        if self.refused.get(&counted).is_some_and(|refused| *refused >= MAX_REFUSED) {
            return Ok(());
        }
        match self.bidder.play(&mut self.feed, round, answer).await? {
            Some(refusal) => {
                let (code, reason) = (refusal.code, refusal.reason);
                let auction = self.bidder.auction;
                self.write(&json!({"event": "bid-refused", "auction": auction, "round": round, "code": code, "reason": reason}));
                if !leaves_the_round_open(code) {
                    self.open.retain(|(open, _)| *open != round);
                }
                let refused = self.refused.entry(counted).or_default();
                *refused += 1;
                if *refused == MAX_REFUSED {
                    return self.stubborn(counted).await;
                }
            }
            None => self.open.retain(|(open, _)| *open != round),
        }
        Ok(())
    }

    /// The oldest round without an answer is a pass.
    async fn rubbish(&mut self, mistake: String) -> Result<(), Failure> {
        let round = self.open.pop_front().map(|(round, _)| round);
        self.failed(round, &mistake);
        self.pass(round).await
    }

    /// The round is a pass, unless it has an answer.
    async fn stubborn(&mut self, round: Round) -> Result<(), Failure> {
        self.failed(Some(round), &format!("{MAX_REFUSED} answers to one round were refused; no more are looked at"));
        let is_open = self.open.iter().any(|(open, _)| *open == round);
        self.open.retain(|(open, _)| *open != round);
        self.pass(is_open.then_some(round)).await
    }

    async fn died(&mut self) -> Result<(), Failure> {
        self.dead = true;
        self.unread = None;
        let round = self.open.front().map(|(round, _)| *round);
        self.failed(round, "the program has ended, or closed its stdout; it passes from now on");
        for (round, _) in std::mem::take(&mut self.open) {
            self.pass(Some(round)).await?;
        }
        Ok(())
    }

    async fn too_late(&mut self, limit: Option<Instant>) -> Result<(), Failure> {
        let late: Vec<_> =
            self.open.iter().filter(|(_, at)| at.is_some() && *at <= limit).map(|(round, _)| *round).collect();
        self.open.retain(|(round, _)| !late.contains(round));
        for round in late {
            self.failed(Some(round), "said nothing within its time limit");
            self.pass(Some(round)).await?;
        }
        Ok(())
    }

    async fn pass(&mut self, round: Option<Round>) -> Result<(), Failure> {
        if let Some(round) = round {
            self.bidder.play(&mut self.feed, round, Move::Pass).await?;
        }
        Ok(())
    }

    fn failed(&self, round: Option<Round>, reason: &str) {
        self.bidder.tell(Tale::Failed { participant: self.bidder.participant(), round, reason: reason.into() });
    }

    fn write(&mut self, line: &Value) {
        let unread = self.unread.as_ref();
        // One that does not read, or is gone, is noticed by its silence.
        if unread.is_some_and(|unread| unread.try_send(line.to_string()).is_err()) {
            self.unread = None;
        }
    }
}

async fn until(limit: Option<Instant>) {
    match limit {
        Some(limit) => sleep_until(limit).await,
        None => std::future::pending().await,
    }
}

async fn write_lines(mut stdin: ChildStdin, mut lines: mpsc::Receiver<String>) {
    while let Some(mut line) = lines.recv().await {
        line.push('\n');
        if stdin.write_all(line.as_bytes()).await.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
}

/// Lines, or what is wrong with them.
async fn read_lines(stdout: impl AsyncRead + Unpin, said: mpsc::Sender<Result<String, String>>) {
    let mut stdout = BufReader::new(stdout);
    while let Some(line) = next_line(&mut stdout).await {
        let line = match line {
            Ok(line) if line.trim().is_empty() => continue,
            other => other,
        };
        if said.send(line).await.is_err() {
            return;
        }
    }
}

/// The program's own words, with its name before each line.
async fn relay(stderr: impl AsyncRead + Unpin, name: String) {
    let mut stderr = BufReader::new(stderr);
    while let Some(line) = next_line(&mut stderr).await {
        complain(&format!("{name}: {}\n", line.unwrap_or_else(|mistake| format!("({mistake})"))));
    }
}

/// The next line; `None` at the end. The rest of one that is too long is skipped.
async fn next_line(reader: &mut BufReader<impl AsyncRead + Unpin>) -> Option<Result<String, String>> {
    let mut line = Vec::new();
    let read = reader.take(MAX_LINE).read_until(b'\n', &mut line).await.ok()?;
    if read == 0 {
        return None;
    }
    if !line.ends_with(b"\n") && line.len() as u64 == MAX_LINE {
        let mut rest = Vec::new();
        while !rest.ends_with(b"\n") {
            rest.clear();
            if reader.take(MAX_LINE).read_until(b'\n', &mut rest).await.ok()? == 0 {
                break;
            }
        }
        return Some(Err(format!("a line of more than {MAX_LINE} bytes")));
    }
    let text = String::from_utf8(line).map_err(|_| "a line that is not UTF-8".to_owned());
    Some(text.map(|text| text.trim_end_matches(['\n', '\r']).to_owned()))
}
