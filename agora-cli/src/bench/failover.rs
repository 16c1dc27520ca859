//! `--kill-leader-every`: ends the leading node, as a crash would, and puts another in its place.

use std::cell::RefCell;
use std::time::Duration;

use agora::client::Client;
use agora::id::NodeId;
use agora::replicator::message::Order;
use uuid::Uuid;

use super::now_us;
use crate::failure::Failure;
use crate::local::Nodes;

/// No leader is killed so shortly before the end: what follows would not be seen.
const BEFORE_THE_END_US: u64 = 1_000_000;
/// A change of the members takes at most this.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often is asked again.
const POLL: Duration = Duration::from_millis(20);

/// A leader that was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kill {
    /// Microseconds since 1970.
    pub(super) at_us: u64,
    pub(super) node: Uuid,
}

/// Kills the leader every so often, from `from` on; never again before the cluster is whole.
pub(super) async fn kill(
    client: &Client,
    nodes: &Nodes,
    every: Duration,
    (from, until): (u64, u64),
    kills: &RefCell<Vec<Kill>>,
) -> Result<(), Failure> {
    let every = u64::try_from(every.as_micros()).unwrap_or(u64::MAX);
    let mut at = from.saturating_add(every);
    while at.saturating_add(BEFORE_THE_END_US) <= until {
        tokio::time::sleep(Duration::from_micros(at.saturating_sub(now_us()))).await;
        if now_us().saturating_add(BEFORE_THE_END_US) > until {
            break;
        }
        let leader = leading(client).await?;
        if nodes.crash(leader) {
            kills.borrow_mut().push(Kill { at_us: now_us(), node: leader });
            let other = nodes.add()?;
            replace(client, leader, other).await?;
        }
        at = at.saturating_add(every);
    }
    Ok(())
}

/// Who leads, by its own word: whom a client knows may have handed over since.
async fn leading(client: &Client) -> Result<Uuid, Failure> {
    loop {
        let status = client.status(None).await?;
        if status.serving && status.hears_quorum {
            return Ok(status.node.uuid);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// By an operator's order: by itself the cluster would wait for the one that is gone.
async fn replace(client: &Client, old: Uuid, new: Uuid) -> Result<(), Failure> {
    // Until the other holds the log, the order is refused.
    let end = now_us().saturating_add(u64::try_from(PATIENCE.as_micros()).unwrap_or(0));
    for order in [Order::Add(new), Order::Remove(old)] {
        while let Err(refusal) = client.order(order, Some(PATIENCE)).await? {
            if now_us() > end {
                return Err(Failure::fault(format!("no other node took the place of a killed one: {refusal}")));
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Ok(())
}

/// From each kill to the first acknowledgement by another node, in milliseconds, if there was one.
pub(super) fn gaps(kills: &[Kill], acknowledged: &[(u64, NodeId)]) -> Vec<Option<f64>> {
    let gap = |kill: &Kill| {
        let after = acknowledged.iter().filter(|(at, node)| *at >= kill.at_us && node.uuid != kill.node);
        after.map(|(at, _)| super::real(at - kill.at_us) / 1_000.0).min_by(f64::total_cmp)
    };
    kills.iter().map(gap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_ends_with_the_first_acknowledgement_by_another() {
        let node = |number| NodeId { uuid: Uuid::from_u128(number), incarnation: 1 };
        let kill = |at_us, number| Kill { at_us, node: Uuid::from_u128(number) };
        let acknowledged = [(10, node(1)), (12_500, node(2)), (12_400, node(2)), (40_000, node(3))];
        let gaps = gaps(&[kill(1_000, 1), kill(30_000, 2), kill(50_000, 3)], &acknowledged);
        assert_eq!(gaps, [Some(11.4), Some(10.0), None]);
    }
}
