//! A replicated state machine of one's own: a counter, exact through a crash of the leader.
//!
//! A node's log can hold anything. Here it holds additions, and the state machine on it is a sum. Three nodes each fold
//! the same log into the same sum; the one that leads takes what is asked, proposes it, and answers when it is committed.
//!
//! ```text
//!   Add ──▶ Counter of the leader ── Propose ──▶ sequencer ──▶ replicator ──▶ Committed, on every node
//!                 ▲                                                               │
//!                 └── count += by, unless this request counted already ◀──────────┘
//! ```
//!
//! A leader can die after an addition is committed and before it has answered. Whoever asked cannot know, and asks again
//! elsewhere. So a request has a name, the log holds it beside the number, and the fold counts each name once: that, and
//! nothing else, is what makes it exactly once. (The names are kept for ever; a service would forget those that nobody
//! can repeat any more, by the same rule on every node.)
//!
//! The program starts three nodes, lets four workers add numbers, kills the leader in the midst of it, and fails unless
//! the count on both survivors is exactly the sum.
//!
//! Run it: `cargo run -p agora --example counter`

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use agora::config::{Mode, Settings};
use agora::id::{Epoch, Position};
use agora::machine::{FromLog, Input, Machine, Output, ToLog};
use agora::node::{Node, NodeHandle, Told};
use agora::protocol::Protocol;
use agora::replicator::message::Body;
use agora::time::Timestamp;
use agora::transport::free_broadcast_port;

/// A request's name: never used for two.
type Name = u64;

/// What is asked of the counter.
enum Ask {
    Add { name: Name, by: u64 },
    Read,
}

/// What it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// The count after it; of a request that had counted already, the count after that.
    Count(u64),
    /// Ask again, here or elsewhere, under the same name: this node does not lead, or cannot take more just now, or led
    /// and does not know what became of it.
    Again,
}

/// An addition, as the log holds it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Addition {
    name: Name,
    by: u64,
}

impl Addition {
    fn write(self) -> Vec<u8> {
        [self.name.to_be_bytes(), self.by.to_be_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (name, by) = bytes.split_first_chunk()?;
        Some(Self { name: u64::from_be_bytes(*name), by: u64::from_be_bytes(by.try_into().ok()?) })
    }
}

/// The state machine.
#[derive(Default)]
struct Counter {
    // The fold of the log: the same on every node.
    count: u64,
    counted: BTreeMap<Name, u64>,
    // While this node leads.
    lead: Option<Lead>,
}

struct Lead {
    epoch: Epoch,
    /// How many proposals may still be made.
    room: usize,
    /// What the sequencer will number the next one.
    next: u64,
    /// Proposed and not committed, with its number, and who waits for it.
    proposed: BTreeMap<u64, (Name, Vec<u64>)>,
    reading: Vec<u64>,
}

impl Counter {
    fn add(&mut self, ticket: u64, addition: Addition, out: &mut Vec<Output<Answer>>) {
        if let Some(count) = self.counted.get(&addition.name) {
            return out.push(Output::Answer { ticket, answer: Answer::Count(*count) });
        }
        let Some(lead) = self.lead.as_mut().filter(|lead| lead.room > 0) else {
            return out.push(Output::Answer { ticket, answer: Answer::Again });
        };
        if let Some((_, waiting)) = lead.proposed.values_mut().find(|(name, _)| *name == addition.name) {
            return waiting.push(ticket);
        }
        lead.proposed.insert(lead.next, (addition.name, vec![ticket]));
        (lead.next, lead.room) = (lead.next + 1, lead.room - 1);
        out.push(Output::Log(ToLog::Propose { epoch: lead.epoch, events: addition.write().into() }));
    }

    /// Committed: here it counts, and only here.
    fn apply(&mut self, addition: Addition, out: &mut Vec<Output<Answer>>) {
        if !self.counted.contains_key(&addition.name) {
            self.count += addition.by;
            self.counted.insert(addition.name, self.count);
        }
        let Some(lead) = &mut self.lead else { return };
        // Proposals are committed in the order of their numbers.
        if let Some(first) = lead.proposed.first_entry().filter(|first| first.get().0 == addition.name) {
            let answer = Answer::Count(self.count);
            out.extend(first.remove().1.into_iter().map(|ticket| Output::Answer { ticket, answer }));
        }
    }

