//! A node that got no processor time for a while.

use std::time::Duration;

use super::cluster::Cluster;
use super::node;

#[test]
fn a_leader_that_was_late_itself_does_not_call_its_members_silent_at_once() {
    let mut cluster = Cluster::founded(3);
    cluster.now = cluster.now + Duration::from_millis(400);
    cluster.fire(3);
    let late = cluster.situation(3).clone();
    assert!(late.hears_quorum && late.peers.iter().all(|peer| peer.heard), "{late:?}");
    // Its members are there.
    cluster.run(Duration::from_millis(400));
    let after = cluster.situation(3);
    assert!(after.hears_quorum && after.peers.iter().all(|peer| peer.heard), "{after:?}");
}

#[test]
fn a_leader_that_was_late_notices_all_the_same_that_nobody_answers() {
    let mut cluster = Cluster::founded(3);
    cluster.cut.insert(node(3));
    cluster.now = cluster.now + Duration::from_millis(400);
    cluster.fire(3);
    assert!(cluster.situation(3).hears_quorum);
    cluster.run(Duration::from_millis(250));
    assert!(!cluster.situation(3).hears_quorum, "after a doubt, which holds for a failure timeout");
}
