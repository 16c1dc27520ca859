"""What the history of an auction must be: pure functions, each of which gives what is wrong, with the invariant that
it breaks. `test_checker.py` shows that each of them can."""

from dataclasses import dataclass
from decimal import Decimal

ENDINGS = ("AUCTION_WINNER", "AUCTION_LOSER", "AUCTION_RESULT")
SUPERSEDED = "superseded"


@dataclass
class Case:
    """One auction after the storm."""

    name: str
    auction: str
    spec: dict
    # (client, what it wrote down), as clients.py has it; one of them the watcher, who came after the storm.
    histories: list
    # What `agora-cli show` says; None: there is no such auction.
    shown: dict
    # In mode `reachable` a partition may take back what one side acknowledged.
    strict: bool = True
    # It was over, and has left the cluster (`--auction-retention`): what clients saw is all that there is of it.
    archived: bool = False

    def entries(self, what, **fields):
        """(client, entry) of all that is of this kind."""
        for client, history in self.histories:
            for entry in history:
                if entry["what"] == what and all(entry.get(key) == value for key, value in fields.items()):
                    yield client, entry

    def watched(self):
        """The events that the watcher was told: all that there are. Without one, what the auctioneer saw."""
        last = [events(history) for client, history in self.histories if client.endswith(" watcher")]
        return last[0] if last else events(self.histories[0][1])

    def bids(self):
        """seq → (round, participant, amount; None: not shown) of the bids that `show` lists."""
        listed = [bid for bid in (self.shown or {}).get("bids", []) if not bid.get("pass")]
        return {bid["seq"]: (bid["round"], bid["participant"], bid.get("amount")) for bid in listed}


def events(history):
    return [entry for entry in history if entry["what"] == "event"]


def violations(case):
    """All that is wrong with it."""
    return [f"{case.name}: {wrong}" for check in CHECKS for wrong in check(case)]


def acknowledged_bids_stand(case):
    if not case.strict:
        return
    if case.archived:
        yield from acknowledged_bids_were_told(case)
    if case.shown is None:
        if not case.archived and any(case.entries("answered", name="AUCTION_CREATE_ACK")):
            yield "LOG-1: the auction was acknowledged and is not there"
        return
    shown = {bid["seq"]: bid for bid in case.shown["bids"]}
    for client, told in case.entries("answered", name="BID_ACK"):
        if "code" in told:
            continue
        there = shown.get(told["seq"])
        if there is None:
            yield f"LOG-1: bid {told['seq']} of {client} in round {told['round']} was acknowledged and is lost"
            continue
        hidden = case.spec["disclosure"] == "secret" or case.shown["state"] != "completed"
        is_same = (there["round"], there["participant"]) == (told["round"], told["who"])
        amounts = (there.get("amount"), told["amount"])
        if not is_same or (amounts[0] != amounts[1] and not (hidden and amounts[0] is None)):
            yield f"LOG-1: bid {told['seq']} of {client} was acknowledged as {told} and is shown as {there}"


def acknowledged_bids_were_told(case):
    told = {event["seq"]: event for event in case.watched() if event["name"] == "BID_BROADCAST"}
    for client, ack in case.entries("answered", name="BID_ACK"):
        bid = told.get(ack.get("seq"), {})
        if "code" not in ack and (bid.get("round"), bid.get("participant")) != (ack["round"], ack["who"]):
            yield f"LOG-1: bid {ack['seq']} of {client} was acknowledged, and told as {bid or 'nothing'}"


def nothing_is_there_twice(case):
    bids = (case.shown or {}).get("bids", [])
    for key in ("seq",), ("round", "participant"):
        seen = [tuple(bid[name] for name in key) for bid in bids]
        for twice in {one for one in seen if seen.count(one) > 1}:
            yield f"ONCE-1: two bids with {' and '.join(key)} {twice}"


def nothing_comes_from_nobody(case):
    asked = {
        (entry["who"], entry["round"], None if entry["amount"] is None else lowest_terms(entry["amount"]))
        for _, entry in case.entries("asked", name="BID_SUBMIT")
    }
    moves = {(who, number) for who, number, _ in asked}
    for bid in (case.shown or {}).get("bids", []):
        who, number, amount = bid["participant"], bid["round"], bid.get("amount")
        is_hidden = amount is None and not bid.get("pass")
        if (who, number, amount) not in asked and not (is_hidden and (who, number) in moves):
            yield f"ONCE-1: nobody sent {bid}"
    joined = {entry["who"] for _, entry in case.entries("asked", name="AUCTION_JOIN_REQUEST")}
    for participant in (case.shown or {}).get("participants", []):
        if participant not in joined:
            yield f"ONCE-1: {participant} never asked to join"


def a_request_has_one_answer(case):
    if not case.strict:
        return
    answers = {}
    for client, entry in case.entries("answered"):
        answer = {key: value for key, value in entry.items() if key not in ("at",)}
        first = answers.setdefault((entry["who"], entry["request"]), answer)
        if first != answer:
            yield f"ONCE-1: {client} was answered {first}, and then {answer}"


