//! Scripts are checked whole before anything is sent.

use crate::driver::{Folder, User};

/// What `run` says of a script, with its path cut off; nothing of it needs a cluster.
fn mistakes(script: &str, flags: &[&str]) -> Vec<String> {
    let folder = Folder::new();
    let path = folder.file("script.toml", script);
    let path = path.to_str().expect("UTF-8");
    let ended = User::new(9).runs(&[&["run", path], flags].concat());
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(ended.stdout, "");
    let cut = |line: &str| line.strip_prefix(&format!("{path}:")).unwrap_or(line).to_owned();
    ended.stderr.lines().map(cut).collect()
}

#[test]
fn every_mistake_is_told_with_its_line_all_at_once() {
    let script = include_str!("mistakes.toml");
    insta::assert_snapshot!(mistakes(script, &["--only", "auctioneer,alise", "--identities", "roles"]).join("\n"));
}

const TWO: &str = r#"[auction]
item = "x"
min-bid = "1"
rounds = 2
bidders = 2
start = "auto"

[[bidder]]
name = "alice"
bids = ["1", "2", "3"]
"#;

#[test]
fn what_only_shows_when_all_is_seen_together_is_told_too() {
    assert_eq!(mistakes(TWO, &[]), ["10: 3 bids are more than the 2 rounds"]);
    let fitting = TWO.replace(", \"3\"", "");
    assert_eq!(
        mistakes(&fitting, &["--local", "3"]),
        ["5: `bidders` is 2, but 1 is played here, and with --local nobody else can join"]
    );
    let more = format!("{}\n[[bidder]]\nname = \"bob\"\nbids = []\n", fitting.replace("bidders = 2", "bidders = 1"));
    assert_eq!(
        mistakes(&more, &["--local", "3"]),
        ["5: with `start = \"auto\"` it starts with 1 of them, before all 2 have joined"]
    );
    let confirmed = more.replace("start = \"auto\"\n", "");
    assert_eq!(
        mistakes(&confirmed, &["--local", "3", "--crash", "leader@3"]),
        ["5: --crash leader@3: there are only 2 rounds"]
    );
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let found = mistakes("[auction]\nitem = \"x\nrounds = 2\n", &[]);
    assert!(found[0].starts_with("2: "), "{found:?}");
}

#[test]
fn a_script_without_auction_or_bidders_says_what_is_missing() {
    assert_eq!(mistakes("", &[]), ["1: `auction` is missing", "1: `bidder` is missing"]);
}

#[test]
fn a_program_that_cannot_be_started_is_a_mistake_in_the_script() {
    let script = TWO
        .replace("bids = [\"1\", \"2\", \"3\"]", "exec = [\"./no-such-program\"]")
        .replace("bidders = 2", "bidders = 1");
    let found = mistakes(&script, &["--local", "1"]);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("10: cannot start `./no-such-program`: "), "{found:?}");
}

#[test]
fn in_json_all_mistakes_are_one_line() {
    let folder = Folder::new();
    let path = folder.file("script.toml", TWO);
    let ended = User::new(9).json(&["run", path.to_str().expect("UTF-8")]);
    assert_eq!(ended.code, Some(2));
    let error = ended.error();
    assert_eq!(error["error"], "file");
    assert!(error["reason"].as_str().expect("a reason").ends_with("script.toml:10: 3 bids are more than the 2 rounds"));
}

#[test]
fn a_script_that_is_not_there_is_named() {
    let ended = User::new(9).runs(&["run", "/no/such/script.toml"]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(ended.stderr, "/no/such/script.toml: No such file or directory (os error 2)\n");
}

#[test]
fn a_script_without_end_is_not_read_to_its_end() {
    let ended = User::new(9).runs(&["run", "/dev/zero"]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(ended.stderr, "/dev/zero: more than the 1048576 bytes of any script\n");
}
