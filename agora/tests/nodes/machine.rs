//! A state machine of one's own in the auctions' place.

use std::collections::BTreeSet;

use agora::config::{Mode, Settings};
use agora::id::{Epoch, Position};
use agora::machine::{FromLog, Input, Machine, Nothing, Output, ToLog};
use agora::node::{AskError, Ending, NodeEvent, NodeHandle, Told};
use agora::protocol::Protocol;
use agora::replicator::message::Body;
use agora::time::Timestamp;
use agora::transport::free_broadcast_port;
use uuid::Uuid;

use crate::{alone, builder, in_time, leading, spawn, until};

/// The words that were said, each once. Who asks it to say one is answered when that is committed; a follower answers at
/// once that it does not lead; `""` is never answered.
#[derive(Debug, Default)]
struct Words {
    said: BTreeSet<String>,
    lead: Option<Epoch>,
    waiting: Vec<(u64, String)>,
}

impl Protocol for Words {
    type Input = Input<String>;
    type Output = Output<Option<usize>>;

    fn handle(&mut self, _: Timestamp, input: Self::Input, out: &mut Vec<Self::Output>) {
        match input {
            Input::Log(FromLog::Leading { epoch, .. }) => self.lead = Some(epoch),
            Input::Log(FromLog::Deposed) => {
                self.lead = None;
                self.waiting.clear();
            }
            Input::Log(FromLog::Committed(entry)) => {
                let Body::Events(bytes) = entry.body else { return };
                let word = String::from_utf8(bytes.to_vec()).unwrap_or_default();
                self.said.insert(word.clone());
                let (answered, waiting) = self.waiting.drain(..).partition(|(_, waits)| *waits == word);
                self.waiting = waiting;
                let answer = |(ticket, _)| Output::Answer { ticket, answer: Some(self.said.len()) };
                out.extend(Vec::into_iter(answered).map(answer));
            }
            Input::Asked { ask, .. } if ask.is_empty() => {}
            Input::Asked { ticket, ask } => match self.lead {
                Some(epoch) => {
                    out.push(Output::Log(ToLog::Propose { epoch, events: ask.clone().into_bytes().into() }));
                    self.waiting.push((ticket, ask));
                }
                None => out.push(Output::Answer { ticket, answer: None }),
            },
            Input::Log(_) | Input::Client { .. } | Input::Archive(_) => {}
        }
    }

    fn fire(&mut self, _: Timestamp, _: &mut Vec<Self::Output>) {}

    fn deadline(&self) -> Option<Timestamp> {
        None
    }
}

impl Machine for Words {
    type Ask = String;
    type Answer = Option<usize>;
    type Event = String;

    fn hears(input: Self::Input) -> Option<Self::Input> {
        Some(input)
    }

    fn says(output: Self::Output) -> Option<Self::Output> {
        Some(output)
    }

    fn reads(events: &[u8]) -> Option<String> {
        String::from_utf8(events.to_vec()).ok()
    }
}

fn three<M: Machine>(make: fn() -> M) -> [NodeHandle<M>; 3] {
    let port = free_broadcast_port().expect("a free port");
    let settings = Settings { mode: Mode::Majority(3), ..Settings::lan() };
    [1, 2, 3].map(|id| spawn(builder(id, port).settings(settings.clone()).machine(move |_| make())))
}

#[tokio::test]
async fn a_machine_of_ones_own_is_asked_answers_and_is_followed_on_every_node() {
    let nodes = three(Words::default);
    for node in &nodes {
        in_time(node.ready()).await.expect("it runs");
    }
    let place = leading(&nodes).await;
    let (leader, other) = (&nodes[place], &nodes[(place + 1) % 3]);
    assert_eq!(in_time(leader.ask("agora".into())).await, Ok(Some(1)));
    assert_eq!(in_time(leader.ask("forum".into())).await, Ok(Some(2)));
    assert_eq!(in_time(other.ask("market".into())).await, Ok(None), "it does not lead");
    for node in &nodes {
        let mut committed = node.committed(Position::START);
        for word in ["agora", "forum"] {
            match in_time(committed.next()).await {
                Some(Told::Event { event, .. }) => assert_eq!(event, word),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn who_is_never_answered_is_told_when_the_node_ends() {
    let node = spawn(alone(1).machine(|_| Words::default()));
    in_time(node.ready()).await.expect("it runs");
    let (unanswered, ()) = tokio::join!(in_time(node.ask(String::new())), async {
        // Answered behind the other question: so that one has been asked.
        in_time(node.ask("forum".into())).await.expect("it runs");
        node.kill();
    });
    assert_eq!(unanswered, Err(AskError::Lost));
    node.ended().await;
    assert_eq!(in_time(node.ask("late".into())).await, Err(AskError::Ended));
}

#[tokio::test]
async fn a_cluster_whose_machine_is_nothing_elects_leaders_and_commits_nothing() {
    let nodes = three(Nothing::default);
    let place = leading(&nodes).await;
    let (leader, other) = (&nodes[place], &nodes[(place + 1) % 3]);
    let mut events = other.events();
    let led_by = |wanted: Vec<Uuid>| {
        move |event: &NodeEvent| match event {
            NodeEvent::Leader { epoch, leader: Some(leader), .. } if wanted.contains(leader) => Some(*epoch),
            _ => None,
        }
    };
    let first = until(&mut events, led_by(vec![leader.uuid])).await;
    leader.kill();
    let survivors = nodes.iter().map(|node| node.uuid).filter(|uuid| *uuid != leader.uuid);
    let second = until(&mut events, led_by(survivors.collect())).await;
    assert!(second > first, "{second} after {first}");
    assert_eq!(other.shutdown().await, Ending::Stopped);
    assert_eq!(in_time(other.committed(Position::START).next()).await, None);
}
