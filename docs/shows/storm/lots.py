"""Auctions under a storm, and who plays them: a thread that drives all clients of a seed."""

import json
import random
import select
import threading
import time
import uuid

from storm.clients import SILENCE, Auctioneer, Bidder, Watcher

# Their order on the wire.
SPEC = ("item", "rule", "disclosure", "limit", "rounds", "bidders", "round-timeout", "start")


# What is played at the same time: three, or all where there shall be much.
CROWD = ("long 1", "long 2", "short 1", "long 3", "long 4", "long 5", "short 2", "short 3")


class Lot:
    """One auction: its auctioneer, its bidders, and all that any of them saw."""

    def __init__(self, name, nodes, dice, bidders, rounds, twins, plain=False):
        self.name, self.nodes = name, nodes
        rule = "highest" if plain else dice.choice(("highest", "highest", "lowest", "second-price"))
        # Some do not bid in time, where a round ends without them.
        self.lazy = not plain and dice.random() < 0.3
        values = (
            name, rule, dice.choice(("sealed", "sealed", "open", "secret")), "1000" if rule == "lowest" else "10",
            rounds, bidders, 700 if self.lazy else dice.choice((None, 20_000)), dice.choice(("auto", "confirm")),
        )  # fmt: skip
        self.spec = dict(zip(SPEC, values))
        cancelled = not plain and dice.random() < 0.1
        self.auctioneer = Auctioneer(
            f"{name} auctioneer", nodes, list(values), dice.randint(1, rounds) if cancelled else None
        )
        self.auction = self.auctioneer.options.auction
        # Those that left came back under the same name.
        self.clients, self.gone, self.bidders = [self.auctioneer], [], bidders
        self.twins, self.salt, self.haste = twins, dice.random(), dice.choice((0.0, 0.02, 0.1))
        self.dice, self.watcher = dice, None

    def invite(self):
        """Once the auction is there, its bidders join; with twins, the first of them comes twice."""
        for number in range(1, self.bidders + 1):
            self.clients.append(self.bidder(f"{self.name} bidder {number}", uuid.uuid4(), number, 0, False))
        if self.twins:
            same = self.twins == "same ids"
            first = self.clients.pop(1)
            first.close()
            for twin in (0, 1):
                # Under one request id the same is asked; under two, twins ask for what they like.
                name = f"{self.name} twin {twin + 1}"
                self.clients.append(self.bidder(name, first.id, 1, 0 if same else twin, same))

    def bidder(self, name, participant, number, twin, same_ids):
        def strategy(at, tries):
            # Decided by who and when, so that who comes back says the same.
            dice = random.Random(f"{self.salt} {number} {twin} {at}")
            if self.lazy and dice.random() < 0.1:
                return SILENCE
            if dice.random() < 0.05:
                return None
            # Few amounts, so that totals are often equal, and the rule for ties is needed.
            good = f"{10 + dice.randrange(8)}.5"
            bad = dice.random() < 0.03 and tries == 0
            return ("2000" if self.spec["rule"] == "lowest" else "1.25") if bad else good

        sealed = self.spec["disclosure"] != "open"
        return Bidder(name, self.nodes, self.auction, participant, sealed, strategy, same_ids, self.haste)

    def watch(self):
        """Who comes last, and is told everything from the first event on."""
        self.watcher = Watcher(f"{self.name} watcher", self.nodes, self.auction, uuid.uuid4())
        self.clients.append(self.watcher)

    @property
    def there(self):
        return self.auctioneer.created

    @property
    def over(self):
        return all(client.ended for client in self.clients)

    def is_left(self):
        """Once it is over its sockets are closed: there is a limit to how many may be open."""
        if self.over:
            for client in self.clients:
                client.close()
        return self.over

    def histories(self):
        return [(client.name, client.history) for client in (*self.clients, *self.gone)]

    def acknowledged(self):
        """The bids that were, each once however often it was told; passes are none."""
        return {
            (entry["who"], entry["seq"])
            for _, history in self.histories()
            for entry in history
            if entry["what"] == "answered" and entry["name"] == "BID_ACK" and entry["amount"] is not None
        }


