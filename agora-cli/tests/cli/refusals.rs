//! Every refusal as its user sees it: what was wrong, where, what to do; exit code 3, and the code for programs.

use agora::config::Settings;

use crate::driver::{Cluster, User};

const CREATE: [&str; 5] = ["create", "--item", "Vase", "--rounds", "2"];

fn created(user: &User, flags: &[&str]) -> String {
    user.json(&[&CREATE[..], flags].concat()).line()["auction"].as_str().expect("an id").to_owned()
}

fn joined(user: &User, auction: &str, names: &[&str]) {
    for name in names {
        user.json(&["--as", name, "join", auction]).line();
    }
}

/// Runs the command as people do and as programs do, and holds the whole of what both see against `text`.
fn assert_refused(user: &User, arguments: &[&str], text: &str) {
    let ended = user.runs(arguments);
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(3), "", text), "{arguments:?}");
    let (code, rest) = text.strip_prefix("refused: ").and_then(|text| text.split_once(": ")).expect("a refusal");
    let reason = rest.split_once('\n').expect("a line").0;
    let ended = user.json(arguments);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{arguments:?}");
    assert_eq!(ended.error(), serde_json::json!({"error": code, "reason": reason}), "{arguments:?}");
}

#[test]
fn an_auction_that_is_not_there() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let id = "00000000-0000-0000-0000-000000000001";
    let text = "refused: NOT_FOUND: there is no auction 00000000-0000-0000-0000-000000000001\n\
                hint: `agora-cli list` shows the auctions\n";
    for command in [
        &["show", id][..],
        &["join", id],
        &["leave", id],
        &["start", id],
        &["cancel", id],
        &["bid", id, "10"],
        &["pass", id],
        &["wait", id, "--until", "started"],
        &["watch", id],
    ] {
        assert_refused(&user, command, text);
    }
}

#[test]
fn who_may_not_and_what_is_too_early() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let auction = &*created(&user, &["--min-bid", "10", "--bidders", "2"]);
    joined(&user, auction, &["alice"]);
    let refused = |arguments: &[&str], text: &str| assert_refused(&user, arguments, text);
    refused(
        &["start", auction],
        "refused: NOT_READY: 1 of at least 2 bidders have joined\n\
         hint: `agora-cli wait AUCTION --until ready-check` returns when they have\n",
    );
    refused(
        &["--as", "alice", "start", auction],
        "refused: NOT_AUCTIONEER: only the auctioneer starts the auction\n\
         hint: that is who created it; `--as NAME` says who you are\n",
    );
    refused(
        &["--as", "alice", "cancel", auction],
        "refused: NOT_AUCTIONEER: only the auctioneer cancels the auction\n\
         hint: that is who created it; `--as NAME` says who you are\n",
    );
    refused(
        &["join", auction],
        "refused: IS_AUCTIONEER: the auctioneer does not join as a bidder\n\
         hint: `--as NAME` takes part as somebody else\n",
    );
    refused(
        &["--as", "alice", "join", auction],
        "refused: ALREADY_JOINED: the participant has joined before\n\
         hint: there is nothing to do; `agora-cli watch AUCTION` follows it\n",
    );
    refused(
        &["--as", "bob", "leave", auction],
        "refused: NOT_PARTICIPANT: the participant has not joined\n\
         hint: `agora-cli join AUCTION` comes first; `--as NAME` says who you are\n",
    );
    refused(
        &["--as", "alice", "bid", auction, "12"],
        "refused: NOT_OPEN: the auction is waiting; bids are taken while it is active\n\
         hint: `agora-cli show AUCTION` tells how it stands\n",
    );
    refused(
        &["cancel", auction, "--reason", "START_TIMEOUT"],
        "refused: BAD_REQUEST: START_TIMEOUT is told only by the cluster; give another reason\n",
    );
    refused(
        &["cancel", auction, "--reason", &"x".repeat(2_000)],
        "refused: BAD_REQUEST: reason has 1 to 200 bytes, not 2000\n",
    );
}

#[test]
fn bids_that_do_not_stand() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let auction =
        &*created(&user, &["--min-bid", "10", "--bidders", "2", "--start", "auto", "--round-timeout", "none"]);
    joined(&user, auction, &["alice", "bob"]);
    let refused = |arguments: &[&str], text: &str| assert_refused(&user, arguments, text);
    refused(
        &["--as", "alice", "bid", auction, "9.99"],
        "refused: BELOW_MINIMUM: the minimum is 10, the bid was 9.99\n",
    );
    let amount = "hint: an amount is at most 15 digits, and at most 6 after a point, such as 12.50\n";
    for (text, reason) in [
        ("NaN", "an amount has only digits and one point, not 'N'"),
        ("12,50", "an amount has only digits and one point, not ','"),
        ("-5", "an amount has no sign"),
        ("1.0000001", "an amount has at most 6 digits after the point"),
        ("", "an amount is not empty"),
    ] {
        refused(&["--as", "alice", "bid", auction, text], &format!("refused: BAD_AMOUNT: {reason}\n{amount}"));
    }
    let round = "hint: without `--round` a bid is for the open round\n";
    refused(
        &["--as", "alice", "bid", auction, "12", "--round", "2"],
        &format!("refused: WRONG_ROUND: the round is 1, the bid was for 2\n{round}"),
    );
    refused(
        &["bid", auction, "12"],
        "refused: IS_AUCTIONEER: the auctioneer does not bid\nhint: `--as NAME` takes part as somebody else\n",
    );
    refused(
        &["--as", "carol", "bid", auction, "12"],
        "refused: NOT_PARTICIPANT: the participant has not joined\n\
         hint: `agora-cli join AUCTION` comes first; `--as NAME` says who you are\n",
    );
    refused(
        &["--as", "carol", "join", auction],
        "refused: NOT_OPEN: the auction is active; bidders join while it is waiting\n\
         hint: `agora-cli show AUCTION` tells how it stands\n",
    );
    user.json(&["--as", "alice", "bid", auction, "12"]).line();
    let once = "hint: one bid a round; `agora-cli wait AUCTION --until round=N` waits for the next\n";
    refused(
        &["--as", "alice", "bid", auction, "13"],
        &format!("refused: ALREADY_BID: in round 1 the bid of 12 stands\n{once}"),
    );
    user.json(&["--as", "bob", "pass", auction]).line();
    user.json(&["--as", "bob", "pass", auction]).line();
    refused(
        &["--as", "bob", "bid", auction, "13"],
        &format!("refused: ALREADY_BID: in round 2 the participant has passed\n{once}"),
    );
    refused(
        &["--as", "alice", "bid", auction, "12.5", "--round", "1"],
        &format!("refused: ROUND_CLOSED: round 1 is complete, the round is 2\n{round}"),
    );
}

