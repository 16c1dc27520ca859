//! The prototype: both sides of a partition lead and accept bids for as long as they are apart, and never merge.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agora::auction::event::{Decision, Event};
use agora::client::Client;
use agora::client::message::{Failure, Reply};
use agora::config::{Mode, Settings};
use agora::id::{ParticipantId, Position};
use agora::node::{Node, NodeHandle, Told};
use agora::transport::{Later, Net, Socket, Udp, free_broadcast_port};
use uuid::Uuid;

use crate::cluster::{self, PATIENCE, connect, somebody, until, within};
use crate::house::{House, Plan};

/// Who is on which side, and whether there are sides.
#[derive(Clone, Default)]
struct Wall {
    up: Arc<AtomicBool>,
    sides: Arc<Mutex<BTreeMap<SocketAddr, Side>>>,
}

impl Wall {
    fn put(&self, up: bool) {
        self.up.store(up, Ordering::Relaxed);
    }

    fn stand(&self, address: SocketAddr, side: Side) {
        self.sides.lock().unwrap_or_else(PoisonError::into_inner).insert(address, side);
    }

    /// Whether something from there reaches this side.
    fn lets_through(&self, from: SocketAddr, side: Side) -> bool {
        let sender = self.sides.lock().unwrap_or_else(PoisonError::into_inner).get(&from).copied();
        !self.up.load(Ordering::Relaxed) || sender.is_none_or(|sender| sender == side)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Pair,
    Lone,
}

/// The network as it is on one side: what nodes of the other send does not come while the wall is up.
struct Sided {
    wall: Wall,
    side: Side,
}

impl Sided {
    fn wrap(&self, socket: io::Result<Rc<dyn Socket>>) -> io::Result<Rc<dyn Socket>> {
        Ok(Rc::new(SidedSocket { socket: socket?, wall: self.wall.clone(), side: self.side }))
    }
}

impl Net for Sided {
    fn unicast(&self, bind: SocketAddr) -> Later<'_, io::Result<Rc<dyn Socket>>> {
        Box::pin(async move {
            let socket = Udp.unicast(bind).await?;
            self.wall.stand(socket.local_address()?, self.side);
            self.wrap(Ok(socket))
        })
    }

    fn listener(&self, port: u16) -> Later<'_, io::Result<Rc<dyn Socket>>> {
        Box::pin(async move { self.wrap(Udp.listener(port).await) })
    }

    fn lookup<'a>(&'a self, name: &'a str) -> Later<'a, io::Result<Vec<SocketAddr>>> {
        Udp.lookup(name)
    }

    fn broadcast_addresses(&self) -> Vec<Ipv4Addr> {
        Vec::new()
    }

    fn own_address(&self) -> Option<IpAddr> {
        None
    }
}

struct SidedSocket {
    socket: Rc<dyn Socket>,
    wall: Wall,
    side: Side,
}

impl Socket for SidedSocket {
    fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_address()
    }

    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        self.socket.try_send_to(bytes, to)
    }

    fn readable(&self) -> Later<'_, io::Result<()>> {
        self.socket.readable()
    }

    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            let (length, from) = self.socket.try_receive(buffer)?;
            if self.wall.lets_through(from, self.side) {
                return Ok((length, from));
            }
        }
    }
}

/// Three nodes, of which the highest, which leads, will be alone.
struct Parted {
    wall: Wall,
    nodes: Vec<(NodeHandle, SocketAddr)>,
}

impl Parted {
    async fn start(mode: Mode) -> Self {
        let (wall, port) = (Wall::default(), free_broadcast_port().expect("a free port"));
        let mut nodes: Vec<_> = [(1, Side::Pair), (2, Side::Pair), (3, Side::Lone)]
            .into_iter()
            .map(|(number, side)| {
                let node = Node::builder()
                    .settings(Settings { mode, ..Settings::lan() })
                    .loopback(port)
                    .id(Uuid::from_u64_pair(1, number))
                    .net(Sided { wall: wall.clone(), side });
                node.build().expect("settings that can be").spawn()
            })
            .collect();
        let mut members = Vec::new();
        for node in nodes.drain(..) {
            let address = cluster::ready(&node).await;
            members.push((node, address));
        }
        let parted = Self { wall, nodes: members };
        let client = parted.client(somebody(), 0).await;
        until("the highest rank leads a complete cluster", async || {
            let status = client.status(Some(PATIENCE)).await.expect("a status");
            let led = status.leader.map(|leader| leader.uuid) == Some(parted.nodes[2].0.uuid);
            led && status.serving && status.members.len() == 3 && status.peers.iter().all(|peer| peer.heard)
        })
        .await;
        parted
    }

