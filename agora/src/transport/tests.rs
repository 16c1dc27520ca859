use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use uuid::Uuid;

use super::sockets::fresh;
use super::*;
use crate::actor::{Clock, In, ToMachine};
use crate::id::{NodeId, Rank};
use crate::node::wiring::{self, Deliver};
use crate::time::Timestamp;
use crate::wire::{ClusterTag, Message, Packer, Sealer};
use crate::{discovery, election, heartbeat, replicator};

/// Far longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO
    }
}

/// Stands in the place of all concerns.
struct Concerns {
    heard: mpsc::UnboundedSender<Deliver>,
    asleep: bool,
}

impl Actor for Concerns {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        if self.asleep {
            context.wait(actix::fut::wrap_future(std::future::pending::<()>()));
        }
    }
}

macro_rules! hear {
    ($($input:path => $deliver:ident),*) => {$(
        impl Handler<In<Vec<$input>>> for Concerns {
            type Result = ();

            fn handle(&mut self, input: In<Vec<$input>>, _: &mut Self::Context) {
                for input in input.0 {
                    let _ = self.heard.send(Deliver::$deliver(input));
                }
            }
        }
    )*};
}

hear!(
    discovery::message::Input => Discovery,
    heartbeat::message::Input => Heartbeat,
    election::message::Input => Election,
    replicator::message::Input => Replicator
);

impl Handler<ToMachine> for Concerns {
    type Result = ();

    fn handle(&mut self, input: ToMachine, _: &mut Self::Context) {
        for input in input.0 {
            let _ = self.heard.send(Deliver::Machine(input));
        }
    }
}

struct Rig {
    transport: Addr<Transport>,
    heard: mpsc::UnboundedReceiver<Deliver>,
    counters: Arc<Counters>,
    address: SocketAddr,
}

fn node(number: u64) -> NodeId {
    NodeId { uuid: Uuid::from_u64_pair(1, number), incarnation: number }
}

fn message(priority: u32) -> Message {
    let rank = Rank { priority, uuid: Uuid::nil() };
    Message::Election(election::message::Message::Response { rank })
}

fn delivered(from: NodeId, message: Message) -> Deliver {
    wiring::from_network(([127, 0, 0, 1], 9).into(), from, message)
}

impl Rig {
    async fn start(me: NodeId, broadcast_port: u16, asleep: bool) -> Self {
        let reach = Reach { broadcast_port, broadcast_addresses: Vec::new(), join: Vec::new() };
        let sockets = Sockets::open(Arc::new(Udp), ([127, 0, 0, 1], 0).into(), reach).await.expect("loopback");
        let address = sockets.local();
        let counters = Arc::new(Counters::default());
        let transport = Transport::new(sockets, "test", Arc::new(Still), Arc::clone(&counters), None).start();
        let (sender, heard) = mpsc::unbounded_channel();
        let concerns = Concerns { heard: sender, asleep }.start();
        let inlet = Inlet {
            discovery: concerns.clone().recipient(),
            heartbeat: concerns.clone().recipient(),
            election: concerns.clone().recipient(),
            replicator: concerns.clone().recipient(),
            machine: concerns.recipient(),
        };
        transport.send(In(Attach { me, inlet })).await.expect("it runs");
        Self { transport, heard, counters, address }
    }

    async fn next(&mut self) -> Deliver {
        tokio::time::timeout(PATIENCE, self.heard.recv()).await.expect("in time").expect("it runs")
    }

    /// Waits until so many are counted.
    async fn await_count(&self, kind: Count, times: u64) {
        let reached = async {
            while self.counters.get(kind) < times {
                tokio::task::yield_now().await;
            }
        };
        let counts: BTreeMap<_, _> = self.counters.all().collect();
        tokio::time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("no {times} × {kind:?} in {counts:?}"));
    }

    fn say(&self, request: wiring::Transport) {
        self.transport.do_send(In(vec![request]));
    }
}

fn datagram(cluster: &str, sender: NodeId, message: &Message) -> Vec<u8> {
    let mut packer = Packer::new();
    packer.push(message).expect("small");
    let mut sealer = Sealer::new(ClusterTag::of(cluster), sender);
    packer.finish(&mut sealer).next().expect("one").to_vec()
}

