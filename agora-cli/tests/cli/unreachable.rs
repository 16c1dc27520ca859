//! Without a leader.

use agora::transport::free_broadcast_port;

use crate::driver::User;

fn alone() -> User {
    User::new(free_broadcast_port().expect("a port"))
}

#[test]
fn a_request_that_finds_no_leader_was_not_sent_and_says_so() {
    let user = alone();
    let auction = "00000000-0000-0000-0000-000000000001";
    for command in [&["bid", auction, "10"][..], &["list"], &["show", auction], &["status"], &["status", "--wait", "3"]]
    {
        let ended = user.json(&[&["--timeout", "300ms"], command].concat());
        assert_eq!(ended.code, Some(4), "{command:?} {ended:?}");
        assert_eq!(ended.error()["error"], "no-leader");
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn in_text_the_error_comes_with_a_hint() {
    let ended = alone().runs(&["--timeout", "300ms", "list"]);
    assert_eq!(ended.code, Some(4));
    assert_eq!(
        ended.stderr,
        "error: no leader found; nothing was sent\n\
         hint: is a node running? `--join HOST:PORT` names one where no broadcast reaches\n"
    );
}

#[test]
fn that_it_looks_on_for_a_leader_is_told_on_a_terminal_only() {
    let ended = alone().runs(&["--timeout", "2500ms", "watch"]);
    assert_eq!(ended.code, Some(4));
    assert!(ended.stderr.starts_with("error: no leader found; "), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 2, "the error and its hint: {ended:?}");
}

#[test]
fn a_run_gives_up_only_where_told_to() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scripts/painting.toml");
    let ended = alone().json(&["--timeout", "300ms", "run", script]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
}

#[test]
fn a_request_id_is_not_written_down_before_a_leader_is_known() {
    let user = alone();
    let request = "00000000-0000-0000-0000-00000000000a";
    let ended = user.json(&[
        "--timeout",
        "300ms",
        "--request",
        request,
        "create",
        "--item",
        "x",
        "--min-bid",
        "1",
        "--rounds",
        "1",
        "--bidders",
        "1",
    ]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(!user.state().join("agora/default.toml.requests").exists());
}
