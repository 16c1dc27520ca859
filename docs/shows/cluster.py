"""What every show needs: nodes and commands as child processes, waiting with a deadline, and checks that are told.

A show never sleeps and hopes: it waits for a condition until a deadline, and fails when the deadline passes.
Children end with the `Cluster` that started them, by their process id, however the show ends.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOOPBACK_BROADCAST = "127.255.255.255"
# Commands and waits are far shorter; a longer one is a failure.
PATIENCE = 30.0


class Failed(Exception):
    """A check that did not hold."""


def binary(name):
    """The path of a release binary, or of that in the folder AGORA_BIN."""
    path = pathlib.Path(os.environ.get("AGORA_BIN", ROOT / "target" / "release")) / name
    if not path.exists():
        raise Failed(f"{path} is missing: cargo build --release, or set AGORA_BIN")
    return str(path)


def check(holds, what):
    """Fails the show unless `holds`."""
    if not holds:
        raise Failed(what)


def say(text):
    """A line of the show's report."""
    print(text, flush=True)


def until(condition, what, patience=PATIENCE, interval=0.02):
    """Polls `condition` until it gives something true, and returns that."""
    deadline = time.monotonic() + patience
    while True:
        got = condition()
        if got:
            return got
        check(time.monotonic() < deadline, f"not within {patience:g} s: {what}")
        time.sleep(interval)


def free_port():
    """An ephemeral UDP port of loopback that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ranked(number):
    """A UUID that ranks by `number`."""
    return str(uuid.UUID(int=(number << 96) | 0x4000_8000_0000_0000_0000))


def percentile(values, percent):
    """The smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


class Child:
    """A process whose stdout is a JSON object per line; each is kept with the moment at which it came."""

    def __init__(self, name, command, env, cwd=None):
        self.name, self.command = name, command
        self.lines, self.stderr, self.changed = [], [], threading.Condition()
        self.process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.readers = [threading.Thread(target=read, daemon=True) for read in (self._read_stdout, self._read_stderr)]
        for reader in self.readers:
            reader.start()

    def _read_stdout(self):
        for line in self.process.stdout:
            now = time.monotonic()
            try:
                parsed = json.loads(line)
            except ValueError:
                parsed = {"not-json": line.rstrip("\n")}
            with self.changed:
                self.lines.append((now, parsed))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def _read_stderr(self):
        for line in self.process.stderr:
            self.stderr.append(line.rstrip("\n"))
            del self.stderr[:-2000]

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def seen(self, wanted=lambda line: True, after=0):
        """The (moment, line) pairs from the `after`-th on that are wanted."""
        with self.changed:
            return [(at, line) for at, line in self.lines[after:] if wanted(line)]

    def count(self):
        with self.changed:
            return len(self.lines)

    def expect(self, wanted, what, patience=PATIENCE, after=0):
        """Waits for a wanted line from the `after`-th on, and returns (moment, line)."""
        deadline = time.monotonic() + patience
        with self.changed:
            at = after
            while True:
                while at < len(self.lines):
                    if wanted(self.lines[at][1]):
                        return self.lines[at]
                    at += 1
                left = deadline - time.monotonic()
                check(left > 0, f"{self.name}: not within {patience:g} s: {what}")
                ended = not self.alive() and not self.readers[0].is_alive()
                check(not ended, f"{self.name} ended with {self.process.returncode} before: {what}; {self.stderr[-3:]}")
                self.changed.wait(min(left, 0.2))

    def wait(self, patience=PATIENCE):
        """Waits for the end, and returns the exit status."""
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end within {patience:g} s") from None
        for reader in self.readers:
            reader.join(5)
        return status

    def kill(self):
        """kill -9, and reaps it; returns the moment of the kill."""
        moment = time.monotonic()
        if self.alive():
            self.process.kill()
        self.process.wait()
        return moment

    def interrupt(self, number=signal.SIGTERM):
        if self.alive():
            self.process.send_signal(number)


