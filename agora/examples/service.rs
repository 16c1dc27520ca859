//! A node embedded in a service.
//!
//! The service is a shop window: it shows what is for sale and how many have bid, from a model of its own, and sells
//! through Agora. Every instance of it runs a node inside its process, so the auctions need no servers beside it: the
//! instances are the cluster.
//!
//! ```text
//!   an instance   ┌──────────────────────────────────────────────────────────┐
//!                 │  sell, bid ──▶ node.client() ── over UDP ──▶ who leads   │
//!                 │  window   ◀─── node.committed() ◀── its own node's log   │
//!                 └──────────────────────────────────────────────────────────┘
//! ```
//!
//! - The *node* runs on a thread of its own, whatever runtime the service has (here tokio with several threads).
//! - The *client* carries commands out exactly once, whoever leads, also while an instance dies.
//! - The *window* is a fold of what is committed on the instance's own node. It is read as fast as the service likes; the
//!   node never waits for it. To keep it across a restart, a service stores the position beside it and goes on from there.
//!
//! The program starts three instances in one process, sells two things, kills the instance that leads in the midst of it,
//! and fails unless the windows of the others show the same, and the right thing.
//!
//! Run it: `cargo run -p agora --example service`

use std::collections::BTreeMap;
use std::error::Error;

use agora::amount::Amount;
use agora::auction::event::{Disclosure, Event, Rule, Spec, Start};

use agora::client::Client;
use agora::client::message::{Action, Reply};
use agora::config::{Mode, Settings};
use agora::id::{AuctionId, ParticipantId, Position};
use agora::node::{Committed, Node, NodeHandle, Told};
use agora::transport::free_broadcast_port;
use tokio::sync::watch;
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the service shows of an auction.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    item: String,
    bids: usize,
    sold: bool,
}

type Window = BTreeMap<AuctionId, Shown>;

/// One instance of the service.
struct Instance {
    node: NodeHandle,
    window: watch::Receiver<Window>,
}

impl Instance {
    fn start(settings: Settings, broadcast_port: u16) -> Result<Self> {
        let node = Node::builder().settings(settings).loopback(broadcast_port).build()?.spawn();
        let (model, window) = watch::channel(Window::new());
        tokio::spawn(keep(node.committed(Position::START), model));
        Ok(Self { node, window })
    }

    /// Waits until the window shows this.
    async fn shows(&self, wanted: &Window) -> Result<()> {
        self.window.clone().wait_for(|window| window == wanted).await?;
        Ok(())
    }
}

/// Keeps a window up to date until the node ends.
async fn keep(mut committed: Committed, model: watch::Sender<Window>) {
    while let Some(told) = committed.next().await {
        match told {
            Told::Event { event: decision, .. } => model.send_modify(|window| {
                decision.events.iter().for_each(|event| apply(window, event));
            }),
            // Of auctions that were over, and left.
            Told::Skipped => {}
            // Only in mode `reachable`, after a partition: another history has won.
            Told::OtherLog => {
                model.send_replace(Window::new());
            }
        }
    }
}

fn apply(window: &mut Window, event: &Event) {
    if let Event::AuctionCreated { auction, spec, .. } = event {
        window.insert(*auction, Shown { item: spec.item.clone(), bids: 0, sold: false });
    }
    let Some(shown) = window.get_mut(&event.auction()) else { return };
    match event {
        Event::BidAccepted { .. } => shown.bids += 1,
        Event::AuctionCompleted { .. } => shown.sold = true,
        _ => {}
    }
}

/// Has a command carried out, exactly once, however long that takes.
async fn carry_out(client: &Client, action: Action) -> Result<AuctionId> {
    match client.submit(action, None).await? {
        Reply::Done(ack) => Ok(ack.receipt.auction),
        Reply::Refused(refusal) => Err(format!("refused: {refusal}").into()),
    }
}

async fn sell(seller: &Client, item: &str) -> Result<AuctionId> {
    let spec = Spec {
        item: item.into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Sealed,
        limit: Amount::parse("10")?,
        rounds: 1,
        bidders: 2,
        round_timeout_ms: None,
        start: Start::Auto,
    };
    carry_out(seller, Action::Create(spec)).await
}

async fn bid(bidder: &Client, auction: AuctionId, amount: &str) -> Result<()> {
    carry_out(bidder, Action::Bid { auction, round: None, amount: Some(amount.into()) }).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let port = free_broadcast_port()?;
    let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(Instance::start(settings.clone(), port)?);
    }
    for instance in &instances {
        println!("an instance is ready on {}", instance.node.ready().await?);
    }

    let person = |number| ParticipantId(Uuid::from_u128(number));
    let seller = instances[0].node.client(person(1)).await?;
    let alice = instances[1].node.client(person(2)).await?;
    let bob = instances[2].node.client(person(3)).await?;

    let (painting, vase) = (sell(&seller, "Painting").await?, sell(&seller, "Vase").await?);
    for bidder in [&alice, &bob] {
        carry_out(bidder, Action::Join(painting)).await?;
    }
    bid(&alice, painting, "12").await?;

    let leader = seller.leader(None).await?.node.uuid;
    let place = instances.iter().position(|instance| instance.node.uuid == leader).ok_or("a stranger leads")?;
    let dead = instances.swap_remove(place);
    dead.node.kill();
    println!("the instance that led has died");

    // Also through the client of the dead instance's node: it finds the next leader by itself.
    bid(&bob, painting, "11.50").await?;

    let shown = |item: &str, bids, sold| Shown { item: item.into(), bids, sold };
    let wanted = Window::from([(painting, shown("Painting", 2, true)), (vase, shown("Vase", 0, false))]);
    for instance in &instances {
        instance.shows(&wanted).await?;
        println!("{} shows {:?}", instance.node.uuid, instance.window.borrow().values());
    }
    Ok(())
}