#[test]
fn above_the_maximum_of_a_tender() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let auction = created(&user, &["--rule", "lowest", "--max-bid", "100", "--bidders", "1", "--start", "auto"]);
    joined(&user, &auction, &["alice"]);
    let text = "refused: ABOVE_MAXIMUM: the maximum is 100, the bid was 100.01\n";
    assert_refused(&user, &["--as", "alice", "bid", &auction, "100.01"], text);
}

#[test]
fn an_auction_that_is_full() {
    let cluster = Cluster::with(1, Settings { max_bidders: 1, ..Settings::lan() });
    let user = User::new(cluster.broadcast_port);
    let two = [&CREATE[..], &["--min-bid", "1", "--bidders", "2"]].concat();
    assert_refused(&user, &two, "refused: BAD_REQUEST: bidders is 1 to 1, not 2\n");
    let auction = created(&user, &["--min-bid", "1", "--bidders", "1"]);
    joined(&user, &auction, &["alice"]);
    let text = "refused: FULL: the auction has 1 bidders, the most that it can hold\n";
    assert_refused(&user, &["--as", "bob", "join", &auction], text);
}

/// A request whose answer does not come in time; the leader's last word is told.
fn assert_unknown(user: &User, request: &str, command: &[&str], said: &str) {
    let command = [&["--timeout", "700ms", "--request", request], command].concat();
    let reason = format!("it was sent, and not answered in time: its outcome is unknown; the leader said last: {said}");
    let hint = format!("the same command with `--request {request}` finds out, and does nothing twice");
    let ended = user.runs(&command);
    assert_eq!(ended.stderr, format!("error: {reason}\nhint: {hint}\n"));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(6), ""));
    let ended = user.json(&command);
    assert_eq!(ended.error(), serde_json::json!({"error": "unknown", "request": request, "reason": reason}));
}

#[test]
fn a_limit_that_is_reached() {
    let cluster = Cluster::with(1, Settings { max_auctions: 1, ..Settings::lan() });
    let user = User::new(cluster.broadcast_port);
    let set_up = [&CREATE[..], &["--min-bid", "1", "--bidders", "1"]].concat();
    user.json(&set_up).line();
    let request = "6b1e0c1c-94f8-4c43-9a43-5b3b7b1f0a03";
    assert_unknown(
        &user,
        request,
        &set_up,
        "BUSY: the cluster holds as many auctions as it may, and none of them is over",
    );
}

#[test]
fn without_a_majority_the_outcome_is_open_and_with_it_the_same_request_is_done_once() {
    let cluster = Cluster::with(3, Settings::lan());
    let user = User::new(cluster.broadcast_port);
    let leader = user.json(&["status", "--wait", "3"]).line()["leader"].clone();
    let auction = &*created(&user, &["--min-bid", "1", "--bidders", "2", "--start", "auto", "--round-timeout", "none"]);
    joined(&user, auction, &["alice", "bob"]);
    cluster.cut_all_but(&leader);
    let request = "6b1e0c1c-94f8-4c43-9a43-5b3b7b1f0a04";
    let bid = ["--as", "alice", "bid", auction, "12"];
    // The first is appended while the leader does not know yet that it is alone.
    user.json(&[&["--timeout", "700ms"], &bid[..]].concat());
    let bid = ["--as", "bob", "bid", auction, "12"];
    assert_unknown(&user, request, &bid, "NO_QUORUM: the leader hears no quorum");
    cluster.mend();
    let again = [&["--request", request], &bid[..]].concat();
    let (first, second) = (user.json(&again).line(), user.json(&again).line());
    assert_eq!(first, second);
    let shown = user.json(&["--as", "bob", "show", auction]).line();
    let bids = shown["bids"].as_array().expect("bids");
    let mine: Vec<_> = bids.iter().filter(|bid| bid["participant"] == first["participant"]).collect();
    assert_eq!((mine.len(), &mine[0]["seq"]), (1, &first["seq"]));
}

#[test]
fn a_repeated_join_is_answered_as_the_first() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let auction = created(&user, &["--min-bid", "1", "--bidders", "2"]);
    let join = ["--as", "alice", "--request", "6b1e0c1c-94f8-4c43-9a43-5b3b7b1f0a05", "join", &auction];
    assert_eq!(user.json(&join).line(), user.json(&join).line());
    assert_eq!(user.json(&["list"]).line()["bidders"], 1);
}
