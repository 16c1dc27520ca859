"""What many seeds were together."""

import json
import time

from cluster import percentile, say


# What is of one run only, or no number.
SINGLE = ("first", "seconds", "faults", "datagrams")


class Tally:
    """Counts, told after each seed and at the end."""

    def __init__(self, seconds):
        self.seconds, self.seeds, self.failures = seconds, [], []

    def add(self, told):
        self.seeds.append(told)
        datagrams = told["datagrams"]
        faults = ", ".join(f"{count} {kind}" for kind, count in sorted(told["faults"].items()) if count)
        weather = ", ".join(f"{count} {kind}" for kind, count in datagrams.items() if count and kind != "passed")
        say(
            f"seed {told['seed']}: {told['plan']}; {told['took']:.1f} s; {told['acknowledged']} bids acknowledged in "
            f"{told['auctions']} auctions, {told['leaders']} leaderships, healed after {told['healed-after']:.2f} s"
            + (f"; its view parted, {told['taken-back']} bids taken back" if told["held-to-less"] else "")
        )
        say(f"    {faults or 'no faults'}; of {datagrams['passed']} datagrams: {weather or 'none suffered'}")

    def failed(self, seed, failure, took):
        self.failures.append((seed, failure))

    def totals(self):
        """As they are written to a file."""
        total = {"seeds": len(self.seeds), "seconds": self.seconds, "failed": [seed for seed, _ in self.failures]}
        total["first"] = min((told["seed"] for told in self.seeds), default=None)
        for key in (
            "acknowledged",
            "auctions",
            "leaders",
            "superseded",
            "held-to-less",
            "taken-back",
            "compacted",
            "torn-bytes",
        ):
            total[key] = sum(told[key] for told in self.seeds)
        for key in ("faults", "datagrams"):
            total[key] = added(told[key] for told in self.seeds)
        total["took"] = round(sum(told["took"] for told in self.seeds), 1)
        total["healed-after"] = [told["healed-after"] for told in self.seeds]
        return total

    def tell(self, append):
        now = self.totals()
        lines(now, "this run")
        if append is None:
            return
        with open(append, "a") as file:
            print(json.dumps({"when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **now}), file=file)
        with open(append) as file:
            runs = [json.loads(line) for line in file]
        both = {key: sum((run[key] for run in runs), type(now[key])()) for key in now if key not in SINGLE}
        both |= {key: added(run[key] for run in runs) for key in ("faults", "datagrams")}
        lines(both, f"all {len(runs)} runs in {append.name}")


def added(counts):
    total = {}
    for one in counts:
        for key, count in one.items():
            total[key] = total.get(key, 0) + count
    return total


def lines(total, of):
    faults = ", ".join(f"{count} {kind}" for kind, count in sorted(total["faults"].items()) if count)
    datagrams = ", ".join(f"{count} {kind}" for kind, count in total["datagrams"].items() if count)
    say(
        f"{of}: {total['seeds']} seeds in {total['took']:.0f} s, {len(total['failed'])} failed; "
        f"{total['acknowledged']} bids acknowledged in {total['auctions']} auctions, {total['leaders']} leaderships"
    )
    say(f"    {faults}")
    say(f"    datagrams: {datagrams}")
    say(f"    logs at the end: {total['compacted']} compacted; {total['torn-bytes']} bytes torn off before")
    say(
        f"    {total['held-to-less']} seeds held to less, as their view parted: {total['taken-back']} bids "
        f"taken back, {total['superseded']} clients told so"
    )
    healed = total["healed-after"]
    if healed:
        worst = max(healed)
        say(f"    one leader after the last fault: median {percentile(healed, 50):.2f} s, longest {worst:.2f} s")
