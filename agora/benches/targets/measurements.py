"""What is measured: each measurement is a function of the plan that starts what it needs, and returns its figures.

Those of `EACH_ROUND` are made in every round, Agora and its rivals in turns; those of `ONCE` once. `rows.py` makes a
table of them.
"""

import dataclasses
import os
import signal
import statistics
import subprocess
import sys

import counted
import nodes
from nodes import NotMeasured, check
from rivals import Rivals

# The load: as few sessions as can be, 256 bids in flight.
MANY = {"auctions": 64, "bidders": 8, "in_flight": 256}
PAIRS = {"auctions": 512, "bidders": 2, "in_flight": 256}
# Auctions of the history, and rounds of its bidders: so many bids an auction.
SHORT = {"auctions": 256, "bidders": 2, "rounds": 5, "in_flight": 256}
# So many may wait or be kept; more than the full history has.
ROOM = ["--max-auctions", "1000000"]
# An hour's load must not fill the memory: auctions leave, though not before the bench has looked at them at the end of
# its slice of so many seconds.
SLICE = 30
STEADY = ["--max-auctions", "3000", "--auction-retention", f"{2 * SLICE}s"]
STEADY_RATE = 2000
# etcd's two settings: its defaults, and the tightest that held on two processors.
ETCD = {"default": (), "10/50": ("--heartbeat-interval", "10", "--election-timeout", "50")}


@dataclasses.dataclass
class Plan:
    """How long, how often, and how much."""

    rivals: Rivals
    seconds: int  # of one measurement
    rounds: int
    kills: int  # of Agora's leaders, each preset, each round
    rivals_kills: int
    pairs: int  # of a history's bench and an empty node's
    history: tuple  # auctions, bids
    waiting: int  # auctions
    large: int  # bidders of one auction
    large_limit: int  # seconds
    saturation: int  # seconds
    alarms: int  # seconds
    peak: float = 0.0  # bids a second, once it is known


def agora_8(plan):
    return nodes.fresh(plan.seconds, **MANY)


def agora_2(plan):
    return nodes.fresh(plan.seconds, **PAIRS)


def agora_1_in_flight(plan):
    return nodes.fresh(plan.seconds, **(MANY | {"in_flight": 1}))


def agora_disk(plan):
    result = nodes.fresh(plan.seconds, disk=True, **MANY)
    check(result["disk"] is True, f"the nodes do not say that acknowledgements rest on their disks: {result['disk']}")
    return result


def agora_counted(plan):
    return counted.measure(plan.seconds)


def rival(what, window):
    return lambda plan: plan.rivals.operations(what, window, plan.seconds)


