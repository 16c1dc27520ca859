//! An operator's orders, on clusters with `--cluster-size`.

use uuid::Uuid;

use super::cluster::{Cluster, SECOND};
use super::node;
use crate::config::Mode;
use crate::id::{Index, Probe};
use crate::replicator::message::{Input, Message, Order, Ordered, Output, Standing, Unfit};

fn uuid(number: u128) -> Uuid {
    node(number).uuid
}

/// Three members, led by 3, and node 4, which they have just met.
fn with_newcomer() -> Cluster {
    let mut cluster = Cluster::of(Mode::Majority(3), 4);
    let newcomer = cluster.nodes.remove(&node(4)).expect("it is there");
    cluster.meet();
    cluster.run(SECOND / 5);
    assert!(cluster.situation(3).serving);
    cluster.nodes.insert(node(4), newcomer);
    cluster.meet();
    cluster
}

/// The same, once node 4 observes.
fn with_observer() -> Cluster {
    let mut cluster = with_newcomer();
    cluster.run(SECOND / 5);
    assert_eq!(cluster.situation(4).standing, Standing::Observer);
    cluster
}

/// Gives an order until it is done or refused.
fn order(cluster: &mut Cluster, leader: u128, order: Order) -> Option<Ordered> {
    for ticket in 1..50 {
        cluster.input(node(leader), Input::Order { ticket, order });
        let answer = cluster.told(leader).into_iter().find_map(|output| match output {
            Output::Ordered { ticket: of, answer } if of == ticket => Some(answer),
            _ => None,
        });
        if answer != Some(Ordered::UnderWay) {
            return answer;
        }
        cluster.run(SECOND / 50);
    }
    Some(Ordered::UnderWay)
}

fn members(cluster: &Cluster, of: u128) -> Vec<u128> {
    cluster.situation(of).members.iter().map(|member| member.node.uuid.as_u128()).collect()
}

#[test]
fn an_observer_is_added_and_counts() {
    let mut cluster = with_observer();
    assert_eq!(order(&mut cluster, 3, Order::Add(uuid(4))), Some(Ordered::Done));
    cluster.run(SECOND / 5);
    assert_eq!(members(&cluster, 3), [1, 2, 3, 4]);
    assert_eq!(cluster.situation(4).standing, Standing::Member);
    assert_eq!(order(&mut cluster, 3, Order::Add(uuid(4))), Some(Ordered::Done), "the same again is the same");
    // Of four, two are no majority.
    cluster.cut.extend([node(1), node(2)]);
    let before = cluster.commit(3);
    cluster.propose(3, 1);
    cluster.run(SECOND / 2);
    assert_eq!(cluster.commit(3), before);
}

#[test]
fn a_member_is_removed_and_counts_no_more() {
    let mut cluster = with_observer();
    assert_eq!(order(&mut cluster, 3, Order::Remove(uuid(1))), Some(Ordered::Done));
    cluster.run(SECOND / 5);
    assert_eq!((members(&cluster, 3), cluster.situation(1).standing), (vec![2, 3], Standing::Observer));
    assert_eq!(order(&mut cluster, 3, Order::Remove(uuid(1))), Some(Ordered::Done));
    assert_eq!(order(&mut cluster, 3, Order::Remove(uuid(3))), Some(Ordered::Refused(Unfit::Leads)));
}

#[test]
fn a_lost_member_is_replaced_by_adding_first() {
    let mut cluster = with_observer();
    cluster.cut.insert(node(1));
    cluster.run(SECOND / 2);
    assert_eq!(order(&mut cluster, 3, Order::Add(uuid(4))), Some(Ordered::Done));
    assert_eq!(order(&mut cluster, 3, Order::Remove(uuid(1))), Some(Ordered::Done));
    cluster.cut.insert(node(2));
    let before = cluster.commit(3);
    cluster.propose(3, 1);
    cluster.run(SECOND / 10);
    assert_eq!(cluster.commit(3), before + 1, "3 and 4 are a majority of 2, 3 and 4");
}

