"""Each check of a history notices what it is for: a good history passes all of them, and each damage is told."""

import copy
import unittest

from storm.checker import Case, recomputed, violations
from storm.logs import Log, differences
from storm.packing import Unpacker, packb

ALICE, BOB, CAROL = "alice", "bob", "carol"
BIDS = [(5, 1, ALICE, "12.5"), (6, 1, BOB, "11"), (9, 2, BOB, "14"), (10, 2, ALICE, "12.5")]


def asked(who, request, name, **bid):
    return {"what": "asked", "at": 0, "who": who, "request": request, "name": name, **bid}


def answered(who, request, name, **what):
    return {"what": "answered", "at": 0, "who": who, "request": request, "name": name, **what}


def happened(who, seq, name, **what):
    return {"what": "event", "at": 0, "who": who, "seq": seq, "name": name, **what}


def stream(who, disclosure="sealed"):
    """What one client is told of the auction."""
    shown = lambda bidder, amount: amount if disclosure == "open" or bidder == who else None
    bid = lambda seq, number, bidder, amount: happened(
        who, seq, "BID_BROADCAST", round=number, participant=bidder, amount=shown(bidder, amount), **{"pass": False}
    )
    end = {ALICE: "AUCTION_WINNER", BOB: "AUCTION_LOSER"}.get(who, "AUCTION_RESULT")
    return [
        happened(who, 1, "AUCTION_CREATED", auctioneer="anna", spec=["lot"]),
        happened(who, 2, "PARTICIPANT_JOINED", participant=ALICE),
        happened(who, 3, "PARTICIPANT_JOINED", participant=BOB),
        happened(who, 4, "ROUND_START", round=1, **{"remaining-ms": 7 if who == ALICE else 9}),
        bid(*BIDS[0]),
        bid(*BIDS[1]),
        happened(who, 7, "ROUND_COMPLETE", round=1, standings=[[ALICE, "12.5", "12.5"], [BOB, "11", "11"]]),
        happened(who, 8, "ROUND_START", round=2, **{"remaining-ms": None}),
        bid(*BIDS[2]),
        bid(*BIDS[3]),
        happened(who, 11, "ROUND_COMPLETE", round=2, standings=[[ALICE, "12.5", "25"], [BOB, "14", "25"]]),
        happened(who, 12, end, winner=BOB, total="25", price="25", standings=[]),
    ]


def good():
    """A whole auction: alice and bob have equal totals, and bob reached his first."""
    histories = []
    for who in (ALICE, BOB):
        history = [asked(who, f"join {who}", "AUCTION_JOIN_REQUEST")]
        history += [answered(who, f"join {who}", "AUCTION_JOIN_ACK", seq=2, round=None, amount=None)]
        for seq, number, bidder, amount in BIDS:
            if bidder == who:
                history.append(asked(who, f"bid {seq}", "BID_SUBMIT", round=number, amount=amount))
                history.append(answered(who, f"bid {seq}", "BID_ACK", seq=seq, round=number, amount=amount))
        ending = {ALICE: "AUCTION_LOSER", BOB: "AUCTION_WINNER"}[who]
        history += [{**event, "name": ending} if event["seq"] == 12 else event for event in stream(who)]
        histories.append((who, history))
    histories.append(("lot watcher", stream(CAROL)))
    shown = {
        "state": "completed",
        "participants": [ALICE, BOB],
        "bids": [dict(zip(("seq", "round", "participant", "amount"), bid)) for bid in BIDS],
        "winner": BOB,
        "total": "25",
        "price": "25",
    }
    spec = {"rule": "highest", "disclosure": "sealed", "limit": "10"}
    return Case("lot", "id", spec, histories, shown)


