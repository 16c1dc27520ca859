#!/usr/bin/env python3
"""All six start orders of three ranked nodes, and all three at once, in both modes: one leader, the same for all."""

import itertools
import time

from cluster import Cluster, check, main, ranked, say


def agreement(size, order, at_once):
    with Cluster(size) as cluster:
        started = time.monotonic()
        for rank in order:
            node = cluster.node(rank)
            # In `--cluster-size 3` nobody is ready before the third; one after the other means: its sockets are open.
            if not at_once:
                node.address() if size else node.ready()
        last = time.monotonic()
        leader = cluster.agree()
        agreed = time.monotonic()
        # Where servers come and go, the one with the highest rank takes over from the one that was first.
        if leader.id != ranked(3):
            cluster.nodes[order.index(3)].expect(
                lambda line: line.get("event") == "leader" and line["self"], "rank 3 leads"
            )
            leader = cluster.agree()
        settled = time.monotonic()
        check(leader.id == ranked(3), f"{leader.name} leads, not the highest rank")
        status = cluster.do("status", "--wait", 3)
        check(status["leader"] == leader.id, f"status names {status['leader']}, the nodes name {leader.id}")
        return agreed - last, settled - last, settled - started


def show():
    for size in (3, None):
        mode = "--cluster-size 3" if size else "reachable"
        for order in itertools.permutations((1, 2, 3)):
            first, highest, _ = agreement(size, order, at_once=False)
            say(
                f"{mode:<16}  started {order}: one leader {first:.2f} s after the last start, "
                f"the highest at {highest:.2f} s"
            )
        first, highest, _ = agreement(size, (1, 2, 3), at_once=True)
        say(
            f"{mode:<16}  all three at once: one leader {first:.2f} s after the last start, "
            f"the highest at {highest:.2f} s"
        )


main(show)