def everybody_sees_the_same(case):
    # Where a partition took back who had joined, an auction may be left without its end.
    is_there = case.shown is not None and (case.strict or case.shown["state"] in ("completed", "cancelled"))
    if not is_there and not case.archived:
        return
    whole = [comparable(event, case.spec) for event in case.watched()]
    if [event["seq"] for event in whole] != list(range(1, len(whole) + 1)):
        yield f"ORDER-1: the watcher's events have gaps: {[event['seq'] for event in whole]}"
    if not whole or whole[-1]["name"] not in ("ENDING", "AUCTION_CANCEL"):
        yield "ORDER-1: the watcher did not see the end"
    for client, history in case.histories:
        seen = events(history)
        if seen and seen[-1].get("reason") == SUPERSEDED:
            if case.strict:
                yield f"ORDER-1: {client} was told that its history is superseded"
            continue
        left = any(entry["what"] == "left" for entry in history)
        refused = any(is_turned_away(entry) for entry in history)
        mine = [comparable(event, case.spec) for event in seen]
        if is_of_another_history(case, history):
            if [event["seq"] for event in mine] != list(range(1, len(mine) + 1)):
                yield f"ORDER-1: {client}'s events have gaps: {[event['seq'] for event in mine]}"
        elif mine != whole[: len(mine)]:
            at = next(at for at, event in enumerate(mine) if at >= len(whole) or event != whole[at])
            other = whole[at] if at < len(whole) else "nothing"
            yield f"ORDER-1: {client} saw {mine[at]} where the watcher saw {other}"
        elif len(mine) < len(whole) and not left and not refused:
            yield f"ORDER-1: {client} saw {len(mine)} of {len(whole)} events"


def is_of_another_history(case, history):
    """Where a history may be set aside: this client saw, to the end, another one than the watcher."""
    whole = [comparable(event, case.spec) for event in case.watched()]
    mine = [comparable(event, case.spec) for event in events(history)]
    ended = bool(mine) and mine[-1]["name"] in ("ENDING", "AUCTION_CANCEL")
    return not case.strict and ended and mine != whole[: len(mine)]


def is_turned_away(entry):
    """Not in this auction: a join that was refused."""
    return entry["what"] == "answered" and entry["name"] == "AUCTION_JOIN_DENY" and entry["code"] != "ALREADY_JOINED"


def comparable(event, spec):
    """An event without what differs from one to the other: when it came, how it is told, and what only some may
    see."""
    told = {key: value for key, value in event.items() if key not in ("what", "at", "who", "remaining-ms")}
    if told["name"] in ENDINGS:
        told["name"] = "ENDING"
    if spec["disclosure"] != "open" and told["name"] == "BID_BROADCAST":
        del told["amount"]
    # Each line of it is one's own alone.
    if spec["disclosure"] == "secret" and told["name"] == "ROUND_COMPLETE":
        told["standings"] = [line[0] for line in told["standings"]]
    return told


def there_is_one_winner(case):
    if case.shown is None or case.shown["state"] != "completed":
        return
    shown = (case.shown.get("winner"), case.shown.get("total"), case.shown.get("price"))
    amounts = known_amounts(case)
    bids = {seq: (number, who, amounts.get(seq)) for seq, (number, who, _) in case.bids().items()}
    unknown = [seq for seq, bid in bids.items() if bid[2] is None]
    # A secret bid whose bidder left before it saw it: its amount is not to be known.
    if not unknown:
        right = recomputed(case.spec, bids)
        if shown != right:
            yield f"WIN-1: the winner, total and price are {shown}, and computed again {right}"
    elif case.spec["disclosure"] != "secret":
        yield f"WIN-1: amounts are not shown after the end: {unknown}"
    for client, history in case.histories:
        if is_of_another_history(case, history):
            continue
        for event in events(history):
            told = tuple(event.get(key) for key in ("winner", "total", "price"))
            if event["name"] in ENDINGS and told != shown:
                yield f"WIN-1: {client} was told {told}, and shown is {shown}"
            who = history[0]["who"]
            right = (event["name"] == "AUCTION_WINNER") == (who == shown[0])
            if event["name"] in ENDINGS and not right:
                yield f"WIN-1: {client} was told {event['name']}, and the winner is {shown[0]}"


def known_amounts(case):
    """seq → amount, from `show`, and where it keeps an amount back from who made the bid."""
    amounts = {seq: amount for seq, (_, _, amount) in case.bids().items() if amount is not None}
    for _, told in case.entries("answered", name="BID_ACK"):
        if "code" not in told:
            amounts.setdefault(told["seq"], told["amount"])
    for _, event in case.entries("event", name="BID_BROADCAST"):
        if event["amount"] is not None:
            amounts.setdefault(event["seq"], event["amount"])
    return {seq: amount for seq, amount in amounts.items() if amount is not None}


def recomputed(spec, bids):
    """(winner, total, price) of the bids by the auction's rule."""
    totals, reached, rounds = {}, {}, {}
    for seq, (_, who, amount) in sorted(bids.items()):
        totals[who] = totals.get(who, Decimal(0)) + Decimal(amount)
        rounds[who] = rounds.get(who, 0) + 1
        reached[who] = seq
    if not totals:
        return (None, None, None)
    if spec["rule"] == "lowest":
        ranked = sorted(totals, key=lambda who: (-rounds[who], totals[who], reached[who]))
    else:
        ranked = sorted(totals, key=lambda who: (-totals[who], reached[who]))
    winner = ranked[0]
    price = totals[winner]
    if spec["rule"] == "second-price":
        least = Decimal(spec["limit"]) * rounds[winner]
        price = max(totals[ranked[1]], least) if len(ranked) > 1 else least
    return (winner, lowest_terms(totals[winner]), lowest_terms(price))


def sealed_stays_sealed(case):
    for client, leak in case.entries("leak"):
        yield f"SEAL-1: {client} was sent the amount of bid {leak['seq']} of {leak['participant']} before its time"


def lowest_terms(amount):
    """As the protocol writes amounts."""
    text = f"{Decimal(amount):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


CHECKS = (
    acknowledged_bids_stand,
    nothing_is_there_twice,
    nothing_comes_from_nobody,
    a_request_has_one_answer,
    everybody_sees_the_same,
    there_is_one_winner,
    sealed_stays_sealed,
)
