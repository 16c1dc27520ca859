//! What people are shown, whole.

use crate::driver::{Cluster, User};

/// Runs a command; UUIDs and participants that are known stand as names of the same width.
struct People {
    user: User,
    names: Vec<(String, String)>,
}

impl People {
    fn new(cluster: &Cluster) -> Self {
        Self { user: User::new(cluster.broadcast_port), names: Vec::new() }
    }

    /// From now on this UUID is shown under a name.
    fn call(&mut self, uuid: &str, name: &str) {
        self.names.push((uuid.into(), format!("{name:-<36}")));
        self.names.push((uuid[..8].into(), format!("{name:-<8}")));
    }

    fn created(&mut self, name: &str, flags: &[&str]) -> String {
        let created = self.user.json(&[&["create", "--min-bid", "10"], flags].concat()).line();
        let auction = created["auction"].as_str().expect("an id").to_owned();
        self.call(&auction, name);
        self.call(created["participant"].as_str().expect("an id"), "self");
        auction
    }

    fn joins(&mut self, name: &str, auction: &str) {
        let joined = self.user.json(&["--as", name, "join", auction]).line();
        self.call(joined["participant"].as_str().expect("an id"), name);
    }

    fn sees(&self, arguments: &[&str], wanted: &str) {
        let ended = self.user.runs(arguments);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        let replace = |text: String, (from, to): &(String, String)| text.replace(from, to);
        let seen = self.names.iter().fold(ended.stdout, replace);
        assert_eq!(seen, wanted, "{arguments:?}");
    }
}

#[test]
fn an_auction_from_its_bidders_to_its_winner() {
    let cluster = Cluster::of(1);
    let mut people = People::new(&cluster);
    let flags = ["--item", "Vase", "--rounds", "2", "--bidders", "2", "--round-timeout", "none"];
    let auction = people.created("vase", &flags);
    people.sees(
        &["show", &auction],
        "Vase  waiting\n\
         vase--------------------------------\n\
         2 rounds, 2 bidders, from 10, sealed\n\
         auctioneer self---- (you)\n\
         0 of 2 bidders have joined\n",
    );
    people.joins("alice", &auction);
    people.joins("bob", &auction);
    people.sees(&["start", &auction], "started vase-------------------------------- as default (self----)\n");
    people.sees(&["--as", "alice", "bid", &auction, "12.50"], "12.5 stands in round 1, as event 7\n");
    people.sees(
        &["--as", "bob", "show", &auction],
        "Vase  active\n\
         vase--------------------------------\n\
         2 rounds, 2 bidders, from 10, sealed\n\
         auctioneer self----\n\
         round 1 of 2; still to bid: bob----- (you)\n\
         round 1\n  \
           alice---  sealed  event 7\n",
    );
    people.sees(&["--as", "bob", "bid", &auction, "100"], "100 stands in round 1, as event 8\n");
    people.sees(&["--as", "bob", "pass", &auction], "passed in round 2, as event 11\n");
    people.sees(&["--as", "alice", "bid", &auction, "10.125"], "10.125 stands in round 2, as event 12\n");
    people.sees(
        &["--as", "bob", "show", &auction],
        "Vase  completed\n\
         vase--------------------------------\n\
         2 rounds, 2 bidders, from 10, sealed\n\
         auctioneer self----\n\
         bob----- (you) wins\n\
         round 1\n  \
           alice---         12.5  event 7\n  \
           bob----- (you)  100    event 8\n\
         round 2\n  \
           bob----- (you)  passes  event 11\n  \
           alice---        10.125  event 12\n\
         standings\n  \
           bob----- (you)  100      wins\n  \
           alice---         22.625\n",
    );
    people.sees(
        &["--as", "bob", "wait", &auction, "--until", "completed"],
        "  14  auction-won        for 100 in total\n",
    );
}

#[test]
fn many_auctions_line_up_those_first_that_something_can_be_done_about() {
    let cluster = Cluster::of(1);
    let mut people = People::new(&cluster);
    assert_eq!(people.user.runs(&["list"]).stderr, "no auctions\n");
    let one = people.created("one", &["--item", "茶碗", "--rounds", "10000", "--bidders", "9999"]);
    let two = people.created("two", &["--item", "Vase", "--rounds", "1", "--bidders", "1", "--start", "auto"]);
    let three = people.created("three", &["--item", "Urn", "--rounds", "1", "--bidders", "1"]);
    people.joins("alice", &two);
    people.user.json(&["cancel", &three]).line();
    people.sees(
        &["list"],
        "AUCTION                               STATE        ROUND  BIDDERS  ITEM\n\
         two---------------------------------  active         1/1      1/1  Vase\n\
         one---------------------------------  waiting    0/10000   0/9999  茶碗\n\
         three-------------------------------  cancelled      0/1      0/1  Urn\n",
    );
    people.sees(
        &["show", &three],
        "Urn  cancelled\n\
         three-------------------------------\n\
         1 round of 1m, 1 bidder, from 10, sealed\n\
         auctioneer self---- (you)\n\
         cancelled: BY_AUCTIONEER\n",
    );
    assert_eq!(one.len(), 36);
}

#[test]
fn a_status_counts_what_became_of_the_requests() {
    let cluster = Cluster::of(1);
    let mut people = People::new(&cluster);
    let auction = people.created("vase", &["--item", "Vase", "--rounds", "1", "--bidders", "1"]);
    people.joins("alice", &auction);
    assert_eq!(people.user.runs(&["join", &auction]).code, Some(3));
    let status = people.user.json(&["status"]).line();
    people.call(status["leader"].as_str().expect("a leader"), "leader");
    people.sees(
        &["status"],
        "leader    leader------------------------------, epoch 1\n\
         commit    5\n\
         auctions  1 waiting, 0 active, 0 completed, 0 cancelled\n\
         requests  3: 2 accepted, 1 refused, 0 repeated, 0 without outcome\n\
         leader------------------------------  leader  index 5\n",
    );
    let requests = &status["requests"];
    let sum: u64 = ["accepted", "refused", "repeated", "no-outcome"]
        .map(|fate| requests[fate].as_u64().expect("a number"))
        .iter()
        .sum();
    assert_eq!(requests["received"].as_u64(), Some(sum), "each request has one fate");
}
