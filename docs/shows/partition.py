#!/usr/bin/env python3
"""A partition 1 | 2 of three network namespaces joined by a bridge; nodes without flags but --cluster-size 3, found
by real broadcast. The lone old leader acknowledges nothing, the pair goes on; after healing there is one history.
Then the same in `reachable`: both sides go on; after healing the losing side returns as a newcomer, and one history
remains. Needs root."""

import argparse
import os
import subprocess
import sys
import time

from auction import UNKNOWN, Auction
from cluster import Cluster, Failed, check, main, ranked, say, until

BIDDERS = ("alice", "bob")
ROUNDS = 6


def ip(*arguments, must=True):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if must:
        check(done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Network:
    """Three namespaces on a bridge that has a namespace of its own, so that nothing of the machine's is touched."""

    def __init__(self):
        self.tag = f"agora{os.getpid()}"
        self.hub = f"{self.tag}-hub"
        self.spaces = [f"{self.tag}-{number}" for number in (1, 2, 3)]

    def __enter__(self):
        try:
            ip("netns", "add", self.hub)
            ip("-n", self.hub, "link", "add", "hub", "type", "bridge")
            ip("-n", self.hub, "link", "set", "hub", "up")
            for number, space in enumerate(self.spaces, 1):
                ip("netns", "add", space)
                ip("-n", space, "link", "set", "lo", "up")
                ip(
                    "-n",
                    space,
                    "link",
                    "add",
                    "net",
                    "type",
                    "veth",
                    "peer",
                    "name",
                    f"port{number}",
                    "netns",
                    self.hub,
                )
                ip("-n", space, "addr", "add", f"10.77.0.{number}/24", "broadcast", "10.77.0.255", "dev", "net")
                ip("-n", space, "link", "set", "net", "up")
                ip("-n", self.hub, "link", "set", f"port{number}", "up")
                self.join(number)
        except Failed:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for space in (*self.spaces, self.hub):
            ip("netns", "del", space, must=False)

    def inside(self, number):
        """What runs a command in a namespace."""
        return ["ip", "netns", "exec", self.spaces[number - 1]]

    def join(self, number):
        ip("-n", self.hub, "link", "set", f"port{number}", "master", "hub")

    def cut(self, number):
        """Its cable is in no switch any more; no interface goes down, and nobody is told."""
        ip("-n", self.hub, "link", "set", f"port{number}", "nomaster")


def started(cluster, network):
    for rank in (1, 2, 3):
        cluster.node(rank, network=[], prefix=network.inside(rank))
    leader = cluster.agree()
    if leader.id != ranked(3):
        leader = until(lambda: cluster.agreed() is cluster.nodes[2] and cluster.nodes[2], "the highest rank leads")
    via = dict(reach=[], prefix=network.inside(1))
    until(lambda: len(cluster.do("status", **via)["members"]) == 3, "all are members")
    return leader, via


def histories(cluster, network, auction):
    """What a client on each node's side is shown."""
    shown = []
    for number in (1, 2, 3):
        via = dict(reach=[], prefix=network.inside(number))
        shown.append(
            until(
                lambda: (lambda answer: answer.status == 0 and answer.line)(cluster.run("show", auction, **via)),
                "shown",
            )
        )
    return shown


def majority(network):
    with Cluster(3) as cluster:
        old, there = started(cluster, network)
        lone = dict(reach=[], prefix=network.inside(3))
        auction = Auction(cluster, BIDDERS, ROUNDS, **there)
        auction.bid("alice", "10", 1)
        epoch = old.leader()["epoch"]
        network.cut(3)
        cut = time.monotonic()
        # The lone leader is asked at once, and again after it must have noticed.
        for attempt in range(2):
            answer = auction.try_bid("bob", "99", 1, options=("--timeout", "2s"), **lone)
            check(answer.status != 0, f"the lone leader acknowledged {answer.lines}")
            check(answer.status in (4, UNKNOWN), f"exit {answer.status}: {answer.error}")
            if attempt == 0:
                check(answer.status == UNKNOWN, f"exit {answer.status}: {answer.error}")
        reads = cluster.run("--timeout", "2s", "show", auction.id, **lone)
        check(reads.status != 0, f"the lone leader confirmed a read: {reads.lines}")
        status = cluster.do("--timeout", "2s", "status", **lone)
        check(not status["hears-quorum"], f"the lone leader says that it hears a quorum: {status}")
        pair = cluster.nodes[:2]
        new = until(lambda: cluster.agreed(pair), "the pair has a leader")
        at = min(at for at, line in new.seen(lambda line: line.get("event") == "leader" and line["self"]))
        check(new.leader()["epoch"] > epoch, "a new epoch")
        auction.bid("bob", "11", 1)
        for number in (2, 3):
            for name in BIDDERS:
                auction.bid(name, 10 + number, number)
        network.join(3)
        healed = time.monotonic()
        cluster.agree(patience=20)
        took = time.monotonic() - healed
        for number in range(4, ROUNDS + 1):
            for name in BIDDERS:
                auction.bid(name, 10 + number, number, **(lone if number % 2 else there))
        auction.completed()
        first, *others = histories(cluster, network, auction.id)
        check(all(other == first for other in others), "the nodes' sides show different histories")
        check(not any(bid.get("amount") == "99" for bid in first["bids"]), f"a bid of the lone side stands: {first}")
        say(
            f"--cluster-size 3: the lone leader acknowledged nothing; the pair had a leader after "
            f"{(at - cut) * 1000:.0f} ms; one leader {took * 1000:.0f} ms after healing; "
            f"{len(auction.acknowledged)} acknowledged bids, one history"
        )


def reachable(network):
    with Cluster() as cluster:
        old, pair = started(cluster, network)
        lone = dict(reach=[], prefix=network.inside(3))
        auction = Auction(cluster, BIDDERS, ROUNDS, **pair)
        auction.bid("alice", "10", 1)
        auction.bid("bob", "11", 1)
        common = list(auction.acknowledged)
        readies = len(old.seen(lambda line: line.get("event") == "ready"))
        network.cut(3)
        new = until(lambda: cluster.agreed(cluster.nodes[:2]), "the pair has a leader")
        # Both sides go on: the lone one takes one bid more, the pair two rounds.
        mine = auction.try_bid("bob", "99", 2, options=("--timeout", "8s"), **lone)
        check(mine.status == 0, f"the lone server serves: exit {mine.status} {mine.error}")
        check(old.leads(), "the lone server leads")
        auction.acknowledged.pop()
        only_here = cluster.do("create", "--item", "Vase", "--min-bid", 1, "--rounds", 1, "--bidders", 2, **lone)[
            "auction"
        ]
        watch = cluster.follow("watch", "watch", only_here, **lone)
        watch.expect(lambda line: line.get("event") == "auction-created", "the vase")
        for number in (2, 3):
            for name in BIDDERS:
                auction.bid(name, 10 + number, number)
        network.join(3)
        healed = time.monotonic()

        def one():
            answers = [
                cluster.run("--timeout", "3s", "status", reach=[], prefix=network.inside(number))
                for number in (1, 2, 3)
            ]
            leaders = {answer.line["leader"] for answer in answers if answer.status == 0 and answer.line["serving"]}
            members = [sorted(answer.line["members"]) for answer in answers if answer.status == 0]
            return len(answers) == len(members) and len(leaders) == 1 and all(len(them) == 3 for them in members)

        until(one, "one leader, and all three in its view", 30)
        took = time.monotonic() - healed
        leader = cluster.agree(patience=20)
        check(len(old.seen(lambda line: line.get("event") == "ready")) == readies + 1, "the lone server did not return")
        cancelled = watch.expect(lambda line: line.get("event") == "auction-cancelled", "the vase is cancelled")[1]
        check(
            cancelled["reason"] == "superseded" and watch.wait() == 5, f"{cancelled}, exit {watch.process.returncode}"
        )
        for number in range(4, ROUNDS + 1):
            for name in BIDDERS:
                auction.bid(name, 10 + number, number, **(lone if number % 2 else pair))
        auction.completed()
        auction.verify(common)
        first, *others = histories(cluster, network, auction.id)
        check(all(other == first for other in others), "the nodes' sides show different histories")
        check(not any(bid.get("amount") == "99" for bid in first["bids"]), f"a bid of the losing side stands: {first}")
        say(
            f"reachable: both sides went on; {took * 1000:.0f} ms after healing all three are in one view; the "
            f"side with more committed events won ({new.name} led it, {leader.name} leads now), the other "
            f"returned; one history"
        )


def show():
    argparse.ArgumentParser(description=__doc__).parse_args()
    if os.geteuid() != 0:
        say("needs root, for network namespaces")
        sys.exit(77)
    with Network() as network:
        majority(network)
        reachable(network)


main(show)
