//! Runs the binary, and nodes for it to speak to, on loopback and a broadcast port of their own.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use agora::config::{Mode, Settings};
use agora::node::{Node, NodeHandle};
use agora::transport::free_broadcast_port;
use serde_json::Value;

use crate::network::Cut;

/// A folder of its own, gone at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("agora-cli-{}", agora::client::Client::new_request()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file in the temporary folder");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The lines of stdout, as JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}\n{self:?}"));
        self.stdout.lines().map(parse).collect()
    }

    /// The one line of stdout of a command that succeeded.
    pub(crate) fn line(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        let lines = self.lines();
        assert_eq!(lines.len(), 1, "{self:?}");
        lines[0].clone()
    }

    /// The one line of stderr of a command that failed.
    pub(crate) fn error(&self) -> Value {
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stderr).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// A user at a terminal.
pub(crate) struct User {
    folder: Folder,
    broadcast_port: u16,
}

impl User {
    pub(crate) fn new(broadcast_port: u16) -> Self {
        Self { folder: Folder::new(), broadcast_port }
    }

    /// Where the user's identities are.
    pub(crate) fn state(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agora-cli"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("XDG_STATE_HOME", self.folder.path())
            .env("AGORA_BROADCAST_PORT", self.broadcast_port.to_string())
            .env("AGORA_BROADCAST_ADDRESS", "127.255.255.255")
            .args(arguments);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn runs(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().expect("agora-cli starts").into()
    }

    /// The exit code of a command with this stderr.
    pub(crate) fn code_with_stderr(&self, stderr: impl Into<Stdio>, arguments: &[&str]) -> Option<i32> {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(stderr).status().expect("agora-cli starts").code()
    }

    /// Starts a command with JSON output and lets it run.
    pub(crate) fn begins(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(&[&["--output", "json"], arguments].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("agora-cli starts")
    }

    /// The same as [`User::runs`], with JSON output.
    pub(crate) fn json(&self, arguments: &[&str]) -> Ended {
        self.command(&[&["--output", "json"], arguments].concat()).output().expect("agora-cli starts").into()
    }
}

/// Reads lines of a child's stdout until one satisfies `wanted`, and not a byte more.
#[expect(clippy::unbuffered_bytes, reason = "a buffer would swallow what is read next")]
pub(crate) fn line_until(child: &mut Child, wanted: impl Fn(&Value) -> bool) -> Value {
    let stdout = child.stdout.as_mut().expect("stdout is piped");
    let mut text = String::new();
    for byte in stdout.bytes() {
        text.push(char::from(byte.expect("stdout can be read")));
        if text.ends_with('\n') {
            let line = serde_json::from_str(&text).expect("a line of JSON");
            if wanted(&line) {
                return line;
            }
            text.clear();
        }
    }
    panic!("stdout ended before the line came");
}

/// A cluster in this process.
pub(crate) struct Cluster {
    nodes: Vec<NodeHandle>,
    /// What each of them sends passes one.
    links: Vec<Cut>,
    settings: Settings,
    pub(crate) broadcast_port: u16,
}

impl Cluster {
    pub(crate) fn of(count: u8) -> Self {
        Self::with(count, Settings::lan())
    }

    /// With other settings than a local network's.
    pub(crate) fn with(count: u8, settings: Settings) -> Self {
        let broadcast_port = free_broadcast_port().expect("a port");
        let settings = Settings { mode: Mode::Majority(count), ..settings };
        let links: Vec<_> = (0..count).map(|_| Cut::open(true)).collect();
        let start = |link: &Cut| {
            let node = Node::builder().settings(settings.clone()).loopback(broadcast_port).net(link.net()).build();
            node.expect("settings that can be").spawn()
        };
        Self { nodes: links.iter().map(start).collect(), links, settings: settings.clone(), broadcast_port }
    }

    /// One node more; its UUID.
    pub(crate) fn join(&mut self) -> String {
        let node = Node::builder().settings(self.settings.clone()).loopback(self.broadcast_port).build();
        let node = node.expect("settings that can be").spawn();
        let uuid = node.uuid.to_string();
        self.nodes.push(node);
        uuid
    }

    /// From now on nobody hears the others.
    pub(crate) fn cut_all_but(&self, uuid: &Value) {
        for (node, link) in self.nodes.iter().zip(&self.links) {
            link.set_open(uuid.as_str() == Some(&node.uuid.to_string()));
        }
    }

    /// All are heard again.
    pub(crate) fn mend(&self) {
        for link in &self.links {
            link.set_open(true);
        }
    }

    /// Leaves one node alone, without a majority.
    pub(crate) fn kill_all_but(&self, uuid: &Value) {
        for node in self.nodes.iter().filter(|node| uuid.as_str() != Some(&node.uuid.to_string())) {
            node.kill();
        }
    }

    /// Ends the node as a crash would.
    pub(crate) fn kill(&self, uuid: &Value) {
        let node = self.nodes.iter().find(|node| uuid.as_str() == Some(&node.uuid.to_string()));
        node.expect("a node of this cluster").kill();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &self.nodes {
            node.kill();
        }
    }
}
