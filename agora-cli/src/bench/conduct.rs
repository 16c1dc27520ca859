//! A run of the bench, in its order: a leader, warm-up, the measured time, the sums.

use std::cell::RefCell;
use std::time::Duration;

use agora::client::{Client, ClientConfig};
use tokio::time::{sleep, timeout};

use super::crew::Crew;
use super::failover::{self, Kill};
use super::figures::Figures;
use super::servers::{self, Servers};
use super::talk::{Order, Report};
use super::{Plan, now_us, real, show};
use crate::failure::Failure;
use crate::identity;
use crate::local::Nodes;
use crate::options::Settings;
use crate::output::Printer;
use crate::session::ONE_SHOT;

/// A client process that needs so much of a processor is about to stand in the way.
const SPREAD: f64 = 0.8;
/// The measured time begins so long after it is announced, so that all workers know of it.
const NOTICE_US: u64 = 200_000;
/// The workers' last words are waited for so long after the measured time.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often people, and programs, are told how it goes.
const TOLD: Duration = Duration::from_secs(1);

/// Runs it, against nodes in this process or elsewhere.
pub(super) async fn run(
    plan: &Plan,
    settings: &Settings,
    nodes: Option<&Nodes>,
    pids: &[u32],
    printer: Printer,
) -> Result<Figures, Failure> {
    let config = settings.client(identity::fresh());
    let client = Client::connect(config.clone()).await?;
    client.leader(Some(settings.timeout.unwrap_or(ONE_SHOT))).await?;
    if let Some(nodes) = nodes {
        nodes.complete(&client).await?;
    }
    let (crew, servers) = warm_up(plan, &config, nodes.is_some(), pids, printer).await?;
    measure(plan, crew, &servers, (&client, nodes), printer).await
}

/// Starts workers, more where one is not enough, and lets them bid.
async fn warm_up(
    plan: &Plan,
    config: &ClientConfig,
    local: bool,
    pids: &[u32],
    printer: Printer,
) -> Result<(Crew, Servers), Failure> {
    let processors = std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(1));
    let most = processors.min(plan.most_workers());
    let mut count = plan.workers.unwrap_or(1);
    loop {
        printer.progress(&format!("{} auctions are set up", plan.auctions));
        let mut crew = Crew::start(plan, count, config).await?;
        let addresses = crew.ready(plan).await?;
        let servers = if local { Servers::Here } else { Servers::find(pids, &addresses) };
        printer.progress("bids are made, not measured yet");
        crew.order(Order::Go).await?;
        hear(&mut crew, plan.warm_up / 2).await?;
        let (before, from) = (servers::read(&crew.pids()), now_us());
        hear(&mut crew, plan.warm_up / 2).await?;
        let used = servers::read(&crew.pids()).since(&before, now_us() - from);
        let Some(more) = spread(plan, count, most, used.ran) else { return Ok((crew, servers)) };
        crew.stop().await?;
        printer.progress(&format!(
            "a client process needed {:.0} % of a processor: the auctions are spread over {more}",
            used.ran * 100.0
        ));
        count = more;
    }
}

/// How many workers there should be instead, if these are about to stand in the way.
fn spread(plan: &Plan, count: u32, most: u32, ran: f64) -> Option<u32> {
    let free = plan.workers.is_none() && !plan.warm_up.is_zero() && count < most;
    (free && ran >= SPREAD).then(|| (count * 2).min(most))
}

/// Takes reports for so long.
async fn hear(crew: &mut Crew, wait: Duration) -> Result<(), Failure> {
    let hear = async {
        loop {
            crew.next().await?;
        }
    };
    timeout(wait, hear).await.unwrap_or(Ok(()))
}

/// The time from now until a moment.
fn until(at_us: u64) -> Duration {
    Duration::from_micros(at_us.saturating_sub(now_us()))
}

