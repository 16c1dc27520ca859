"""The nodes of a storm: each has a name, a place in the network, and one process at a time."""

import random
import signal
import socket
from collections import Counter

from cluster import LOOPBACK_BROADCAST, check, ranked

# More, resident, and what was received has stayed somewhere.
MEMORY_KIB = 96 * 1024


class Place:
    """Where one node lives, over the ends of its processes."""

    def __init__(self, rank, disk, ports):
        self.rank, self.disk = rank, disk
        self.name, self.id = f"node {rank}", ranked(rank)
        # The same at every start, so that the relay knows whose they are.
        self.port, self.broadcast_port = ports
        self.process, self.paused = None, False
        # How the present process is expected to end, if it is.
        self.doomed = None
        self.lives = []
        # Whether its disk was full in this life, and whether its end was looked at.
        self.filled = self.checked = False

    @property
    def alive(self):
        return self.process is not None and self.process.alive()


class Fleet:
    """All of them."""

    def __init__(self, cluster, network, places, quiet, flags):
        self.quiet = quiet  # Where clients broadcast, and nobody listens.
        self.cluster, self.network, self.places, self.flags = cluster, network, places, flags
        self.peak_kib = self.ended_full = 0
        for place in places:
            network.stand_for(place.name, place.port)

    def reach(self, but=None):
        """The flags by which everybody finds the nodes: through the relay, and no other way."""
        joins = [flag for p in self.places if p is not but for flag in ("--join", self.network.address[p.name])]
        quiet = self.quiet if but is None else but.broadcast_port
        return [*joins, "--broadcast-address", LOOPBACK_BROADCAST, "--broadcast-port", str(quiet)]

    def start(self, place):
        network = ["--bind", f"127.0.0.1:{place.port}", *self.reach(place)]
        data = []
        if place.disk:
            place.disk.about_to_start(self.cluster.env)
            data = ["--data-dir", str(place.disk.data)]
        place.process = self.cluster.node(
            place.rank, *data, "--member-replace-after", "2s", *self.flags, network=network
        )
        place.lives.append(place.process)
        place.doomed, place.paused, place.filled, place.checked = None, False, False, False

    @property
    def alive(self):
        return [place for place in self.places if place.alive]

    def leader(self):
        """The place of the node that says that it leads; of several the one of the highest epoch."""
        leading = [
            (place.process.leader()["epoch"], place.rank, place) for place in self.alive if place.process.leads()
        ]
        return max(leading)[2] if leading else None

    def agreed(self):
        return self.alive and self.cluster.agreed([place.process for place in self.alive])

    def in_view(self):
        """Whether one leads, all running nodes say so, and all of them hold the list of all of them."""
        everybody = {place.id for place in self.alive}
        return bool(self.agreed()) and all(members(place.process) == everybody for place in self.alive)

    def kill(self, place):
        place.doomed = "killed"
        place.process.kill()

    def stop(self, place):
        """Asks it to end; `check_ends` demands that it does so in good order."""
        # Before it is bound it need not listen for signals yet.
        is_up = place.process.seen(lambda line: line.get("event") == "bound")
        place.doomed = "stopped" if is_up else "killed"
        place.process.interrupt()

    def pause(self, place, pause):
        if place.alive:
            place.process.interrupt(signal.SIGSTOP if pause else signal.SIGCONT)
            place.paused = pause

    def check_ends(self):
        """No node ends by itself, but on a full disk, and then it says so; none panics; none grows without bound."""
        for place in self.places:
            process = place.process
            if process is None or place.checked:
                continue
            if process.alive():
                self.peak_kib = max(self.peak_kib, resident_kib(process))
                check(self.peak_kib < MEMORY_KIB, f"NET-1: {place.name} has {self.peak_kib} KiB resident")
                continue
            place.checked = True
            status = process.wait(5)
            last = process.stderr[-1:] or [""]
            panics = [line for line in process.stderr if "panicked" in line]
            check(not panics, f"NET-1: {place.name} panicked: {panics}")
            if place.doomed == "killed":
                continue
            if place.filled and status == 1 and any("cannot write" in line for line in process.stderr[-3:]):
                place.doomed, self.ended_full = "full", self.ended_full + 1
                continue
            check(place.doomed == "stopped", f"NET-1: {place.name} ended by itself with {status}: {last[0]}")
            check(status == 0, f"NET-1: {place.name} was asked to stop and ended with {status}: {last[0]}")

    def leaders(self):
        """All leaderships that were told: (epoch, node)."""
        told = lambda line: line.get("event") == "leader" and line["self"]
        return {(line["epoch"], p.id) for p in self.places for life in p.lives for _, line in life.seen(told)}

    def said(self, event):
        """Every event of a name, of all lives."""
        wanted = lambda line: line.get("event") == event
        return [line for p in self.places for life in p.lives for _, line in life.seen(wanted)]


def members(node):
    """The member list in this node's log, by the changes that it told."""
    # A node and its former life may be in it at the same time, under one name.
    there = Counter()
    for _, line in node.seen(lambda line: line.get("event") in ("member", "returned")):
        if line["event"] == "returned":
            there.clear()
        elif line["state"] == "joined":
            there[line["member"]] += 1
        elif line["state"] == "left":
            there[line["member"]] -= 1
    return set(+there)


def resident_kib(process):
    """0, where it has just ended."""
    try:
        with open(f"/proc/{process.pid}/status") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("VmRSS:")), 0)
    except OSError:
        return 0


def quiet_ports(count):
    """Free UDP ports that the system gives nobody by itself, so that they are still free at the next start."""
    found = set()
    while len(found) < count:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        found.add(port)
    return list(found)
