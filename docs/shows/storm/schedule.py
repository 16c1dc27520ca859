"""What a seed decides, and nothing else decides: who plays, and which faults come when. No clock, no process.

The processes themselves run as the machine lets them, so a seed repeats the schedule, not each step."""

import random
from dataclasses import dataclass, field

from storm.network import CALM, Weather

# Without --cluster-size one promise holds for faults one after another, and a weaker one for all of them.
ONE_BY_ONE, ANYTHING = "reachable, one fault after another", "reachable, anything"
# In turn, so that a few seeds have seen each kind.
MODES = (3, ONE_BY_ONE, 5, ANYTHING, 2, 3, 1, ONE_BY_ONE)

# Each of these is on with probability one half, where the mode has it.
WEATHER = ("loss", "repetition", "reordering", "stragglers", "replays", "damage")
FAULTS = ("crash", "stop", "crash all", "isolate", "split", "one-way", "pause", "full disk", "orders")
CLIENTS = ("twins", "restarts")
EVERY_KIND = WEATHER + FAULTS + CLIENTS
# `full disk` and what a torn tail is need a file.
NEEDS_DISKS = {"full disk"}
# No single fault: where one after another is promised, these do not come.
TOO_MUCH = {"isolate", "split", "one-way"}
NEEDS_PEERS = {"isolate", "split", "one-way"}


@dataclass(frozen=True)
class Fault:
    """One fault: when, what, for how long, and numbers between 0 and 1 by which its victims are found then."""

    at: float
    kind: str
    lasts: float
    aimed: bool  # at the leader
    dice: tuple


@dataclass(frozen=True)
class Plan:
    seed: int
    seconds: float
    mode: object  # a cluster size, or one of the two words above
    nodes: int
    disks: str  # "all", "none", "some"
    on_disk: tuple  # for each node
    kinds: frozenset
    weather: Weather
    faults: tuple = field(default=())

    @property
    def size(self):
        """The value of --cluster-size; None: mode `reachable`."""
        return self.mode if isinstance(self.mode, int) else None

    def __str__(self):
        mode = f"--cluster-size {self.mode}" if self.size else self.mode
        disks = {"all": "disks", "none": "memory", "some": "some disks"}[self.disks]
        return f"{mode}, {self.nodes} nodes, {disks}"


def plan(seed, seconds, left_out=()):
    """The plan of a seed. What is left out changes nothing of the rest."""
    dice = random.Random(f"storm {seed}")
    mode = MODES[seed % len(MODES)]
    size = mode if isinstance(mode, int) else None
    disks = dice.choices(("all", "none", "some"), (0.6, 0.25, 0.15))[0]
    # One member that loses its log is the end of one or two.
    if size in (1, 2):
        disks = "all"
    nodes = size + dice.choice((0, 1, 2)) if size else dice.choice((2, 3, 4))
    on_disk = tuple({"all": True, "none": False}.get(disks, dice.random() < 0.5) for _ in range(nodes))
    kinds = {kind for kind in EVERY_KIND if dice.random() < 0.5}
    weather = Weather(
        lost=dice.uniform(0.0, 0.30),
        repeated=dice.uniform(0.0, 0.20),
        reordered=dice.uniform(0.02, 0.30),
        straggling=dice.uniform(0.001, 0.02),
        replayed=dice.uniform(0.001, 0.05),
        damaged=dice.uniform(0.001, 0.05),
    )
    switches = dict(zip(WEATHER, vars(weather)))
    if not any(on_disk):
        kinds -= NEEDS_DISKS
    if mode == ONE_BY_ONE:
        kinds -= TOO_MUCH
    if nodes == 1:
        kinds -= NEEDS_PEERS
    kinds -= set(left_out)
    off = {name: 0.0 for kind, name in switches.items() if kind not in kinds}
    weather = Weather(**{**vars(weather), **off}) if len(off) < len(switches) else CALM
    faults = []
    for kind in FAULTS:
        # A generator for each, so that leaving one out moves no other.
        moments = random.Random(f"storm {seed} {kind}")
        if kind in kinds:
            faults += _moments(moments, kind, seconds, mode)
    faults = [fault for fault in faults if fault.at < seconds - _LAST] + _last(dice, kinds, seconds, mode)
    return Plan(
        seed,
        seconds,
        mode,
        nodes,
        disks,
        on_disk,
        frozenset(kinds),
        weather,
        tuple(sorted(faults, key=lambda f: f.at)),
    )


# Seconds between two of a kind, on average, and how long one lasts at most.
_PACE = {
    "crash": (2.0, 2.0),
    "stop": (4.0, 1.5),
    "crash all": (5.0, 1.0),
    "isolate": (3.0, 3.0),
    "split": (4.0, 3.0),
    "one-way": (2.5, 2.5),
    "pause": (2.0, 3.0),
    "full disk": (5.0, 1.5),
    "orders": (0.7, 0.0),
}
# Below the removal time: who is silent no longer than this stays in the view.
_SHORT_PAUSE = 0.4


# So long before the end the last fault begins.
_LAST = 0.3


def _last(dice, kinds, seconds, mode):
    """One fault that is there when all end, so that they do not end when all is well already."""
    worst = [kind for kind in FAULTS if kind in kinds and kind != "orders"]
    numbers = tuple(dice.random() for _ in range(8))
    if not worst:
        return []
    kind = dice.choice(worst)
    short = kind == "pause" and mode == ONE_BY_ONE
    return [Fault(max(0.0, seconds - _LAST), kind, _SHORT_PAUSE if short else 5.0, True, numbers)]


def _moments(dice, kind, seconds, mode):
    pace, longest = _PACE[kind]
    at = dice.uniform(0.2, pace)
    while at < seconds:
        lasts = dice.uniform(0.05, longest) if longest else 0.0
        if kind == "pause" and mode == ONE_BY_ONE:
            lasts = min(lasts, _SHORT_PAUSE)
        yield Fault(at, kind, lasts, dice.random() < 0.5, tuple(dice.random() for _ in range(8)))
        at += 0.2 + dice.expovariate(1 / pace)
