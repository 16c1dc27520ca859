"""How the figures grow with bidders, sessions, auctions, history, nodes and loss: a table each, its points in turns."""

import dataclasses
import statistics
import sys
from collections.abc import Callable

import nodes
from rows import number, spread

sys.path.insert(0, str(nodes.SHOWS))

from relay import Relay  # noqa: E402

# The relay is a Python process on the same processors: more it does not carry without being what is measured.
RELAYED_RATE = 500


@dataclasses.dataclass
class Table:
    """`measure(plan, point)` gives a bench's result; `columns` are (heading, function of results)."""

    title: str
    first: str
    points: tuple
    measure: Callable
    columns: tuple


def middle(key, scale=1.0, unit=""):
    """The median of a figure, and its range."""

    def tell(results, _):
        values = [result[key] * scale for result in results if result.get(key) is not None]
        return spread(values, unit) if values else "not known"

    return tell


def told(results, bidders):
    return number(statistics.median(result["bids-per-second"] for result in results) * bidders)


def per_told(results, bidders):
    values = [result["server-cpu-us-per-bid"] for result in results if result["server-cpu-us-per-bid"] is not None]
    return number(statistics.median(values) / bidders) if values else "not known"


RATE = ("bids/s", middle("bids-per-second"))
P50 = ("p50", middle("p50-us", 0.001, " ms"))
P99 = ("p99", middle("p99-us", 0.001, " ms"))
CPU = ("server CPU per bid, µs", middle("server-cpu-us-per-bid"))
CHANGES = ("leader changes", middle("leader-changes"))
LIMITED = ("limited by", lambda results, _: ", ".join(sorted({result["limited-by"] for result in results})))


def bidders(plan, count):
    return nodes.fresh(plan.seconds, auctions=max(1, 512 // count), bidders=count, in_flight=256)


def auctions(plan, count):
    return nodes.fresh(plan.seconds, auctions=count, bidders=8, in_flight=min(256, 8 * count))


def addresses(plan, count):
    return nodes.fresh(plan.seconds, auctions=64, bidders=8, in_flight=256, participants=count)


def size(plan, count):
    return nodes.fresh(plan.seconds, size=count, auctions=64, bidders=8, in_flight=256)


def loss(plan, percent):
    with Relay(plan.rounds, percent / 100, 0, 0) as relay, nodes.quiet(relay=relay) as cluster:
        return nodes.bench(cluster, plan.seconds, rate=RELAYED_RATE, auctions=64, bidders=8)


TABLES = {
    "bidders": Table(
        "Bidders of an auction (512 bidders' places, or one auction; 256 in flight, as few sessions as can be)",
        "bidders",
        (2, 8, 32, 128, 512, 1024, 2048),
        bidders,
        (RATE, ("bidders told/s", told), P50, CPU, ("a bidder told, µs", per_told), CHANGES, LIMITED),
    ),
    "addresses": Table(
        "Sessions, each at an address of its own (64 auctions of 8 bidders, 256 in flight)",
        "sessions",
        (8, 64, 512),
        addresses,
        (RATE, P50, CPU, LIMITED),
    ),
    "auctions": Table(
        "Auctions at a time (8 bidders each, 256 in flight, or 8 an auction where that is less)",
        "auctions",
        (1, 8, 64, 512, 4096),
        auctions,
        (RATE, P50, CPU, LIMITED),
    ),
    "nodes": Table(
        "Nodes (`--cluster-size`; 64 auctions of 8 bidders, 256 in flight)",
        "nodes",
        (1, 3, 5),
        size,
        (RATE, P50, CPU, LIMITED),
    ),
    "loss": Table(
        f"Loss (all datagrams through a relay of one Python process, {RELAYED_RATE} bids/s asked for)",
        "lost, %",
        (0, 1, 5),
        loss,
        (RATE, P50, P99, ("sent again", middle("retransmissions")), LIMITED),
    ),
}


def lines(table, results):
    """The head and lines of a table, from `results[point]`, a list of figures or of why there are none."""
    made = []
    for point in table.points:
        entries = results.get(point, [])
        good = [entry for entry in entries if "not-measured" not in entry]
        if good:
            made.append([f"{point:,}", *(tell(good, point) for _, tell in table.columns)])
        else:
            reason = entries[-1]["not-measured"] if entries else "interrupted"
            made.append([f"{point:,}", f"not measured: {reason}", *("" for _ in table.columns[1:])])
    return [table.first, *(heading for heading, _ in table.columns)], made


def history(figures):
    """The table of the `history` measurement."""
    entry = (figures.all.get("history") or [{}])[-1]
    if "steps" not in entry:
        return None
    head = ["auctions that are over", "bids", "bids/s", "empty nodes, in turns", "ratio", "resident, largest node"]
    made = [
        [
            number(step["auctions"]),
            number(step["bids"]),
            number(step["bids-per-second"]),
            number(step["empty"]),
            spread(step["ratios"]),
            f"{step['resident-bytes'] / 2**20:.0f} MiB",
        ]
        for step in entry["steps"]
    ]
    return head, made
