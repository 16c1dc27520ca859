#!/usr/bin/env python3
"""A bidder in another language: docs/protocol.md, chapter "Write a client", in the order of its steps. It joins an auction,
bids START, START + STEP, … up to LIMIT and then passes, and prints a JSON object for every event and answer. Run again, it
goes on as the same participant: the one in the file of --identity, which it holds locked meanwhile. Needs `pip install
msgpack`.

Exit: 0 the auction ended; 2 it cannot begin; 3 refused; 4 no leader was found in time, so the request was not sent
(NO_LEADER); 5 cancelled; 6 sent and not answered in time: the outcome is unknown (UNKNOWN)."""

import argparse
import fcntl
import json
import os
import random
import socket
import sys
import time
import uuid
import zlib
from decimal import Decimal

try:
    import msgpack
except ImportError:
    msgpack = None  # --help needs none.

# The events of an auction, and their fields behind the head.
EVENTS = {
    "AUCTION_CREATED": ("auctioneer", "spec"),
    "PARTICIPANT_JOINED": ("participant",),
    "PARTICIPANT_LEFT": ("participant",),
    "AUCTION_READY_CHECK": ("remaining-ms",),
    "AUCTION_START": (),
    "ROUND_START": ("round", "remaining-ms"),
    "BID_BROADCAST": ("round", "participant", "pass", "amount"),
    "ROUND_COMPLETE": ("round", "standings"),
    "AUCTION_WINNER": ("winner", "total", "price", "standings"),
    "AUCTION_LOSER": ("winner", "total", "price", "standings"),
    "AUCTION_RESULT": ("winner", "total", "price", "standings"),
    "AUCTION_CANCEL": ("reason",),
}
LAST = ("AUCTION_WINNER", "AUCTION_LOSER", "AUCTION_RESULT", "AUCTION_CANCEL")


def tell(event, **what):
    print(json.dumps({"event": event, **what}, default=lambda field: str(uuid.UUID(bytes=field))), flush=True)


