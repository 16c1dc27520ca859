#!/usr/bin/env python3
"""Rubbish, empty, truncated and mutated real datagrams at every port of every node during an auction: nothing
changes, and memory is bounded. At last mutations with a checksum made right again, which reach the decoders. Without
keys those are forgeries that may be believed (a node may end, or follow nobody); but no node panics, and memory
stays bounded."""

import argparse
import random
import socket
import struct
import threading
import zlib

from auction import Auction, gapless
from cluster import Cluster, check, main, say, until
from relay import Relay

ROUNDS = 12
TAG = 16
# More than that, and what was received has stayed somewhere.
GROWTH_KIB = 8 * 1024


class Tap(Relay):
    """A relay without faults that keeps real datagrams."""

    def __init__(self, most=2000):
        super().__init__(0, 0, 0, 0)
        self.kept, self.most = [], most

    def _pass(self, sender, payload, to):
        if len(self.kept) < self.most:
            self.kept.append(payload)
        super()._pass(sender, payload, to)


def mutate(dice, real):
    """A real datagram, damaged so that its checksum is wrong."""
    damaged = bytearray(real)
    kind = dice.randrange(4)
    if kind == 0:
        return bytes(damaged[: dice.randrange(len(damaged))])
    if kind == 1:
        return bytes(damaged) + dice.randbytes(dice.randrange(1, 400))
    if kind == 2:
        at = dice.randrange(len(damaged))
        damaged[at] ^= 1 << dice.randrange(8)
        return bytes(damaged)
    for _ in range(dice.randrange(1, 30)):
        damaged[dice.randrange(len(damaged))] = dice.randrange(256)
    return bytes(damaged) if bytes(damaged) != real else bytes(damaged[:-1])


def resealed(dice, real):
    """A real datagram whose payload is damaged and whose checksum fits again."""
    body = bytearray(real[:-TAG])
    for _ in range(dice.randrange(1, 4)):
        body[dice.randrange(len(body))] = dice.randrange(256)
    if dice.random() < 0.3:
        body = body[: dice.randrange(1, len(body))]
    return bytes(body) + struct.pack(">I", zlib.crc32(body)) + bytes(TAG - 4)


class Flood(threading.Thread):
    """Sends datagrams to all targets until it is stopped."""

    def __init__(self, targets, make, rate=4000):
        super().__init__(daemon=True)
        self.targets, self.make, self.rate = targets, make, rate
        self.sent, self.stop = 0, threading.Event()

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            while not self.stop.wait(0.01):
                for _ in range(self.rate // 100):
                    try:
                        out.sendto(self.make(), self.targets[self.sent % len(self.targets)])
                    except OSError:
                        pass
                    self.sent += 1


def flood(dice, real):
    """Of every kind, one after the other at random."""
    kind = dice.randrange(6)
    if kind == 0:
        return b""
    if kind == 1:
        return dice.randbytes(dice.randrange(1, 3000))
    if kind == 2:
        return dice.choice([b"hello", b"{}", b"[]", b"\x00", b"\xff" * 1200, b"\xc1" * 65000])
    return mutate(dice, dice.choice(real))


def attack(size, seed):
    mode = "--cluster-size 3" if size else "reachable"
    dice = random.Random(seed)
    with Cluster(size) as cluster, Tap() as tap:
        standing = [tap.stand() for _ in range(3)]
        for rank, (one, _) in enumerate(standing, 1):
            others = [flag for index, (_, at) in enumerate(standing, 1) if index != rank for flag in ("--join", at)]
            # They hear the broadcast port, and are heard by nobody there: real datagrams all pass the tap.
            quiet = ["--broadcast-address", "127.0.0.1", "--broadcast-port", str(cluster.port)]
            node = cluster.node(rank, network=["--bind", "127.0.0.1:0", *quiet, *others])
            tap.stand_for(one, node.address())
        tap.takes_clients = True
        reach = [flag for _, at in standing for flag in ("--join", at)]
        cluster.reach = lambda: [*reach, "--broadcast-address", "127.0.0.1", "--broadcast-port", str(cluster.port)]
        for node in cluster.nodes:
            node.ready()
        leader = until(lambda: cluster.agreed() is cluster.nodes[2] and cluster.nodes[2], "the highest rank leads")

        auction = Auction(cluster, ("alice", "bob"), ROUNDS)
        watch = cluster.follow("watch", "watch", auction.id)

        def round_of_bids(number):
            auction.await_round(number)
            auction.bid("alice", f"{number}.25", number)
            auction.bid("bob", f"{number}.5", number)

        for number in (1, 2):
            round_of_bids(number)
        real = list(tap.kept)
        epoch = leader.leader()["epoch"]
        before = [node.resident_kib() for node in cluster.nodes]
        targets = [("127.255.255.255", cluster.port)]
        for node in cluster.nodes:
            host, port = node.address().rsplit(":", 1)
            targets.append((host, int(port)))
        flooding = Flood(targets, lambda: flood(dice, real))
        flooding.start()
        for number in range(3, ROUNDS + 1):
            round_of_bids(number)
        until(lambda: flooding.sent >= 20_000, "20,000 datagrams")
        flooding.stop.set()
        flooding.join()
        shown = auction.completed()
        check(watch.wait() == 0, "watch ended with an error")
        events = gapless([line for _, line in watch.seen(lambda line: "seq" in line)])
        check(shown["winner"] == auction.participants["bob"], f"the wrong winner: {shown}")
        check(len(cluster.alive()) == 3, "a node ended")
        check(cluster.agreed() is leader and leader.leader()["epoch"] == epoch, "the leader changed")
        grown = [node.resident_kib() - was for node, was in zip(cluster.nodes, before)]
        check(max(grown) < GROWTH_KIB, f"memory grew by {grown} KiB")
        say(
            f"{mode}: {flooding.sent} bad datagrams at every port: same leader, {events} events each once, the right "
            f"winner; resident memory grew by {', '.join(map(str, grown))} KiB"
        )

        before = [node.resident_kib() for node in cluster.nodes]
        forging = Flood(targets, lambda: resealed(dice, dice.choice(real)))
        forging.start()
        until(lambda: forging.sent >= 20_000, "20,000 datagrams")
        forging.stop.set()
        forging.join()
        panics = [line for node in cluster.nodes for line in node.stderr if "panicked" in line]
        check(not panics, f"a node panicked: {panics}")
        grown = [node.resident_kib() - was for node, was in zip(cluster.nodes, before) if node.alive()]
        check(max(grown, default=0) < GROWTH_KIB, f"memory grew by {grown} KiB")
        ended = [f"{node.name}: {node.stderr[-1]}" for node in cluster.nodes if not node.alive()]
        say(f"{mode}: {forging.sent} forgeries (mutations with a right checksum): no panic; memory grew by "
            f"{grown} KiB; ended by them, as nothing is signed yet: {ended or 'none'}")  # fmt: skip


def show():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    for size in (3, None):
        attack(size, seed)


main(show)
