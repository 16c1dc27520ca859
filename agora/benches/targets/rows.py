"""The rows of the targets' table: what each needs measured, what it is held against, and how it is told."""

import collections
import dataclasses
import statistics
from collections.abc import Callable


class Figures:
    """What was measured: by measurement, an entry for each time. An entry is figures, or says why there are none."""

    def __init__(self):
        self.all = {}

    def add(self, name, entry):
        self.all.setdefault(name, []).append(entry)

    def each(self, name, key):
        """The figure of each time, None where there is none."""
        return [entry.get(key) for entry in self.all.get(name, [])]

    def values(self, name, key):
        """All figures of all times."""
        found = []
        for value in self.each(name, key):
            if value is not None:
                found += value if isinstance(value, list) else [value]
        return found

    def reason(self, name):
        """Why there are none."""
        reasons = [entry["not-measured"] for entry in self.all.get(name, []) if "not-measured" in entry]
        return reasons[-1] if reasons else "no figure"


def number(value):
    """Three digits, or all before the point."""
    if abs(value) >= 1000 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values, unit=""):
    """The median, and the range behind it."""
    told = number(statistics.median(values)) + unit
    return told if min(values) == max(values) else f"{told} ({number(min(values))}–{number(max(values))})"


@dataclasses.dataclass
class Row:
    """`agora` is (measurement, key), a rival (label, measurement, key). With `compare` the target is for the ratio to the
    first rival of the same round, else for Agora's own figure. `short` says what the plan lacks to answer the target."""

    group: str
    what: str
    target: str
    bound: float
    agora: tuple
    rivals: tuple = ()  # of (label, measurement, key)
    compare: bool = False
    at_most: bool = False
    short: Callable = lambda _: ""

    def needs(self):
        return [self.agora[0], *(measurement for _, measurement, _ in self.rivals)]

    def ratios(self, figures):
        """Agora to the first rival, of each round that has both."""
        _, measurement, key = self.rivals[0]
        pairs = zip(figures.each(*self.agora), figures.each(measurement, key))
        return [ours / theirs for ours, theirs in pairs if ours is not None and theirs]

    def cells(self, figures, plan):
        """what, target, Agora, rival, ratio, met."""
        mine = figures.values(*self.agora)
        ours = spread(mine) if mine else f"not measured: {figures.reason(self.agora[0])}"
        theirs, ratio, held = [], "", mine
        for label, measurement, key in self.rivals:
            values = figures.values(measurement, key)
            told = spread(values) if values else f"not measured: {figures.reason(measurement)}"
            theirs.append(f"{label} {told}")
        if self.compare:
            held = self.ratios(figures)
            ratio = "× " + spread(held) if held else ""
        return [self.what, self.target, ours, "; ".join(theirs), ratio, self._met(held, self.short(plan))]

    def _met(self, values, short):
        if not values:
            return "?"
        middle = statistics.median(values)
        if not (middle <= self.bound if self.at_most else middle >= self.bound):
            return "no"
        return f"yes, {short}" if short else "yes"


def hour(plan):
    return "" if plan.alarms >= 3600 else f"in {plan.alarms} s"


def fifty_kills(plan):
    kills = plan.kills * plan.rounds
    return "" if kills >= 50 else f"in {kills} kills"


def whole_history(plan):
    return "" if plan.history >= (100_000, 1_000_000) else "at this size"


