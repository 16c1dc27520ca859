//! Flags, environment and file: what is refused, why, and what is in force.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::program::{command, run};

/// A file of this test's own.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("the folder is writable");
    path
}

fn refused(args: &[&str]) -> String {
    let (status, stdout, stderr) = run(&mut command(args));
    assert_eq!((status, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
    stderr
}

#[test]
fn help_is_as_reviewed() {
    let (status, stdout, _) = run(&mut command(&["--help"]));
    assert_eq!(status, 0);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/help.txt");
    if std::env::var_os("AGORA_UPDATE_HELP").is_some() {
        fs::write(path, &stdout).expect("the snapshot can be written");
    }
    let snapshot = fs::read_to_string(path).expect("the snapshot");
    assert_eq!(stdout, snapshot, "set AGORA_UPDATE_HELP=1 if this is meant");
}

#[test]
fn no_line_of_help_is_wider_than_a_terminal() {
    for columns in ["40", "80", "200"] {
        let (_, help, _) = run(command(&["--help"]).env("COLUMNS", columns));
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }
}

#[test]
fn version_names_the_program() {
    let (status, stdout, _) = run(&mut command(&["--version"]));
    assert_eq!((status, stdout), (0, format!("agora-node {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_setting_that_cannot_be_is_refused_with_its_key_and_the_reason() {
    for (args, expected) in [
        (&["--cluster-size", "0"][..], "error: cluster-size: 0 is not within 1 to 15\n"),
        (&["--cluster-size", "16"], "error: cluster-size: 16 is not within 1 to 15\n"),
        (&["--cluster", ""], "error: cluster: the name has 0 bytes; 1 to 64 are allowed\n"),
        (&["--broadcast-port", "0"], "error: broadcast-port: 0 is no port where nodes could meet; 1 to 65535 are\n"),
        (&["--join", "nowhere"], "error: join: `nowhere` is not host:port, for example 10.0.0.5:4000\n"),
        (&["--advertise", "0.0.0.0:4000"], "error: advertise: nobody reaches a node at 0.0.0.0:4000\n"),
        (
            &["--heart-beat-interval", "1ms"],
            "error: heart-beat-interval: 1ms is less than 5ms: shorter ones drown in scheduling\n",
        ),
        (
            &["--heart-beat-interval", "2s"],
            "error: heart-beat-timeout: 1s is less than 2s: a node would be failed before its next heartbeat\n",
        ),
    ] {
        assert_eq!(refused(args), expected, "{args:?}");
    }
}

#[test]
fn what_is_not_there_yet_is_refused_by_name() {
    for key in ["http", "secret-file"] {
        assert_eq!(refused(&[&format!("--{key}"), "x"]), format!("error: {key}: not available yet\n"));
        let path = file(&format!("{key}.toml"), &format!("{key} = \"x\"\n"));
        let (status, _, stderr) = run(command(&[]).env("AGORA_CONFIG", path));
        assert_eq!((status, stderr), (2, format!("error: {key}: not available yet\n")));
    }
    let stderr = refused(&["--preset", "slow"]);
    assert!(stderr.contains("`slow` is no preset; the presets are lan, fast and classic"), "{stderr}");
}

#[test]
fn a_value_that_cannot_be_read_names_its_flag() {
    for (flag, value, why) in [
        ("--heart-beat-interval", "50", "`50` has no unit; write for example `50ms` or `50s`"),
        ("--bind", "127.0.0.1", "expected IP:PORT, such as 127.0.0.1:0"),
        ("--advertise", "here", "expected IP:PORT, such as 127.0.0.1:0"),
        ("--broadcast-address", "all", "expected an IPv4 address, such as 192.168.1.255"),
        ("--broadcast-port", "70000", "expected a number from 1 to 65535"),
        ("--id", "abc", "expected a UUID, such as a0a1a2a3-"),
        ("--cluster-size", "three", "expected a number from 1 to 15"),
        ("--max-auctions", "many", "expected a whole number"),
        ("--output", "xml", "`xml` is neither text nor json"),
    ] {
        let stderr = refused(&[flag, value]);
        assert!(stderr.contains(flag) && stderr.contains(why), "{stderr}");
    }
}

#[test]
fn a_variable_that_cannot_be_read_is_named_unless_a_flag_goes_before_it() {
    for (variable, value, error) in [
        ("AGORA_BIND", "127.0.0.1", "'127.0.0.1' for 'AGORA_BIND': expected IP:PORT, such as 127.0.0.1:0"),
        ("AGORA_CLUSTER_SIZE", "three", "'three' for 'AGORA_CLUSTER_SIZE': expected a number from 1 to 15"),
        ("AGORA_BROADCAST_ADDRESS", "127.0.0.1,x", "'x' for 'AGORA_BROADCAST_ADDRESS': expected an IPv4 address"),
    ] {
        let (status, _, stderr) = run(command(&["--check-config"]).env(variable, value));
        assert_eq!(status, 2);
        assert!(stderr.starts_with(&format!("error: invalid value {error}")), "{stderr}");
    }
    for args in [&["--bind", "here"][..], &["--bind=here"]] {
        let (_, _, stderr) = run(command(args).env("AGORA_BIND", "there"));
        assert!(stderr.starts_with("error: invalid value 'here' for '--bind <ADDR>': "), "{stderr}");
    }
}

#[test]
fn every_variable_that_an_error_names_is_the_one_that_is_read() {
    let (_, printed, _) = run(&mut command(&["--print-config", "--cluster-size", "3"]));
    let settings: toml::Table = printed.parse().expect("TOML");
    for (key, value) in &settings {
        let variable = format!("AGORA_{}", key.replace('-', "_").to_uppercase());
        let (status, _, stderr) = run(command(&["--check-config"]).env(&variable, "\u{7f} no value"));
        // A name and an address to look up may be any text, which is checked later and under the key.
        let named = stderr.contains(&format!("for '{variable}'")) || stderr.starts_with(&format!("error: {key}: "));
        assert!(key == "cluster" || (status == 2 && named), "{variable}, by default {value}: {stderr}");
    }
}

#[test]
fn an_error_in_json_is_one_line_with_code_and_reason() {
    for (args, code, reason) in [
        (&["--bogus"][..], "usage", "unexpected argument '--bogus' found"),
        (&["--heart-beat-interval", "50"], "usage", "--heart-beat-interval"),
        (&["--cluster-size", "99"], "configuration", "cluster-size: 99 is not within 1 to 15"),
        (&["--config", "/nowhere/at/all"], "configuration", "/nowhere/at/all"),
    ] {
        let stderr = refused(&[&["--output", "json"], args].concat());
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        let error: Value = serde_json::from_str(&stderr).expect("JSON");
        assert_eq!(error["error"], code);
        assert!(error["reason"].as_str().expect("a text").contains(reason), "{stderr}");
    }
}

#[test]
fn an_unknown_key_in_the_file_is_refused_with_line_and_hint() {
    let path = file("misspelt.toml", "# settings\ncluster = \"x\"\nheartbeat-interval = \"5s\"\n");
    let path = path.display().to_string();
    assert_eq!(
        refused(&["--config", &path]),
        format!("error: {path}:3: unknown key `heartbeat-interval`; did you mean `heart-beat-interval`?\n")
    );
}

#[test]
fn a_wrong_value_in_the_file_is_refused_with_its_line() {
    let path = file("wrong.toml", "cluster = \"x\"\n\nheart-beat-interval = \"5\"\n");
    let path = path.display().to_string();
    assert_eq!(
        refused(&["--config", &path]),
        format!("error: {path}:3: `5` has no unit; write for example `5ms` or `5s`\n")
    );
}

#[test]
fn a_wrong_value_in_the_file_is_told_what_is_expected() {
    for (line, expected) in [
        ("bind = \"127.0.0.1\"", "IP:PORT, such as 127.0.0.1:0"),
        ("advertise = 4000", "IP:PORT, such as 127.0.0.1:0"),
        ("id = \"abc\"", "a UUID, such as a0a1a2a3-a4a5-4aa6-8aa7-a8a9aaabacad"),
        ("cluster-size = \"three\"", "a number from 1 to 15"),
        ("broadcast-port = 70000", "a number from 1 to 65535"),
        ("broadcast-address = [\"all\"]", "an IPv4 address, such as 192.168.1.255"),
        ("priority = -1", "a whole number"),
    ] {
        let path = file("expected.toml", &format!("\n{line}\n")).display().to_string();
        assert_eq!(refused(&["--config", &path]), format!("error: {path}:2: expected {expected}\n"));
    }
}

#[test]
fn a_flag_goes_before_the_environment_that_before_the_file_that_before_the_preset() {
    let path = file(
        "levels.toml",
        "preset = \"classic\"\nheart-beat-interval = \"1s\"\npriority = 1\ncluster = \"file\"\nmax-auctions = 7\n",
    );
    let path = path.display().to_string();
    let mut command = command(&["--print-config", "--config", &path, "--cluster", "flag"]);
    let (status, stdout, stderr) =
        run(command.env("AGORA_CLUSTER", "environment").env("AGORA_PRIORITY", "2").env("AGORA_JOIN", "a:1,b:2"));
    assert_eq!(status, 0, "{stderr}");
    for line in [
        "cluster = \"flag\"",
        "priority = 2",
        "join = [\"a:1\", \"b:2\"]",
        "heart-beat-interval = \"1s\"",
        "max-auctions = 7",
        "heart-beat-timeout = \"1m\"",
        "preset = \"classic\"",
    ] {
        assert!(stdout.lines().any(|printed| printed == line), "{line} is not in\n{stdout}");
    }
}

#[test]
fn the_file_says_the_format_too() {
    let path = file("format.toml", "output = \"json\"\n").display().to_string();
    let failing = ["--config", &path, "--cluster-size", "3", "--check-data"];
    let error: Value = serde_json::from_str(&refused(&failing)).expect("an object");
    assert_eq!(error["reason"], "--check-data needs --data-dir");
    let flagged = refused(&[&failing[..], &["--output", "text"]].concat());
    assert_eq!(flagged, "error: --check-data needs --data-dir\n");
    let path = file("other.toml", "output = \"xml\"\n").display().to_string();
    assert!(refused(&["--config", &path]).contains("`xml` is neither text nor json"));
}

#[test]
fn in_a_list_from_the_environment_a_space_may_follow_the_comma() {
    let mut command = command(&["--print-config"]);
    let (status, stdout, stderr) =
        run(command.env("AGORA_JOIN", "a:1, b:2 ").env("AGORA_BROADCAST_ADDRESS", "127.255.255.255, 10.0.0.255"));
    assert_eq!(status, 0, "{stderr}");
    for line in ["join = [\"a:1\", \"b:2\"]", "broadcast-address = [\"127.255.255.255\", \"10.0.0.255\"]"] {
        assert!(stdout.lines().any(|printed| printed == line), "{line} is not in\n{stdout}");
    }
}

#[test]
fn the_printed_configuration_reads_back_the_same() {
    let args = ["--cluster-size", "3", "--heart-beat-interval", "70ms", "--join", "a:1", "--bind", "127.0.0.1:4000"];
    let (_, first, _) = run(command(&["--print-config"]).args(args));
    let path = file("printed.toml", &first).display().to_string();
    let (status, second, stderr) = run(&mut command(&["--print-config", "--config", &path]));
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert_eq!(first, second);
}

#[test]
fn checking_a_valid_configuration_says_nothing_and_starts_nothing() {
    let (status, stdout, stderr) = run(&mut command(&["--check-config", "--cluster-size", "3"]));
    assert_eq!((status, stdout.as_str(), stderr.as_str()), (0, "", ""));
}
