//! The workers, as their parent sees them: starts them, deals the auctions out, hears them, ends them.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use agora::client::ClientConfig;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use super::Plan;
use super::talk::{Order, Pace, Report, Share};
use crate::failure::Failure;

/// A worker sets its auctions up within this, and ends within this after its time.
const PATIENCE: Duration = Duration::from_secs(60);
/// Every bidder is told of all others that joined its auction: so much longer for each.
const TO_TELL: Duration = Duration::from_micros(8);
/// So many auctions are looked at in the end, and as many that run then.
const VERIFY: u32 = 8;
/// Reports that wait.
const WAITING: usize = 1_024;

/// The workers.
pub(super) struct Crew {
    workers: Vec<(Child, ChildStdin)>,
    /// Those that told their sums: they end as they should.
    done: Vec<usize>,
    reports: mpsc::Receiver<(usize, Option<Report>)>,
}

/// The parts of all, as even as can be.
fn shares(plan: &Plan, count: u32, config: &ClientConfig, joins: &[SocketAddr]) -> Vec<Share> {
    let part = |whole: u32, number: u32| whole / count + u32::from(number < whole % count);
    let share = |number| {
        let auctions = part(plan.auctions, number);
        Share {
            auctions,
            bidders: plan.bidders,
            groups: part(plan.groups, number).clamp(1, auctions),
            rounds: plan.rounds,
            pace: match plan.pace {
                Pace::InFlight(all) => Pace::InFlight(part(all, number).max(1)),
                Pace::Rate(all) => Pace::Rate(all / f64::from(count)),
            },
            duration_us: u64::try_from(plan.duration.as_micros()).unwrap_or(u64::MAX),
            verify: part(VERIFY, number).clamp(1, auctions),
            cluster: config.cluster.clone(),
            joins: joins.to_vec(),
            broadcast_port: config.broadcast_port,
            broadcast_addresses: config.broadcast_addresses.clone(),
            bind: config.bind,
        }
    };
    (0..count).map(share).collect()
}

impl Crew {
    /// Starts so many. They set their auctions up, and say when they are ready.
    pub(super) async fn start(plan: &Plan, count: u32, config: &ClientConfig) -> Result<Self, Failure> {
        let mut joins = Vec::new();
        for name in &config.join {
            let found = tokio::net::lookup_host(name).await;
            joins.extend(
                found.map_err(|error| Failure::usage(format!("cannot find the address of `{name}`: {error}")))?,
            );
        }
        let (to, reports) = mpsc::channel(WAITING);
        let mut workers = Vec::new();
        for (number, share) in shares(plan, count, config, &joins).into_iter().enumerate() {
            let (child, mut stdin, out) = spawn().map_err(|error| Failure::fault(format!("no worker: {error}")))?;
            let to = to.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(out).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let Ok(report) = serde_json::from_str(&line) else { break };
                    if to.send((number, Some(report))).await.is_err() {
                        return;
                    }
                }
                let _ = to.send((number, None)).await;
            });
            say(&mut stdin, &share).await?;
            workers.push((child, stdin));
        }
        Ok(Self { workers, done: Vec::new(), reports })
    }

    /// How many they are.
    pub(super) const fn count(&self) -> usize {
        self.workers.len()
    }

    /// Their processes.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.workers.iter().filter_map(|(child, _)| child.id()).collect()
    }

    /// Waits until all are ready; the addresses of the nodes that answered them.
    pub(super) async fn ready(&mut self, plan: &Plan) -> Result<Vec<SocketAddr>, Failure> {
        let (mut ready, mut all) = (0, Vec::new());
        let told = plan.auctions.saturating_mul(plan.bidders).saturating_mul(plan.bidders);
        let patience = PATIENCE + TO_TELL.saturating_mul(told);
        while ready < self.workers.len() {
            let report = tokio::time::timeout(patience, self.next()).await;
            if let Report::Ready { nodes } =
                report.map_err(|_| Failure::timeout("the auctions were not set up in time"))??.1
            {
                ready += 1;
                all.extend(nodes);
            }
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// Tells all.
    pub(super) async fn order(&mut self, order: Order) -> Result<(), Failure> {
        for (_, stdin) in &mut self.workers {
            say(stdin, &order).await?;
        }
        Ok(())
    }

    /// The next report, and whose. A worker that ends without its last one is a fault. May be cancelled.
    pub(super) async fn next(&mut self) -> Result<(usize, Report), Failure> {
        loop {
            match self.reports.recv().await {
                Some((_, Some(Report::Failed(reason)))) => return Err(Failure::fault(format!("a client: {reason}"))),
                Some((number, Some(report))) => {
                    if matches!(report, Report::End(_)) {
                        self.done.push(number);
                    }
                    return Ok((number, report));
                }
                Some((number, None)) if self.done.contains(&number) => {}
                Some((_, None)) | None => return Err(Failure::fault("a client process ended early")),
            }
        }
    }

    /// Ends them, whatever they measured.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        self.order(Order::Stop).await?;
        let mut ended = 0;
        while ended < self.workers.len() {
            let report = tokio::time::timeout(PATIENCE, self.next()).await;
            if let Report::End(_) = report.map_err(|_| Failure::timeout("the clients did not end in time"))??.1 {
                ended += 1;
            }
        }
        Ok(())
    }
}

fn spawn() -> std::io::Result<(Child, ChildStdin, tokio::process::ChildStdout)> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    // The environment names flags of commands that a worker does not have.
    command.arg("bench-worker").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(stdin), Some(stdout)) => Ok((child, stdin, stdout)),
        _ => Err(std::io::Error::other("it has no pipes")),
    }
}

async fn say(stdin: &mut ChildStdin, line: &impl serde::Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(line).map_err(|error| Failure::fault(error.to_string()))?;
    let said = stdin.write_all(format!("{line}\n").as_bytes()).await;
    said.map_err(|_| Failure::fault("a client process ended early"))
}
