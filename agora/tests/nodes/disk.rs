//! Nodes whose log is on disk: all of them end at once, and everything that was acknowledged is there again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use agora::amount::Amount;
use agora::auction::event::{Disclosure, Rule, Spec, Start};
use agora::auction::message::Phase;
use agora::client::Client;
use agora::client::message::{Action, Reply};
use agora::config::{Mode, Settings};
use agora::disk::{Directory, LOG, Storage, Unreadable};
use agora::id::{AuctionId, ParticipantId, Seq};
use agora::node::{BuildError, Ending, Node, NodeEvent, NodeFault, NodeHandle};
use agora::transport::free_broadcast_port;
use uuid::Uuid;

use crate::{PATIENCE, builder, in_time, until};

/// A folder of its own, gone at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("agora-disk-{}", Client::new_request()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub(crate) fn of(&self, number: u64) -> PathBuf {
        self.0.join(number.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn participant(number: u128) -> ParticipantId {
    ParticipantId(Uuid::from_u128(number))
}

fn settings(mode: Mode) -> Settings {
    Settings { mode, ..Settings::lan() }
}

fn start(folder: &Folder, mode: Mode, port: u16, numbers: impl IntoIterator<Item = u64>) -> Vec<NodeHandle> {
    let node = |number| builder(number, port).settings(settings(mode)).data_dir(folder.of(number)).build();
    numbers.into_iter().map(|number| node(number).expect("a directory of its own").spawn()).collect()
}

pub(crate) async fn kill(nodes: Vec<NodeHandle>) {
    nodes.iter().for_each(NodeHandle::kill);
    for node in nodes {
        in_time(node.ended()).await;
    }
}

pub(crate) async fn done(client: &Client, action: Action) -> (AuctionId, Seq) {
    match client.submit(action.clone(), Some(PATIENCE)).await {
        Ok(Reply::Done(ack)) => {
            assert!(ack.disk, "{action:?}");
            (ack.receipt.auction, ack.receipt.seq)
        }
        other => panic!("{action:?}: {other:?}"),
    }
}

pub(crate) fn spec() -> Spec {
    Spec {
        item: "Painting".into(),
        rule: Rule::Highest,
        disclosure: Disclosure::Open,
        limit: Amount::parse("1").expect("an amount"),
        rounds: 2,
        bidders: 2,
        round_timeout_ms: None,
        start: Start::Auto,
    }
}

pub(crate) fn bid(auction: AuctionId, amount: &str) -> Action {
    Action::Bid { auction, round: None, amount: Some(amount.into()) }
}

/// An auction whose nodes all end in its middle, twice.
async fn survives(mode: Mode, count: u64) {
    let (folder, port) = (Folder::new(), free_broadcast_port().expect("a free port"));
    let mut nodes = start(&folder, mode, port, 1..=count);
    let mut bids = Vec::new();
    let mut auction = None;
    for life in 0..3 {
        for node in &nodes {
            in_time(node.ready()).await.expect("it runs");
        }
        let client = async |who| nodes[0].client(participant(who)).await.expect("a client");
        let (auctioneer, alice, bob) = (client(1).await, client(2).await, client(3).await);
        if life == 0 {
            let (id, _) = done(&auctioneer, Action::Create(spec())).await;
            done(&alice, Action::Join(id)).await;
            done(&bob, Action::Join(id)).await;
            bids.push(done(&alice, bid(id, "10")).await.1);
            auction = Some(id);
        }
        let auction = auction.expect("created");
        if life == 1 {
            bids.push(done(&bob, bid(auction, "12")).await.1);
            bids.push(done(&bob, bid(auction, "7")).await.1);
        }
        if life == 2 {
            bids.push(done(&alice, bid(auction, "8")).await.1);
        }
        let view = auctioneer.show(auction, Some(PATIENCE)).await.expect("an answer").expect("the auction");
        assert_eq!(view.bids.iter().map(|bid| bid.seq).collect::<Vec<_>>(), bids, "{mode:?} life {life}");
        if life == 2 {
            assert_eq!(view.phase, Phase::Completed);
            assert_eq!(view.winner.map(|(winner, _)| winner), Some(participant(3)));
        }
        kill(std::mem::take(&mut nodes)).await;
        nodes = start(&folder, mode, port, 1..=count);
    }
    kill(nodes).await;
}

#[tokio::test]
async fn all_nodes_of_a_cluster_of_three_end_and_its_auctions_go_on() {
    survives(Mode::Majority(3), 3).await;
}

#[tokio::test]
async fn a_cluster_of_one_ends_and_its_auctions_go_on() {
    survives(Mode::Majority(1), 1).await;
}

#[tokio::test]
async fn all_servers_of_a_reachable_cluster_end_and_its_auctions_go_on() {
    survives(Mode::Reachable, 2).await;
}

#[tokio::test]
async fn a_member_that_returns_with_its_log_is_a_member_and_makes_a_majority() {
    let (folder, port) = (Folder::new(), free_broadcast_port().expect("a free port"));
    let mode = Mode::Majority(3);
    let nodes = start(&folder, mode, port, 1..=3);
    for node in &nodes {
        in_time(node.ready()).await.expect("it runs");
    }
    let client = nodes[0].client(participant(1)).await.expect("a client");
    // One after another ends and returns, the leader too; then two at once, whereupon nobody serves.
    let mut nodes: Vec<_> = nodes.into_iter().zip(1..).collect();
    for _ in 0..3 {
        let (node, number) = nodes.remove(0);
        kill(vec![node]).await;
        done(&client, Action::Create(spec())).await;
        let again = start(&folder, mode, port, [number]).remove(0);
        in_time(again.ready()).await.expect("it runs");
        nodes.push((again, number));
    }
    let two: Vec<_> = nodes.drain(..2).collect();
    let numbers: Vec<_> = two.iter().map(|(_, number)| *number).collect();
    kill(two.into_iter().map(|(node, _)| node).collect()).await;
    let again = start(&folder, mode, port, [numbers[0]]);
    done(&client, Action::Create(spec())).await;
    assert_eq!(client.list(None, Some(PATIENCE)).await.expect("an answer").auctions.len(), 4);
    kill(again).await;
    kill(nodes.into_iter().map(|(node, _)| node).collect()).await;
}

#[tokio::test]
async fn a_node_keeps_its_name_and_another_is_refused() {
    let (folder, port) = (Folder::new(), free_broadcast_port().expect("a free port"));
    let path = folder.of(1);
    let node = || Node::builder().loopback(port).data_dir(&path);
    let first = node().build().expect("a new directory").spawn();
    in_time(first.ready()).await.expect("it runs");
    let held = node().build().expect_err("one process at a time");
    assert!(held.to_string().contains("another process holds it"), "{held}");
    let uuid = first.uuid;
    kill(vec![first]).await;
    let other = Uuid::from_u128(77);
    let refused = node().id(other).build().expect_err("another node's log");
    assert!(matches!(refused, BuildError::OtherNode { held, asked, .. } if (held, asked) == (uuid, other)));
    let refused = node().settings(settings(Mode::Majority(3))).build().expect_err("another mode's log");
    assert!(matches!(refused, BuildError::Data { why: Unreadable::Other(_), .. }), "{refused:?}");
    assert_eq!(node().build().expect("its own").spawn().uuid, uuid);
}

#[tokio::test]
async fn a_damaged_log_is_refused_with_its_place_and_a_torn_end_is_cut() {
    let (folder, port) = (Folder::new(), free_broadcast_port().expect("a free port"));
    let mode = Mode::Majority(1);
    let nodes = start(&folder, mode, port, [1]);
    let client = nodes[0].client(participant(1)).await.expect("a client");
    done(&client, Action::Create(spec())).await;
    kill(nodes).await;
    let log = folder.of(1).join(LOG);
    let sound = std::fs::read(&log).expect("the log");
    std::fs::write(&log, &sound[..sound.len() - 3]).expect("a torn end");
    let nodes = start(&folder, mode, port, [1]);
    let auctions = client.list(None, Some(PATIENCE)).await.expect("an answer").auctions;
    assert_eq!(auctions.len(), 1);
    kill(nodes).await;
    let mut damaged = std::fs::read(&log).expect("the log");
    damaged[sound.len() / 2] ^= 1;
    std::fs::write(&log, &damaged).expect("damage");
    let refused = builder(1, port).settings(settings(mode)).data_dir(folder.of(1)).build().expect_err("damaged");
    assert!(refused.to_string().contains("damaged at byte"), "{refused}");
    assert_eq!(std::fs::read(&log).expect("the log"), damaged, "it is left as it is");
}

/// A directory whose disk is full from some moment on.
struct Full {
    directory: Directory,
    full: Arc<AtomicBool>,
}

impl Full {
    fn in_folder(path: &Path) -> (Self, Arc<AtomicBool>) {
        let full = Arc::new(AtomicBool::new(false));
        (Self { directory: Directory::open(path).expect("a directory"), full: Arc::clone(&full) }, full)
    }
}

impl Storage for Full {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.directory.read()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.full.load(Ordering::Relaxed) {
            // Part of it had room.
            self.directory.append(&bytes[..bytes.len() / 2])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.directory.append(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.directory.flush()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.directory.truncate(length)
    }

    fn draft(&mut self, bytes: &[u8], anew: bool) -> io::Result<()> {
        self.directory.draft(bytes, anew)
    }

    fn adopt(&mut self) -> io::Result<()> {
        self.directory.adopt()
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.directory.replace(bytes)
    }
}

#[tokio::test]
async fn a_leader_whose_disk_is_full_hands_over_and_ends_and_may_return() {
    let (folder, port) = (Folder::new(), free_broadcast_port().expect("a free port"));
    let mode = Mode::Majority(3);
    let (storage, full) = Full::in_folder(&folder.of(3));
    // The highest leads.
    let leader = builder(3, port).settings(settings(mode)).storage(storage).build().expect("a directory").spawn();
    let others = start(&folder, mode, port, 1..=2);
    let mut events = leader.events();
    until(&mut events, |event| matches!(event, NodeEvent::Leader { is_self: true, .. }).then_some(())).await;
    let client = others[0].client(participant(1)).await.expect("a client");
    let before = done(&client, Action::Create(spec())).await.0;
    full.store(true, Ordering::Relaxed);
    let meanwhile = done(&client, Action::Create(spec())).await.0;
    let ending = in_time(leader.ended()).await;
    assert!(matches!(ending, Ending::Fault(NodeFault::Disk(_))), "{ending:?}");
    let after = done(&client, Action::Create(spec())).await.0;
    let mut again = start(&folder, mode, port, [3]);
    in_time(again[0].ready()).await.expect("what was half written is cut");
    kill(others).await;
    let others = start(&folder, mode, port, [1]);
    again.extend(others);
    let mut all = vec![before, meanwhile, after];
    all.sort_unstable();
    let listed = client.list(None, Some(PATIENCE)).await.expect("an answer").auctions;
    assert_eq!(listed.into_iter().map(|summary| summary.auction).collect::<Vec<_>>(), all);
    kill(again).await;
}

#[test]
fn a_log_is_put_aside_whole_and_only_so_many_are_kept() {
    let folder = Folder::new();
    let path = folder.of(1);
    let mut directory = Directory::open(&path).expect("a directory");
    for life in 0..10_u8 {
        directory.replace(&[life]).expect("a new log");
    }
    let mut names: Vec<_> =
        std::fs::read_dir(&path).expect("it is there").map(|entry| entry.expect("a file").file_name()).collect();
    names.sort();
    assert_eq!(names, ["aside-7", "aside-8", "aside-9", "lock", "log"]);
    assert_eq!(directory.read().expect("the log"), [9]);
}
