#!/usr/bin/env python3
"""A thousand auctions that wait, and ten thousand bids of history. Bids are taken as fast as before; a late joiner gets
all of it; `list`, `show` and one who watches everything are complete under each leader; the leader's death loses
nothing. Prints what each of them costs."""

import argparse
import queue
import threading
import time
from decimal import Decimal

from auction import Auction, shown_bids
from cluster import Cluster, Failed, check, main, say, until

BIDDERS = 10
# Ten bidders bid so many rounds in each of the auctions that make the history.
ROUNDS = 100
# Commands under way at once.
HANDS = 4
PATIENCE = 120


def create_waiting(cluster, count):
    """So many auctions that nobody joins; returns their ids."""
    numbers, created, failures = queue.SimpleQueue(), [], []
    for number in range(count):
        numbers.put(number)

    def work():
        try:
            while True:
                number = numbers.get_nowait()
                flags = ["--item", f"Waiting {number}", "--min-bid", 1, "--rounds", 1, "--bidders", 2]
                created.append(cluster.do("create", *flags)["auction"])
        except queue.Empty:
            pass
        except Failed as failure:
            failures.append(failure)

    hands = [threading.Thread(target=work, daemon=True) for _ in range(HANDS)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    check(not failures, f"not created: {failures[:1]}")
    check(len(set(created)) == count, f"{len(set(created))} of {count} auctions were created")
    return set(created)


def amount(bidder, number):
    return Decimal(10 + (bidder * 7 + number * 5) % 11) + Decimal("0.5")


class History:
    """Auctions by script, one after the other, and what their bids are."""

    def __init__(self, cluster):
        self.cluster, self.auctions = cluster, {}
        self.script = cluster.folder / "history.toml"
        lines = ["[auction]", 'item = "History"', 'min-bid = "1"', f"rounds = {ROUNDS}", f"bidders = {BIDDERS}"]
        for bidder in range(BIDDERS):
            moves = [str(amount(bidder, number)) for number in range(1, ROUNDS + 1)]
            lines += ["", "[[bidder]]", f'name = "{bidder}"', f"bids = {moves}"]
        self.script.write_text("\n".join(lines).replace("'", '"') + "\n")

    def add(self):
        """Runs the script once; returns bids per second."""
        run = self.cluster.follow("run", "run", str(self.script))
        check(run.wait(PATIENCE) == 0, f"run ended with {run.process.returncode}: {run.stderr[-1:]}")
        told = run.seen(lambda line: line.get("event") == "bid")
        bid = lambda line: (line["round"], line["participant"], amount(int(line["name"]), line["round"]))
        bids = {line["seq"]: bid(line) for _, line in told}
        check(len(bids) == BIDDERS * ROUNDS, f"{len(bids)} bids were told")
        self.auctions[told[0][1]["auction"]] = bids
        return len(bids) / (told[-1][0] - told[0][0])

    def verify(self):
        """Every bid of every auction is shown as told; returns the seconds that a `show` takes."""
        started = time.monotonic()
        for auction, told in self.auctions.items():
            shown = {seq: bid for seq, *bid in shown_bids(self.cluster.do("show", auction, patience=PATIENCE))}
            shown = {seq: tuple(bid) for seq, bid in shown.items()}
            check(shown == told, f"of auction {auction}, {len(told)} bids were told, and {len(shown)} are shown")
        return (time.monotonic() - started) / len(self.auctions)


def listed(cluster, waiting, completed):
    """`list` shows exactly these; returns how long it took."""
    started = time.monotonic()
    answer = cluster.run("--timeout", "60s", "list", patience=PATIENCE)
    took = time.monotonic() - started
    check(answer.status == 0, f"list: exit {answer.status}, {answer.error}")
    ids = [line["auction"] for line in answer.lines]
    check(ids == sorted(set(ids)), "list repeats an auction")
    for state, expected in (("waiting", waiting), ("completed", completed)):
        found = {line["auction"] for line in answer.lines if line["state"] == state}
        check(found == expected, f"{len(found)} {state} auctions are listed, of {len(expected)}")
    check(len(ids) == len(waiting) + len(completed), "list shows auctions in other states")
    return took


def told(watch, auction):
    """The events of an auction that a watcher was told, by name."""
    return [line["event"] for _, line in watch.seen(lambda line: line.get("auction") == auction)]


def created(watch):
    return {line["auction"] for _, line in watch.seen(lambda line: line["event"] == "auction-created")}


def trial(size, waiting, bids):
    mode = f"--cluster-size {size}" if size else "reachable"
    with Cluster(size) as cluster:
        cluster.start(1, 2, 3)
        history = History(cluster)
        first = history.add()
        started = time.monotonic()
        ids = create_waiting(cluster, waiting)
        say(f"{mode}: {waiting} auctions created in {time.monotonic() - started:.1f} s, by as many commands")
        while len(history.auctions) * BIDDERS * ROUNDS < bids:
            rate = history.add()
        say(f"{mode}: {bids} bids; the first {BIDDERS * ROUNDS} at {first:.0f} a second, the last at {rate:.0f}")
        check(rate > first / 3, "bids have become slow")
        memory = [node.resident_kib() // 1024 for node in cluster.nodes]
        took = listed(cluster, ids, set(history.auctions))
        say(f"{mode}: list takes {took:.2f} s, show {history.verify():.2f} s; resident memory {memory} MiB")

        # Who watches everything is told of every auction that is not over, once, and goes on under the next leaders.
        started = time.monotonic()
        watch = cluster.follow("watch", "watch")
        until(lambda: created(watch) >= ids, "every waiting auction is told", PATIENCE)
        say(f"{mode}: a watcher of everything is told of {waiting} auctions in {time.monotonic() - started:.2f} s")

        # In `reachable` the joiner, of highest rank, is handed the leadership; with a cluster size it observes.
        started = time.monotonic()
        joiner = cluster.node(4)
        joiner.ready(PATIENCE)
        joined = time.monotonic() - started
        # The leader knows as much a little later.
        commit = cluster.do("status", "--wait", 4)["commit"]
        if size is None:
            until(joiner.leads, "the joiner leads", PATIENCE)
        say(f"{mode}: a joiner holds the log of {commit} entries after {joined:.2f} s")
        listed(cluster, ids, set(history.auctions))

        auction = Auction(cluster, ("alice", "bob"), 1)
        auction.bid("alice", "10", 1)
        leader = until(cluster.agreed, "all nodes name one leader")
        killed = leader.kill()
        auction.bid("bob", "11", 1)
        gap = time.monotonic() - killed
        auction.completed()
        last = lambda: told(watch, auction.id)[-1:]
        until(lambda: last() == ["auction-result"], "the watcher is told of the last auction", PATIENCE)
        check(created(watch) == ids | {auction.id}, "the watcher was told of other auctions")
        check(all(told(watch, one) == ["auction-created"] for one in ids), "the watcher was told of an auction twice")
        listed(cluster, ids, {auction.id, *history.auctions})
        history.verify()
        say(f"{mode}: the leader killed, the next bid accepted after {gap * 1000:.0f} ms; nothing is lost")


def show():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=1_000)
    parser.add_argument("--bids", type=int, default=10_000)
    args = parser.parse_args()
    for size in (3, None):
        trial(size, args.waiting, args.bids)


main(show)
