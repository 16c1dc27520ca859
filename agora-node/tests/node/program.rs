//! Runs `agora-node`, and ends it with the test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Far longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command without whatever `AGORA_` variables surround the test.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agora-node"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AGORA_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command.args(args);
    command
}

/// Runs to the end: status, stdout, stderr.
pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the binary runs");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

/// A running node that keeps to loopback, and to a broadcast port.
pub(crate) struct Node {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<Value>,
}

impl Node {
    pub(crate) fn start(broadcast_port: u16, args: &[&str]) -> Self {
        let port = broadcast_port.to_string();
        Self::start_at("127.0.0.1:0", &[&["--broadcast-port", &port], args].concat())
    }

    pub(crate) fn start_at(bind: &str, args: &[&str]) -> Self {
        let mut child = command(&["--bind", bind])
            .args(args)
            .env("AGORA_OUTPUT", "json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, seen: Vec::new() }
    }

    /// The next event of this name; other events before it are kept in [`seen`](Self::seen).
    pub(crate) fn await_event(&mut self, name: &str) -> Value {
        loop {
            let line =
                self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no `{name}` after {:?}", self.seen));
            let event: Value = serde_json::from_str(&line).expect("a JSON object a line");
            self.seen.push(event.clone());
            if event["event"] == name {
                return event;
            }
        }
    }

    /// The next line of this beginning, of a node that is started with `--output text`.
    pub(crate) fn await_line(&mut self, beginning: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line `{beginning}`"));
            if line.starts_with(beginning) {
                return line;
            }
        }
    }

    /// All events so far.
    pub(crate) fn events(&self) -> &[Value] {
        &self.seen
    }

    /// The last event of this name so far; null if there was none.
    pub(crate) fn last_of(&self, name: &str) -> Value {
        self.seen.iter().rev().find(|event| event["event"] == name).cloned().unwrap_or_default()
    }

    /// The names of all events so far.
    pub(crate) fn seen(&self) -> Vec<&str> {
        self.seen.iter().map(|event| event["event"].as_str().expect("a name")).collect()
    }

    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// It does nothing until it [goes on](Self::resume), and does not notice.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
    }

    /// Its exit status and stderr.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let mut stderr = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut stderr).expect("UTF-8");
        (self.child.wait().expect("it ends"), stderr)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
