#!/usr/bin/env python3
"""A fourth, higher-ranked node joins during an auction: nothing lost, nothing repeated; in `reachable` there is
exactly one hand-over, with --cluster-size 3 none (it observes)."""

import threading

from auction import Auction, gapless
from cluster import Cluster, Failed, check, main, say, until

ROUNDS = 60
# So many rounds are left when the joiner has come to be what it shall be.
LAST = 5
PACE = 0.02


class Bidding(threading.Thread):
    """Bids round after round, and says how far it is; it does not begin the last rounds before `joined` is set."""

    def __init__(self, auction):
        super().__init__(daemon=True)
        self.auction, self.round, self.failure = auction, 0, None
        self.joined = threading.Event()

    def run(self):
        try:
            for number in range(1, ROUNDS + 1):
                self.joined.wait(PACE if number <= ROUNDS - LAST else 60)
                self.auction.await_round(number)
                for name in self.auction.bidders:
                    self.auction.bid(name, 10 + number, number)
                self.round = number
        except Failed as failure:
            self.failure = failure

    def reach(self, number):
        until(lambda: self.failure or self.round >= number, f"round {number} is bid", 60)
        if self.failure:
            raise self.failure


def epochs(cluster):
    """All leaderships that any node has told."""
    events = [line for node in cluster.nodes for _, line in node.seen(lambda line: line.get("event") == "leader")]
    return sorted({(line["epoch"], line["leader"]) for line in events if line["leader"]})


def join(size):
    with Cluster(size) as cluster:
        before = cluster.start(1, 2, 3)
        cluster.do("status", "--wait", 3)
        if before is not cluster.nodes[2]:
            before = until(lambda: cluster.agreed() is cluster.nodes[2] and cluster.nodes[2], "the highest rank leads")
        auction = Auction(cluster, ("alice", "bob"), ROUNDS)
        watch = cluster.follow("watch", "watch", auction.id)
        bidding = Bidding(auction)
        bidding.start()
        bidding.reach(5)
        told = epochs(cluster)

        joiner = cluster.node(4)
        joiner.ready()
        if size is None:
            until(joiner.leads, "the higher rank leads")
        at = bidding.round
        bidding.joined.set()
        bidding.reach(ROUNDS)
        leader = cluster.agree()
        shown = auction.completed()
        check(watch.wait() == 0, "watch ended with an error")
        seen = gapless([line for _, line in watch.seen(lambda line: "seq" in line)])
        bids = len(auction.acknowledged)
        check(bids == 2 * ROUNDS and len(shown["bids"]) == bids, f"{bids} acknowledged, {len(shown['bids'])} shown")
        handed = [epoch for epoch in epochs(cluster) if epoch not in told]
        if size is None:
            check(leader is joiner, f"{leader.name} leads")
            check(len(handed) == 1, f"hand-overs: {handed}")
            say(f"reachable: one hand-over, to the joiner, in round {at}; {bids} bids and {seen} events, each once")
        else:
            check(leader is before and not handed, f"hand-overs: {handed}")
            check(
                not any(event["self"] for _, event in joiner.seen(lambda line: line.get("event") == "leader")), "it led"
            )
            say(f"--cluster-size 3: no hand-over, the joiner observes; {bids} bids and {seen} events, each once")


def show():
    for size in (None, 3):
        join(size)


main(show)
