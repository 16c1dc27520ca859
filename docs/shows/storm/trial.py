"""One seed: nodes and clients, a storm, its end, and what is demanded then."""

import json
import time
from dataclasses import replace

from cluster import Cluster, Failed, check, say, until
from storm.checker import (
    SUPERSEDED,
    Case,
    a_request_has_one_answer,
    acknowledged_bids_stand,
    nothing_comes_from_nobody,
    nothing_is_there_twice,
    violations,
)
from storm.commands import Commands
from storm.disks import Disk, may_mount
from storm.faults import Faults
from storm.fleet import Fleet, Place, quiet_ports
from storm.logs import Log, differences
from storm.lots import Players
from storm.network import Network
from storm.schedule import ANYTHING, ONE_BY_ONE, plan

# LIVE-1, and what the clients' own waits add to it (they double up to a second).
ONE_LEADER, ANSWERS, TO_THE_END = 10, 20, 60
# The relay, and so all nodes, stood still for longer than a removal time: too busy a machine to promise anything.
STANDSTILL = 0.9


# So long all must say the same: what nodes told last can be of before the faults ended.
LASTING = 0.5


class Lasting:
    """Whether something has held for some time, and since when."""

    def __init__(self, condition):
        self.condition, self.held, self.since = condition, None, None

    def lasts(self):
        now, held = time.monotonic(), self.condition()
        if not held or held is not self.held:
            self.held, self.since = held, now
        return held and now - self.since > LASTING