class Bidder:
    def __init__(self, options):
        self.options = options
        self.auction, self.participant = options.auction.bytes, options.participant.bytes
        self.session, self.nonce = random.SystemRandom().getrandbits(64), random.SystemRandom().getrandbits(64)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.socket.settimeout(0.01)
        self.header = b"Ag\x01\x00" + zlib.crc32(options.cluster.encode()).to_bytes(4, "big") + bytes(20)
        self.header, self.counter = self.header + self.session.to_bytes(8, "big"), 0
        # The leader: [uuid, incarnation], its address, the epoch; since when it owes an answer; the cookies of all nodes.
        self.leader = self.address = self.epoch = self.owed = None
        self.cookies, self.commit, self.told, self.interval = {}, 0, 0, 0.05
        self.due, self.asked = {}, 0
        self.held, self.under, self.last, self.ahead, self.subscribed = 0, None, 0, {}, False
        self.request, self.round, self.done = None, None, None

    # Datagrams.

    def send(self, address, name, *fields):
        datagram = self.header + self.counter.to_bytes(8, "big") + msgpack.packb({name: fields})
        self.counter += 1
        try:
            self.socket.sendto(datagram + zlib.crc32(datagram).to_bytes(4, "big") + bytes(12), address)
        except OSError:
            pass  # Lost, as any datagram may be.

    def receive(self):
        try:
            datagram, address = self.socket.recvfrom(2048)
        except OSError:
            return
        sealed, tag = datagram[:-16], datagram[-16:]
        foreign = len(sealed) < 44 or sealed[:12] != self.header[:12] or sealed[12:28] == bytes(16)
        if foreign or tag != zlib.crc32(sealed).to_bytes(4, "big") + bytes(12):
            return
        unpacker = msgpack.Unpacker()
        unpacker.feed(sealed[44:])
        for message in unpacker:
            for name, fields in message.items():
                self.take(address, [sealed[12:28], int.from_bytes(sealed[28:36], "big")], name, fields)

    # The leader.

    def ask(self, *addresses):
        for address in addresses:
            self.send(address, "DISCOVERY_REQUEST", self.nonce, None, bytes(160))

    def to_leader(self, name, *fields):
        """Sends to the leader, if it is known; the session is the first field, or the first of the first."""
        if self.leader:
            self.owed = self.owed or time.monotonic()
            self.send(self.address, name, *fields)

    def me(self):
        return [self.participant, self.session, self.cookies.get(self.address, 0)]

    def details(self, address, sender, nonce, leader, epoch, commit, cookie, interval):
        if nonce not in (0, self.nonce):
            return
        stale = self.cookies.get(address) != cookie
        self.cookies[address] = cookie
        if leader and leader[0] == sender:
            if self.leader and epoch < self.epoch and not self.silent(20):
                return
            changed = stale or self.asked or (self.leader, self.address, self.epoch) != (sender, address, epoch)
            self.leader, self.address, self.epoch, self.owed, self.asked = sender, address, epoch, None, 0
            self.commit, self.told, self.interval = commit, time.monotonic(), min(max(interval / 1000, 0.01), 0.5)
            if changed:
                self.subscribed, self.due = False, {}
                self.ahead, self.last = {}, self.held
        else:
            if address == self.address:
                self.leader = self.owed = None
            newer = not self.leader or epoch > self.epoch or self.silent(20)
            if leader and newer and self.is_due("hint", 0.05):
                self.ask(named(leader[1]) or address)

    def silent(self, intervals):
        return self.owed and time.monotonic() - self.owed > intervals * self.interval

    # Time.

    def is_due(self, what, wait):
        """Whether it is time for `what`; then it is next `wait` seconds later."""
        now = time.monotonic()
        if now < self.due.get(what, 0):
            return False
        self.due[what] = now + wait * random.uniform(0.75, 1.25)
        return True

    def fire(self):
        if not self.leader or self.silent(4):
            if self.is_due("search", min(0.05 * 2**self.asked, 0.2 if self.asked < 25 else 1)):
                self.asked += 1
                self.ask(*self.options.nodes, *self.cookies)
        if not self.leader:
            return
        if self.request and self.is_due("request", min(2 * self.interval * 2 ** self.request["sent"], 1)):
            self.submit()
        if self.is_due("beat", 2 * self.interval):
            self.to_leader("HEART_BEAT", self.counter, [self.me(), [[self.auction, self.held]]])
        if (not self.subscribed or self.held < self.last) and self.is_due("events", 2 * self.interval):
            self.to_leader("AUCTION_EVENTS_REQUEST", self.me(), self.auction, self.held, self.under)

    # Requests, one at a time.

    def begin(self, name, *fields):
        deadline = time.monotonic() + self.options.timeout
        self.request = {"name": name, "id": uuid.uuid4().bytes, "fields": fields, "sent": 0, "deadline": deadline}
        self.due.pop("request", None)

    def submit(self):
        if "known" not in self.request and time.monotonic() - self.told > 1:
            return self.ask(self.address)  # A new request knows what was committed lately.
        known = self.request.setdefault("known", self.commit)
        again = "_RETRANSMIT" if self.request["name"] == "BID_SUBMIT" and self.request["sent"] else ""
        call = [self.me(), self.request["id"], known]
        self.to_leader(self.request["name"] + again, call, self.auction, *self.request["fields"])
        self.request["sent"] += 1

    def answered(self, name, request, answer, retry=None, *_):
        if not self.request or request != self.request["id"]:
            return
        if answer[0] in ("NO_QUORUM", "BUSY"):
            if name.endswith("_DENY") and retry is not None:
                self.due["request"] = time.monotonic() + min(retry / 1000, 60) * random.uniform(1, 1.5)
            return
        self.request = None
        if name.endswith("_DENY"):
            tell(name, code=answer[0], reason=answer[1])
            if name == "AUCTION_JOIN_DENY" and answer[0] != "ALREADY_JOINED":
                self.done = 3
        else:
            tell(name, seq=answer[1], round=answer[2], amount=answer[3])

    # Events.

    def event(self, name, head, fields):
        _, _, seq, _ = head
        self.last = max(self.last, seq)
        if not self.held < seq <= self.held + 4096:
            return
        if name == "AUCTION_CANCEL" and seq == self.held + 1:
            self.ahead.clear()
        number, _, lines = fields[-1] if name in ("ROUND_COMPLETE", *LAST[:3]) else (1, 1, None)
        _, _, pages = self.ahead.setdefault(seq, (name, fields, {}))
        pages[number] = lines
        while self.held + 1 in self.ahead:
            name, fields, pages = self.ahead[self.held + 1]
            of = fields[-1][1] if pages[min(pages)] is not None else 1
            if len(pages) < of:
                return
            del self.ahead[self.held + 1]
            self.held, self.under = self.held + 1, self.epoch
            if pages[1] is not None:
                fields = [*fields[:-1], [line for number in sorted(pages) for line in pages[number]]]
            self.happened(name, dict(zip(EVENTS[name], fields)))

    def happened(self, name, what):
        tell(name, seq=self.held, **what)
        if name == "ROUND_START":
            self.round = what["round"]
        elif name == "ROUND_COMPLETE" or name == "BID_BROADCAST" and what["participant"] == self.participant:
            self.round = None
        elif name in LAST:
            self.done = 5 if name == "AUCTION_CANCEL" else 0

    def bid(self):
        """Once all events are here: bids in the round that is open and has no bid of this participant."""
        if self.done is None and self.round and not self.request and self.held == self.last:
            amount = self.options.start + (self.round - 1) * self.options.step
            text = f"{amount:f}" if amount <= self.options.limit else None
            self.begin("BID_SUBMIT", self.round, text)
            self.round = None

    # All of it.

    def take(self, address, sender, name, fields):
        if address == self.address and sender == self.leader:
            self.owed, self.asked = None, 0
        if name == "LEADER_DETAILS":
            self.details(address, sender, *fields)
        elif name in ("AUCTION_JOIN_ACK", "AUCTION_JOIN_DENY", "BID_ACK", "BID_DENY"):
            self.answered(name, *fields)
        elif name in EVENTS and self.is_current(sender, fields[0][1]) and fields[0][0] == self.auction:
            self.event(name, fields[0], fields[1:])
        elif name in ("AUCTION_EVENTS_RESPONSE", "HEART_BEAT_ACK") and self.is_current(sender, fields[1][0]):
            if name == "HEART_BEAT_ACK":
                self.last = max([self.last, *(seq for auction, seq in fields[2] if auction == self.auction)])
            elif fields[0] == self.auction and fields[2] is not None:
                self.subscribed, self.last = True, max(self.last, fields[2])
                if self.held < self.last:
                    self.due["events"] = 0

    def is_current(self, sender, number):
        """Whether the leader that is known said it, in the epoch that is known; if in another, it is asked."""
        if self.leader and sender == self.leader and number > self.epoch[0] and self.is_due("doubt", 0.05):
            self.ask(self.address)
        return self.leader and sender == self.leader and number == self.epoch[0]

    def run(self):
        self.begin("AUCTION_JOIN_REQUEST")
        while self.done is None or self.request:  # The last bid's answer can come after the end.
            self.fire()
            self.receive()
            self.bid()
            if self.request and time.monotonic() > self.request["deadline"]:
                if not self.request["sent"]:
                    tell("NO_LEADER")
                    return 4
                tell("UNKNOWN", request=self.request["id"], sent=self.request["sent"])
                return 6
        return self.done


