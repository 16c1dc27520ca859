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
from decimal import Decimal

from auction import gapless, shown_bids
from cluster import Cluster, check, main, say, until

NODES = 7
DEATHS = 3
# Fifty auctions in step, on a machine of two cores.
PATIENCE = 300
OWN_END = ("auction-won", "auction-lost")


class Play:
    """One auction by a script, and what was told of it."""

    def __init__(self, cluster, number, bidders, rounds, dice):
        self.cluster, self.number = cluster, number
        # Few amounts, so that totals are often equal, and the rule for ties is needed.
        amounts = lambda: ["pass" if dice.random() < 0.05 else f"{10 + dice.randrange(4)}.5" for _ in range(rounds)]
        self.moves = {f"bidder-{bidder}": amounts() for bidder in range(1, bidders + 1)}
        lines = ["[auction]", f'item = "Lot {number}"', 'min-bid = "10"', f"rounds = {rounds}"]
        lines += [f"bidders = {bidders}", 'round-timeout = "5m"']
        for name, moves in self.moves.items():
            lines += ["", "[[bidder]]", f'name = "{name}"', f"bids = {moves}"]
        script = cluster.folder / f"lot-{number}.toml"
        script.write_text("\n".join(lines).replace("'", '"') + "\n")
        self.child = cluster.follow(f"run {number}", "run", str(script))

    def told(self, event):
        return [line for _, line in self.child.seen(lambda line: line.get("event") == event)]

    def rounds(self):
        return len(self.told("round-completed"))

    def resumed(self, epoch):
        """When it told a bid under a later leader than that of `epoch`; None: not yet."""
        later = False
        for at, line in self.child.seen(lambda line: line.get("event") in ("leader", "bid")):
            later = later or (line["event"] == "leader" and line["leader"] and line["epoch"] > epoch)
            if later and line["event"] == "bid":
                return at
        return None

    def verify(self):
        """After its end; returns how many bids it had, and whether the winner was decided by a tie."""
        check(self.child.wait(PATIENCE) == 0, f"{self.child.name} ended with {self.child.process.returncode}")
        result = self.told("result")[0]
        check(not self.told("bid-refused"), f"lot {self.number}: a bid was refused: {self.told('bid-refused')}")
        numbered = self.child.seen(lambda line: "seq" in line and line["event"] not in OWN_END)
        gapless([line for _, line in numbered])
        shown = self.cluster.do("show", result["auction"])
        bids = {seq: (number, participant, amount) for seq, number, participant, amount in shown_bids(shown)}

        for line in self.told("bid"):
            if line.get("pass"):
                continue
            scripted = Decimal(self.moves[line["name"]][line["round"] - 1])
            there = bids.get(line["seq"])
            told = (line["round"], line["participant"], scripted)
            check(there == told, f"lot {self.number}: bid {line['seq']} was told as {told}, is shown as {there}")
        scripted = sum(move != "pass" for moves in self.moves.values() for move in moves)
        check(len(bids) == scripted, f"lot {self.number}: {scripted} bids were scripted, {len(bids)} are shown")

        standings = recomputed(bids)
        winner, total = standings[0]
        check(shown["state"] == "completed", f"lot {self.number} is {shown['state']}")
        check(shown["winner"] == winner, f"lot {self.number}: {shown['winner']} won, {winner} should have")
        check(Decimal(shown["total"]) == total, f"lot {self.number}: the total is {shown['total']}, not {total}")
        stands = {line["participant"]: Decimal(line["total"]) for line in shown["standings"]}
        check(stands == dict(standings), f"lot {self.number}: the standings are {stands}, not {standings}")
        check(Decimal(result["total"]) == total, f"lot {self.number}: run told {result}")
        return len(bids), standings[1][1] == total


def recomputed(bids):
    """(participant, total), best first: the highest total over all rounds; among equals the one reached first."""
    totals, reached = {}, {}
    for seq, (_, participant, amount) in sorted(bids.items()):
        totals[participant] = totals.get(participant, Decimal(0)) + amount
        reached[participant] = seq
    return sorted(totals.items(), key=lambda line: (-line[1], reached[line[0]]))


def show():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--auctions", type=int, default=50)
    parser.add_argument("--bidders", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=40)
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