    /// A client that has heard of this node only, at first. No wall is between clients and nodes.
    async fn client(&self, of: ParticipantId, node: usize) -> Client {
        // Nobody listens there.
        let nowhere = free_broadcast_port().expect("a free port");
        connect(of, nowhere, vec![self.nodes[node].1.to_string()]).await
    }

    /// A client that knows a node of the pair, once the pair has a leader of its own.
    async fn client_of_the_pair(&self, of: ParticipantId, node: usize) -> Client {
        let lone = self.nodes[2].0.uuid;
        until("the pair has a leader", async || {
            let client = self.client(of, node).await;
            client.leader(Some(PATIENCE)).await.is_ok_and(|leader| leader.node.uuid != lone)
        })
        .await;
        self.client(of, node).await
    }

    /// An auction whose clients know a node of the pair.
    async fn house(&self, rounds: u32) -> House {
        let auctioneer = self.client(somebody(), 0).await;
        let bidders = vec![self.client(somebody(), 0).await, self.client(somebody(), 1).await];
        House::among(auctioneer, bidders, &Plan::of(rounds, 2)).await
    }

    /// Whether each node, asked itself, knows the same leader, and has all three as members.
    async fn is_one(&self) -> bool {
        let mut told = Vec::new();
        for node in 0..3 {
            let client = self.client(somebody(), node).await;
            let Ok(status) = client.status(Some(PATIENCE)).await else { return false };
            told.push((status.leader.map(|leader| leader.uuid), status.members.len()));
        }
        told.iter().all(|one| *one == told[0] && one.0.is_some() && one.1 == 3)
    }
}

/// How long somebody waits who will not be answered.
const A_WHILE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn with_a_cluster_size_the_smaller_side_acknowledges_nothing_and_the_other_goes_on() {
    let parted = Parted::start(Mode::Majority(3)).await;
    let mut house = parted.house(2).await;
    house.bid(0, 1, "10").await;
    let lone = parted.client(house.bidders[1].participant(), 2).await;
    assert_eq!(lone.leader(Some(PATIENCE)).await.expect("a leader").address, parted.nodes[2].1);
    parted.wall.put(true);
    let unknown = lone.submit(house.bidding("99"), Some(A_WHILE)).await;
    assert!(matches!(unknown, Err(Failure::Unknown { .. })), "{unknown:?}");
    let read = lone.list(None, Some(A_WHILE)).await;
    assert!(matches!(read, Err(Failure::NoAnswer | Failure::NoLeader { .. })), "{read:?}");

    house.bid(1, 1, "11").await;
    house.bid(0, 2, "10").await;
    parted.wall.put(false);
    until("all follow one leader", async || parted.is_one().await).await;
    house.bid(1, 2, "11").await;
    house.verify().await;
    let shown = parted.client(somebody(), 2).await.show(house.auction, Some(PATIENCE)).await;
    assert_eq!(shown.expect("an answer").as_ref(), Some(&house.show().await), "one history on every side");
}

/// Without one both sides go on, which the README says; but when they meet, one history remains for all.
#[tokio::test]
async fn without_a_cluster_size_the_side_with_less_gives_way_when_they_meet() {
    let parted = Parted::start(Mode::Reachable).await;
    let mut house = parted.house(2).await;
    house.bid(0, 1, "10").await;
    let lone = parted.client(house.bidders[1].participant(), 2).await;
    lone.leader(Some(PATIENCE)).await.expect("a leader");
    parted.wall.put(true);
    // The lone one takes a bid, the pair three; and nobody of the pair's is to find the other side.
    for (bidder, node) in [(0, 0), (1, 1)] {
        house.bidders[bidder] = parted.client_of_the_pair(house.bidders[bidder].participant(), node).await;
    }
    assert!(matches!(lone.submit(house.bidding("99"), Some(PATIENCE)).await, Ok(Reply::Done(_))));
    let mut committed = parted.nodes[2].0.committed(Position::START);
    let bid = |told: &Told<Decision>, wanted: &str| {
        let Told::Event { event: decision, .. } = told else { return false };
        let is = |event: &Event| matches!(event, Event::BidAccepted { amount, .. } if amount.to_string() == wanted);
        decision.events.iter().any(is)
    };
    while !bid(&within("a committed event", committed.next()).await.expect("it runs"), "99") {}
    house.bid(1, 1, "11").await;
    house.bid(0, 2, "10").await;
    parted.wall.put(false);
    until("all follow one leader", async || parted.is_one().await).await;
    // Who follows the log of the lone one is told, and shown what is there instead.
    assert_eq!(within("a committed event", committed.next()).await, Some(Told::OtherLog));
    while !bid(&within("a committed event", committed.next()).await.expect("it runs"), "11") {}
    house.bid(1, 2, "11").await;
    house.auctioneer = parted.client(house.auctioneer.participant(), 2).await;
    house.verify().await;
}
