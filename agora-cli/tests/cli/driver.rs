//! Runs the binary, and nodes for it to speak to, on loopback and a broadcast port of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use agora::config::{Mode, Settings};
use agora::node::{Node, NodeHandle, Options};
use agora::transport::free_broadcast_port;
use serde_json::Value;

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

    /// The same, with JSON output.
    pub(crate) fn json(&self, arguments: &[&str]) -> Ended {
        self.command(&[&["--output", "json"], arguments].concat()).output().expect("agora-cli starts").into()
    }
}

/// A cluster in this process.
pub(crate) struct Cluster {
    nodes: Vec<NodeHandle>,
    pub(crate) broadcast_port: u16,
}

impl Cluster {
    pub(crate) fn of(count: u8) -> Self {
        let broadcast_port = free_broadcast_port().expect("a port");
        let settings = Settings { mode: Mode::Majority(count), ..Settings::lan() };
        let start = |_| Node::spawn(Options::loopback(settings.clone(), broadcast_port));
        Self { nodes: (0..count).map(start).collect(), broadcast_port }
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