#[test]
fn what_cannot_be_is_refused() {
    let mut cluster = with_observer();
    assert_eq!(order(&mut cluster, 3, Order::Add(uuid(9))), Some(Ordered::Refused(Unfit::NotHere)));
    cluster.cut.insert(node(1));
    cluster.run(SECOND / 2);
    // Of 1 and 3, only 3 would be heard.
    assert_eq!(order(&mut cluster, 3, Order::Remove(uuid(2))), Some(Ordered::Refused(Unfit::NoMajority)));
    let unheard = Order::Transfer { from: uuid(3), to: Some(uuid(1)) };
    assert_eq!(order(&mut cluster, 3, unheard), Some(Ordered::Refused(Unfit::Unheard)));
    let observer = Order::Transfer { from: uuid(3), to: Some(uuid(4)) };
    assert_eq!(order(&mut cluster, 3, observer), Some(Ordered::Refused(Unfit::NotHere)), "it never leads");
    assert_eq!(order(&mut cluster, 2, Order::Add(uuid(4))), None, "only a leader answers");
    let mut alone = Cluster::founded(1);
    assert_eq!(order(&mut alone, 1, Order::Remove(uuid(1))), Some(Ordered::Refused(Unfit::Last)));
    let mut reachable = Cluster::of(Mode::Reachable, 1);
    reachable.meet();
    reachable.run(SECOND);
    assert_eq!(order(&mut reachable, 1, Order::Remove(uuid(1))), Some(Ordered::Refused(Unfit::Reachable)));
}

#[test]
fn two_changes_never_overlap() {
    let mut cluster = with_observer();
    // First the observer shows that it lives.
    cluster.input(node(3), Input::Order { ticket: 0, order: Order::Add(uuid(4)) });
    while cluster.nodes[&node(3)].log.members().len() < 4 {
        assert!(cluster.deliver(), "it lives");
    }
    cluster.input(node(3), Input::Order { ticket: 2, order: Order::Remove(uuid(1)) });
    let told = cluster.told(3);
    assert!(told.contains(&Output::Ordered { ticket: 2, answer: Ordered::UnderWay }), "{told:?}");
    cluster.settle();
    cluster.run(SECOND / 5);
    assert_eq!(members(&cluster, 3), [1, 2, 3, 4], "the second was not begun");
}

#[test]
fn the_leadership_is_transferred_and_stays_where_the_operator_put_it() {
    let mut cluster = Cluster::founded(3);
    let transfer = Order::Transfer { from: uuid(3), to: Some(uuid(1)) };
    cluster.input(node(3), Input::Order { ticket: 1, order: transfer });
    cluster.settle();
    let epoch = cluster.situation(3).promise;
    assert!(cluster.told(1).contains(&Output::StandInstead(epoch)));
    cluster.input(node(1), Input::TakeOver { promise: epoch, transfer: Some(epoch), alone: false });
    cluster.run(SECOND / 5);
    assert!(cluster.situation(1).serving);
    assert_eq!(order(&mut cluster, 1, transfer), Some(Ordered::Done));
    cluster.told(2);
    cluster.run(SECOND * 3);
    assert!(cluster.situation(1).serving, "no higher rank takes it back");
    let given_back = Order::Transfer { from: uuid(1), to: None };
    cluster.input(node(1), Input::Order { ticket: 9, order: given_back });
    cluster.settle();
    assert!(cluster.told(3).iter().any(|output| matches!(output, Output::StandInstead(_))), "the highest that can");
}

#[test]
fn a_member_that_is_silent_for_long_is_replaced_by_an_observer() {
    let mut cluster = with_observer();
    cluster.cut.insert(node(1));
    cluster.run(SECOND * 58);
    assert_eq!(members(&cluster, 3), [1, 2, 3], "it may come back");
    cluster.run(SECOND * 4);
    assert_eq!(members(&cluster, 3), [2, 3, 4]);
    cluster.cut.remove(&node(1));
    cluster.meet();
    cluster.run(SECOND);
    assert_eq!(cluster.situation(1).standing, Standing::Observer);
}

