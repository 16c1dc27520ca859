#!/usr/bin/env python3
"""An idle cluster of three: CPU under 1 % of a core and under 30 MiB resident, each node, in both modes."""

import argparse
import time

from cluster import Cluster, check, main, say


def idle(size, seconds, limit):
    mode = "--cluster-size 3" if size else "reachable"
    with Cluster(size) as cluster:
        leader = cluster.start(1, 2, 3)
        cluster.do("status", "--wait", 3)
        before = [node.cpu_seconds() for node in cluster.nodes]
        started = time.monotonic()
        time.sleep(seconds)  # The measurement itself.
        span = time.monotonic() - started
        for node, used in zip(cluster.nodes, before):
            percent = (node.cpu_seconds() - used) / span * 100
            resident = node.resident_kib() / 1024
            role = "leader" if node.leads() else "backup"
            say(f"{mode:<16}  {node.name} ({role}): {percent:.2f} % of a core, {resident:.1f} MiB resident")
            check(percent < limit, f"{node.name} uses {percent:.2f} % of a core")
            check(resident < 30, f"{node.name} has {resident:.1f} MiB resident")
        check(cluster.agreed() is leader, "they do not agree any more")


def show():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--limit", type=float, default=1, help="per cent of a core (1)")
    arguments = parser.parse_args()
    for size in (3, None):
        idle(size, arguments.seconds, arguments.limit)


main(show)
