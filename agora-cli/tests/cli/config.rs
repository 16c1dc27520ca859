//! Flag, then environment, then file, then default.

use crate::driver::{Cluster, Folder, User};

#[test]
fn a_file_gives_what_flags_and_environment_do_not() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    user.json(&["status", "--wait", "1"]).line();
    let folder = Folder::new();
    let file = folder.file("agora.toml", "cluster = \"another\"\ntimeout = \"300ms\"\noutput = \"json\"\n");
    let config = ["--config", file.to_str().expect("UTF-8")];
    let ended = user.runs(&[&config[..], &["list"]].concat());
    assert_eq!(ended.code, Some(4), "the cluster of the file is another: {ended:?}");
    assert_eq!(ended.error()["error"], "no-leader");
    let ended = user.runs(&[&config[..], &["--cluster", "agora", "--output", "text", "list"]].concat());
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
}

#[test]
fn in_a_list_a_space_may_follow_the_comma() {
    let cluster = Cluster::of(1);
    let user = User::new(cluster.broadcast_port);
    let (to, join) = ("127.255.255.255, 127.255.255.255", "127.0.0.1:9, 127.0.0.1:9");
    let ended = user.json(&["--broadcast-address", to, "--join", join, "status", "--wait", "1"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_a_hint() {
    let folder = Folder::new();
    let file = folder.file("agora.toml", "cluster = \"agora\"\nbroadcast-prt = 5\n");
    let path = file.to_str().expect("UTF-8");
    let ended = User::new(9).runs(&["--config", path, "list"]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(ended.stderr, format!("{path}:2: unknown key `broadcast-prt`; did you mean `broadcast-port`?\n"));
}

#[test]
fn mistakes_in_the_file_and_in_flags_are_one_line_of_json() {
    let ended = User::new(9).json(&["--config", "/dev/zero", "list"]);
    assert_eq!(ended.code, Some(2));
    let reason = "/dev/zero: more than the 1048576 bytes of any configuration";
    assert_eq!(ended.error(), serde_json::json!({"error": "file", "reason": reason}));
    let ended = User::new(9).json(&["create", "--item", "Vase"]);
    assert_eq!(ended.code, Some(2));
    let reason = "the following required arguments were not provided:; --rounds <R>; --bidders <B>";
    assert_eq!(ended.error(), serde_json::json!({"error": "usage", "reason": reason}));
}