async fn measure(
    plan: &Plan,
    mut crew: Crew,
    servers: &Servers,
    (client, nodes): (&Client, Option<&Nodes>),
    printer: Printer,
) -> Result<Figures, Failure> {
    let from = now_us() + NOTICE_US;
    let mut figures = Figures::new(from, plan, crew.count());
    let to = from.saturating_add(figures.duration_us);
    crew.order(Order::Measure(from)).await?;
    let pids = crew.pids();
    let use_of_all = || (servers.read(), servers::read(&pids));
    let meter = async {
        sleep(until(from)).await;
        let (before, began) = (use_of_all(), now_us());
        sleep(until(to)).await;
        let (after, ended) = (use_of_all(), now_us());
        let wall = ended - began;
        Ok((after.0.since(&before.0, wall), after.1.since(&before.1, wall)))
    };
    let kills = RefCell::new(Vec::<Kill>::new());
    let killing = async {
        match (plan.kill_every, nodes) {
            (Some(every), Some(nodes)) => failover::kill(client, nodes, every, (from, to), &kills).await,
            _ => Ok(()),
        }
    };
    let mut leaders = Vec::new();
    let hearing = async {
        let (mut ended, mut told) = (0, Progress::begin(figures.workers));
        while ended < figures.workers {
            let wait = until(to) + PATIENCE;
            let report = timeout(wait, crew.next()).await;
            let (worker, report) = report.map_err(|_| Failure::timeout("the clients did not end in time"))??;
            told.hear((worker, &report), (from, to), printer)?;
            match report {
                Report::Sample(sample) => figures.sample(&sample),
                Report::Leader { at_us, node } => leaders.push((at_us, node)),
                Report::End(end) => {
                    figures.end(&end);
                    ended += 1;
                }
                Report::Ready { .. } | Report::Failed(_) => {}
            }
        }
        Ok::<_, Failure>(())
    };
    let ((nodes_used, clients_used), (), ()) = tokio::try_join!(meter, killing, hearing)?;
    figures.clients = clients_used;
    match servers {
        Servers::Unknown(why) => figures.unknown = Some(why.clone()),
        Servers::Here | Servers::Pids(_) => figures.nodes = Some(nodes_used),
    }
    figures.kills = kills.into_inner();
    figures.gaps = failover::gaps(&figures.kills, &leaders);
    figures.conclude(plan.pace);
    Ok(figures)
}

/// What is told while it runs.
struct Progress {
    /// From 1.
    second: u64,
    bids: u64,
    /// Of each worker, as of its last sample: bids under way, and bids that should have been made.
    now: Vec<(u64, u64)>,
}

impl Progress {
    fn begin(workers: usize) -> Self {
        Self { second: 1, bids: 0, now: vec![(0, 0); workers] }
    }

    fn hear(
        &mut self,
        (worker, report): (usize, &Report),
        (from, to): (u64, u64),
        printer: Printer,
    ) -> Result<(), Failure> {
        let Report::Sample(sample) = report else { return Ok(()) };
        let step = u64::try_from(TOLD.as_micros()).unwrap_or(1);
        let end = from + self.second * step;
        if sample.at_us >= end && end <= to {
            let sums = self.now.iter().fold((0, 0), |sum, now| (sum.0 + now.0, sum.1 + now.1));
            show::second(printer, self.second, real(self.bids) / TOLD.as_secs_f64(), sums)?;
            self.second += 1;
            self.bids = 0;
        }
        if sample.at_us >= from {
            self.bids += sample.done;
        }
        if let Some(now) = self.now.get_mut(worker) {
            *now = (sample.in_flight, sample.overdue);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::talk::Pace;
    use super::*;

    #[test]
    fn a_busy_client_is_made_two_unless_told_otherwise_or_there_is_no_room() {
        let second = Duration::from_secs(1);
        let (pace, kill_every) = (Pace::InFlight(256), None);
        let (auctions, bidders, rounds, groups) = (64, 8, 200, 1);
        let plan = Plan {
            auctions,
            bidders,
            rounds,
            groups,
            pace,
            duration: second,
            warm_up: second,
            kill_every,
            workers: None,
        };
        assert_eq!(spread(&plan, 1, 8, 0.9), Some(2));
        assert_eq!(spread(&plan, 2, 3, 0.9), Some(3));
        assert_eq!(spread(&plan, 3, 3, 0.9), None);
        assert_eq!(spread(&plan, 1, 8, 0.7), None);
        assert_eq!(spread(&Plan { workers: Some(1), ..plan.clone() }, 1, 8, 0.9), None);
        assert_eq!(spread(&Plan { warm_up: Duration::ZERO, ..plan }, 1, 8, 0.9), None);
    }
}
