#!/usr/bin/env python3
"""Four servers without --cluster-size; the leader is killed, then the next, down to the last server, with auctions
running: nothing acknowledged is lost, and the last server finishes all of them."""

import time

from auction import Auction
from cluster import Cluster, check, main, say, until

BIDDERS = ("alice", "bob")
AUCTIONS, ROUNDS = 3, 4


def viewed(cluster):
    """Waits until all live servers are in the view: who is not, is not waited for when an entry commits."""
    alive = sorted(node.id for node in cluster.alive())
    until(lambda: sorted(cluster.do("status")["members"]) == alive, f"the view is {alive}")


def show():
    with Cluster() as cluster:
        leader = cluster.start(1, 2, 3, 4)
        viewed(cluster)
        auctions = [Auction(cluster, BIDDERS, ROUNDS, f"Lot-{number}") for number in range(1, AUCTIONS + 1)]
        for number in range(1, ROUNDS + 1):
            for lot, auction in enumerate(auctions):
                auction.bid("alice", f"{10 + lot + number}.25", number)
            if len(cluster.alive()) > 1:
                killed = leader.kill()
                rest = cluster.alive()
                # Alone or not, somebody else serves again; the round goes on where it stood.
                auctions[0].bid("bob", f"{number}.5", number, patience=40)
                gap = time.monotonic() - killed
                leader = until(lambda: next((node for node in rest if node.leads()), None), "somebody leads")
                viewed(cluster)
                say(
                    f"round {number}: leader killed with bids in, {len(rest)} left; "
                    f"next bid accepted after {gap * 1000:.0f} ms"
                )
            else:
                auctions[0].bid("bob", f"{number}.5", number)
            for lot, auction in enumerate(auctions[1:]):
                auction.bid("bob", f"{20 + lot + number}", number)
            for auction in auctions:
                auction.verify()
        check(len(cluster.alive()) == 1, "one server is left")
        for lot, auction in enumerate(auctions):
            shown = auction.completed()
            check(shown["winner"] == auction.hand_calculation(), f"the wrong winner: {shown}")
        bids = sum(len(auction.acknowledged) for auction in auctions)
        say(f"{AUCTIONS} auctions completed by the last of four servers; {bids} acknowledged bids, none lost")


main(show)
