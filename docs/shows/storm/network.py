"""The network of a storm: a relay as in relay.py, grown into a process of its own, so that neither the clients nor
what starts and kills nodes holds it up.

One socket *stands for* each endpoint; what arrives at the one that stands for A, from B, leaves for A from the one
that stands for B. Who is no node is a client."""

import heapq
import multiprocessing
import random
import selectors
import socket
import time
from dataclasses import dataclass

CLIENTS = "clients"
# Datagrams of the past that may come again; one in so many is kept.
KEPT, EVERY = 2_000, 5
# NET-1: no datagram is longer.
LONGEST = 1_200


@dataclass(frozen=True)
class Weather:
    """Fractions of all datagrams. Calm, unless told otherwise."""

    lost: float = 0.0
    repeated: float = 0.0
    # Later by up to 30 ms, and so after others.
    reordered: float = 0.0
    # Later by seconds.
    straggling: float = 0.0
    # A datagram from long ago, to whom it was for then.
    replayed: float = 0.0
    # A damaged copy goes with it.
    damaged: float = 0.0


CALM = Weather()


class Network:
    """The relay as the storm sees it: a process that takes orders."""

    def __init__(self, names, seed):
        self.names = names
        self.orders, theirs = multiprocessing.Pipe()
        sockets = {name: _socket() for name in names}
        self.address = {name: "{}:{}".format(*one.getsockname()) for name, one in sockets.items()}
        # Forked, so that the sockets go along; before this process has threads.
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=_relay, args=(theirs, self.orders, sockets, seed), daemon=True)
        self.process.start()
        theirs.close()
        for one in sockets.values():
            one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.orders.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def stand_for(self, name, port):
        """Where the node of a name is to be found."""
        self.orders.send(("endpoint", name, port))

    def weather(self, weather):
        self.orders.send(("weather", weather))

    def cut(self, pairs):
        """From now on nothing passes from the first to the second of each pair, and all else does."""
        self.orders.send(("cut", frozenset(pairs)))

    def heal(self):
        """All faults end; what was late comes now."""
        self.orders.send(("heal",))

    def counts(self):
        """How many datagrams suffered what, and for how long the relay itself stood still at most, in seconds."""
        self.orders.send(("counts",))
        return self.orders.recv()


def _socket():
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    one.bind(("127.0.0.1", 0))
    one.setblocking(False)
    return one


def _relay(orders, theirs, sockets, seed):
    theirs.close()
    try:
        Relay(orders, sockets, seed).run()
    except (EOFError, KeyboardInterrupt, BrokenPipeError, ConnectionResetError):
        pass  # The storm is over.


class Relay:
    """The process itself."""

    def __init__(self, orders, sockets, seed):
        self.orders, self.sockets, self.random = orders, sockets, random.Random(seed)
        self.name = {one: name for name, one in sockets.items()}
        self.endpoint, self.stands = {}, {}
        self.own = {one.getsockname() for one in sockets.values()}
        self.weather, self.cuts = CALM, frozenset()
        self.waiting, self.sequence, self.past = [], 0, []
        self.count = dict.fromkeys(
            ("passed", "lost", "repeated", "reordered", "straggling", "replayed", "damaged", "cut"), 0
        )
        self.stall = 0.0
        self.selector = selectors.DefaultSelector()
        self.selector.register(orders, selectors.EVENT_READ)
        for one in sockets.values():
            self.selector.register(one, selectors.EVENT_READ)

    def run(self):
        last = time.monotonic()
        while True:
            wait = 0.05
            if self.waiting:
                wait = min(wait, max(0.0, self.waiting[0][0] - time.monotonic()))
            ready = self.selector.select(wait)
            now = time.monotonic()
            self.stall, last = max(self.stall, now - last - wait), now
            for key, _ in ready:
                if key.fileobj is self.orders:
                    self._obey(*self.orders.recv())
                else:
                    self._drain(key.fileobj)
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                self._send(*heapq.heappop(self.waiting)[2:])

    def _obey(self, order, *what):
        if order == "endpoint":
            name, port = what
            one, address = self.sockets[name], ("127.0.0.1", port)
            self.endpoint[one], self.stands[address] = address, one
        elif order == "weather":
            (self.weather,) = what
        elif order == "cut":
            (self.cuts,) = what
        elif order == "heal":
            self.weather, self.cuts = CALM, frozenset()
            late, self.waiting = self.waiting, []
            for _, _, sender, payload, to in sorted(late):
                self._send(sender, payload, to)
        elif order == "counts":
            self.orders.send((dict(self.count), self.stall))

    def _drain(self, one):
        for _ in range(64):
            try:
                payload, source = one.recvfrom(65_536)
            except (BlockingIOError, ConnectionRefusedError):
                return
            # What was for a client that has gone, whose port the system gave to the relay since.
            if one not in self.endpoint or source in self.own:
                continue
            if len(payload) > LONGEST:
                self.count["too long"] = self.count.get("too long", 0) + 1
            if source not in self.stands:
                sender = _socket()
                self.own.add(sender.getsockname())
                self.selector.register(sender, selectors.EVENT_READ)
                self.endpoint[sender], self.stands[source] = source, sender
            self._pass(self.stands[source], one, payload)

    def _pass(self, sender, receiver, payload):
        if (self.name.get(sender, CLIENTS), self.name.get(receiver, CLIENTS)) in self.cuts:
            self.count["cut"] += 1
            return
        to, weather, chance = self.endpoint[receiver], self.weather, self.random.random
        if weather is CALM:
            return self._send(sender, payload, to)
        if chance() < 1 / EVERY:
            self._keep((sender, payload, to))
        if chance() < weather.damaged:
            self._happens("damaged")
            self._send(sender, damage(self.random, payload), to)
        if self.past and chance() < weather.replayed:
            self._happens("replayed")
            self._send(*self.random.choice(self.past))
        if chance() < weather.lost:
            return self._happens("lost")
        copies = 1
        if chance() < weather.repeated:
            self._happens("repeated")
            copies = 2
        for copy in range(copies):
            if chance() < weather.straggling:
                self._happens("straggling")
                self._later(self.random.uniform(0.5, 4.0), sender, payload, to)
            # A repeated datagram's copy comes late, too.
            elif copy or chance() < weather.reordered:
                self._happens("reordered")
                self._later(self.random.uniform(0.001, 0.03), sender, payload, to)
            else:
                self._send(sender, payload, to)

    def _happens(self, what):
        self.count[what] += 1

    def _keep(self, datagram):
        if len(self.past) < KEPT:
            self.past.append(datagram)
        else:
            self.past[self.random.randrange(KEPT)] = datagram

    def _later(self, wait, *datagram):
        self.sequence += 1
        heapq.heappush(self.waiting, (time.monotonic() + wait, self.sequence, *datagram))

    def _send(self, sender, payload, to):
        try:
            sender.sendto(payload, to)
            self._happens("passed")
        except OSError:
            pass  # Nobody is there: a node that was killed.


def damage(dice, payload):
    """A datagram as a bad line leaves it: shorter, longer, or with some bits turned; or rubbish, or nothing."""
    kind = dice.randrange(5)
    if kind == 0:
        return payload[: dice.randrange(len(payload))] if payload else b""
    if kind == 1:
        return payload + dice.randbytes(dice.randrange(1, 400))
    if kind == 2:
        return dice.randbytes(dice.randrange(0, 1_400))
    broken = bytearray(payload or b"?")
    for _ in range(1 if kind == 3 else 20):
        broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
    # Turning a bit twice would leave it a real one.
    return bytes(broken) if bytes(broken) != payload else payload[:-1]
