#!/usr/bin/env python3
"""An empty node catches up with a million entries while bids go on. All of them still matter (their auctions are kept), so
all are sent; with --archived the auctions have left, and it is given what was kept."""

import argparse
import threading
import time

from cluster import Cluster, check, main, say, until

# While the newcomer catches up, so many bids a second are made.
RATE = 2_000


def entries(cluster):
    return cluster.do("status")["commit"]


def index_of(cluster, node):
    status = cluster.do("status")
    return next((peer["index"] for peer in status["nodes"] if peer["node"] == node.id), 0), status["commit"]


def fill(cluster, wanted):
    while (have := entries(cluster)) < wanted:
        flags = ["--auctions", 64, "--bidders", 8, "--rounds", 200, "--duration", "15s"]
        done = cluster.run("bench", *flags, patience=240)
        check(done.status == 0, f"bench ended with {done.status}: {done.error}")
        say(f"{have:>9} entries, and {done.line['bids']} bids more")


def show():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--archived", action="store_true", help="finished auctions leave after a second")
    arguments = parser.parse_args()
    with Cluster(3) as cluster:
        flags = ["--max-auctions", "200", "--auction-retention", "1s"] if arguments.archived else []
        for number in (1, 2, 3):
            cluster.node(number, *flags)
        leader = cluster.agree()
        fill(cluster, arguments.entries)
        before = entries(cluster)
        results = []

        def bid():
            results.append(cluster.run("bench", "--rate", RATE, "--duration", "30s", patience=240))

        bidding = threading.Thread(target=bid)
        bidding.start()
        until(lambda: entries(cluster) > before + RATE, "bids go on")
        started = time.monotonic()
        newcomer = cluster.node(4, *flags)
        ready = newcomer.ready(patience=240)[0] - started

        def caught_up():
            index, commit = index_of(cluster, newcomer)
            return index + RATE // 4 >= commit and (index, commit)

        index, commit = until(caught_up, "it holds nearly all", 240, 0.2)
        took = time.monotonic() - started
        bidding.join()
        done = results[0]
        check(done.status == 0, f"bench ended with {done.status}: {done.error}")
        check(done.line["lost"] == 0 and done.line["wrong"] == 0, f"lost: {done.line}")
        check(cluster.agree() is leader, "the leader changed")
        rate = f"{done.line['bids']} bids meanwhile, p99 {done.line['p99-us'] / 1000:.1f} ms"
        say(f"{commit} entries: ready after {ready:.2f} s, caught up after {took:.2f} s; {rate}")


main(show)
