//! Streams that cannot be written: nobody reads them any more, or the disk is full.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeWriter};
use std::process::{Command, Output, Stdio};

use agora::transport::free_broadcast_port;

use crate::program::command;

/// A disk without room.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").expect("Linux has it").into()
}

/// A pipe that nobody reads.
fn closed() -> PipeWriter {
    std::io::pipe().expect("a pipe").1
}

/// Both.
fn broken() -> [Stdio; 2] {
    [full(), closed().into()]
}

/// The exit status, and what came on stderr, with this stdout.
fn with_stdout(stdout: impl Into<Stdio>, args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command(args).stdout(stdout).output().expect("the binary runs");
    (status.code(), String::from_utf8(stderr).expect("UTF-8"))
}

/// What a node that keeps to loopback, alone, is started with.
fn alone(port: &str) -> [&str; 8] {
    let (bind, to) = ("127.0.0.1:0", "127.255.255.255");
    ["--bind", bind, "--broadcast-address", to, "--broadcast-port", port, "--cluster-size", "1"]
}

fn port() -> String {
    free_broadcast_port().expect("a free port").to_string()
}

const PRINTS: [&[&str]; 4] = [&["--help"], &["--version"], &["--print-config"], &["--completions", "bash"]];

#[test]
fn a_closed_stdout_ends_the_node_quietly() {
    assert_eq!(with_stdout(closed(), &alone(&port())), (Some(0), String::new()));
    for args in PRINTS {
        assert_eq!(with_stdout(closed(), args), (Some(0), String::new()), "{args:?}");
    }
}

#[test]
fn a_stdout_on_a_full_disk_is_a_fault_and_says_so() {
    let error = "cannot write to stdout: No space left on device (os error 28)";
    for args in PRINTS.into_iter().chain([&alone(&port())[..]]) {
        assert_eq!(with_stdout(full(), args), (Some(1), format!("error: {error}\n")), "{args:?}");
    }
    let json = format!("{{\"error\":\"fault\",\"reason\":\"{error}\"}}\n");
    assert_eq!(with_stdout(full(), &["--output", "json", "--print-config"]), (Some(1), json));
}

#[test]
fn a_stderr_that_cannot_be_written_leaves_the_exit_status_as_it_is() {
    for args in [&["--bind"][..], &["--output", "json", "--bind"], &["--cluster", ""]] {
        for stderr in broken() {
            let status = command(args).stderr(stderr).status().expect("the binary runs");
            assert_eq!(status.code(), Some(2), "{args:?}");
        }
    }
    for stderr in broken() {
        let status = command(&["--print-config"]).stdout(full()).stderr(stderr).status().expect("the binary runs");
        assert_eq!(status.code(), Some(1));
    }
}

#[test]
fn warnings_that_cannot_be_written_do_not_end_the_node() {
    let port = port();
    let args = &alone(&port)[..6];
    for stderr in broken() {
        let child = command(args).env("RUST_LOG", "debug").stdout(Stdio::piped()).stderr(stderr).spawn();
        let mut child = child.expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("ready")), "what a partition does is warned of before that");
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
        assert!(asked.success());
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
    }
}
