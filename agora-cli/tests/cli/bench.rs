//! `bench`: short runs. No figure is held, but that there are figures, and that nothing is lost.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::driver::{Cluster, Ended, Folder, User};

const PAGE: &str = include_str!("../../../docs/bench.md");

/// Small, so that a busy machine and an unoptimized build are fast enough.
const SMALL: [[&str; 2]; 5] =
    [["--auctions", "6"], ["--bidders", "3"], ["--rounds", "20"], ["--duration", "1s"], ["--warm-up", "300ms"]];

/// A small run, but for what these flags say.
fn small<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    let others = SMALL.iter().filter(|[name, _]| !flags.contains(name)).flatten();
    [&["bench"], flags].concat().into_iter().chain(others.copied()).collect()
}

fn benches(user: &User, flags: &[&str]) -> Ended {
    user.json(&small(flags))
}

/// The last line of a run that lost nothing.
fn result(ended: &Ended) -> Value {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let last = ended.lines().pop().expect("a last line");
    assert_eq!(last["event"], "bench");
    for key in ["lost", "wrong", "unfinished"] {
        assert_eq!(last[key], 0, "{key}: {last}");
    }
    for key in ["bids", "bids-per-second", "p50-us", "p99-us", "ack-p50-us", "verified-auctions", "verified-bids"] {
        assert!(last[key].as_f64().is_some_and(|figure| figure > 0.0), "{key}: {last}");
    }
    assert!(last["p50-us"].as_u64() <= last["p99-us"].as_u64(), "{last}");
    assert!(last["ack-p50-us"].as_u64() <= last["p50-us"].as_u64(), "all are told after it is acknowledged: {last}");
    last
}

/// The keys that the page explains.
fn explained() -> BTreeSet<String> {
    let rows = PAGE.lines().skip_while(|line| *line != "| key | type | meaning |").skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let keys =
        |row: &str| row.split('|').nth(1).expect("a cell").split('`').skip(1).step_by(2).map(str::to_owned).collect();
    rows.flat_map(|row| -> Vec<String> { keys(row) }).collect()
}

#[test]
fn the_page_explains_every_key_that_is_printed_and_no_other() {
    let user = User::new(9);
    let mut printed = BTreeSet::new();
    for flags in [
        &["--local", "1", "--in-flight", "9", "--duration", "2100ms"][..],
        &["--local", "3", "--rate", "100", "--duration", "3s", "--kill-leader-every", "1s"],
    ] {
        let ended = benches(&user, flags);
        result(&ended);
        for line in ended.lines() {
            printed.extend(line.as_object().expect("an object").keys().filter(|key| *key != "event").cloned());
        }
    }
    assert_eq!(printed, explained());
}

#[test]
fn a_closed_loop_has_so_many_bids_under_way() {
    let last = result(&benches(&User::new(9), &["--local", "1", "--in-flight", "9"]));
    assert_eq!((&last["in-flight"], &last["participants"], &last["workers"]), (&9.into(), &3.into(), &1.into()));
    assert_eq!(last["rate"], Value::Null);
    assert!(last["completed"].as_u64().is_some_and(|completed| completed > 0), "{last}");
    assert!(last["server-cpu-us-per-bid"].as_f64().is_some() && last["server-unknown"].is_null(), "{last}");
}

#[test]
fn an_open_loop_makes_the_bids_that_it_was_asked_for_on_three_nodes() {
    let last = result(&benches(&User::new(9), &["--local", "3", "--rate", "100", "--participants", "9"]));
    assert_eq!((last["rate"].as_f64(), &last["participants"]), (Some(100.0), &9.into()));
    assert_eq!(last["in-flight"], Value::Null);
    let sent = last["sent"].as_u64().expect("a number");
    assert!((99..=101).contains(&sent), "a second of a hundred bids: {last}");
    assert_eq!(last["durability"], "quorum");
}