RATE, OPS, FAILOVER = "bids-per-second", "ops-per-second", "failover-ms"
RIVALS_FAILOVER = (
    ("etcd", "etcd failover", FAILOVER),
    ("etcd 10/50", "etcd failover 10/50", FAILOVER),
    ("NATS", "nats failover", FAILOVER),
)
ROWS = [
    Row(
        "bids",
        "bids/s acknowledged and delivered, 8 bidders an auction, 256 in flight, memory",
        "4 × NATS with 8 subscribers",
        4,
        ("agora 8", RATE),
        (("NATS", "nats 8", OPS),),
        compare=True,
    ),
    Row(
        "many",
        "bids/s, 512 auctions of 2 bidders, 256 in flight, memory",
        "3 × NATS R3 memory",
        3,
        ("agora 2", RATE),
        (("NATS", "nats", OPS), ("Redis, XADD and WAIT 1,", "redis", OPS)),
        compare=True,
    ),
    Row(
        "latency",
        "p50 in µs, one in flight, 8 bidders (Agora: until all are told; NATS: until acknowledged)",
        "0.5 × NATS with 8 subscribers",
        0.5,
        ("agora 1 in flight", "p50-us"),
        (("NATS", "nats 8, 1 in flight", "p50-us"),),
        compare=True,
        at_most=True,
    ),
    Row(
        "durable",
        "bids/s durable (fsync before every acknowledgement), 8 bidders, 256 in flight",
        "5 × etcd",
        5,
        ("agora disk", RATE),
        (("etcd", "etcd", OPS), ("NATS without fsync", "nats disk", OPS)),
        compare=True,
    ),
    Row(
        "cpu",
        "server CPU per bid in µs, all three nodes, 8 bidders, 256 in flight",
        "0.3 × NATS with 8 subscribers",
        0.3,
        ("agora 8", "server-cpu-us-per-bid"),
        (("NATS", "nats 8", "server-cpu-us-per-op"),),
        compare=True,
        at_most=True,
    ),
    Row(
        "datagrams",
        "datagrams per bid at the leader, 256 in flight, 8 bidders",
        "≤ 4",
        4,
        ("agora counted", "datagrams"),
        at_most=True,
    ),
    Row(
        "datagrams",
        "system calls per bid at the leader, 256 in flight, 8 bidders",
        "≤ 1",
        1,
        ("agora counted", "calls"),
        at_most=True,
    ),
    Row(
        "history",
        "bids/s with {auctions} auctions and {bids} bids of history at least, to empty nodes",
        "≥ 0.9, with 100,000 and 1,000,000",
        0.9,
        ("history", "ratio"),
        short=whole_history,
    ),
    Row(
        "large",
        "one auction of {large} bidders: bidders told a second, to 64 auctions of 8 with 512 addresses",
        "≥ 0.8",
        0.8,
        ("large", "ratio"),
    ),
    Row(
        "failover",
        "`kill -9` of the leader to the next accepted bid, preset `lan`, in ms",
        "≤ 400 ms",
        400,
        ("agora failover lan", FAILOVER),
        RIVALS_FAILOVER,
        at_most=True,
        short=fifty_kills,
    ),
    Row(
        "failover",
        "the same, preset `fast`",
        "≤ 100 ms",
        100,
        ("agora failover fast", FAILOVER),
        RIVALS_FAILOVER,
        at_most=True,
        short=fifty_kills,
    ),
    Row(
        "alarms",
        "leaders given up in {alarms} s of 2,000 bids/s with nothing killed, preset `lan`",
        "0 in an hour",
        0,
        ("alarms lan", "changes"),
        at_most=True,
        short=hour,
    ),
    Row(
        "alarms",
        "the same, preset `fast`",
        "0 in an hour",
        0,
        ("alarms fast", "changes"),
        at_most=True,
        short=hour,
    ),
    Row(
        "memory",
        "memory per waiting auction, a node, in bytes",
        "≤ 1,024",
        1024,
        ("memory", "bytes-per-waiting"),
        at_most=True,
    ),
    Row(
        "memory",
        "memory per bid of history, a node, in bytes",
        "≤ 150",
        150,
        ("memory", "bytes-per-bid"),
        at_most=True,
    ),
]
HEAD = ["what", "target", "Agora", "rival", "Agora to rival", "met"]


def targets(figures, rows, plan):
    """The table's head and its lines."""
    auctions, bids = plan.history
    names = {"auctions": f"{auctions:,}", "bids": f"{bids:,}", "large": f"{plan.large:,}", "alarms": f"{plan.alarms:,}"}
    lines = []
    for row in rows:
        what, *rest = row.cells(figures, plan)
        lines.append([what.format(**names), *rest])
    return HEAD, lines


LIMITED = {
    "agora 8": "8 bidders",
    "agora 2": "2 bidders",
    "agora 1 in flight": "one in flight",
    "agora disk": "durable",
}


LIMITS = {
    "busiest node's thread ran": "server-busy",
    "waited for a processor": "server-waited",
    "busiest client ran": "client-busy",
    "leader changes": "leader-changes",
}


def told(values):
    return spread(values) if values else "not known"


def limits(figures):
    """What `agora-cli bench` says kept the figure from being higher, of each measurement of the rounds."""
    lines = []
    for name, what in LIMITED.items():
        entries = [entry for entry in figures.all.get(name, []) if "limited-by" in entry]
        if entries:
            said = collections.Counter(entry["limited-by"] for entry in entries)
            times = ", ".join(f"{by} ({count} of {len(entries)})" for by, count in said.most_common())
            lines.append([what, times, *(told(figures.values(name, key)) for key in LIMITS.values())])
    head = ["measurement", "`limited-by`", *LIMITS]
    return (head, lines) if lines else None


def counted(figures):
    """What one bid costs the leader and its followers, where it could be counted."""
    keys = {
        "datagrams": "datagrams, in and out",
        "bytes": "bytes, with headers",
        "calls": "system calls of the leader",
        "leader-cpu-us": "leader's CPU, µs",
        "followers-cpu-us": "both followers' CPU, µs",
        "bids-per-second": "bids/s meanwhile",
    }
    values = {heading: figures.values("agora counted", key) for key, heading in keys.items()}
    if not any(values.values()):
        return None
    return list(values), [[spread(found) if found else "not counted" for found in values.values()]]


def saturation(figures):
    """The table of what an overload does, or None."""
    entries = figures.all.get("saturation", [])
    if not entries:
        return None
    entry = entries[-1]
    if "not-measured" in entry:
        return ["overload"], [[f"not measured: {entry['not-measured']}"]]
    result = entry["bench"]
    refused = ", ".join(f"{count} {code}" for code, count in result["refusals"].items()) or "none"
    asked = f"{number(result['rate'])} bids/s for {result['duration-ms'] / 1000:.0f} s"
    told = {
        "asked for": asked,
        "peak": number(entry["peak"]),
        "bids/s": number(result["bids-per-second"]),
        "of the peak": f"{entry['share']:.2f}",
        "p50 and p99 from sending": " and ".join(f"{number(result[f'served-p{at}-us'] / 1000)} ms" for at in (50, 99)),
        "refusals": refused,
        "bids never made": number(result["unsent"]),
        "leader changes": number(entry["changes"]),
    }
    return list(told), [list(told.values())]
