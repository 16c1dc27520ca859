#!/usr/bin/env python3
"""10 % of datagrams dropped, 5 % repeated, some reordered, in both directions, by a relay between all processes: the
same results as without."""

import argparse

from auction import Auction, gapless
from cluster import Cluster, check, main, say, until
from relay import Relay

BIDDERS = ("alice", "bob", "carol")
ROUNDS = 4


def amount(bidder, number):
    return f"{10 + (bidder * 7 + number * 5) % 11}.5"


def auctions(cluster, count):
    """Runs auctions one after the other; returns what there is to compare of their results."""
    results, events = [], 0
    for lot in range(count):
        auction = Auction(cluster, BIDDERS, ROUNDS, f"Lot-{lot}")
        watch = cluster.follow("watch", "watch", auction.id)
        for number in range(1, ROUNDS + 1):
            auction.await_round(number)
            for bidder, name in enumerate(BIDDERS):
                auction.bid(name, amount(bidder + lot, number), number)
        shown = auction.completed()
        check(watch.wait(60) == 0, "watch ended with an error")
        events += gapless([line for _, line in watch.seen(lambda line: "seq" in line)])
        check(shown["winner"] == auction.hand_calculation(), f"the wrong winner: {shown}")
        names = {participant: name for name, participant in auction.participants.items()}
        bids = [(seq, number, names[who], str(much)) for seq, number, who, much in sorted(auction.acknowledged)]
        results.append((names[shown["winner"]], shown.get("total"), bids))
    return results, events


def relayed(size, seed, faults):
    """A cluster whose nodes and clients know only the relay's addresses."""
    with Cluster(size) as cluster, Relay(seed, *faults) as relay:
        relay.nodes(cluster, 3)
        for node in cluster.nodes:
            node.ready()
        until(lambda: any(node.leads() for node in cluster.nodes), "somebody leads")
        return auctions(cluster, 2), relay.counts


def show():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    for size in (3, None):
        mode = "--cluster-size 3" if size else "reachable"
        (clean, _), _ = relayed(size, seed, (0, 0, 0))
        (lossy, events), counts = relayed(size, seed, (0.10, 0.05, 0.10))
        check(clean == lossy, f"without faults {clean}, with faults {lossy}")
        told = ", ".join(f"{count} {what}" for what, count in counts.items())
        say(f"{mode}: the same results as without faults, {events} events each once and in order; datagrams: {told}")


main(show)
