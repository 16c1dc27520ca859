#!/usr/bin/env python3
"""Two bidders in Python (docs/clients/bidder.py) and one of agora-cli in one auction on three
nodes; the leader is killed (`kill -9`) in round 2. In the first run with both Python bids in; in the second as the round
begins, so that the Python bids meet a dying leader; in the third everything passes a relay that loses, repeats and
reorders datagrams. Every bid that was acknowledged is in `show`, every event came once and in order, the right one wins.
A second process is not the same bidder, and one without a leader says that nothing was sent."""

import os
import sys
import uuid
from decimal import Decimal

from auction import Auction, gapless
from cluster import ROOT, Child, Cluster, check, main, say
from relay import Relay

# The interpreter that has msgpack: .ci/python makes one.
MADE = ROOT / "target" / "python" / "bin" / "python"
PYTHON = os.environ.get("AGORA_PYTHON", str(MADE) if MADE.exists() else sys.executable)
BIDDER = ROOT / "docs" / "clients" / "bidder.py"
ROUNDS = 4
# start, step and limit; alice passes in round 4. The totals are 34.5, 58 and carol's 57.5.
STRATEGIES = {"alice": ("10", "1.5", "14"), "bob": ("10.75", "2.5", "100")}
CAROL = ["11.5", "20", "15", "11"]
WINNER, TOTAL = "bob", "58"
FAULTS = {"with bids in": None, "as the round begins": None, "on a bad network": (0.10, 0.05, 0.10)}


class PythonBidder(Child):
    """By the lines that it prints."""

    def await_event(self, name, **what):
        wanted = lambda line: line.get("event") == name and what.items() <= line.items()
        return self.expect(wanted, f"{name} {what}", 60)[1]

    def acknowledged(self):
        return [line for _, line in self.seen(lambda line: line.get("event") == "BID_ACK" and line["amount"])]


def bidder(cluster, name, auction, *flags):
    flags = [*flags, "--identity", str(cluster.folder / f"{name}.id")]
    return cluster.spawn(PythonBidder, name, [PYTHON, str(BIDDER), auction, *cluster.reach(), *flags])


def bidders(cluster, auction):
    started = {}
    for name, (start, step, limit) in STRATEGIES.items():
        started[name] = bidder(cluster, name, auction, "--start", start, "--step", step, "--limit", limit)
    for each in started.values():
        each.await_event("AUCTION_JOIN_ACK")
    second = bidder(cluster, "alice", auction)
    refused = second.wait() == 2 and "another process is this bidder" in "".join(second.stderr)
    check(refused, f"alice twice: the second ended with {second.process.returncode}: {second.stderr[-3:]}")
    return started


def without_a_leader():
    with Cluster(3) as cluster:
        alone = bidder(cluster, "alice", str(uuid.uuid4()), "--timeout", "0.5")
        status, lines = alone.wait(), [line for _, line in alone.seen()]
        check((status, lines) == (4, [{"event": "NO_LEADER"}]), f"without a leader: exit {status}, {lines}")
    say("without a leader: exit 4, nothing was sent")


def hold(cluster, leader, moment):
    """One auction through the leader's death."""
    # agora-cli bids for carol, who is last in each round.
    auction = Auction(cluster, ("carol",), ROUNDS, others=len(STRATEGIES))
    python = bidders(cluster, auction.id)
    auction.participants.update({name: identity(cluster, name) for name in python})
    for number, amount in enumerate(CAROL, 1):
        auction.await_round(number)
        if number == 2:
            if moment != "as the round begins":
                for name, bidder in python.items():
                    bidder.await_event("BID_ACK", round=2)
            leader.kill()
        auction.bid("carol", amount, number)
    for name, bidder in python.items():
        ending = bidder.await_event("AUCTION_WINNER" if name == WINNER else "AUCTION_LOSER")
        check(ending["total"] == TOTAL, f"{name} was told another total than {TOTAL}: {ending}")
        check(bidder.wait() == 0, f"{name} ended with {bidder.process.returncode}: {bidder.stderr[-3:]}")
        gapless([line for _, line in bidder.seen(lambda line: "seq" in line and not line["event"].endswith("_ACK"))])
        for line in bidder.acknowledged():
            bid = (line["seq"], line["round"], auction.participants[name], Decimal(line["amount"]))
            auction.acknowledged.append(bid)
    shown = auction.completed()
    bids = len(auction.acknowledged)
    there = len([bid for bid in shown["bids"] if not bid.get("pass")])
    check(bids == there == 3 * ROUNDS - 1, f"{bids} bids were acknowledged, {there} are shown; alice passes once")
    right = shown["winner"] == auction.participants[WINNER] == auction.hand_calculation() and shown["total"] == TOTAL
    check(right, f"{WINNER} should win with {TOTAL}: {shown}")
    say(f"{moment}: the leader died in round 2; all {bids} acknowledged bids are there, {WINNER} wins with {TOTAL}")


def identity(cluster, name):
    return (cluster.folder / f"{name}.id").read_text()


def show():
    without_a_leader()
    for moment, faults in FAULTS.items():
        with Cluster(3) as cluster, Relay(1, *(faults or (0, 0, 0))) as relay:
            if faults is None:
                hold(cluster, cluster.start(1, 2, 3), moment)
            else:
                relay.nodes(cluster, 3)
                hold(cluster, cluster.agree(), moment)


main(show)