#[test]
fn an_observer_that_has_just_died_is_not_added() {
    let mut cluster = with_observer();
    cluster.cut.insert(node(1));
    cluster.run(SECOND * 59);
    // Until it is missed, it looks as if it were there.
    cluster.cut.insert(node(4));
    cluster.input(node(3), Input::Order { ticket: 1, order: Order::Add(uuid(4)) });
    // Its last word before, which comes late, says nothing.
    let situation = cluster.situation(3);
    let (founding, epoch) = (situation.founding.expect("it is founded"), situation.promise);
    let (probe, index) = (Probe(1), Index(cluster.commit(3)));
    let late = Message::ReplicateAck { founding, epoch, probe, index };
    cluster.input(node(3), Input::Message { from: node(4), message: late });
    cluster.run(SECOND / 10);
    cluster.input(node(3), Input::Order { ticket: 2, order: Order::Add(uuid(4)) });
    cluster.run(SECOND * 5);
    assert_eq!(members(&cluster, 3), [1, 2, 3]);
    cluster.propose(3, 1);
    cluster.run(SECOND / 10);
    assert_eq!(cluster.commit(3), 3, "of three, two go on");
}

#[test]
fn who_is_listed_can_be_added_before_it_was_heard() {
    let mut cluster = with_newcomer();
    cluster.cut.insert(node(4));
    cluster.run(SECOND / 10);
    let listed = |peer: &crate::replicator::message::Peer| peer.node == node(4) && !peer.heard;
    assert!(cluster.situation(3).peers.iter().any(listed));
    cluster.input(node(3), Input::Order { ticket: 1, order: Order::Add(uuid(4)) });
    assert!(cluster.told(3).contains(&Output::Ordered { ticket: 1, answer: Ordered::UnderWay }));
    cluster.cut.clear();
    assert_eq!(order(&mut cluster, 3, Order::Add(uuid(4))), Some(Ordered::Done));
    cluster.run(SECOND / 5);
    assert_eq!(members(&cluster, 3), [1, 2, 3, 4]);
}

#[test]
fn an_observer_that_is_silent_for_a_moment_is_added_when_it_is_heard_again() {
    let mut cluster = with_observer();
    let timeout = crate::config::Settings::lan().failure_timeout();
    cluster.cut.insert(node(4));
    cluster.run(timeout + timeout / 2);
    cluster.input(node(3), Input::Order { ticket: 1, order: Order::Add(uuid(4)) });
    let begun = Output::Ordered { ticket: 1, answer: Ordered::UnderWay };
    assert!(cluster.told(3).contains(&begun), "not heard within the failure timeout, but known");
    assert_eq!(members(&cluster, 3), [1, 2, 3], "not before it has answered");
    cluster.cut.clear();
    assert_eq!(order(&mut cluster, 3, Order::Add(uuid(4))), Some(Ordered::Done));
    cluster.cut.insert(node(4));
    assert_eq!(order(&mut cluster, 3, Order::Remove(uuid(4))), Some(Ordered::Done));
    cluster.run(SECOND * 5);
    assert_eq!(order(&mut cluster, 3, Order::Add(uuid(4))), Some(Ordered::Refused(Unfit::NotHere)), "gone for long");
}

#[test]
fn a_disk_is_not_replaced_by_a_memory() {
    let mut cluster = with_observer();
    for number in 1..=3 {
        let replicator = cluster.nodes.remove(&node(number)).expect("it is there");
        cluster.nodes.insert(node(number), replicator.on_disk(true));
    }
    cluster.cut.insert(node(1));
    cluster.run(SECOND * 70);
    assert_eq!(members(&cluster, 3), [1, 2, 3]);
}