class Checks(unittest.TestCase):
    def breaks(self, invariant, damage):
        """This damage to a good history is told, as a break of this invariant, and nothing before was."""
        case = good()
        self.assertEqual(violations(case), [])
        case = copy.deepcopy(case)
        damage(case)
        told = violations(case)
        self.assertTrue(any(f": {invariant}:" in wrong for wrong in told), told)

    def test_a_bid_that_was_acknowledged_and_is_lost(self):
        self.breaks("LOG-1", lambda case: case.shown["bids"].pop(0))

    def test_a_bid_that_was_acknowledged_with_another_amount(self):
        self.breaks("LOG-1", lambda case: case.shown["bids"][0].update(amount="12"))

    def test_a_bid_that_was_acknowledged_with_another_seq(self):
        self.breaks("LOG-1", lambda case: case.shown["bids"][0].update(seq=99))

    def test_a_bid_that_was_acknowledged_in_another_round(self):
        self.breaks("LOG-1", lambda case: case.shown["bids"][0].update(round=2))

    def test_a_bid_that_was_acknowledged_to_somebody_else(self):
        self.breaks("LOG-1", lambda case: case.shown["bids"][0].update(participant=BOB))

    def test_an_auction_that_was_acknowledged_and_is_lost(self):
        def lost(case):
            case.histories.append(("anna", [answered("anna", "create", "AUCTION_CREATE_ACK", seq=1)]))
            case.shown = None

        self.breaks("LOG-1", lost)

    def test_a_bid_that_is_there_twice(self):
        def twice(case):
            case.shown["bids"].append({**case.shown["bids"][0], "seq": 11})

        self.breaks("ONCE-1", twice)

    def test_a_bid_that_nobody_sent(self):
        def forged(case):
            case.shown["bids"].append({"seq": 11, "round": 3, "participant": ALICE, "amount": "99"})

        self.breaks("ONCE-1", forged)

    def test_a_pass_that_nobody_sent(self):
        def forged(case):
            case.shown["bids"].append({"seq": 11, "round": 3, "participant": ALICE, "pass": True})

        self.breaks("ONCE-1", forged)

    def test_a_participant_who_did_not_ask_to_join(self):
        self.breaks("ONCE-1", lambda case: case.shown["participants"].append(CAROL))

    def test_a_request_with_two_answers(self):
        def two(case):
            case.histories[0][1].append(answered(ALICE, "bid 5", "BID_DENY", code="ROUND_CLOSED"))

        self.breaks("ONCE-1", two)

    def test_an_event_that_one_did_not_see(self):
        self.breaks("ORDER-1", lambda case: case.histories[0][1].pop(-5))

    def test_an_end_that_one_did_not_see(self):
        self.breaks("ORDER-1", lambda case: case.histories[0][1].pop())

    def test_an_event_that_one_saw_otherwise(self):
        self.breaks("ORDER-1", lambda case: case.histories[0][1][-9].update(participant=CAROL))

    def test_events_in_another_order(self):
        def swapped(case):
            history = case.histories[1][1]
            history[-3], history[-4] = history[-4], history[-3]

        self.breaks("ORDER-1", swapped)

    def test_a_watcher_who_sees_gaps(self):
        self.breaks("ORDER-1", lambda case: case.histories[2][1].pop(3))

    def test_a_history_that_is_superseded_where_none_may_be(self):
        def superseded(case):
            case.histories[0][1][-1].update(name="AUCTION_CANCEL", reason="superseded")

        self.breaks("ORDER-1", superseded)

    def test_an_end_in_another_history_where_that_may_be(self):
        def elsewhere(case):
            case.histories[0][1][-9].update(participant=CAROL)
            case.strict = False

        case = good()
        elsewhere(case)
        self.assertFalse([told for told in violations(case) if ": ORDER-1:" in told], "it was set aside")
        gap = good()
        elsewhere(gap)
        gap.histories[0][1].pop(-5)
        self.assertTrue([told for told in violations(gap) if ": ORDER-1:" in told], "none is without gaps")

    def test_the_wrong_winner_is_shown(self):
        self.breaks("WIN-1", lambda case: case.shown.update(winner=ALICE))

    def test_the_wrong_total_is_shown(self):
        self.breaks("WIN-1", lambda case: case.shown.update(total="26"))

    def test_another_winner_is_told(self):
        self.breaks("WIN-1", lambda case: case.histories[0][1][-1].update(winner=ALICE))

    def test_the_loser_is_told_that_it_won(self):
        self.breaks("WIN-1", lambda case: case.histories[0][1][-1].update(name="AUCTION_WINNER"))

    def test_amounts_are_not_shown_after_the_end(self):
        def hidden(case):
            for bid in case.shown["bids"]:
                del bid["amount"]
            for _, history in case.histories:
                history[:] = [entry for entry in history if entry.get("name") != "BID_ACK"]
                for event in history:
                    if event.get("name") == "BID_BROADCAST":
                        event["amount"] = None

        self.breaks("WIN-1", hidden)

    def test_a_sealed_amount_that_was_sent(self):
        def leak(case):
            case.histories[0][1].append({"what": "leak", "at": 0, "who": ALICE, "seq": 6, "participant": BOB})

        self.breaks("SEAL-1", leak)

    def test_what_a_partition_took_back_is_no_break_where_that_may_be(self):
        case = good()
        case.strict = False
        case.shown["bids"] = case.shown["bids"][:0]
        case.shown.update(state="cancelled")
        self.assertEqual(violations(case), [])

    def test_of_an_auction_that_has_left_what_clients_saw_is_held(self):
        def archived(damage=lambda history: None):
            case = good()
            case.histories.pop()
            # Its auctioneer comes first.
            case.histories.insert(0, ("anna", stream("anna")))
            damage(case.histories[0][1])
            case.shown, case.archived = None, True
            return violations(case)

        self.assertEqual(archived(), [])
        self.assertTrue(
            any("LOG-1" in wrong for wrong in archived(lambda history: history[4].update(participant=BOB)))
        )
        self.assertTrue(any("ORDER-1" in wrong for wrong in archived(lambda history: history.pop(3))))

    def test_who_left_need_not_see_the_end(self):
        case = good()
        del case.histories[0][1][-4:]
        case.histories[0][1].append({"what": "left", "at": 0, "who": ALICE, "request": None})
        self.assertEqual(violations(case), [])