#[test]
fn nothing_is_lost_where_leaders_are_killed() {
    let flags = ["--local", "3", "--rate", "100", "--duration", "5s", "--kill-leader-every", "1500ms"];
    let last = result(&benches(&User::new(9), &flags));
    let gaps = last["failover-ms"].as_array().expect("a list");
    assert_eq!(last["kills"].as_u64(), Some(gaps.len() as u64));
    assert!(!gaps.is_empty() && gaps.iter().all(|gap| gap.as_f64().is_some_and(|gap| gap > 0.0)), "{last}");
}

#[test]
fn a_cluster_that_is_there_is_measured_and_its_process_found() {
    let cluster = Cluster::of(3);
    let user = User::new(cluster.broadcast_port);
    let last = result(&benches(&user, &["--in-flight", "8", "--workers", "2"]));
    assert_eq!(last["workers"], 2);
    // The nodes are threads of this very process.
    assert!(last["server-memory-bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{last}");
    let states: BTreeSet<_> =
        user.json(&["list"]).lines().into_iter().map(|line| line["state"].as_str().map(str::to_owned)).collect();
    assert!(states.iter().flatten().all(|state| state == "completed" || state == "cancelled"), "{states:?}");
    let pid = u32::MAX.to_string();
    let last = result(&benches(&user, &["--pid", &pid, "--duration", "200ms"]));
    assert_eq!(last["server-cpu-us-per-bid"], Value::Null);
    assert_eq!(last["server-unknown"], format!("process {pid} cannot be read"));
}

#[test]
fn people_are_shown_a_table_and_a_report_that_needs_nothing_else() {
    let folder = Folder::new();
    let path = folder.path().join("bench.html");
    let flags = ["--local", "3", "--duration", "3s", "--kill-leader-every", "1s", "--report"];
    let ended = User::new(9).runs(&small(&[&flags[..], &[path.to_str().expect("UTF-8")]].concat()));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    for name in ["throughput", "latency p50", "nodes", "clients", "limited by", "failover", "looked at"] {
        assert!(ended.stdout.contains(name), "{name}: {ended:?}");
    }
    let page = std::fs::read_to_string(path).expect("the report");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert_eq!(page.matches("<svg").count(), 4, "throughput, latency over time, its distribution, failovers");
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    for outside in ["http:", "https:", "src=", "href=", "url(", "@import", "<script", "NaN", "inf"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn what_cannot_be_measured_is_bad_usage() {
    for (flags, reason) in [
        (&["--in-flight", "19"][..], "--in-flight 19: 6 × 3 bidders have at most 18 bids under way"),
        (&["--participants", "4"], "--participants is a multiple of 3, from 3 to 18"),
        (&["--workers", "7"], "--workers: at most 6, for each has an auction, and a bid under way"),
        (&["--auctions", "100000"], "100000 × 3 bidders: the nodes tell 250000 at most"),
        (&["--duration", "1ms"], "--duration is 100ms at least"),
        (
            &["--local", "2", "--kill-leader-every", "1s"],
            "--kill-leader-every with --local 2 would leave no majority: 3 or more",
        ),
        (
            &["--local", "3", "--kill-leader-every", "20s"],
            "--kill-leader-every is 1s at least, and less than --duration",
        ),
        (&["--report", "/no/such/folder/x"], "--report /no/such/folder/x: No such file or directory (os error 2)"),
    ] {
        let ended = benches(&User::new(9), flags);
        assert_eq!(ended.code, Some(2), "{flags:?} {ended:?}");
        assert_eq!((&ended.error()["error"], &ended.error()["reason"]), (&"usage".into(), &reason.into()));
        assert_eq!(ended.stdout, "", "{flags:?}");
    }
    for flags in [&["--rate", "0"][..], &["--rate", "x"], &["--kill-leader-every", "2s"], &["--local", "0"]] {
        assert_eq!(benches(&User::new(9), flags).code, Some(2), "{flags:?}");
    }
}

#[test]
fn without_a_cluster_nothing_is_measured() {
    let ended = benches(&User::new(9), &["--timeout", "300ms"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert_eq!(ended.error()["error"], "no-leader");
}
