//! The program of a node's host: the library's node, and two that read what it tells.

use std::time::Duration;

use agora::auction::event::Decision;
use agora::id::Position;
use agora::node::{BROADCAST_PORT, Node, NodeEvent, NodeHandle, Options, Told};
use agora::transport::Reach;
use tokio::task::{LocalSet, spawn_local};

use crate::clock::LocalClock;
use crate::dice::Dice;
use crate::invariants::Violation;
use crate::net::{EVERYBODY, Shore};
use crate::run::{Run, State};
use crate::schedule::Promise;

/// One life of a node.
pub(crate) async fn serve(run: Run, slot: usize) -> turmoil::Result {
    let (gate, first, start) = {
        let state = run.lock();
        let node = &state.cluster.nodes[slot];
        (node.gate.clone(), node.lives == 0, state.schedule.starts[slot])
    };
    if first {
        tokio::time::sleep(Duration::from_micros(start)).await;
    }
    // A set of tasks of its own, so that all of them can be stopped.
    let process = async move {
        let tasks = LocalSet::new();
        tasks.run_until(node(run, slot)).await;
    };
    gate.before(process).await;
    Ok(())
}

async fn node(run: Run, slot: usize) {
    let (node, mut dice) = {
        let mut state = run.lock();
        let uuid = state.cluster.nodes[slot].uuid;
        let seen = &mut state.cluster.nodes[slot];
        seen.lives += 1;
        let dice = Dice::new(state.schedule.seed, 1_000 * (1 + slot as u64) + state.cluster.nodes[slot].lives);
        let mut options = Options::new(state.schedule.settings());
        options.id = Some(uuid);
        options.reach =
            Reach { broadcast_port: BROADCAST_PORT, broadcast_addresses: vec![EVERYBODY], join: Vec::new() };
        (Node::builder().options(options), dice)
    };
    let clock = LocalClock::start(run.lock().schedule.rates[slot]);
    let node = node.net(Shore { run: run.clone(), endpoint: slot }).clock(clock).random(move || dice.number());
    let handle = node.build().expect("settings that can be").spawn_local();
    {
        let mut state = run.lock();
        state.cluster.begins(slot, handle.clone());
        state.logs.begin(slot);
    }
    spawn_local(listen(run.clone(), slot, handle.clone()));
    let ending = handle.ended().await;
    run.lock().node_ended(slot, &ending);
}

/// Takes down what happens to the node, and what it commits.
async fn listen(run: Run, slot: usize, handle: NodeHandle) {
    let (mut events, mut committed) = (handle.events(), handle.committed(Position::START));
    // It has set its log aside, of which something had been read, and the stream has not said so yet.
    let mut returned = false;
    loop {
        tokio::select! {
            biased;
            Some(event) = events.next() => {
                run.lock().node_event(slot, &event);
                if matches!(event, NodeEvent::Returned(_)) {
                    returned = true;
                    run.lock().report.lost_branches += 1;
                }
            }
            Some(told) = committed.next() => {
                let mut state = run.lock();
                if matches!(told, Told::OtherLog) && std::mem::take(&mut returned) {
                    state.logs.begin(slot);
                } else {
                    let checked = read(&mut state, slot, told);
                    state.check(checked);
                }
            }
            else => return,
        }
    }
}

fn read(state: &mut State, slot: usize, told: Told<Decision>) -> Result<(), Violation> {
    match told {
        Told::Event { position, event, .. } => {
            state.tell(&format!("n{slot}"), &format!("has committed {position:?}: {event:?}"));
            let one_log = state.schedule.promise == Promise::OneLog;
            state.logs.committed(slot, position, &event, one_log)
        }
        // No log here is long enough to be compacted.
        Told::Skipped => Err(Violation::new("LOG-2", format!("node {slot} skips entries"))),
        Told::OtherLog => Err(Violation::new("LOG-2", format!("node {slot} has another log"))),
    }
}
