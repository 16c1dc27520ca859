//! Who adds and removes members, and moves the leadership, sensibly or not.

use std::time::Duration;

use agora::config::Mode;
use agora::replicator::message::Order;

use super::Asker;

/// So long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn order(asker: &Asker) {
    let (often, heal) = {
        let schedule = &asker.run.lock().schedule;
        (schedule.operator, schedule.heal)
    };
    let Some(often) = often else { return };
    loop {
        asker.pause(often / 2, often * 2).await;
        if asker.run.lock().now >= heal {
            return;
        }
        let Some(order) = any(asker) else { continue };
        asker.run.lock().tell("operator", &format!("orders {order:?}"));
        let answer = asker.client.order(order, Some(PATIENCE)).await;
        let mut state = asker.run.lock();
        state.tell("operator", &format!("is answered {answer:?}"));
        let outcome = match answer {
            Ok(Ok(())) => "orders done",
            Ok(Err(_)) => "orders refused",
            Err(_) => "orders without answer",
        };
        *state.report.faults.entry(outcome).or_default() += 1;
    }
}

/// Any order about any node; in mode `reachable` members are whoever is there, and only the leadership moves.
fn any(asker: &Asker) -> Option<Order> {
    let state = asker.run.lock();
    let nodes = &state.cluster.nodes;
    let mut dice = asker.dice.borrow_mut();
    let (one, other) = (nodes[dice.index(nodes.len())].uuid, nodes[dice.index(nodes.len())].uuid);
    let kind = if state.schedule.mode == Mode::Reachable { 4 } else { dice.below(5) };
    match kind {
        0 | 1 => Some(Order::Add(one)),
        2 | 3 => Some(Order::Remove(one)),
        _ => {
            let from = nodes[state.cluster.leader()?].uuid;
            Some(Order::Transfer { from, to: dice.coin().then_some(other) })
        }
    }
}