class Node(Child):
    """A node, by the events that it prints."""

    id = None

    def address(self):
        """The address that it is bound to, as `host:port`."""
        return self.expect(lambda line: line.get("event") == "bound", "bound")[1]["address"]

    def ready(self, patience=PATIENCE):
        return self.expect(lambda line: line.get("event") == "ready", "ready", patience)

    def leader(self):
        """The last `leader` event, if there is one."""
        events = self.seen(lambda line: line.get("event") == "leader")
        return events[-1][1] if events else None

    def leads(self):
        last = self.leader()
        return self.alive() and bool(last and last["self"])

    def resident_kib(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise Failed(f"{self.name} has no memory: it ended")

    def cpu_seconds(self):
        # In nanoseconds; /proc/PID/stat counts ticks of 10 ms, too coarse for an idle node.
        threads = pathlib.Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


class Answer:
    """What a command said: its exit status, its JSON lines, and its error."""

    def __init__(self, status, lines, error):
        self.status, self.lines, self.error = status, lines, error

    @property
    def line(self):
        check(self.lines, f"a command printed nothing: {self.error}")
        return self.lines[-1]

    def code(self):
        """The code of the error, if it is one."""
        try:
            return json.loads(self.error.splitlines()[-1]).get("error")
        except (ValueError, IndexError, AttributeError):
            return None


class Cluster:
    """Nodes on loopback with a broadcast port of their own, and the commands that are run on them."""

    def __init__(self, size=None, flags=()):
        self.size, self.flags = size, flags
        self.port = free_port()
        self.nodes, self.children = [], []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="agora-show-"))
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("AGORA_")}
        self.env.setdefault("RUST_LOG", "info")
        self.env["XDG_STATE_HOME"] = str(self.folder / "state")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if kind is not None and not issubclass(kind, KeyboardInterrupt):
            self._tell()
        for child in self.children:
            child.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tell(self):
        """What the nodes and commands said last, for the one who looks for the fault."""
        for child in self.children:
            state = "alive" if child.alive() else f"ended with {child.process.returncode}"
            print(f"--- {child.name} ({state})", file=sys.stderr)
            for at, line in child.seen()[-12:]:
                print(f"    {at:.3f} {json.dumps(line)}", file=sys.stderr)
            for line in child.stderr[-25:]:
                print(f"    | {line}", file=sys.stderr)

    def spawn(self, kind, name, command, prefix=()):
        child = kind(name, [*prefix, *command], self.env, cwd=self.folder)
        self.children.append(child)
        return child

    def node(self, rank, *flags, network=None, prefix=()):
        """Starts a node of a rank. `network` are its flags for the network, if not loopback and this cluster's port."""
        if network is None:
            network = ["--bind", "127.0.0.1:0", *self.reach()]
        size = [] if self.size is None else ["--cluster-size", str(self.size)]
        command = [binary("agora-node"), "--output", "json", "--id", ranked(rank), *network, *size, *self.flags, *flags]
        node = self.spawn(Node, f"node {rank}", command, prefix)
        node.id = ranked(rank)
        self.nodes.append(node)
        return node

    def reach(self):
        """The flags by which a client finds this cluster."""
        return ["--broadcast-address", LOOPBACK_BROADCAST, "--broadcast-port", str(self.port)]

    def alive(self):
        return [node for node in self.nodes if node.alive()]

    def agreed(self, nodes=None):
        """The node that leads, if it says so, and all others say that it does, in one epoch."""
        nodes = self.alive() if nodes is None else nodes
        last = [node.leader() for node in nodes]
        if any(event is None for event in last) or len({(event["epoch"], event["leader"]) for event in last}) != 1:
            return None
        if sum(event["self"] for event in last) != 1:
            return None
        return next(node for node, event in zip(nodes, last) if event["self"])

    def agree(self, nodes=None, patience=PATIENCE):
        """Waits until the nodes agree, and all hold the log; returns the leader."""
        for node in self.alive() if nodes is None else nodes:
            node.ready(patience)
        return until(lambda: self.agreed(nodes), "all nodes name one leader", patience, 0.005)

    def start(self, *ranks):
        """Starts nodes of these ranks, and waits until they agree; returns the leader."""
        for rank in ranks:
            self.node(rank)
        return self.agree()

    def command(self, arguments, who=None, reach=None):
        arguments = [str(argument) for argument in arguments]
        identity = [] if who is None else ["--as", who]
        return [
            binary("agora-cli"),
            "--output",
            "json",
            *(self.reach() if reach is None else reach),
            *identity,
            *arguments,
        ]

    def run(self, *arguments, who=None, reach=None, prefix=(), patience=PATIENCE):
        """Runs a command to its end."""
        command = [*prefix, *self.command(arguments, who, reach)]
        try:
            done = subprocess.run(
                command,
                env=self.env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=patience,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"no end within {patience:g} s: {' '.join(command)}") from None
        return Answer(done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line], done.stderr)

    def do(self, *arguments, **options):
        """Runs a command that must succeed, and returns its last line."""
        answer = self.run(*arguments, **options)
        said = f"{answer.error.strip()} {answer.lines}"
        check(answer.status == 0, f"exit {answer.status} of agora-cli {' '.join(map(str, arguments))}: {said}")
        return answer.line

    def follow(self, name, *arguments, who=None, reach=None, prefix=()):
        """Starts a command that goes on, as `watch` or `run`."""
        return self.spawn(Child, name, self.command(arguments, who, reach), prefix)


def main(show):
    """Runs a show, says what became of it, and exits."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    try:
        show()
    except Failed as failure:
        say(f"FAILED: {failure}")
        sys.exit(1)
    say(f"ok, in {time.monotonic() - started:.1f} s")
