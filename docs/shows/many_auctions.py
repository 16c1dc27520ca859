#!/usr/bin/env python3
"""Fifty auctions of twenty bidders at once, and three leaders killed under them. Every auction ends; its winner and all
totals equal what is computed here, by the rule, from the bids that `show` lists; and every bid that was told is there,
with the seq, bidder and amount of its script.

With --cluster-size 7, because that survives three deaths whenever they come: four of seven are a majority. (In mode
`reachable` four servers do too, if each death comes after the view has closed over the one before;
`reachable_down_to_one.py` shows that.)"""

import argparse
import random
import time

from cluster import Cluster, check, main, say, until
from play import PATIENCE, Play

NODES = 7
DEATHS = 3


def show():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--auctions", type=int, default=50)
    parser.add_argument("--bidders", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    dice = random.Random(args.seed)
    with Cluster(NODES) as cluster:
        cluster.start(*range(1, NODES + 1))
        cluster.do("status", "--wait", NODES)
        started = time.monotonic()
        plays = [Play(cluster, number, args.bidders, args.rounds, dice) for number in range(1, args.auctions + 1)]
        all_rounds = args.auctions * args.rounds
        done = lambda: sum(play.rounds() for play in plays)
        # The first death comes when all of them run, the others later, with most of them still running.
        until(lambda: all(play.rounds() for play in plays), "a round of each is complete", PATIENCE)
        check(all(play.child.alive() for play in plays), "one is over before the last has begun: give it more --rounds")
        for death in range(1, DEATHS + 1):
            due = all_rounds * (death - 1) // DEATHS
            until(lambda: done() >= due, f"{due} rounds are complete", PATIENCE)
            leader = until(cluster.agreed, "all nodes name one leader")
            before, running = done(), sum(play.child.alive() for play in plays)
            check(running > args.auctions // 2, f"only {running} auctions are left to be disturbed")
            killed = leader.kill()
            epoch = leader.leader()["epoch"]
            # An auction that ended meanwhile has nothing to wait for.
            until(lambda: all(play.resumed(epoch) for play in plays if play.child.alive()), "all go on", PATIENCE)
            gaps = [play.resumed(epoch) - killed for play in plays if play.resumed(epoch)]
            check(gaps, "no auction was there to go on")
            say(
                f"{leader.name}, which led, killed after {before} of {all_rounds} rounds, {running} auctions running; "
                f"under the next leader the first of them told a bid after {min(gaps) * 1000:.0f} ms, the last after "
                f"{max(gaps) * 1000:.0f} ms"
            )
        verified = [play.verify() for play in plays]
        took = time.monotonic() - started
        check(len(cluster.alive()) == NODES - DEATHS, "another node ended")
        bids, ties = sum(count for count, _ in verified), sum(tie for _, tie in verified)
        say(
            f"{args.auctions} auctions of {args.bidders} bidders and {args.rounds} rounds: {bids} bids in "
            f"{took:.1f} s, none lost, every result as recomputed ({ties} decided by a tie)"
        )
        memory = [node.resident_kib() // 1024 for node in cluster.alive()]
        say(f"resident memory of the nodes left: {', '.join(map(str, memory))} MiB")


main(show)