def named(address):
    """The `address` of the protocol as Python's, if it names a host."""
    (family, (host, port)), = address.items()
    host = socket.inet_ntop(socket.AF_INET if family == "V4" else socket.AF_INET6, bytes(host))
    return None if host in ("0.0.0.0", "::") else (host, port)


def identity(file):
    """The participant in this file, made on first use; nobody else can be it until this process ends."""
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    file.seek(0)
    text = file.read()
    if not text:
        text = str(uuid.uuid4())
        file.write(text)
        file.flush()
    return uuid.UUID(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("auction", type=uuid.UUID)
    parser.add_argument("--identity", default="bidder.id", help="file that keeps who this is [default: bidder.id]")
    parser.add_argument("--start", type=Decimal, default=Decimal(10))
    parser.add_argument("--step", type=Decimal, default=Decimal("2.5"))
    parser.add_argument("--limit", type=Decimal, default=Decimal(100))
    parser.add_argument("--timeout", type=float, default=30, help="seconds that a request may take")
    parser.add_argument("--cluster", default="agora")
    parser.add_argument("--join", action="append", default=[], help="host:port of a node")
    parser.add_argument("--broadcast-port", type=int, default=12345)
    parser.add_argument("--broadcast-address", action="append", help="default: 255.255.255.255 and 127.255.255.255")
    options = parser.parse_args()
    if msgpack is None:
        parser.exit(2, "bidder.py: msgpack is missing: `pip install msgpack`\n")
    try:
        own = open(os.open(options.identity, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        options.participant = identity(own)
    except BlockingIOError:
        parser.exit(2, f"bidder.py: {options.identity}: another process is this bidder; --identity FILE is another\n")
    except (OSError, ValueError) as error:
        parser.exit(2, f"bidder.py: {options.identity}: {error}\n")
    broadcast = options.broadcast_address or ["255.255.255.255", "127.255.255.255"]
    joins = (name.rpartition(":") for name in options.join)
    options.nodes = [(host, options.broadcast_port) for host in broadcast]
    options.nodes += [(socket.gethostbyname(host), int(port)) for host, _, port in joins]
    sys.exit(Bidder(options).run())


if __name__ == "__main__":
    main()
