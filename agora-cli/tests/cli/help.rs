//! Help is a contract: the texts are files in `help/`. `AGORA_UPDATE_HELP=1 cargo test` writes them anew.

use std::path::Path;

use crate::driver::User;

pub(crate) const COMMANDS: [&str; 17] = [
    "status",
    "create",
    "list",
    "show",
    "join",
    "leave",
    "start",
    "cancel",
    "bid",
    "pass",
    "wait",
    "watch",
    "member",
    "leader",
    "run",
    "bench",
    "completions",
];

fn assert_help(name: &str, arguments: &[&str]) {
    let ended = User::new(9).runs(arguments);
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr, "");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/help/{name}.txt"));
    if std::env::var_os("AGORA_UPDATE_HELP").is_some() {
        std::fs::write(&path, &ended.stdout).expect("the snapshot can be written");
    }
    let snapshot = std::fs::read_to_string(&path).expect("the snapshot");
    assert_eq!(ended.stdout, snapshot, "{name}: set AGORA_UPDATE_HELP=1 if this is meant");
}

#[test]
fn help_is_as_it_was() {
    assert_help("agora-cli", &["--help"]);
    for command in COMMANDS {
        assert_help(command, &[command, "--help"]);
    }
}

#[test]
fn no_line_of_help_is_wider_than_a_terminal() {
    for command in COMMANDS {
        let help = User::new(9).runs(&[command, "--help"]).stdout;
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }
}

#[test]
fn what_is_not_there_is_bad_usage() {
    for arguments in [
        &["leave"][..],
        &["cancel", "x"],
        &["run", "x.toml", "--no-such-flag"],
        &["run", "x.toml", "--only"],
        &["run", "x.toml", "--local", "0"],
        &["run", "x.toml", "--local", "3", "--crash", "alice@2"],
        &["bench", "--in-flight", "0"],
        &["bench", "--in-flight", "4", "--rate", "4"],
        &["create", "--rule", "lowest"],
        &["bid", "not-a-uuid", "10"],
        &["--as", "a/b", "list"],
        &["--as", "a", "--identity", "b", "list"],
        &["--timeout", "5", "list"],
        &["--output", "xml", "list"],
        &[],
    ] {
        let ended = User::new(9).runs(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?} {ended:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}

#[test]
fn bad_usage_is_one_line_of_json_where_json_is_asked_for() {
    let ended = User::new(9).json(&["run", "x.toml", "--no-such-flag"]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(ended.error()["error"], "usage");
    let reason = "unexpected argument '--no-such-flag' found; \
                  tip: to pass '--no-such-flag' as a value, use '-- --no-such-flag'";
    assert_eq!(ended.error()["reason"], reason);
}
