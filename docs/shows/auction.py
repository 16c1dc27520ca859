"""An auction driven by one-shot commands, and the book of what was acknowledged in it."""

from decimal import Decimal

from cluster import check, until

# `agora-cli` says so when a request was sent and not answered in time.
UNKNOWN = 6


class Auction:
    """Creates an auction, lets bidders join, bids, and compares what `show` says with what was acknowledged. It waits for
    so many `others` as well, who join by themselves."""

    def __init__(self, cluster, bidders, rounds, item="Painting", min_bid="1", others=0, **via):
        self.cluster, self.bidders, self.rounds, self.via = cluster, list(bidders), rounds, via
        # Names are identities on this machine; two auctions may share them.
        self.auctioneer = f"auctioneer-of-{item}"
        created = cluster.do(
            "create", "--item", item, "--min-bid", min_bid, "--rounds", rounds, "--bidders", len(self.bidders) + others,
            "--start", "auto", "--round-timeout", "none", who=self.auctioneer, **via
        )  # fmt: skip
        self.id = created["auction"]
        self.acknowledged = []
        self.participants = {name: cluster.do("join", self.id, who=name, **via)["participant"] for name in self.bidders}

    def await_round(self, number, **via):
        self.cluster.do("wait", self.id, "--until", f"round={number}", **(via or self.via))

    def try_bid(self, name, amount, number=None, options=(), **via):
        """Bids, books an acknowledgement, and returns the answer."""
        at = [] if number is None else ["--round", number]
        answer = self.cluster.run(*options, "bid", self.id, amount, *at, who=name, **(via or self.via))
        if answer.status == 0:
            self.acknowledged.append(
                (answer.line["seq"], answer.line["round"], self.participants[name], Decimal(answer.line["amount"]))
            )
        return answer

    def bid(self, name, amount, number=None, **via):
        """Bids, which must be acknowledged; returns the line of the answer."""
        answer = self.try_bid(name, amount, number, **via)
        check(
            answer.status == 0, f"{name}'s bid of {amount} was not taken: exit {answer.status}, {answer.error.strip()}"
        )
        return answer.line

    def show(self, **via):
        return self.cluster.do("show", self.id, **(via or self.via))

    def verify(self, acknowledged=None, **via):
        """Every acknowledged bid is in `show` with the same seq, participant and amount, and nothing is there twice."""
        shown = self.show(**via)
        bids = shown_bids(shown)
        for seq, number, participant, amount in self.acknowledged if acknowledged is None else acknowledged:
            found = [bid for bid in bids if bid[0] == seq]
            check(found, f"the acknowledged bid {seq} of {participant}, {amount} in round {number} is lost: {shown}")
            there = found[0]
            # A sealed round's amounts are not shown while it is open.
            same = there[:3] == (seq, number, participant) and there[3] in (amount, None)
            check(same, f"bid {seq} was acknowledged as {(number, participant, amount)} and is shown as {there}")
            if shown.get("state") == "completed":
                check(there[3] == amount, f"bid {seq} is shown without its amount after the end")
        check(len({bid[0] for bid in bids}) == len(bids), f"a seq is shown twice: {bids}")
        check(len({bid[1:3] for bid in bids}) == len(bids), f"a participant has two bids in a round: {bids}")
        return shown

    def completed(self, **via):
        """Waits until it is completed, and verifies it."""
        self.cluster.do("wait", self.id, "--until", "completed", **(via or self.via))
        shown = until(lambda: (lambda now: now["state"] == "completed" and now)(self.show(**via)), "completed")
        self.verify(**via)
        return shown

    def hand_calculation(self):
        """The winner's participant, from the acknowledged bids alone: the highest total, reached first."""
        totals, reached = {}, {}
        for seq, _, participant, amount in self.acknowledged:
            totals[participant] = totals.get(participant, Decimal(0)) + amount
            reached[participant] = max(reached.get(participant, 0), seq)
        return min(totals, key=lambda participant: (-totals[participant], reached[participant]))


def shown_bids(shown):
    """(seq, round, participant, amount or None) of every bid that `show` shows."""
    return [
        (bid["seq"], bid["round"], bid["participant"], None if bid.get("amount") is None else Decimal(bid["amount"]))
        for bid in shown["bids"]
        if not bid.get("pass")
    ]


def gapless(events):
    """Each event of an auction came once, in order, without gaps; returns how many."""
    numbers = [event["seq"] for event in events]
    check(numbers == list(range(1, len(numbers) + 1)), f"the events' numbers have gaps or repetitions: {numbers}")
    return len(numbers)
