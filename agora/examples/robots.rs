//! Tasks allocated among robots: each task is a sealed auction of one round by rule `lowest`.
//!
//! Robots stand on a line. A task is at a place, and costs a robot its way there, and its way back from the tasks that it
//! has won before. A dispatcher announces one task after the other; every robot bids what it would cost it; the cheapest
//! one goes. This is a sequential single-item auction (Koenig et al., *The Power of Sequential Single-Item Auctions for
//! Agent Coordination*, AAAI 2006). Nobody but the cluster decides who goes, so a robot may die, and a server too.
//!
//! ```text
//!   dispatcher ── Create (lowest, one round, starts by itself) ──▶ cluster ──▶ Created, to every robot that watches
//!   robot ── Join, Bid its cost ──▶ cluster ──▶ Ended: Won by the cheapest, Lost by the others
//! ```
//!
//! The program starts three nodes in itself, and fails unless each task goes to the robot that a calculation by hand says.
//!
//! Run it: `cargo run -p agora --example robots`

use std::error::Error;
use std::net::Ipv4Addr;

use agora::amount::Amount;
use agora::auction::event::{Disclosure, Rule, Spec, Start};
use agora::client::event::{Side, What};
use agora::client::message::{Action, Reply};
use agora::client::{Client, ClientConfig};
use agora::config::{Mode, Settings};
use agora::id::{AuctionId, ParticipantId};
use agora::node::Node;
use agora::transport::free_broadcast_port;
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Where the robots stand, and where the tasks are, in metres.
const ROBOTS: [(&str, u32); 3] = [("rover", 0), ("crane", 50), ("drone", 100)];
const TASKS: [u32; 4] = [10, 90, 40, 70];
/// By hand: 10 is 10 from rover; 90 is 10 from drone; 40 is 10 from crane; 70 is 20 from drone, which is at 90 by then, 30
/// from crane, which is at 40.
const EXPECTED: [&str; 4] = ["rover", "drone", "crane", "drone"];

/// A robot bids for each task what its way there costs, and stands there once it has won. Tells which tasks it won.
async fn robot(client: Client, mut place: u32, tasks: Vec<(AuctionId, u32)>) -> Result<Vec<u32>> {
    let mut won = Vec::new();
    for (auction, task) in tasks {
        carry_out(&client, Action::Join(auction)).await?;
        let mut events = client.follow(auction).await;
        while let Some(event) = events.next().await {
            match event?.what {
                What::RoundStarted { round, .. } => {
                    let amount = Some(place.abs_diff(task).to_string());
                    carry_out(&client, Action::Bid { auction, round: Some(round), amount }).await?;
                }
                What::Ended { side: Side::Won, .. } => {
                    place = task;
                    won.push(task);
                }
                What::Cancelled { reason } => return Err(format!("cancelled: {reason}").into()),
                _ => {}
            }
        }
    }
    Ok(won)
}

/// Has a command carried out, exactly once, however long that takes.
async fn carry_out(client: &Client, action: Action) -> Result<AuctionId> {
    match client.submit(action, None).await? {
        Reply::Done(ack) => Ok(ack.receipt.auction),
        Reply::Refused(refusal) => Err(format!("refused: {refusal}").into()),
    }
}

/// A client of the cluster on this machine's loopback.
async fn client(number: u128, broadcast_port: u16) -> Result<Client> {
    let participant = ParticipantId(Uuid::from_u128(number));
    let bind = (Ipv4Addr::LOCALHOST, 0).into();
    Ok(Client::connect(ClientConfig { bind, broadcast_port, ..ClientConfig::new(participant) }).await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let port = free_broadcast_port()?;
    let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
    let start = || Ok::<_, Box<dyn Error>>(Node::builder().settings(settings.clone()).loopback(port).build()?.spawn());
    let nodes = [start()?, start()?, start()?];

    let dispatcher = client(1, port).await?;
    let mut tasks = Vec::new();
    for task in TASKS {
        let spec = Spec {
            item: format!("go to {task}"),
            rule: Rule::Lowest,
            disclosure: Disclosure::Sealed,
            limit: Amount::parse("1000")?,
            rounds: 1,
            bidders: 3,
            round_timeout_ms: Some(5_000), // A robot that is silent for so long has passed.
            start: Start::Auto,
        };
        tasks.push((carry_out(&dispatcher, Action::Create(spec)).await?, task));
    }
    let [rover, crane, drone] = [client(2, port).await?, client(3, port).await?, client(4, port).await?];
    let won = tokio::try_join!(
        robot(rover, ROBOTS[0].1, tasks.clone()),
        robot(crane, ROBOTS[1].1, tasks.clone()),
        robot(drone, ROBOTS[2].1, tasks)
    )?;
    for node in nodes {
        node.shutdown().await;
    }

    for ((name, _), won) in ROBOTS.iter().zip([&won.0, &won.1, &won.2]) {
        let expected: Vec<u32> =
            TASKS.into_iter().zip(EXPECTED).filter(|(_, who)| who == name).map(|it| it.0).collect();
        if *won != expected {
            return Err(format!("{name} should go to {expected:?}, but goes to {won:?}").into());
        }
        println!("{name} goes to {won:?}");
    }
    Ok(())
}
