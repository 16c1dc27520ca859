"""The real client in the storm: an auction by a script, as `agora-cli run` plays it, and a `watch` of another."""

import random

from auction import gapless
from cluster import check
from play import Play

BIDDERS, ROUNDS = 3, 60
# Exit of those whose auction was cancelled.
CANCELLED = 5


class Commands:
    """Both of them; they end by themselves."""

    def __init__(self, cluster, auction, seed):
        self.play = Play(cluster, 1, BIDDERS, ROUNDS, random.Random(f"commands {seed}"))
        self.watch = cluster.follow("watch", "watch", auction)

    def late(self, strict):
        """Those that should have ended by now. Where a partition took back who had joined, nobody else bids for them,
        and their auction goes on; but who has told its end, ends."""
        told = lambda child: child.seen(lambda line: line.get("event") in ("auction-result", "auction-cancelled"))
        return [child.name for child in (self.play.child, self.watch) if child.alive() and (strict or told(child))]

    def running(self):
        return [child.name for child in (self.play.child, self.watch) if child.alive()]

    def acknowledged(self):
        return sum(not line.get("pass") for line in self.play.told("bid"))

    def verify(self):
        """All is as it was told, computed again, and told without gaps."""
        self.play.verify()
        status = self.watch.wait()
        check(status in (0, CANCELLED), f"watch ended with {status}: {self.watch.stderr[-2:]}")
        gapless([line for _, line in self.watch.seen(lambda line: "seq" in line)])
