"""Counts the datagrams, bytes and system calls of the leader for each bid. It runs in a network namespace of its own, so
that the kernel's counters hold nothing but this cluster and its clients; `measure` starts it there, and it prints JSON.

    unshare --net python3 counted.py SECONDS
"""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import nodes
from nodes import NotMeasured

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def measure(seconds):
    """The figures of one run: see `run`."""
    if not shutil.which("unshare"):
        raise NotMeasured("not counted: no unshare here")
    # Where not root, as root of a namespace of users, which some systems refuse.
    own = ["--net"] if os.geteuid() == 0 else ["--map-root-user", "--net"]
    command = ["unshare", *own, sys.executable, __file__, str(seconds)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, error = process.communicate(timeout=seconds + nodes.SLACK + 30)
    except subprocess.TimeoutExpired:
        raise NotMeasured("not counted: no end in time") from None
    finally:
        # It ends its nodes on SIGTERM.
        process.terminate()
        process.wait()
    if process.returncode != 0:
        said = error.decode(errors="replace").strip().splitlines()[-1:] or [f"exit {process.returncode}"]
        raise NotMeasured(f"not counted: {said[0]}")
    return json.loads(out)


def loopback_up():
    """A new namespace's loopback is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def datagrams():
    """Datagrams that were sent and received in this namespace so far, and the bytes of their frames."""
    lines = [line.split() for line in pathlib.Path("/proc/net/snmp").read_text().splitlines()]
    names, values = [line for line in lines if line[0] == "Udp:"]
    counts = dict(zip(names[1:], map(int, values[1:])))
    devices = pathlib.Path("/proc/net/dev").read_text().splitlines()
    device = next(line for line in devices if line.strip().startswith("lo:"))
    return {
        "sent": counts["OutDatagrams"],
        "received": counts["InDatagrams"],
        "lost": counts["RcvbufErrors"],
        "bytes": int(device.split(":")[1].split()[0]),
    }


class Calls:
    """Counts the system calls of a process: by perf, which it hardly feels, else by strace, which slows it down."""

    def __init__(self, pid, folder):
        self.by, self.file, self.process = None, folder / "calls", None
        count = ["stat", "-x", ",", "-o", str(self.file), "-e", "raw_syscalls:sys_enter"]
        perf = shutil.which("perf")
        if perf and subprocess.run([perf, *count, "true"], capture_output=True).returncode == 0:
            self.by, command = "perf", [perf, *count, "-p", str(pid)]
        elif shutil.which("strace"):
            self.by, command = "strace", ["strace", "-c", "-f", "-o", str(self.file), "-p", str(pid)]
        else:
            return
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.3)  # Until it has attached itself.

    def end(self):
        """How many there were, or None."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        said = self.file.read_text() if self.file.exists() else ""
        try:
            if self.by == "perf":
                return int(next(line for line in said.splitlines() if "sys_enter" in line).split(",")[0])
            return int(next(line for line in said.splitlines() if line.endswith(" total")).split()[3])
        except (StopIteration, ValueError, IndexError):
            return None


def run(seconds):
    """`datagrams` are all that were received in the namespace, `bytes` with their headers. The leader is at one end of
    nearly all of them (followers and clients say little to each other), so this is what it sends and receives, and a
    little more; so is what setting up and looking at auctions takes. Where the kernel passes several datagrams in one
    piece (GSO), that counts as one."""
    with nodes.quiet() as cluster:
        leader = cluster.agreed()
        calls = Calls(leader.pid, cluster.folder)
        before, used = datagrams(), [node.cpu_seconds() for node in cluster.nodes]
        try:
            result = nodes.bench(cluster, seconds, warm_up=0)
        finally:
            called = calls.end()
        after = datagrams()
        spent = [node.cpu_seconds() - early for node, early in zip(cluster.nodes, used)]
        leaders = spent[cluster.nodes.index(leader)]
    bids = result["bids"]
    return {
        "bids": bids,
        "bids-per-second": result["bids-per-second"],
        "datagrams": (after["received"] - before["received"]) / bids,
        "sends": (after["sent"] - before["sent"]) / bids,
        "bytes": (after["bytes"] - before["bytes"]) / bids,
        "leader-cpu-us": leaders / bids * 1e6,
        "followers-cpu-us": (sum(spent) - leaders) / bids * 1e6,
        "lost": after["lost"] - before["lost"],
        "calls": None if called is None else called / bids,
        "calls-by": calls.by,
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    loopback_up()
    print(json.dumps(run(float(sys.argv[1]))))
