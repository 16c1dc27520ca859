"""Auctioneers, bidders and watchers that write down what they did and saw: those of docs/clients/bidder.py, many in
one thread. Their history is a list of what happened, each a dictionary with the moment `at`:

| what | with |
|---|---|
| `asked` | request, name, round, amount: the first message of a request is about to leave |
| `answered` | request, and code (a refusal) or seq, round, amount |
| `event` | seq, name, and its fields |
| `leak` | an amount that nobody should have been sent yet |
| `left` | the client ended by itself; what it had asked is unknown from then on |
"""

import hashlib
import pathlib
import random
import sys
import time
import types
import uuid
from decimal import Decimal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "clients"))

import bidder as client  # noqa: E402  (found only on the path above)

from storm import packing  # noqa: E402

client.msgpack = packing
ANSWERS = tuple(
    f"{name}_{end}"
    for name in ("AUCTION_CREATE", "AUCTION_READY_CONFIRM", "AUCTION_CANCEL")
    for end in ("ACK", "DENY")
)
NO_OUTCOME = ("NO_QUORUM", "BUSY")
ANOTHER_HISTORY = "another history"
SUPERSEDED = "superseded"
# Refusals after which a bidder may bid again in the round.
MENDABLE = ("BELOW_MINIMUM", "ABOVE_MAXIMUM", "BAD_AMOUNT")
SILENCE = "silence"


class Client(client.Bidder):
    """One session of a participant in one auction. It never gives up."""

    def __init__(self, name, nodes, auction, participant, sealed=False):
        options = types.SimpleNamespace(
            auction=auction, participant=participant, nodes=nodes, cluster="agora", timeout=float("inf")
        )
        super().__init__(options)
        self.socket.setblocking(False)
        self.name, self.id, self.sealed = name, participant, sealed
        self.history, self.why, self.mine = [], None, set()
        # A leader said last that what it asked knows of more than is committed: it waits for as much (REQ-6).
        self.elsewhere = False

    def close(self):
        self.socket.close()

    def wrote(self, what, **rest):
        self.history.append({"what": what, "at": time.monotonic(), "who": str(self.id), **rest})

    # What goes out.

    def begin(self, name, *fields, request=None):
        super().begin(name, *fields)
        if request:
            self.request["id"] = request.bytes
        self.mine.add(self.request["id"])
        bid = {"round": fields[0], "amount": fields[1]} if name == "BID_SUBMIT" else {}
        self.wrote("asked", name=name, request=self.request["id"].hex(), **bid)

    # What comes in.

    def take(self, address, sender, name, fields):
        super().take(address, sender, name, fields)
        if name in ANSWERS:
            self.answered(name, *fields)

    def answered(self, name, request, answer, *_):
        """Also answers that come again are written down: they must be the same."""
        # What was for a client that has gone, and whose port this one has now.
        if request not in self.mine:
            return
        if answer[0] in NO_OUTCOME:
            self.elsewhere = ANOTHER_HISTORY in answer[1]
            return
        open_one = self.request and self.request["id"] == request
        what = (
            dict(code=answer[0]) if name.endswith("_DENY") else dict(seq=answer[1], round=answer[2], amount=answer[3])
        )
        self.wrote("answered", request=request.hex(), name=name, **what)
        if open_one:
            asked, self.request, self.elsewhere = self.request, None, False
            self.on_answer(name, what, asked)

    def on_answer(self, name, what, asked):
        if name == "AUCTION_JOIN_DENY" and what["code"] != "ALREADY_JOINED":
            self.done, self.why = 3, what["code"]

    def event(self, name, head, fields):
        if name == "BID_BROADCAST" and self.sealed and fields[1] != self.participant and fields[3] is not None:
            self.wrote("leak", name=name, seq=head[2], participant=str(uuid.UUID(bytes=fields[1])))
        super().event(name, head, fields)

    def happened(self, name, what):
        self.wrote("event", seq=self.held, name=name, **{key: readable(value) for key, value in what.items()})
        if name == "ROUND_START":
            self.round = what["round"]
        elif name == "ROUND_COMPLETE" or name == "BID_BROADCAST" and what["participant"] == self.participant:
            self.round = None
        elif name in client.LAST:
            self.done = 5 if name == "AUCTION_CANCEL" else 0
            self.why = what["reason"] if name == "AUCTION_CANCEL" else "completed"

    @property
    def ended(self):
        return self.done is not None and not self.request

    @property
    def superseded(self):
        return self.why == SUPERSEDED

    def bid(self):
        """A watcher does not."""


