"""An auction that `agora-cli run` plays by a script, what was told of it, and its result, computed again."""

from decimal import Decimal

from auction import gapless, shown_bids
from cluster import check

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
        listed = shown_bids(shown)
        bids = {seq: (number, participant, amount) for seq, number, participant, amount in listed}
        once = len(bids) == len(listed) == len({bid[1:3] for bid in listed})
        check(once, f"lot {self.number}: a seq is shown twice, or a participant has two bids in a round: {listed}")

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
