#!/usr/bin/env python3
"""Three nodes with --cluster-size 3 and --data-dir, and auctions by script with bids in flight; kill -9 of all three at
once, at a random moment, and a start of all three on their directories. The auctions go on to their results; every bid
that was told, before or after, is in `show` with the same seq, participant, round and amount, once; the winner is the
one that is computed here from `show`.

One cluster for all `--kills`, with new auctions for each: so each start reads a log that earlier starts have recovered,
and at the end the auctions of all kills must still be there.

`--tear` does to the files what a power cut does to what was written and not flushed: of each log up to 200 bytes at the
end are cut, but nothing before the last mark, and up to 200 bytes of rubbish are appended. What is before a mark may
not be cut for such a test: two of three nodes hold an acknowledged entry, and the third may lead with one of them."""

import argparse
import json
import random
import subprocess
import time

from cluster import Cluster, binary, check, main, percentile, say, until
from play import PATIENCE, Play
from tear import last_mark

RANKS = (1, 2, 3)
AUCTIONS = 5
BIDDERS = 10
ROUNDS = 20
# Later than this not all auctions would be there to go on.
LATEST = 0.4


class Disks:
    """The data directories of a cluster."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.folders = {rank: cluster.folder / f"data-{rank}" for rank in RANKS}

    def start(self):
        """Starts a node on each."""
        for rank, folder in self.folders.items():
            self.cluster.node(rank, "--data-dir", str(folder))

    def log(self, rank):
        return self.folders[rank] / "log"

    def tear(self, dice):
        """Tears the end of each log; returns how many bytes were cut, and how many appended."""
        cut = added = 0
        for rank in RANKS:
            before = self.log(rank).read_bytes()
            mark = last_mark(before)
            check(mark > 0, "a log has no mark")
            keep = max(mark, len(before) - dice.randint(0, 200))
            rubbish = dice.randbytes(dice.randint(0, 200))
            self.log(rank).write_bytes(before[:keep] + rubbish)
            cut, added = cut + len(before) - keep, added + len(rubbish)
        return cut, added

    def inspect(self):
        """What `--check-data` says of each; it must accept all."""
        answers = []
        for folder in self.folders.values():
            command = [binary("agora-node"), "--output", "json", "--data-dir", str(folder), "--check-data"]
            done = subprocess.run(command, env=self.cluster.env, capture_output=True, text=True, timeout=PATIENCE)
            check(done.returncode == 0, f"exit {done.returncode} of --check-data: {done.stderr.strip()}")
            answers.append(json.loads(done.stdout))
        return answers


class Kills:
    """One cluster, killed again and again."""

    def __init__(self, cluster, dice, tears):
        self.cluster, self.dice, self.tears = cluster, dice, tears
        self.disks = Disks(cluster)
        self.plays, self.gaps, self.before = [], [], []
        self.disks.start()
        self.cluster.agree()

    def kill(self):
        """Auctions begin, all nodes die, and start again; the auctions end."""
        first = len(self.plays) + 1
        plays = [Play(self.cluster, lot, BIDDERS, ROUNDS, self.dice) for lot in range(first, first + AUCTIONS)]
        self.plays += plays
        told = lambda: sum(not line.get("pass") for play in plays for line in play.told("bid"))
        due = self.dice.randint(1, int(AUCTIONS * BIDDERS * ROUNDS * LATEST))
        until(lambda: told() >= due, f"{due} bids are told", PATIENCE, 0.001)
        leader = until(self.cluster.agreed, "all nodes name one leader")
        nodes = self.cluster.alive()
        check(len(nodes) == len(RANKS), "a node ended by itself")
        for node in nodes:
            node.process.kill()
        for node in nodes:
            node.kill()
        epoch = leader.leader()["epoch"]
        left = sum(play.child.alive() for play in plays)
        check(left > 0, "no auction was there to go on")
        # What was on its way to the clients when the nodes died was acknowledged before.
        said = [f"{told()} bids acknowledged before, {left} auctions running"]
        self.before.append(told())
        if self.tears:
            said.append("{} bytes cut, {} appended".format(*self.disks.tear(self.dice)))
        found = self.disks.inspect()
        torn = sum(answer["torn-bytes"] for answer in found)

        started = time.monotonic()
        self.disks.start()
        resumed = lambda: [play.resumed(epoch) for play in plays if play.resumed(epoch)]
        self.gaps.append(min(until(resumed, "a bid is told", PATIENCE, 0.005)) - started)
        bids = sum(play.verify()[0] for play in plays)
        check(len(self.cluster.alive()) == len(RANKS), "a node ended after its start")
        self.told_of_tears(found)
        said.append(f"next bid after {self.gaps[-1] * 1000:.0f} ms, {bids} bids at the end")
        said.append(f"{' + '.join(str(answer['bytes'] // 1024) for answer in found)} KiB of logs, {torn} bytes torn")
        return "; ".join(said)

    def told_of_tears(self, found):
        """A node whose log was torn has warned of as many bytes as there were."""
        for node, answer in zip(self.cluster.alive(), found):
            warned = [line for line in node.stderr if "a crash tore its last" in line]
            expected = f"a crash tore its last {answer['torn-bytes']} bytes"
            right = expected in warned[0] if warned else answer["torn-bytes"] == 0
            check(right, f"{node.name}: {answer['torn-bytes']} bytes were torn, and it said: {warned}")


def show():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--tear", action="store_true", help="tear the ends of the logs before each start")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with Cluster(len(RANKS)) as cluster:
        kills = Kills(cluster, random.Random(args.seed), args.tear)
        for number in range(1, args.kills + 1):
            say(f"kill {number}: {kills.kill()}")
        bids = sum(play.verify()[0] for play in kills.plays)
        median, most = (percentile(kills.gaps, percent) * 1000 for percent in (50, 100))
        say(
            f"{args.kills} kills of all nodes: of {bids} bids in {len(kills.plays)} auctions, {sum(kills.before)} of them "
            "acknowledged before their kill, none is lost; every result as recomputed"
        )
        say(f"start of the processes to the next bid told: median {median:.0f} ms, max {most:.0f} ms")


main(show)
