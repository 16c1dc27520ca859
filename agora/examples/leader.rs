//! A leader elected for a service of one's own, without auctions and without a state machine.
//!
//! Think of a nightly job that exactly one of several instances should run. Each instance runs a node whose machine is
//! [`Nothing`](agora::machine::Nothing): discovery finds the others, heartbeat notices when the leader dies, election says
//! who should be next. Election alone could only *propose*: two instances that do not hear each other would both elect
//! themselves. What makes a leadership unique is a promise of a majority, and that is kept by the replicator, whose log
//! here holds nothing but leaderships and members.
//!
//! What that gives, and what it does not:
//!
//! - Leaderships are numbered (the *epoch*), each number belongs to one instance, and a later one is higher.
//! - An instance that is cut off learns that it does not lead any more only when its failure timeout has passed. For that
//!   moment it may still act. So every act carries the epoch, and what is acted upon refuses a lower one than it has
//!   seen: a fence, here `Ledger::write`. No election can do without.
//!
//! The program starts three instances, lets the leader write, kills it, lets the next one write, and has the dead one's
//! last write arrive late. It fails unless the second leadership is another's, higher, and fences the first.
//!
//! Run it: `cargo run -p agora --example leader`

use std::error::Error;

use agora::config::{Mode, Settings};
use agora::machine::Nothing;
use agora::node::{Events, Node, NodeEvent};
use agora::transport::free_broadcast_port;
use tokio::sync::mpsc;
use uuid::Uuid;

/// What the leader works on: it remembers the highest epoch that wrote to it.
#[derive(Default)]
struct Ledger {
    fence: u64,
    lines: Vec<(u64, Uuid)>,
}

impl Ledger {
    /// Takes a line, unless a later leader has written before.
    fn write(&mut self, epoch: u64, instance: Uuid) -> bool {
        let stands = epoch >= self.fence;
        if stands {
            self.fence = epoch;
            self.lines.push((epoch, instance));
        }
        let verdict = if stands { "stands" } else { "is refused: a later leader has written" };
        println!("  {instance} writes in epoch {epoch}: {verdict}");
        stands
    }
}

/// Tells each leadership that an instance begins: which instance, in which epoch. A service would start its job here, and
/// stop it at the next event of the same kind, which says that another leads, or nobody.
async fn watch(place: usize, mut events: Events, leaderships: mpsc::Sender<(usize, u64)>) {
    while let Some(event) = events.next().await {
        if let NodeEvent::Leader { epoch, is_self: true, .. } = event
            && leaderships.send((place, epoch)).await.is_err()
        {
            return;
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = free_broadcast_port()?;
    let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
    let (tell, mut leaderships) = mpsc::channel(16);
    let mut instances = Vec::new();
    for place in 0..3 {
        let node = Node::builder().settings(settings.clone()).loopback(port).machine(|_| Nothing).build()?.spawn();
        tokio::spawn(watch(place, node.events(), tell.clone()));
        instances.push(node);
    }

    let mut ledger = Ledger::default();
    let (place, first) = leaderships.recv().await.ok_or("nobody leads")?;
    let leader = &instances[place];
    println!("{} leads in epoch {first}", leader.uuid);
    ledger.write(first, leader.uuid);

    println!("it is killed, with a write under way");
    leader.kill();
    let (place, second) = leaderships.recv().await.ok_or("nobody leads any more")?;
    let next = &instances[place];
    println!("{} leads in epoch {second}", next.uuid);
    ledger.write(second, next.uuid);
    let late = ledger.write(first, leader.uuid);

    if second <= first
        || next.uuid == leader.uuid
        || late
        || ledger.lines != [(first, leader.uuid), (second, next.uuid)]
    {
        return Err("two leaders wrote over each other".into());
    }
    println!("each epoch had one leader, and the later one had the last word");
    for instance in &instances {
        instance.kill();
    }
    Ok(())
}
