//! `--data-dir`: a node that is killed lives on, and what is in the directory.

use std::path::PathBuf;

use agora::client::Client;
use agora::transport::free_broadcast_port;
use serde_json::{Value, json};

use crate::program::{Node, command, run};

/// A directory of its own, gone at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("agora-node-{}", Client::new_request())))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }

    fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    fn check(&self, more: &[&str]) -> (i32, String, String) {
        run(&mut command(&[&["--data-dir", self.path(), "--check-data"], more].concat()))
    }

    fn found(&self) -> Value {
        let (status, stdout, stderr) = self.check(&["--output", "json"]);
        assert_eq!((status, stderr.as_str()), (0, ""));
        serde_json::from_str(&stdout).expect("a JSON object")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn start(directory: &Directory) -> Node {
    let port = free_broadcast_port().expect("a free port");
    Node::start(port, &["--cluster-size", "1", "--data-dir", directory.path()])
}

#[test]
fn a_node_that_is_killed_lives_on_with_its_name_and_its_log() {
    let directory = Directory::new();
    let mut node = start(&directory);
    let first = node.await_event("ready")["node"].clone();
    node.kill();
    node.wait();
    let found = directory.found();
    assert_eq!((&found["node"], &found["cluster"], &found["cluster-size"]), (&first, &json!("agora"), &json!(1)));
    assert_eq!((&found["promise"], &found["entries"], &found["torn-bytes"]), (&json!(1), &json!(2), &json!(0)));
    assert_eq!((&found["last"], &found["snapshot"]), (&json!(2), &json!(0)));
    let mut again = start(&directory);
    assert_eq!(again.await_event("leader")["epoch"], 2, "it has not forgotten its promise");
    assert_eq!(again.await_event("ready")["node"], first);
    again.terminate();
    assert_eq!(again.wait().0.code(), Some(0));
    assert_eq!(directory.found()["entries"], 3);
}

#[test]
fn a_directory_in_use_of_another_node_or_of_another_cluster_is_refused() {
    let directory = Directory::new();
    let mut node = start(&directory);
    node.await_event("ready");
    let (status, stderr) = start(&directory).wait();
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("data-dir: ") && stderr.contains("another process holds it"), "{stderr}");
    let (status, _, stderr) = directory.check(&[]);
    assert!(status == 1 && stderr.contains("another process holds it"), "{stderr}");
    node.kill();
    node.wait();
    let path = directory.path();
    for (flags, why) in [
        (&["--cluster-size", "3"][..], "it holds the log of cluster \"agora\" with cluster-size 1"),
        (&["--cluster-size", "1", "--cluster", "b"], "it holds the log of cluster \"agora\" with cluster-size 1"),
        (
            &["--cluster-size", "1", "--id", "00000000-0000-4000-8000-000000000001"],
            ", not of 00000000-0000-4000-8000-000000000001: give it no id, or another directory",
        ),
    ] {
        let (status, _, stderr) = run(&mut command(&[&["--bind", "127.0.0.1:0", "--data-dir", path], flags].concat()));
        assert_eq!(status, 2, "{stderr}");
        assert!(stderr.contains("data-dir: ") && stderr.contains(why), "{stderr}");
    }
}

#[test]
fn damage_is_refused_with_file_and_byte_and_a_torn_end_is_cut_with_a_word() {
    let directory = Directory::new();
    let mut node = start(&directory);
    node.await_event("ready");
    node.kill();
    node.wait();
    let sound = std::fs::read(directory.log()).expect("the log");
    std::fs::write(directory.log(), &sound[..sound.len() - 5]).expect("a torn end");
    let (status, stdout, _) = directory.check(&[]);
    let lines: Vec<_> = stdout.lines().map(|line| line.split_whitespace().next().expect("a word")).collect();
    assert_eq!((status, lines), (0, vec!["log", "node", "cluster", "promise", "entries", "bytes"]));
    assert!(stdout.contains("that a crash tore and the next start cuts"), "{stdout}");
    assert!(stdout.contains("entries  2, the last is 2 of epoch 1\n"), "{stdout}");
    let mut node = start(&directory);
    node.await_event("ready");
    node.kill();
    let (_, stderr) = node.wait();
    assert!(stderr.contains("a crash tore its last ") && stderr.contains("they are cut"), "{stderr}");

    let mut damaged = std::fs::read(directory.log()).expect("the log");
    let place = damaged.len() / 2;
    damaged[place] ^= 1;
    std::fs::write(directory.log(), &damaged).expect("damage");
    for stderr in [start(&directory).wait().1, directory.check(&[]).2] {
        assert!(stderr.contains("data-dir: ") && stderr.contains("damaged at byte "), "{stderr}");
    }
    assert_eq!(std::fs::read(directory.log()).expect("the log"), damaged, "it is left as it is");
}

#[test]
fn there_must_be_something_to_check() {
    let (status, _, stderr) = run(&mut command(&["--check-data"]));
    assert_eq!((status, stderr.as_str()), (2, "error: --check-data needs --data-dir\n"));
    let directory = Directory::new();
    let (status, _, stderr) = directory.check(&[]);
    assert_eq!((status, stderr), (2, format!("error: data-dir: {} holds no log\n", directory.path())));
    assert!(!directory.0.exists(), "nothing is made");
}
