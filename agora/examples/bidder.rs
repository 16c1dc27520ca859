//! A bidder: a program that takes part in an auction through `agora::client`.
//!
//! A bidder needs no node. Its client finds whoever leads the cluster, by broadcast or through any node that it is told
//! of, repeats what is not answered, and follows a failover by itself. So the bidder (`take_part`, below) is only what it
//! wants: it joins, reads the auction's events one by one, and answers each round.
//!
//! ```text
//!   Joined … ──▶ RoundStarted ──▶ bid, or pass ──▶ RoundCompleted, with everybody's bids ──▶ … ──▶ Ended
//! ```
//!
//! Bids are sealed: what the others bid in a round is told when all have answered. A bidder with this strategy bids a step
//! more than the best of the last round, as long as its purse, of which the total of all its bids is paid, allows.
//!
//! The program starts a node and an auctioneer, so that there is something to bid for, and two bidders. It fails unless
//! the one with the larger purse wins, within it.
//!
//! Run it: `cargo run -p agora --example bidder`

use std::error::Error;
use std::net::Ipv4Addr;

use agora::amount::Amount;
use agora::auction::event::{Disclosure, Rule, Spec, Start};
use agora::client::event::{Side, What};
use agora::client::message::{Action, Reply};
use agora::client::{Client, ClientConfig};
use agora::id::{AuctionId, ParticipantId};
use agora::node::Node;
use agora::transport::free_broadcast_port;
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What a bid is more than the best of the last round, in millionths.
const STEP: u128 = 1_000_000;

/// Joins an auction, bids in each round, and tells whether it won, and for how much somebody did.
async fn take_part(name: &str, client: &Client, auction: AuctionId, purse: Amount) -> Result<(bool, Option<Amount>)> {
    carry_out(client, Action::Join(auction)).await?;
    let mut events = client.follow(auction).await;
    let (mut best, mut left) = (0, purse.micros());
    while let Some(event) = events.next().await {
        match event?.what {
            What::Created { spec, .. } => best = spec.limit.micros(),
            What::RoundStarted { round, .. } => {
                let bid = Some(best + STEP).filter(|bid| *bid <= left);
                left -= bid.unwrap_or(0);
                let amount = bid.and_then(Amount::from_micros).map(|bid| bid.to_string());
                println!("{name}, round {}: {}", round.0, amount.as_deref().unwrap_or("pass"));
                carry_out(client, Action::Bid { auction, round: Some(round), amount }).await?;
            }
            What::RoundCompleted { lines, .. } => {
                let bids = lines.iter().filter_map(|line| line.amount);
                best = bids.map(Amount::micros).max().unwrap_or(best);
            }
            What::Ended { side, total, .. } => return Ok((side == Side::Won, total)),
            What::Cancelled { reason } => return Err(format!("cancelled: {reason}").into()),
            _ => {}
        }
    }
    Err("the client has ended".into())
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
    // Elsewhere, in earnest: a cluster, and somebody who sells.
    let port = free_broadcast_port()?;
    let node = Node::builder().loopback(port).build()?.spawn();
    let auctioneer = client(1, port).await?;
    let spec = Spec {
        item: "Painting".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Sealed,
        limit: Amount::parse("10")?,
        rounds: 4,
        bidders: 2,
        round_timeout_ms: None,
        start: Start::Auto,
    };
    let auction = carry_out(&auctioneer, Action::Create(spec)).await?;

    let (alice, bob) = (client(2, port).await?, client(3, port).await?);
    let (smaller, larger) = (Amount::parse("40")?, Amount::parse("100")?);
    let (alice, bob) =
        tokio::try_join!(take_part("alice", &alice, auction, smaller), take_part("bob", &bob, auction, larger))?;
    node.shutdown().await;

    // 11 each, 12 each, 13 each; then only bob has 14 left.
    let total = Some(Amount::parse("50")?);
    if (alice, bob) != ((false, total), (true, total)) {
        return Err(format!("bob should have won with 50; alice saw {alice:?}, bob {bob:?}").into());
    }
    println!("bob wins with 50 in total");
    Ok(())
}
