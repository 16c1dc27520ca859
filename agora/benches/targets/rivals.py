"""The rivals' side: `../rivals` fetches the servers, runs them, and says what it measured in lines of JSON."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from nodes import ROOT, NotMeasured

FOLDER = ROOT / "agora" / "benches" / "rivals"
SERVERS = {"NATS": "usr/sbin/nats-server", "etcd": "usr/bin/etcd", "Redis": "usr/bin/redis-server"}
# To start three servers, elect a leader, and warm up.
SLACK = 90


class Rivals:
    """The rivals' program, built, and the folder with their servers. Without one of both, each measurement says why."""

    def __init__(self, root, target, data):
        self.root, self.target, self.data = root, pathlib.Path(target), pathlib.Path(data)
        self.missing, self.program = None, None

    def prepare(self, progress):
        """Fetches and builds what is not there."""
        try:
            if self.root is None:
                progress("fetching the rivals' packages")
                self.root = self._run([str(FOLDER / "fetch"), str(self.target / "rivals" / "root")]).splitlines()[-1]
            self.root = str(pathlib.Path(self.root).resolve())
            progress("building the rivals' clients")
            build = ["cargo", "build", "--release", "--locked", "--manifest-path", str(FOLDER / "Cargo.toml")]
            folder = self.target / "rivals" / "build"
            self._run(build, self._compiler() | {"CARGO_TARGET_DIR": str(folder)})
            self.program = str(folder / "release" / "rivals")
        except NotMeasured as why:
            self.missing = str(why)
            progress(f"no rivals: {why}")

    def _compiler(self):
        """What the build needs to know of a `protoc` that is unpacked and not installed."""
        protoc = pathlib.Path(self.root, "usr/bin/protoc")
        if shutil.which("protoc") or not protoc.exists():
            return {}
        return {"PROTOC": str(protoc), "LD_LIBRARY_PATH": self._libraries()}

    def _libraries(self):
        return ":".join(str(folder) for folder in pathlib.Path(self.root, "usr/lib").glob("*-linux-gnu"))

    @staticmethod
    def _run(command, env=None):
        try:
            done = subprocess.run(command, env=os.environ | (env or {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except OSError as error:
            raise NotMeasured(f"{command[0]}: {error}") from None
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
            raise NotMeasured(f"{pathlib.Path(command[0]).name} ended with {done.returncode}: {' / '.join(said)}")
        return done.stdout.decode()

    def measure(self, *words, seconds=2, windows=()):
        """Runs the program once; returns its lines."""
        if self.missing:
            raise NotMeasured(self.missing)
        env = {
            "RIVALS_ROOT": self.root,
            "RIVALS_DATA": str(self.data),
            "SECS": str(seconds),
            "WINDOWS": ",".join(map(str, windows)) or "1,64,256",
        }
        patience = seconds * max(1, len(windows)) + SLACK
        # Its servers end with it, by the kernel's hand, should it have to be killed.
        with subprocess.Popen(
            [self.program, *map(str, words)],
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                out, error = process.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                raise NotMeasured(f"{words[0]}: no end within {patience:g} s") from None
            finally:
                process.kill()
        lines = [json.loads(line) for line in out.decode().splitlines() if line.startswith("{")]
        if process.returncode != 0 or not lines:
            said = error.decode(errors="replace").strip().splitlines()[-1:] or [f"exit {process.returncode}"]
            raise NotMeasured(f"{words[0]}: {said[0]}")
        return lines

    def operations(self, what, window, seconds):
        """One measurement with so many operations in flight."""
        line = self.measure(what, seconds=seconds, windows=[window])[0]
        if not line.get("ops"):
            raise NotMeasured(f"{what}: nothing was acknowledged")
        if what == "nats-fan8" and line["delivered-per-op"] < 8:
            raise NotMeasured(f"{what}: delivered to {line['delivered-per-op']} of 8 subscribers")
        return line

    def failover(self, *words):
        """Milliseconds from one `kill -9` of the leader to the next acknowledged write."""
        took = self.measure(*words)[0]["failover-ms"]
        if took is None:
            raise NotMeasured(f"{words[0]}: nothing was acknowledged within a minute")
        return took

    def versions(self):
        """The version of each server, as it says."""
        told = {}
        for name, path in SERVERS.items():
            try:
                env = {"LD_LIBRARY_PATH": self._libraries()}
                said = self._run([str(pathlib.Path(self.root, path)), "--version"], env)
                told[name] = re.search(r"\d+\.\d+\.\d+", said).group()
            except (NotMeasured, TypeError, AttributeError):
                continue
        return told