class Players(threading.Thread):
    """Plays lots in some slots, one after the other in each, until the storm is over; and those that run then to
    their end."""

    def __init__(self, nodes, kinds, seed, crowded):
        super().__init__(daemon=True)
        self.nodes, self.kinds, self.dice = nodes, kinds, random.Random(f"players {seed}")
        self.lots, self.playing, self.slots = [], [], dict.fromkeys(CROWD if crowded else CROWD[:3])
        self.storming, self.running, self.failure = True, True, None
        self.restart_at = time.monotonic() + 1
        self.lock = threading.Lock()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.join(10)
        for lot in self.lots:
            for client in lot.clients:
                client.close()

    def run(self):
        try:
            while self.running:
                with self.lock:
                    self._step()
        except Exception as error:  # noqa: BLE001  (whatever it is, the other thread tells it)
            self.failure = error

    def _step(self):
        for slot, lot in self.slots.items():
            if self.storming and (lot is None or lot.over):
                self.slots[slot] = self._new(slot)
        self.playing = [lot for lot in self.playing if not lot.is_left()]
        if "restarts" in self.kinds and self.storming and time.monotonic() > self.restart_at:
            self.restart_at = time.monotonic() + self.dice.expovariate(1 / 0.7)
            self._restart()
        clients = [client for lot in self.playing for client in lot.clients if not client.ended]
        for lot in self.playing:
            if lot.there and len(lot.clients) == 1:
                lot.invite()
        by_socket = {client.socket: client for client in clients}
        for one in select.select(list(by_socket), [], [], 0.004)[0]:
            by_socket[one].receive()
        for client in by_socket.values():
            client.fire()
            client.bid()

    def _new(self, slot):
        dice = random.Random(self.dice.random())
        bidders, rounds = (4, 25) if slot.startswith("long") else (dice.randint(2, 3), dice.randint(1, 6))
        twins = dice.choice(("same ids", "two ids", None)) if "twins" in self.kinds else None
        return self._play(Lot(f"lot {len(self.lots) + 1}", self.nodes, dice, bidders, rounds, twins))

    def _play(self, lot):
        self.lots.append(lot)
        self.playing.append(lot)
        return lot

    def _restart(self):
        """One bidder's process ends, whatever it was doing, and another begins."""
        lots = [lot for lot in self.playing if len(lot.clients) > 1]
        if not lots:
            return
        lot = self.dice.choice(lots)
        at = self.dice.randrange(1, len(lot.clients))
        gone = lot.clients[at]
        if gone.ended:
            return
        lot.clients[at] = gone.again()
        gone.close()
        lot.gone.append(gone)

    # What the other thread asks for.

    def last_lot(self):
        """One more, without faults, that must be played to its end."""
        with self.lock:
            dice = random.Random(self.dice.random())
            return self._play(Lot("last lot", self.nodes, dice, 2, 2, None, plain=True))

    def watch(self, lots):
        with self.lock:
            for lot in lots:
                lot.watch()
                if lot not in self.playing:
                    self.playing.append(lot)

    def end_storm(self):
        with self.lock:
            self.storming = False

    def outstanding(self, strict=True):
        """The requests that wait for an answer: of whom, what, its id. Those of a history that may be set aside may."""
        with self.lock:
            clients = [client for lot in self.lots for client in lot.clients]
            waiting = [c for c in clients if c.request and (strict or not c.elsewhere)]
            return {(c.name, c.request["name"], c.request["id"].hex()) for c in waiting}

    def unfinished(self):
        """Whoever has not seen the end of its auction, of those that are there."""
        with self.lock:
            return [client.name for lot in self.lots for client in lot.clients if not client.ended]

    def acknowledged(self):
        with self.lock:
            return sum(len(lot.acknowledged()) for lot in self.lots)

    def keep(self, folder):
        """Writes all histories down, one line for each thing that happened."""
        folder.mkdir(parents=True, exist_ok=True)
        for lot in self.lots:
            with open(folder / f"{lot.name.replace(' ', '-')}.jsonl", "w") as file:
                print(json.dumps({"auction": str(lot.auction), **lot.spec}), file=file)
                for name, history in lot.histories():
                    for entry in history:
                        print(json.dumps({"client": name, **entry}), file=file)
