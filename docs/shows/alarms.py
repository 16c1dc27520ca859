#!/usr/bin/env python3
"""No false alarm: nodes that are alive, with bids all the time, and with --busy as many busy processes beside them in
every other half minute. With each preset, a cluster of three at once. No leader changes, none is called lost, and
no node ends; how often a leader called a member silent is printed."""

import argparse
import contextlib
import subprocess
import sys
import time

from cluster import Cluster, check, main, say

HALF = 30
BUSY = "while True: pass"


def told(cluster, event):
    return [line for node in cluster.nodes for _, line in node.seen(lambda line: line.get("event") == event)]


def load(cluster, rate):
    """Bids at a rate, for a minute."""
    flags = ["--auctions", 32, "--bidders", 8, "--rounds", 100, "--rate", rate, "--duration", f"{2 * HALF - 6}s"]
    return cluster.follow("bench", "bench", *flags)


def minute(clusters, rate, others):
    """A minute of bids; how many were made, with each preset."""
    benches = [load(cluster, rate) for cluster in clusters]
    time.sleep(HALF)
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(others)]
    try:
        time.sleep(HALF)
    finally:
        for child in busy:
            child.kill()
            child.wait()
    for bench in benches:
        check(bench.wait(180) == 0, f"bench ended with {bench.process.returncode}: {bench.stderr[-2:]}")
    return [bench.lines[-1][1]["bids"] for bench in benches]


def show():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="for so long (60)")
    parser.add_argument("--rate", type=int, default=2_000, help="bids a second, with each preset (2,000)")
    parser.add_argument("--busy", type=int, default=0, help="busy processes in every other half minute (0)")
    parser.add_argument("--preset", nargs="+", default=["lan", "fast"], help="the presets (lan fast)")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        flags = ["--auction-retention", "1m", "--preset"]
        clusters = [stack.enter_context(Cluster(3, [*flags, preset])) for preset in arguments.preset]
        leaders = [cluster.start(1, 2, 3) for cluster in clusters]
        before = [len(told(cluster, "leader")) for cluster in clusters]
        bids = [0] * len(clusters)
        for number in range(1, arguments.minutes + 1):
            bids = [sum(pair) for pair in zip(bids, minute(clusters, arguments.rate, arguments.busy))]
            for cluster, preset, leader, first, made in zip(clusters, arguments.preset, leaders, before, bids):
                silent = sum(line["state"] == "silent" for line in told(cluster, "member"))
                alarms = told(cluster, "leader")[first:]
                check(len(cluster.alive()) == 3, f"{preset}: a node has ended")
                check(not alarms, f"{preset}, minute {number}: {alarms}")
                check(cluster.agreed() is leader, f"{preset}: the leader changed")
                say(f"minute {number:>3}, {preset:>4}: {made:>9} bids; no alarm; a member called silent {silent} times")


main(show)
