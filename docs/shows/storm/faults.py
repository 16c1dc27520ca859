"""Carries a plan's faults out on a fleet, each at its moment and for its time, and ends all of them."""

import heapq
import subprocess
import time

from cluster import ranked
from storm.network import CLIENTS
from storm.schedule import ONE_BY_ONE

# Orders are given up after this; what became of them then is nobody's promise.
ORDER_PATIENCE = "3s"
# A page of a file: what the last bytes before a full disk lie in.
PAGE = 4_096


class Faults:
    """The faults of one plan."""

    def __init__(self, plan, fleet, network, cluster):
        self.plan, self.fleet, self.network, self.cluster = plan, fleet, network, cluster
        self.coming, self.ending, self.number = list(plan.faults), [], 0
        self.cuts, self.orders, self.count = {}, [], {}
        self.lost_logs, self.torn_bytes = 0, 0
        # Where one fault comes after another: what waits for its turn.
        self.turn = None

    def start(self):
        self.began = time.monotonic()
        self.network.weather(self.plan.weather)

    def step(self):
        """What is due now."""
        now = time.monotonic() - self.began
        while self.ending and self.ending[0][0] <= now:
            heapq.heappop(self.ending)[2]()
        self.reap_orders()
        self.fleet.check_ends()
        self.restart_what_ended()
        while self.coming and self.coming[0].at <= now:
            # Where one fault comes after another, it waits until the one before has healed.
            if self.plan.mode == ONE_BY_ONE and self.coming[0].kind != "orders":
                if self.ending or not self.fleet.in_view():
                    break
            self.begin(self.coming.pop(0))

    def begin(self, fault):
        act = {
            "crash": self.crash,
            "stop": self.stop,
            "crash all": self.crash_all,
            "isolate": self.isolate,
            "split": self.split,
            "one-way": self.one_way,
            "pause": self.pause,
            "full disk": self.full_disk,
            "orders": self.order,
        }[fault.kind]
        if act(fault):
            self.count[fault.kind] = self.count.get(fault.kind, 0) + 1

    def later(self, lasts, end):
        self.number += 1
        heapq.heappush(self.ending, (time.monotonic() - self.began + lasts, self.number, end))

    # Nodes.

    def victim(self, fault, may=lambda place: True):
        """The leader, where it is aimed at; else anybody."""
        places = [place for place in self.fleet.alive if not place.paused and may(place)]
        leader = self.fleet.leader()
        if fault.aimed and leader in places:
            return leader
        return places[int(fault.dice[0] * len(places))] if places else None

    def may_end(self, place):
        """Whether the cluster's promise survives the end of this node's process."""
        if place.disk:
            return True
        if self.plan.size is None:
            # Somebody must be left who holds the log: one who is in the view.
            return self.plan.mode != ONE_BY_ONE or len(self.fleet.alive) > 1
        return self.lost_logs < (self.plan.size - 1) // 2

    def end_of(self, place):
        if not place.disk:
            self.lost_logs += 1

    def crash(self, fault):
        place = self.victim(fault, self.may_end)
        if place is None:
            return False
        self.end_of(place)
        self.fleet.kill(place)
        self.tear(place, fault)
        self.later(fault.lasts, lambda: self.restart(place))
        return True

    def stop(self, fault):
        place = self.victim(fault, self.may_end)
        if place is None:
            return False
        self.end_of(place)
        self.fleet.stop(place)
        self.later(fault.lasts, lambda: self.restart(place))
        return True

    def crash_all(self, fault):
        # Whoever has no disk would take the log with it.
        if self.plan.disks != "all":
            return False
        places = list(self.fleet.alive)
        for place in places:
            place.doomed = "killed"
            place.process.process.kill()
        for place in places:
            self.fleet.kill(place)
            self.tear(place, fault)
        for number, place in enumerate(places):
            after = fault.lasts * (1 + fault.dice[number % 8]) / 2
            self.later(after, lambda place=place: self.restart(place))
        return True

    def tear(self, place, fault):
        if place.disk and fault.dice[1] < 0.5:
            rubbish = bytes(int(dice * 256) for dice in fault.dice) * int(fault.dice[2] * 30)
            self.torn_bytes += place.disk.tear(int(fault.dice[3] * 300), rubbish)
            self.count["torn tail"] = self.count.get("torn tail", 0) + 1

    def restart(self, place):
        if place.alive and not place.doomed:
            return
        # One that stops may take a while for it, as long as it is heard.
        if place.alive:
            self.later(0.2, lambda: self.restart(place))
            return
        self.fleet.check_ends()
        if place.disk:
            place.disk.make_room()
        self.fleet.start(place)

    def restart_what_ended(self):
        """A node that ended on a full disk comes back once there is room; its fault's end sees to that."""
        for place in self.fleet.places:
            if place.doomed == "full" and place.disk and not place.disk.full:
                self.fleet.start(place)

    def pause(self, fault):
        place = self.victim(fault)
        if place is None:
            return False
        self.fleet.pause(place, True)
        process = place.process
        self.later(fault.lasts, lambda: place.process is process and self.fleet.pause(place, False))
        return True

    def full_disk(self, fault):
        place = self.victim(fault, lambda place: place.disk and place.disk.small and not place.disk.full)
        if place is None:
            return False
        place.filled = True
        place.disk.fill(int(fault.dice[1] * 4 * PAGE))
        self.later(0.5 + fault.lasts, place.disk.make_room)
        return True

    # The network.

    def cut(self, fault, pairs):
        self.cuts[fault] = pairs
        self.tell_cuts()
        self.later(fault.lasts, lambda: (self.cuts.pop(fault, None), self.tell_cuts()))
        return True

    def tell_cuts(self):
        self.network.cut({pair for pairs in self.cuts.values() for pair in pairs})

    def isolate(self, fault):
        """One node from all others; from the clients too, or not."""
        place = self.victim(fault)
        if place is None:
            return False
        others = [other.name for other in self.fleet.places if other is not place]
        others += [CLIENTS] if fault.dice[1] < 0.5 else []
        return self.cut(fault, both_ways([place.name], others))

    def split(self, fault):
        """Two groups; clients reach both, or one of them, or some links stay between them: a bridge."""
        names = [place.name for place in self.fleet.places]
        left = [name for name, dice in zip(names, fault.dice) if dice < 0.5]
        right = [name for name in names if name not in left]
        bridge = names[int(fault.dice[7] * len(names))] if fault.dice[6] < 0.3 else None
        pairs = both_ways([name for name in left if name != bridge], [name for name in right if name != bridge])
        if fault.dice[5] < 0.3:
            pairs |= both_ways(left, [CLIENTS])
        return bool(pairs) and self.cut(fault, pairs)

    def one_way(self, fault):
        """Some links, one way only; or all to, or all from one node."""
        place = self.victim(fault)
        if place is None:
            return False
        others = [other.name for other in self.fleet.places if other is not place]
        chosen = [name for name, dice in zip(others, fault.dice[2:]) if dice < 0.6] or others
        ways = [(place.name, other) for other in chosen]
        return self.cut(fault, {(b, a) for a, b in ways} if fault.dice[1] < 0.5 else set(ways))

    # Orders.

    def order(self, fault):
        """Sensible or not: whoever is named may be dead, or what is asked for so already."""
        pick = lambda dice: ranked(1 + int(dice * len(self.fleet.places)))
        one, other = pick(fault.dice[1]), pick(fault.dice[2])
        choices = [["leader", "transfer"], ["leader", "transfer", "--to", one]]
        if self.plan.size:
            choices.append(["member", "add", one])
            # A member that is removed and a log that is lost are two, where one is survived.
            if self.plan.disks == "all":
                choices += [["member", "remove", one], ["member", "replace", one, other]]
        words = choices[int(fault.dice[3] * len(choices))]
        command = self.cluster.command(["--timeout", ORDER_PATIENCE, *words], reach=self.fleet.reach())
        process = subprocess.Popen(
            command, env=self.cluster.env, cwd=self.cluster.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.orders.append((" ".join(words[:2]), process))
        return True

    def reap_orders(self):
        for what, process in [order for order in self.orders if order[1].poll() is not None]:
            outcome = {0: "done", 3: "refused"}.get(process.returncode, "no answer")
            told = f"{what}: {outcome}"
            self.count[told] = self.count.get(told, 0) + 1
            self.orders.remove((what, process))

    # The end of all of it.

    def end(self):
        """Every fault ends; what ended is started again."""
        self.coming, self.ending = [], []
        self.cuts.clear()
        self.network.heal()
        for place in self.fleet.places:
            if place.disk:
                place.disk.make_room()
            if place.paused:
                self.fleet.pause(place, False)
        self.fleet.check_ends()
        for place in self.fleet.places:
            if place.alive and place.doomed:
                place.process.wait(10)
        self.fleet.check_ends()
        for place in self.fleet.places:
            if not place.alive:
                self.fleet.start(place)

    def close(self):
        for _, process in self.orders:
            process.kill()
            process.wait()
        self.orders = []


def both_ways(some, others):
    return {pair for one in some for other in others for pair in ((one, other), (other, one))}
