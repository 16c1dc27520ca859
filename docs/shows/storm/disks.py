"""The nodes' data directories: ordinary folders, or, where this process may mount, a small tmpfs each, which can be
filled. What `kill -9` leaves of a log is torn as a power cut would."""

import json
import os
import pathlib
import shutil
import subprocess

from cluster import binary, check
from tear import last_mark

SMALL = "64m"
TORN = 300


class Disk:
    """The data directory of one node."""

    def __init__(self, folder, small):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.small = small
        # What a process that ran on it may have relied on, of which file: no byte before this is ever torn.
        self.relied_on, self.file = 0, None
        if small:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=700", "agora-storm", str(self.folder)]
            done = subprocess.run(mount, capture_output=True, text=True)
            check(done.returncode == 0, f"{' '.join(mount)}: {done.stderr.strip()}")

    @property
    def data(self):
        return self.folder / "data"

    @property
    def ballast(self):
        return self.folder / "ballast"

    def remove(self):
        if self.small:
            subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True)
            self.small = False

    def fill(self, left):
        """Nothing more fits, but so many bytes: what is left of the last pages."""
        with open(self.ballast, "wb", buffering=0) as ballast:
            try:
                for _ in range(1 << 20):
                    ballast.write(bytes(1 << 14))
            except OSError:
                pass
            ballast.truncate(max(0, ballast.tell() - left))

    def make_room(self):
        self.ballast.unlink(missing_ok=True)

    @property
    def full(self):
        return self.ballast.exists()

    def tear(self, cut, added):
        """Cuts up to so many bytes off the log that nobody relies on, and appends rubbish; tells how many it cut."""
        log = self.data / "log"
        # A process that was killed at its start has none, or one without a mark.
        before = log.read_bytes() if log.exists() else b""
        mark = last_mark(before)
        if mark == 0:
            return 0
        # A log that was begun anew is another file.
        relied_on = self.relied_on if log.stat().st_ino == self.file else 0
        keep = max(mark, relied_on, len(before) - cut)
        log.write_bytes(before[:keep] + added)
        return len(before) - keep

    def about_to_start(self, env):
        """A node starts on it: what it finds whole it flushes, and counts from then on."""
        log = self.data / "log"
        if not log.exists():
            return
        command = [binary("agora-node"), "--output", "json", "--data-dir", str(self.data), "--check-data"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30)
        check(done.returncode == 0, f"REP-11: --check-data of {self.folder.name}: {done.stderr.strip()}")
        found = json.loads(done.stdout)
        self.relied_on, self.file = found["bytes"], log.stat().st_ino

    def keep(self, where):
        """Copies it to where it outlives the storm."""
        if self.data.exists():
            shutil.copytree(self.data, where, dirs_exist_ok=True)


def may_mount():
    """Whether this process is root in a mount namespace of its own; why not, else."""
    if os.environ.get("AGORA_STORM_NAMESPACE") != "own":
        return "no mount namespace (it takes root and `unshare`)"
    return None
