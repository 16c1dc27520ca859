"""Agora's side: real `agora-node` processes on loopback, and `agora-cli bench` on them.

Nodes are started as the shows start them (`docs/shows/cluster.py`): each bound to a free port of 127.0.0.1, and ended
by its process id however a measurement ends.
"""

import os
import pathlib
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]
SHOWS = ROOT / "docs" / "shows"
sys.path.insert(0, str(SHOWS))

from cluster import Cluster, Failed, check  # noqa: E402

# What a bench may take longer than its seconds: setting up auctions, and looking whether anything was lost.
SLACK = 120
# Commands under way at once.
HANDS = 2


class NotMeasured(Exception):
    """A figure that this machine or this build does not give, and why."""


class Quiet(Cluster):
    """A cluster that does not tell what its nodes said when a measurement fails: the reason is in the table."""

    def _tell(self):
        if os.environ.get("SHOW_VERBOSE"):
            super()._tell()


def quiet(size=3, flags=(), relay=None, disk=False, nodes=None):
    """A cluster that logs warnings only, and is ready."""
    cluster = Quiet(size, flags)
    cluster.env["RUST_LOG"] = "warn"
    try:
        if relay is not None:
            relay.nodes(cluster, nodes or size)
        else:
            for rank in range(1, (nodes or size) + 1):
                directory = ["--data-dir", str(cluster.folder / f"data-{rank}")] if disk else []
                cluster.node(rank, *directory)
        cluster.agree()
    except BaseException:
        cluster.__exit__(None, None, None)
        raise
    return cluster


def bench(cluster, seconds, warm_up=1, patience=None, **flags):
    """Runs `agora-cli bench`, and returns its last line, and how often the leader changed meanwhile. `in_flight=1` is
    `--in-flight 1`."""
    words = ["--duration", f"{seconds}s", "--warm-up", f"{warm_up}s"]
    for name, value in flags.items():
        words += ["--" + name.replace("_", "-"), value]
    for node in cluster.alive():
        words += ["--pid", node.pid]
    before = leaderships(cluster)
    done = cluster.run("bench", *words, patience=patience or seconds + warm_up + SLACK)
    said = done.error.strip().splitlines()[-1:] or [f"exit {done.status}"]
    check(done.lines and done.lines[-1].get("event") == "bench", f"agora-cli bench: {said[0]}")
    result = done.lines[-1]
    broken = {key: result[key] for key in ("lost", "wrong", "unfinished") if result[key]}
    check(not broken, f"agora-cli bench found {broken}")
    check(done.status == 0, f"agora-cli bench: {said[0]}")
    return result | {"leader-changes": len(leaderships(cluster) - before)}


def fresh(seconds, size=3, disk=False, options=(), **flags):
    """A bench on a cluster of its own."""
    with quiet(size, options, disk=disk) as cluster:
        return bench(cluster, seconds, **flags)


def leaderships(cluster):
    """The epochs in which a node has said that somebody leads."""
    named = set()
    for node in cluster.nodes:
        events = node.seen(lambda line: line.get("event") == "leader" and line["leader"] is not None)
        named |= {line["epoch"] for _, line in events}
    return named


def resident(cluster):
    """Bytes that each node has resident."""
    return [node.resident_kib() * 1024 for node in cluster.nodes]


def create_waiting(cluster, count):
    """So many auctions that nobody joins."""
    left, failures, lock = [count], [], threading.Lock()

    def work():
        while not failures:
            with lock:
                if left[0] == 0:
                    return
                left[0] -= 1
            try:
                cluster.do("create", "--item", "Waiting", "--min-bid", 1, "--rounds", 1, "--bidders", 2)
            except Failed as failure:
                failures.append(failure)

    hands = [threading.Thread(target=work, daemon=True) for _ in range(HANDS)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    check(not failures, f"not created: {failures[:1]}")