class Watcher(Client):
    """Sees what everybody may see."""


class Auctioneer(Client):
    """Creates an auction, and confirms its start; may cancel it."""

    def __init__(self, name, nodes, spec, cancels_after=None):
        participant, request = uuid.uuid4(), uuid.uuid4()
        super().__init__(name, nodes, auction_of(participant, request), participant)
        self.created, self.confirms, self.cancels_after = False, spec[-1] == "confirm", cancels_after
        self.begin("AUCTION_CREATE_REQUEST", spec, request=request)

    def submit(self):
        # Not about an auction that there is: no field for it.
        if self.request["name"] != "AUCTION_CREATE_REQUEST":
            return super().submit()
        if "known" not in self.request and time.monotonic() - self.told > 1:
            return self.ask(self.address)
        call = [self.me(), self.request["id"], self.request.setdefault("known", self.commit)]
        self.to_leader(self.request["name"], call, *self.request["fields"])
        self.request["sent"] += 1

    def on_answer(self, name, what, asked):
        if name == "AUCTION_CREATE_ACK":
            self.created = True
        elif name == "AUCTION_CREATE_DENY":
            self.done, self.why = 3, what["code"]

    def happened(self, name, what):
        super().happened(name, what)
        if name == "AUCTION_READY_CHECK" and self.confirms and not self.request:
            self.begin("AUCTION_READY_CONFIRM")
        if name == "ROUND_COMPLETE" and what["round"] == self.cancels_after and not self.request:
            self.begin("AUCTION_CANCEL_REQUEST", "second thoughts")


class Bidder(Client):
    """Bids in every round, by a strategy: a function of the round and the try that gives an amount, a pass (None), or
    SILENCE."""

    def __init__(self, name, nodes, auction, participant, sealed, strategy, same_ids=False, haste=0.0):
        super().__init__(name, nodes, auction, participant, sealed)
        self.strategy, self.same_ids, self.haste = strategy, same_ids, haste
        self.tries, self.not_before = 0, 0.0
        self.begin("AUCTION_JOIN_REQUEST", request=self.named("join"))

    def named(self, what):
        """The request of a name: twins who share their ids ask the same under it."""
        return derived(self.options.auction, f"{self.id} {what}".encode()) if self.same_ids else None

    def bid(self):
        """Once all events are here, as the protocol's page says."""
        if self.done is not None or not self.round or self.request or self.held != self.last:
            return
        if time.monotonic() < self.not_before:
            return
        self.not_before = time.monotonic() + random.uniform(0, self.haste)
        amount = self.strategy(self.round, self.tries)
        if amount != SILENCE:
            self.begin("BID_SUBMIT", self.round, amount, request=self.named(f"round {self.round}.{self.tries}"))
        self.round = None

    def happened(self, name, what):
        super().happened(name, what)
        if name == "ROUND_START":
            self.tries = 0

    def on_answer(self, name, what, asked):
        super().on_answer(name, what, asked)
        if name == "BID_DENY" and what["code"] in MENDABLE and asked["fields"][0] >= (self.round or 0):
            self.round, self.tries = asked["fields"][0], self.tries + 1

    def again(self):
        """The same bidder in another run: it leaves with what it had asked, and comes back as who it was."""
        self.wrote("left", request=self.request["id"].hex() if self.request else None)
        return Bidder(
            f"{self.name}+", self.options.nodes, self.options.auction, self.id, self.sealed, self.strategy,
            self.same_ids, self.haste,
        )  # fmt: skip


def derived(namespace, name):
    """The version 5 UUID of bytes; Python's own takes text."""
    digest = hashlib.sha1(namespace.bytes + name).digest()
    return uuid.UUID(bytes=digest[:16], version=5)


def auction_of(auctioneer, request):
    return derived(auctioneer, request.bytes)


def readable(value):
    """Fields as JSON has them."""
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes=value)) if len(value) == 16 else value.hex()
    if isinstance(value, list):
        return [readable(item) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    return value