#[tokio::test]
async fn a_broadcast_reaches_every_node_of_the_machine_but_its_sender() {
    LocalSet::new()
        .run_until(async {
            let port = free_broadcast_port().expect("a port");
            let mut rigs = Vec::new();
            for number in 1..=4 {
                rigs.push(Rig::start(node(number), port, false).await);
            }
            rigs[0].say(wiring::Transport::Broadcast(message(7)));
            for rig in &mut rigs[1..] {
                assert_eq!(rig.next().await, delivered(node(1), message(7)));
            }
            rigs[0].await_count(Count::Own, 1).await;
            // The broadcast told where its sender answers: at its own socket.
            let speaker = rigs[0].address;
            rigs[3].say(wiring::Transport::ToNode(node(1), message(8)));
            assert_eq!(rigs[0].next().await, delivered(node(4), message(8)), "{speaker}");
        })
        .await;
}

#[tokio::test]
async fn what_is_said_in_one_turn_to_one_address_shares_a_datagram() {
    LocalSet::new()
        .run_until(async {
            let port = free_broadcast_port().expect("a port");
            let speaker = Rig::start(node(1), port, false).await;
            let mut listener = Rig::start(node(2), port, false).await;
            for number in 0..10 {
                speaker.say(wiring::Transport::ToAddress(listener.address, message(number)));
            }
            for number in 0..10 {
                assert_eq!(listener.next().await, delivered(node(1), message(number)));
            }
            assert_eq!(speaker.counters.get(Count::Sent), 1);
            assert_eq!(listener.counters.get(Count::Received), 1);
        })
        .await;
}

#[tokio::test]
async fn what_is_not_for_this_node_is_dropped_and_counted_by_kind() {
    LocalSet::new()
        .run_until(async {
            let me = node(1);
            let mut rig = Rig::start(me, free_broadcast_port().expect("a port"), false).await;
            let socket = UdpSocket::bind("127.0.0.1:0").await.expect("loopback");
            let good = datagram("test", node(2), &message(1));
            let mut damaged = good.clone();
            damaged[60] ^= 1;
            let mut newer = good.clone();
            newer[2] = 99;
            for bytes in [
                b"hello".to_vec(),
                Vec::new(),
                vec![0; 2_000],
                good[..good.len() - 1].to_vec(),
                damaged,
                newer,
                datagram("another", node(2), &message(1)),
                datagram("test", me, &message(1)),
                good,
            ] {
                socket.send_to(&bytes, rig.address).await.expect("loopback");
            }
            assert_eq!(rig.next().await, delivered(node(2), message(1)), "the node still hears");
            let counts: BTreeMap<_, _> = rig.counters.all().filter(|(_, count)| *count > 0).collect();
            let expected = BTreeMap::from([
                (Count::Received, 9),
                (Count::Rubbish, 3),
                (Count::Damaged, 2),
                (Count::OtherVersion, 1),
                (Count::Foreign, 1),
                (Count::Own, 1),
                (Count::Delivered, 1),
            ]);
            assert_eq!(counts, expected);
        })
        .await;
}

#[tokio::test]
async fn a_concern_that_does_not_keep_up_loses_messages_and_the_memory_stays_bounded() {
    LocalSet::new()
        .run_until(async {
            let rig = Rig::start(node(1), free_broadcast_port().expect("a port"), true).await;
            let socket = UdpSocket::bind("127.0.0.1:0").await.expect("loopback");
            let bytes = datagram("test", node(2), &message(1));
            for sent in 1..=100 {
                socket.send_to(&bytes, rig.address).await.expect("loopback");
                rig.await_count(Count::Received, sent).await;
            }
            let (delivered, full) = (rig.counters.get(Count::Delivered), rig.counters.get(Count::Full));
            assert!(delivered < 40 && delivered + full == 100, "{delivered} delivered, {full} full");
        })
        .await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_counted_and_harms_nothing() {
    LocalSet::new()
        .run_until(async {
            let port = free_broadcast_port().expect("a port");
            let rig = Rig::start(node(1), port, false).await;
            let mut listener = Rig::start(node(2), port, false).await;
            let huge = Message::Discovery(discovery::message::Message::Request {
                nonce: 0,
                node: None,
                padding: vec![0; 2_000],
            });
            rig.say(wiring::Transport::ToNode(node(9), message(1)));
            rig.say(wiring::Transport::ToAddress(([0, 0, 0, 0, 0, 0, 0, 1], 9).into(), message(1)));
            rig.say(wiring::Transport::ToAddress(listener.address, huge));
            rig.say(wiring::Transport::ToAddress(listener.address, message(2)));
            assert_eq!(listener.next().await, delivered(node(1), message(2)));
            let counts: BTreeMap<_, _> = rig.counters.all().filter(|(_, count)| *count > 0).collect();
            let expected =
                BTreeMap::from([(Count::Sent, 1), (Count::Unsent, 1), (Count::Unknown, 1), (Count::TooLarge, 1)]);
            assert_eq!(counts, expected);
        })
        .await;
}

#[tokio::test]
async fn a_closed_transport_has_sent_what_it_was_given() {
    LocalSet::new()
        .run_until(async {
            let port = free_broadcast_port().expect("a port");
            let rig = Rig::start(node(1), port, false).await;
            let mut listener = Rig::start(node(2), port, false).await;
            rig.say(wiring::Transport::ToAddress(listener.address, message(1)));
            rig.transport.send(In(Close { flush: true })).await.expect("it runs");
            assert_eq!(listener.next().await, delivered(node(1), message(1)));
            assert!(rig.transport.send(In(Close { flush: true })).await.is_err(), "it is gone");
        })
        .await;
}

/// A network with two interfaces and one known name.
struct Plan;

impl Net for Plan {
    fn unicast(&self, _: SocketAddr) -> Later<'_, io::Result<Rc<dyn Socket>>> {
        Box::pin(async { Err(io::Error::other("none")) })
    }

    fn listener(&self, _: u16) -> Later<'_, io::Result<Rc<dyn Socket>>> {
        Box::pin(async { Err(io::Error::other("none")) })
    }

    fn lookup<'a>(&'a self, name: &'a str) -> Later<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            match name {
                "both:1" => Ok(vec![([10, 0, 0, 1], 1).into(), ([0, 0, 0, 0, 0, 0, 0, 1], 1).into()]),
                _ => Err(io::Error::other("no such host")),
            }
        })
    }

    fn broadcast_addresses(&self) -> Vec<Ipv4Addr> {
        vec![[10, 0, 0, 255].into(), [192, 168, 1, 255].into()]
    }

    fn own_address(&self) -> Option<IpAddr> {
        Some([10, 0, 0, 7].into())
    }
}