def agora_failover(preset):
    """`kill_leader.py`: each kill on a fresh cluster, and it looks whether anything was lost."""

    def measure(plan):
        show = [sys.executable, str(nodes.SHOWS / "kill_leader.py"), "--preset", preset, "--kills", str(plan.kills)]
        env = os.environ | {"SHOW_VERBOSE": "1", "RUST_LOG": "warn"}
        process = subprocess.Popen(show, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, error = process.communicate(timeout=30 + 15 * plan.kills)
        except subprocess.TimeoutExpired:
            raise NotMeasured(f"kill_leader.py --preset {preset}: no end in time") from None
        finally:
            # It ends its nodes on SIGTERM.
            process.send_signal(signal.SIGTERM)
            process.wait()
        said = (error.strip() or out.strip()).splitlines()[-1:]
        check(process.returncode == 0, f"kill_leader.py --preset {preset}: {said}")
        words = [line.split() for line in out.splitlines() if "next bid accepted after" in line]
        check(len(words) == plan.kills, f"kill_leader.py told of {len(words)} kills")
        return {"failover-ms": [float(line[-2]) for line in words]}

    return measure


def etcd_failover(name):
    def measure(plan):
        return {"failover-ms": [plan.rivals.failover("etcd-failover", name, *ETCD[name]) for _ in _times(plan)]}

    return measure


def nats_failover(plan):
    return {"failover-ms": [plan.rivals.failover("nats-failover") for _ in _times(plan)]}


def _times(plan):
    return range(plan.rivals_kills)


def memory(plan):
    """Growth of what the nodes have resident: by bids, once their buffers are warm, and by auctions that wait."""
    with nodes.quiet(flags=ROOM) as cluster:
        nodes.bench(cluster, 2, **MANY)
        before = nodes.resident(cluster)
        result = nodes.bench(cluster, 2 * plan.seconds, warm_up=0, **MANY)
        per_bid = _grown(before, nodes.resident(cluster), result["bids"])
    with nodes.quiet(flags=ROOM) as cluster:
        nodes.create_waiting(cluster, 100)
        before = nodes.resident(cluster)
        nodes.create_waiting(cluster, plan.waiting)
        per_waiting = _grown(before, nodes.resident(cluster), plan.waiting)
    return {"bytes-per-bid": per_bid, "bids": result["bids"], "bytes-per-waiting": per_waiting, "waiting": plan.waiting}


def _grown(before, after, count):
    """The middle node's growth for each."""
    return statistics.median(late - early for early, late in zip(before, after)) / count


def history(plan):
    """Bids a second on nodes with a history, and in turns on empty ones, as the history grows."""
    auctions, bids = plan.history
    steps, there = [], 0
    with nodes.quiet(flags=ROOM) as old:
        for share in (0.1, 1):
            there = _fill(old, auctions * share, bids * share, there)
            aged, empty = [], []
            for number in range(plan.pairs):
                for one in ("aged", "empty") if number % 2 else ("empty", "aged"):
                    if one == "empty":
                        empty.append(nodes.fresh(plan.seconds, options=ROOM, **MANY)["bids-per-second"])
                    else:
                        aged.append(nodes.bench(old, plan.seconds, **MANY))
            there += sum(result["bids"] for result in aged)
            rates = [result["bids-per-second"] for result in aged]
            steps.append(
                {
                    "auctions": old.do("status")["auctions"]["completed"],
                    "bids": there,
                    "bids-per-second": statistics.median(rates),
                    "empty": statistics.median(empty),
                    "ratios": [rate / other for rate, other in zip(rates, empty)],
                    "resident-bytes": max(nodes.resident(old)),
                }
            )
    return {"steps": steps, "ratio": steps[-1]["ratios"]}


def _fill(cluster, auctions, bids, there):
    """Plays short auctions until so many are over, and so many bids are there; returns how many are."""
    for _ in range(500):
        over = cluster.do("status")["auctions"]["completed"]
        if over >= auctions and there >= bids:
            return there
        try:
            there += nodes.bench(cluster, 5 if auctions > 10_000 else 1, warm_up=0, **SHORT)["bids"]
        except nodes.Failed as failure:
            # A bench that ends while it sets up its next auction may be refused that auction, which it has cancelled.
            # Its bids are then not counted; anything else is a failure.
            check("NOT_OPEN" in str(failure), str(failure))
    raise NotMeasured(f"a history of {auctions:,.0f} auctions and {bids:,.0f} bids was not made in time")


def large(plan):
    """Bidders told a second, in one auction of so many, and with 512 bidders in 64 auctions: all at addresses of their
    own, so that each is told in a datagram of its own."""
    few = nodes.fresh(plan.seconds, **MANY, participants=512)["bids-per-second"] * MANY["bidders"]
    load = {"auctions": 1, "bidders": plan.large, "in_flight": 256, "rounds": 2}
    with nodes.quiet() as cluster:
        before = nodes.leaderships(cluster)
        try:
            result = nodes.bench(cluster, 2 * plan.seconds, patience=plan.large_limit, **load)
        except nodes.Failed as failure:
            changes = len(nodes.leaderships(cluster) - before)
            raise NotMeasured(f"{str(failure).split(': /')[0]}; the leader changed {changes} times") from None
    told = result["bids-per-second"] * plan.large
    return {"few-told-per-second": few, "told-per-second": told, "ratio": told / few, "bench": result}


def saturation(plan):
    """Twice the peak is asked for, of 4,000 bidders who each wait for their bid."""
    peak = plan.peak or agora_8(plan)["bids-per-second"]
    with nodes.quiet(flags=ROOM) as cluster:
        load = {"auctions": 500, "bidders": 8, "rate": round(2 * peak)}
        result = nodes.bench(cluster, plan.saturation, warm_up=2, **load)
    share, changes = result["bids-per-second"] / peak, result["leader-changes"]
    return {"peak": peak, "share": share, "changes": changes, "bench": result}


def alarms(preset):
    """Leaders that were given up although nothing was killed, under a steady load."""

    def measure(plan):
        with nodes.quiet(flags=["--preset", preset, *STEADY]) as cluster:
            before, left, bids = nodes.leaderships(cluster), plan.alarms, 0
            while left > 0:
                bids += nodes.bench(cluster, min(SLICE, left), warm_up=1, rate=STEADY_RATE, rounds=50)["bids"]
                left -= SLICE
            changes = len(nodes.leaderships(cluster) - before)
        return {"changes": changes, "seconds": plan.alarms, "bids": bids}

    return measure


EACH_ROUND = {
    "agora 8": agora_8,
    "nats 8": rival("nats-fan8", 256),
    "agora 2": agora_2,
    "nats": rival("nats-mem", 256),
    "redis": rival("redis", 256),
    "agora 1 in flight": agora_1_in_flight,
    "nats 8, 1 in flight": rival("nats-fan8", 1),
    "agora disk": agora_disk,
    "etcd": rival("etcd", 256),
    "nats disk": rival("nats", 256),
    "agora counted": agora_counted,
    "agora failover lan": agora_failover("lan"),
    "etcd failover": etcd_failover("default"),
    "agora failover fast": agora_failover("fast"),
    "etcd failover 10/50": etcd_failover("10/50"),
    "nats failover": nats_failover,
}
ONCE = {
    "memory": memory,
    "history": history,
    "large": large,
    "saturation": saturation,
    "alarms lan": alarms("lan"),
    "alarms fast": alarms("fast"),
}