class Trial:
    """A seed on its way."""

    def __init__(self, seed, seconds, left_out, keep, retention=None):
        self.plan, self.keep, self.retention = plan(seed, seconds, left_out), keep, retention
        self.mounts = may_mount() is None
        self.healed_after, self.taken_back, self.compacted = None, 0, 0

    def run(self):
        """Returns what there was; raises `Failed`, after its files were put aside."""
        started = time.monotonic()
        names = [f"node {rank}" for rank in range(1, self.plan.nodes + 1)]
        # The relay is forked before there are threads.
        with Network(names, self.plan.seed) as self.network, Cluster(self.plan.size) as self.cluster:
            self.cluster._tell = lambda: None  # Its files tell more.
            ports = quiet_ports(2 * self.plan.nodes + 1)
            self.places = [
                self.place(rank, on_disk, (ports.pop(), ports.pop()))
                for rank, on_disk in enumerate(self.plan.on_disk, 1)
            ]
            flags = ["--auction-retention", self.retention] if self.retention else []
            self.fleet = Fleet(self.cluster, self.network, self.places, ports.pop(), flags)
            self.cluster.reach = self.fleet.reach
            self.faults = Faults(self.plan, self.fleet, self.network, self.cluster)
            nodes = [(host, int(port)) for host, port in (at.split(":") for at in self.network.address.values())]
            try:
                with Players(nodes, self.plan.kinds, self.plan.seed, bool(self.retention)) as self.players:
                    try:
                        self.storm()
                        self.calm()
                        self.check()
                    except Exception as failure:
                        self.put_aside()
                        if isinstance(failure, Failed):
                            raise Failed("\n".join([str(failure), *self.wrong_so_far()])) from failure
                        raise
                return {"took": time.monotonic() - started, **self.told()}
            finally:
                self.faults.close()
                for place in self.places:
                    if place.process:
                        place.process.kill()
                    if place.disk:
                        place.disk.remove()

    def place(self, rank, on_disk, ports):
        disk = Disk(self.cluster.folder / f"disk-{rank}", self.mounts) if on_disk else None
        return Place(rank, disk, ports)

    def storm(self):
        first = self.places[: self.plan.size or len(self.places)]
        for place in first:
            self.fleet.start(place)
        self.cluster.agree([place.process for place in first])
        # Further ones observe, until they are needed.
        for place in self.places[len(first) :]:
            self.fleet.start(place)
        until(lambda: self.players.lots and self.players.lots[0].there, "an auction is there")
        self.commands = Commands(self.cluster, self.players.lots[0].auction, self.plan.seed)
        self.faults.start()
        until(self.stormed, "the storm is over", self.plan.seconds + 60)
        self.players.end_storm()

    def stormed(self):
        self.faults.step()
        self.check_players()
        return time.monotonic() - self.faults.began > self.plan.seconds

    def check_players(self):
        if self.players.failure:
            raise self.players.failure

    def calm(self):
        """All faults have ended, and liveness is demanded."""
        self.faults.end()
        ended = time.monotonic()
        waiting = self.players.outstanding()
        agreed = Lasting(self.fleet.agreed)
        self.live(agreed.lasts, ONE_LEADER, "one leader, and all nodes say so")
        self.healed_after = agreed.since - ended
        if self.plan.size is None:
            self.live(self.fleet.in_view, ONE_LEADER, "all nodes are in the view again")
        answered = lambda: not waiting & self.players.outstanding(self.strict())
        self.live(answered, ANSWERS, "what was asked in the storm is answered")
        self.live(lambda: not self.unfinished(), TO_THE_END, "every auction comes to its end")
        last = self.players.last_lot()
        self.live(lambda: last.over and len(last.clients) > 1, ANSWERS, "a new auction is played to its end")
        check(last.auctioneer.why == "completed", f"LIVE-1: the new auction ended otherwise: {last.auctioneer.why}")
        strict = self.strict()
        self.live(lambda: not self.commands.late(strict), ANSWERS, "agora-cli comes to the end, too")
        self.shown = {lot.name: self.show(lot.auction) for lot in self.players.lots}
        # They could leave meanwhile.
        if not self.retention:
            # Who played an auction to its end in a history that was set aside does not bid in the other one.
            goes_on = lambda shown: not strict and shown["state"] in ("waiting", "active")
            shown = {name: shown for name, shown in self.shown.items() if shown and not goes_on(shown)}
            self.players.watch([lot for lot in self.players.lots if lot.name in shown])
        self.live(lambda: not self.unfinished(), TO_THE_END, "a late watcher is told of everything")
        self.faults.close()

    def show(self, auction):
        """What `show` says; None: there is no such auction."""
        answer = self.cluster.run("show", auction)
        check(answer.status == 0 or answer.code() == "NOT_FOUND", f"LIVE-1: show: {answer.status} {answer.error}")
        return answer.line if answer.status == 0 else None

    def unfinished(self):
        names = self.players.unfinished()
        # Their auction went with the history that a partition took back.
        gone = [] if self.strict() else [lot.name for lot in self.players.lots if self.is_gone(lot)]
        return [name for name in names if not any(name.startswith(f"{lot} ") for lot in gone)]

    def is_gone(self, lot):
        return any(client.superseded or client.why == "NOT_FOUND" or client.elsewhere for client in lot.clients)

    def live(self, condition, patience, what):
        def held():
            self.fleet.check_ends()
            # A disk that was full in the storm may be noticed only now.
            self.faults.restart_what_ended()
            self.check_players()
            return condition()

        try:
            until(held, what, patience)
        except Failed as failure:
            if not str(failure).startswith("not within"):
                raise
            open_ones = sorted(self.players.outstanding())[:4]
            late = self.unfinished()[:4] + self.commands.running()
            views = [(place.name, place.process.leader()) for place in self.places]
            raise Failed(f"LIVE-1: {failure}; leaders {views}; unanswered {open_ones}; {late}") from None

    def strict(self):
        """Whether everything that was acknowledged must be there. `reachable` promises that until its view parts."""
        if self.plan.mode == ANYTHING:
            parted = [line for line in self.fleet.said("member") if line["state"] == "left"]
            return not parted and not self.fleet.said("returned")
        return self.plan.mode != ONE_BY_ONE or self.network.counts()[1] < STANDSTILL

    def check(self):
        strict = self.strict()
        wrong = []
        for lot in self.players.lots:
            shown = self.shown[lot.name]
            archived = self.retention is not None and shown is None and lot.auctioneer.ended
            case = Case(lot.name, str(lot.auction), lot.spec, lot.histories(), shown, strict, archived)
            wrong += violations(case)
            if not strict:
                self.taken_back += len(list(acknowledged_bids_stand(replace(case, strict=True))))
        if strict and not self.retention:
            try:
                self.commands.verify()
            except Failed as failure:
                wrong.append(f"agora-cli: {failure}")
        fates = self.cluster.do("status")["requests"]
        if fates["received"] != sum(count for fate, count in fates.items() if fate != "received"):
            wrong.append(f"FATE-1: the counters do not add up: {fates}")
        self.end_in_good_order()
        files = [(place.name, place.disk.data / "log") for place in self.places if place.disk]
        logs = [Log(name, file.read_bytes()) for name, file in files]
        self.compacted = sum(log.base > 0 for log in logs)
        wrong += differences(logs)
        too_long = self.network.counts()[0].get("too long", 0)
        wrong += [f"NET-1: {too_long} datagrams were too long"] if too_long else []
        check(not wrong, "\n".join(wrong[:20]))

    def wrong_so_far(self):
        """What is wrong besides, where the storm did not come to its end: what is lost says more than who waits."""
        checks = (
            acknowledged_bids_stand,
            nothing_is_there_twice,
            nothing_comes_from_nobody,
            a_request_has_one_answer,
        )
        wrong = []
        # Of what has left not everything is there.
        if self.retention:
            return wrong
        try:
            for lot in self.players.lots:
                case = Case(
                    lot.name, str(lot.auction), lot.spec, lot.histories(), self.show(lot.auction), self.strict()
                )
                wrong += [f"{lot.name}: {one}" for check_one in checks for one in check_one(case)]
        except Failed:
            pass  # Nobody answers.
        return wrong[:10]

    def end_in_good_order(self):
        for place in self.places:
            self.fleet.stop(place)
        for place in self.places:
            place.process.wait(10)
        self.fleet.check_ends()

    def told(self):
        datagrams, stall = self.network.counts()
        return {
            "seed": self.plan.seed,
            "plan": str(self.plan),
            "acknowledged": self.players.acknowledged() + self.commands.acknowledged(),
            "auctions": len(self.players.lots) + 1,
            "leaders": len(self.fleet.leaders()),
            "faults": {**self.faults.count, "full disk: ended with 1": self.fleet.ended_full},
            "datagrams": datagrams,
            "torn-bytes": self.faults.torn_bytes,
            "superseded": sum(client.why == SUPERSEDED for lot in self.players.lots for client in lot.clients),
            "healed-after": round(self.healed_after, 3),
            "stall": round(stall, 3),
            "compacted": self.compacted,
            "taken-back": self.taken_back,
            "held-to-less": int(not self.strict()),
            "peak-kib": self.fleet.peak_kib,
        }

    def put_aside(self):
        """What the nodes said, what the clients saw, and the data directories, to where they stay."""
        self.keep.mkdir(parents=True, exist_ok=True)
        for place in self.places:
            for number, life in enumerate(place.lives, 1):
                stem = self.keep / f"node-{place.rank}-life-{number}"
                lines = [json.dumps({"moment": at, **line}) for at, line in life.seen()]
                stem.with_suffix(".jsonl").write_text("\n".join(lines) + "\n")
                stem.with_suffix(".stderr").write_text("\n".join(life.stderr) + "\n")
            if place.disk:
                place.disk.keep(self.keep / f"disk-{place.rank}")
        for child in self.cluster.children:
            if child not in self.cluster.nodes:
                lines = [json.dumps({"moment": at, **line}) for at, line in child.seen()]
                stem = self.keep / child.name.replace(" ", "-")
                stem.with_suffix(".jsonl").write_text("\n".join(lines + child.stderr) + "\n")
        self.players.keep(self.keep / "histories")
        say(f"kept in {self.keep}")
