//! How commands end that do not end well.

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use agora::config::Settings;

use crate::driver::{Cluster, Ended, User, line_until};

const CREATE: [&str; 9] = ["create", "--item", "Vase", "--min-bid", "1", "--rounds", "1", "--bidders", "1"];

fn created(user: &User) -> String {
    user.json(&CREATE).line()["auction"].as_str().expect("an id").to_owned()
}

#[test]
fn a_watcher_of_an_auction_that_is_cancelled_exits_5() {
    let settings = Settings { auction_start_timeout: Duration::from_millis(300), ..Settings::lan() };
    let cluster = Cluster::with(1, settings);
    let user = User::new(cluster.broadcast_port);
    let auction = created(&user);
    user.json(&["--as", "alice", "join", &auction]).line();
    let watched = user.json(&["watch", &auction]);
    assert_eq!(watched.code, Some(5), "{watched:?}");
    assert_eq!(watched.lines().last().expect("a line")["event"], "auction-cancelled");
    assert_eq!(watched.lines().last().expect("a line")["reason"], "START_TIMEOUT");
    assert_eq!(watched.error()["reason"], "START_TIMEOUT");
    let waited = user.json(&["wait", &auction, "--until", "started"]);
    assert_eq!(waited.code, Some(5), "{waited:?}");
}

#[test]
fn a_request_to_a_leader_without_a_majority_has_an_unknown_outcome() {
    let cluster = Cluster::of(3);
    let user = User::new(cluster.broadcast_port);
    let leader = user.json(&["status", "--wait", "3"]).line()["leader"].clone();
    cluster.kill_all_but(&leader);
    let request = "6b1e0c1c-94f8-4c43-9a43-5b3b7b1f0a02";
    let ended = user.json(&[&["--timeout", "700ms", "--request", request], &CREATE[..]].concat());
    assert_eq!(ended.code, Some(6), "{ended:?}");
    assert_eq!((&ended.error()["error"], &ended.error()["request"]), (&"unknown".into(), &request.into()));
    assert_eq!(user.json(&["--timeout", "700ms", "list"]).code, Some(4), "nothing is read without a majority");
    let status = user.json(&["status"]).line();
    assert_eq!(status["hears-quorum"], false);
}

#[test]
fn a_wait_for_what_does_not_come_is_a_timeout() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let auction = created(&user);
    let ended = user.json(&["--timeout", "300ms", "wait", &auction, "--until", "completed"]);
    assert_eq!((ended.code, &ended.error()["error"]), (Some(1), &"timeout".into()));
    let ended = user.json(&["--timeout", "300ms", "status", "--wait", "2"]);
    assert_eq!((ended.code, &ended.error()["error"]), (Some(1), &"timeout".into()));
}

#[test]
fn all_auctions_are_watched_until_ctrl_c_which_exits_130() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let before = created(&user);
    let mut watch = user.begins(&["watch"]);
    line_until(&mut watch, |line| line["event"] == "leader");
    line_until(&mut watch, |line| line["event"] == "auction-created" && line["auction"] == before.as_str());
    let after = created(&user);
    line_until(&mut watch, |line| line["event"] == "auction-created" && line["auction"] == after.as_str());
    let interrupt = Command::new("kill").args(["-INT", &watch.id().to_string()]).status().expect("kill runs");
    assert!(interrupt.success());
    let ended: Ended = watch.wait_with_output().expect("it ends").into();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(130), ""));
}

#[test]
fn a_closed_stdout_ends_the_program_quietly() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    created(&user);
    let mut list = user.begins(&["list"]);
    drop(list.stdout.take());
    let ended: Ended = list.wait_with_output().expect("it ends").into();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_stderr_that_cannot_be_written_leaves_the_exit_code_as_it_is() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    user.json(&["status", "--wait", "1"]).line();
    for (code, arguments) in [
        (0, &["list"][..]),
        (2, &["bid"]),
        (2, &["--output", "json", "bid"]),
        (2, &["--config", "/nowhere", "list"]),
        (3, &["show", "00000000-0000-0000-0000-000000000001"]),
        (4, &["--output", "json", "--timeout", "300ms", "--cluster", "another", "list"]),
    ] {
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        assert_eq!(user.code_with_stderr(full, arguments), Some(code), "{arguments:?}");
        let (_, closed) = std::io::pipe().expect("a pipe");
        assert_eq!(user.code_with_stderr(closed, arguments), Some(code), "{arguments:?}");
    }
}