fn reach(broadcast_addresses: &[[u8; 4]]) -> Reach {
    Reach {
        broadcast_port: 5,
        broadcast_addresses: broadcast_addresses.iter().map(|address| (*address).into()).collect(),
        join: vec!["both:1".into(), "gone:1".into()],
    }
}

#[test]
fn broadcasts_go_to_all_interfaces_or_where_they_are_told_or_stay_on_loopback() {
    let addresses = |list: &[[u8; 4]]| -> Vec<SocketAddr> { list.iter().map(|ip| (*ip, 5).into()).collect() };
    let (any, loopback, v6) = (IpAddr::from([0; 4]), IpAddr::from([127, 0, 0, 1]), IpAddr::from([0_u16; 8]));
    let all = addresses(&[[10, 0, 0, 255], [192, 168, 1, 255], [127, 255, 255, 255]]);
    assert_eq!(reach(&[]).broadcasts(any, &Plan), all);
    assert_eq!(reach(&[]).broadcasts(loopback, &Plan), addresses(&[[127, 255, 255, 255]]));
    assert_eq!(reach(&[[10, 9, 9, 255]]).broadcasts(any, &Plan), addresses(&[[10, 9, 9, 255]]));
    assert_eq!(reach(&[]).broadcasts(v6, &Plan), []);
}

#[tokio::test]
async fn a_name_gives_the_addresses_that_this_node_can_send_to() {
    let (v4, failed) = reach(&[]).joins([10, 0, 0, 7].into(), &Plan).await;
    assert_eq!((v4, failed), (vec![([10, 0, 0, 1], 1).into()], vec!["gone:1".to_string()]));
    let (v6, _) = reach(&[]).joins(IpAddr::from([0_u16; 8]), &Plan).await;
    assert_eq!(v6, [([0, 0, 0, 0, 0, 0, 0, 1], 1).into()]);
}

#[test]
fn a_name_without_an_address_is_told_once_until_it_had_one() {
    let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let told = |before: &[&str], now: &[&str]| fresh(&names(before), &names(now)).cloned().collect::<Vec<_>>();
    assert_eq!(told(&[], &["a:1", "b:1"]), names(&["a:1", "b:1"]));
    assert_eq!(told(&["a:1"], &["a:1", "b:1"]), names(&["b:1"]));
    assert_eq!(told(&["a:1", "b:1"], &["a:1", "b:1"]), names(&[]));
    assert_eq!(told(&["b:1"], &["a:1", "b:1"]), names(&["a:1"]), "it had one in between");
}

#[test]
fn a_node_on_loopback_hears_this_machine_only() {
    let bytes = datagram("test", node(2), &message(1));
    let outside = SocketAddr::from(([10, 0, 0, 9], 1));
    let sieve = |loopback_only| sift::Sieve { cluster: ClusterTag::of("test"), loopback_only };
    assert_eq!(sieve(true).sift(node(1), outside, &bytes), Err(Count::Outside));
    assert!(sieve(false).sift(node(1), outside, &bytes).is_ok());
}
