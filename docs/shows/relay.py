"""A UDP relay on loopback that loses, repeats and reorders.

It works like a full-cone NAT: one socket *stands for* each endpoint. What arrives at the socket that stands for A,
from B, leaves for A from the socket that stands for B. So each side sees the other at one address of the relay's,
addresses that nodes tell each other and their clients stay right, and every datagram passes here once, in both
directions.
"""

import heapq
import random
import select
import socket
import threading
import time

from cluster import LOOPBACK_BROADCAST, free_port


class Relay:
    """Stands between processes. Fractions are of all datagrams; a delayed one comes after later ones."""

    def __init__(self, seed, lost=0.10, repeated=0.05, delayed=0.10, delay=0.015):
        self.random = random.Random(seed)
        self.lost, self.repeated, self.delayed, self.delay = lost, repeated, delayed, delay
        self.sockets, self.endpoint, self.stands = [], {}, {}
        self.waiting, self.sequence = [], 0
        self.counts = {"passed": 0, "lost": 0, "repeated": 0, "delayed": 0}
        # Until the nodes are told, an unknown source could be one of them: it is not taken for a client.
        self.takes_clients = False
        self.running = True
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.thread.join(5)
        for one in self.sockets:
            one.close()

    def stand(self):
        """A socket that will stand for an endpoint; its address as `host:port`."""
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
        with self.lock:
            self.sockets.append(one)
        return one, "{}:{}".format(*one.getsockname())

    def stand_for(self, one, address):
        """`one` stands for the endpoint at `address` (`host:port`) from now on."""
        host, port = address.rsplit(":", 1)
        with self.lock:
            self.endpoint[one] = (host, int(port))
            self.stands[(host, int(port))] = one

    def nodes(self, cluster, count):
        """Starts so many ranked nodes in a cluster whose nodes and clients know only this relay's addresses."""
        standing = [self.stand() for _ in range(count)]

        def reach(but=None):
            others = [flag for _, at in standing if at != but for flag in ("--join", at)]
            return others + ["--broadcast-address", LOOPBACK_BROADCAST, "--broadcast-port", str(free_port())]

        for rank, (one, at) in enumerate(standing, 1):
            node = cluster.node(rank, network=["--bind", "127.0.0.1:0", *reach(at)])
            self.stand_for(one, node.address())
        self.takes_clients = True
        flags = reach()
        cluster.reach = lambda: flags

    def _run(self):
        while self.running:
            with self.lock:
                sockets = list(self.sockets)
            wait = 0.05
            if self.waiting:
                wait = min(wait, max(0.0, self.waiting[0][0] - time.monotonic()))
            for one in select.select(sockets, [], [], wait)[0]:
                self._drain(one)
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, _, sender, payload, to = heapq.heappop(self.waiting)
                self._send(sender, payload, to)

    def _drain(self, one):
        for _ in range(64):
            try:
                payload, source = one.recvfrom(65_536)
            except (BlockingIOError, ConnectionRefusedError):
                return
            with self.lock:
                to, sender = self.endpoint.get(one), self.stands.get(source)
            if to is None or (sender is None and not self.takes_clients):
                continue
            if sender is None:
                sender, _ = self.stand()
                self.stand_for(sender, "{}:{}".format(*source))
            self._pass(sender, payload, to)

    def _pass(self, sender, payload, to):
        if self.random.random() < self.lost:
            self.counts["lost"] += 1
            return
        copies = 1
        if self.random.random() < self.repeated:
            self.counts["repeated"] += 1
            copies = 2
        for copy in range(copies):
            # A repeated datagram's copy comes late, too.
            if copy or self.random.random() < self.delayed:
                self.counts["delayed"] += 1
                self.sequence += 1
                due = time.monotonic() + self.random.uniform(0.001, self.delay)
                heapq.heappush(self.waiting, (due, self.sequence, sender, payload, to))
            else:
                self._send(sender, payload, to)

    def _send(self, sender, payload, to):
        try:
            sender.sendto(payload, to)
            self.counts["passed"] += 1
        except OSError:
            pass