    fn hear(&mut self, news: FromLog, out: &mut Vec<Output<Answer>>) {
        let again = |ticket| Output::Answer { ticket, answer: Answer::Again };
        match news {
            FromLog::Leading { epoch, room, .. } => {
                self.lead = Some(Lead { epoch, room, next: 1, proposed: BTreeMap::new(), reading: Vec::new() });
            }
            FromLog::Deposed => {
                let Some(lead) = self.lead.take() else { return };
                let waiting = lead.proposed.into_values().flat_map(|(_, waiting)| waiting);
                out.extend(waiting.chain(lead.reading).map(again));
            }
            FromLog::Committed(entry) => {
                if let Body::Events(bytes) = entry.body
                    && let Some(addition) = Addition::read(&bytes)
                {
                    self.apply(addition, out);
                }
            }
            FromLog::Reset => {
                // Only of a log that dropped entries, which this machine never lets it do.
                (self.count, self.counted) = (0, BTreeMap::new());
            }
            FromLog::Credit { room, .. } => {
                if let Some(lead) = &mut self.lead {
                    lead.room = room;
                }
            }
            FromLog::Refused { epoch, number } => {
                if let Some(lead) = self.lead.as_mut().filter(|lead| lead.epoch == epoch) {
                    let refused = lead.proposed.split_off(&number);
                    out.extend(refused.into_values().flat_map(|(_, waiting)| waiting).map(again));
                    out.push(Output::Log(ToLog::Rebuilt { epoch }));
                }
            }
            FromLog::ReadReady { ticket } => {
                if let Some(lead) = &mut self.lead
                    && let Some(place) = lead.reading.iter().position(|waits| *waits == ticket)
                {
                    lead.reading.swap_remove(place);
                    out.push(Output::Answer { ticket, answer: Answer::Count(self.count) });
                }
            }
            FromLog::Situation(_) | FromLog::Ordered { .. } => {}
        }
    }
}

impl Protocol for Counter {
    type Input = Input<Ask>;
    type Output = Output<Answer>;

    fn handle(&mut self, _now: Timestamp, input: Input<Ask>, out: &mut Vec<Output<Answer>>) {
        match input {
            Input::Log(news) => self.hear(news, out),
            Input::Asked { ticket, ask: Ask::Add { name, by } } => self.add(ticket, Addition { name, by }, out),
            Input::Asked { ticket, ask: Ask::Read } => match &mut self.lead {
                // Answered once a quorum shows that nobody else has led since.
                Some(lead) => {
                    lead.reading.push(ticket);
                    out.push(Output::Log(ToLog::Read { ticket }));
                }
                None => out.push(Output::Answer { ticket, answer: Answer::Again }),
            },
            Input::Client { .. } | Input::Archive(_) => {}
        }
    }

    fn fire(&mut self, _now: Timestamp, _out: &mut Vec<Output<Answer>>) {}

    fn deadline(&self) -> Option<Timestamp> {
        None
    }
}

impl Machine for Counter {
    type Ask = Ask;
    type Answer = Answer;
    type Event = Addition;

    fn hears(input: Input<Ask>) -> Option<Input<Ask>> {
        Some(input)
    }

    fn says(output: Output<Answer>) -> Option<Output<Answer>> {
        Some(output)
    }

    fn reads(events: &[u8]) -> Option<Addition> {
        Addition::read(events)
    }
}

type Nodes = [NodeHandle<Counter>; 3];

/// Asks one node after the other, until one knows.
async fn ask(nodes: &Nodes, ask: impl Fn() -> Ask) -> u64 {
    loop {
        for node in nodes {
            if let Ok(Answer::Count(count)) = node.ask(ask()).await {
                return count;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The sum of what is committed on a node, as soon as it is `wanted` or more.
async fn followed(node: &NodeHandle<Counter>, wanted: u64) -> Result<u64, Box<dyn Error>> {
    let mut committed = node.committed(Position::START);
    let mut counted = BTreeMap::new();
    while counted.values().sum::<u64>() < wanted {
        let Some(Told::Event { event, .. }) = committed.next().await else { return Err("the node has ended".into()) };
        counted.insert(event.name, event.by);
    }
    Ok(counted.values().sum())
}

const WORKERS: u64 = 4;
const ADDITIONS: u64 = 100;

/// Worker `w` adds 1, 2, … 100, each under a name of its own.
async fn work(nodes: &Nodes, worker: u64) {
    for by in 1..=ADDITIONS {
        ask(nodes, || Ask::Add { name: worker * ADDITIONS + by, by }).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = free_broadcast_port()?;
    let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
    let start = || Node::builder().settings(settings.clone()).loopback(port).machine(|_| Counter::default()).build();
    let nodes = [start()?.spawn(), start()?.spawn(), start()?.spawn()];
    for node in &nodes {
        node.ready().await?;
    }

    let sum = WORKERS * ADDITIONS * (ADDITIONS + 1) / 2;
    let crash = async {
        let reached = followed(&nodes[0], sum / 3).await?;
        let mut leader = None;
        for node in &nodes {
            if node.ask(Ask::Read).await != Ok(Answer::Again) {
                leader = Some(node);
            }
        }
        let leader = leader.ok_or("nobody leads")?;
        println!("at {reached} the leader, {}, is killed", leader.uuid);
        leader.kill();
        leader.ended().await;
        Ok::<_, Box<dyn Error>>(leader.uuid)
    };
    let (dead, ..) = tokio::join!(crash, work(&nodes, 0), work(&nodes, 1), work(&nodes, 2), work(&nodes, 3));
    let dead = dead?;

    let count = ask(&nodes, || Ask::Read).await;
    println!("{WORKERS} workers have added {sum}; the new leader counts {count}");
    if count != sum {
        return Err("the count is wrong".into());
    }
    for node in nodes.iter().filter(|node| node.uuid != dead) {
        let followed = followed(node, sum).await?;
        println!("the log of {} adds up to {followed}", node.uuid);
        if followed != sum {
            return Err("a log adds up to something else".into());
        }
    }
    Ok(())
}