class Winners(unittest.TestCase):
    def test_each_rule_has_its_winner_and_price(self):
        bids = {1: (1, ALICE, "12"), 2: (1, BOB, "11"), 3: (2, BOB, "12.5"), 4: (2, ALICE, "11")}
        of = lambda rule, bids: recomputed({"rule": rule, "limit": "10"}, bids)
        self.assertEqual(of("highest", bids), (BOB, "23.5", "23.5"))
        self.assertEqual(of("lowest", bids), (ALICE, "23", "23"))
        self.assertEqual(of("second-price", bids), (BOB, "23.5", "23"))
        self.assertEqual(of("second-price", {3: bids[3]}), (BOB, "12.5", "10"))
        self.assertEqual(of("lowest", {**bids, 5: (3, BOB, "1000")}), (BOB, "1023.5", "1023.5"))
        self.assertEqual(of("highest", {}), (None, None, None))

    def test_of_equals_the_first_wins(self):
        bids = {1: (1, ALICE, "10"), 2: (1, BOB, "11"), 3: (2, BOB, "10"), 4: (2, ALICE, "11")}
        self.assertEqual(recomputed({"rule": "highest", "limit": "10"}, bids)[0], BOB)


def file_of(*lines):
    framed = [packb(line) for line in lines]
    return b"".join(len(payload).to_bytes(4, "big") + bytes(4) + payload for payload in framed)


def entry(index, epoch=1):
    return {"A": [[[epoch, ["node", 1]], index], 0, {"E": bytes([index])}]}


class Logs(unittest.TestCase):
    def test_logs_that_agree_on_what_is_committed(self):
        one = Log("one", file_of(entry(1), entry(2), {"M": [0, 2]}))
        # Cut and written again; and one entry more, which is not committed.
        other = Log("other", file_of(entry(1), entry(2, 9), {"C": 2}, entry(2), {"M": [0, 1]}, entry(3, 7)))
        self.assertEqual(list(differences([one, other])), [])

    def test_a_log_that_was_compacted_agrees_where_it_has_entries(self):
        one = Log("one", file_of(entry(1), entry(2), entry(3), {"M": [0, 3]}))
        compacted = lambda second: file_of({"B": [[1, ["node", 1]], 2]}, second, entry(3), {"M": [0, 3]})
        self.assertEqual(list(differences([one, Log("other", compacted(entry(2)))])), [])
        self.assertEqual(len(list(differences([one, Log("other", compacted(entry(2, 5)))]))), 1)

    def test_a_committed_entry_that_is_another(self):
        one = Log("one", file_of(entry(1), entry(2), {"M": [0, 2]}))
        other = Log("other", file_of(entry(1), entry(2, 3), {"M": [0, 2]}))
        self.assertEqual(len(list(differences([one, other]))), 1)

    def test_a_committed_entry_that_is_gone(self):
        self.assertTrue(list(differences([Log("one", file_of(entry(1), {"M": [0, 2]}))])))

    def test_a_gap(self):
        self.assertTrue(list(differences([Log("one", file_of(entry(1), entry(3)))])))


class Packing(unittest.TestCase):
    def test_what_is_packed_is_unpacked(self):
        numbers = [0, 127, 128, 255, 256, 65_535, 65_536, 1 << 32, (1 << 64) - 1]
        lengths = (0, 15, 16, 31, 32, 255, 256, 1_000)
        values = [None, True, False, *numbers, *("a" * n for n in lengths), *(bytes(n) for n in lengths)]
        values += [[1] * n for n in lengths] + [{"a": [1, {"b": b"c"}]}]
        unpacker = Unpacker()
        unpacker.feed(b"".join(map(packb, values)))
        self.assertEqual(list(unpacker), values)

    def test_a_value_that_is_cut_off(self):
        unpacker = Unpacker()
        unpacker.feed(packb("cut off")[:-1])
        with self.assertRaises(ValueError):
            list(unpacker)


if __name__ == "__main__":
    unittest.main()
