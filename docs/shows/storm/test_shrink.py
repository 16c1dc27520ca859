"""Of a storm that fails, what it does not need is left out."""

import unittest

from storm.schedule import EVERY_KIND
from storm.shrink import broken, least


class Least(unittest.TestCase):
    def needs(self, *needed, passes_first=False):
        tried = set()

        def fails(without):
            first = tuple(without) not in tried
            tried.add(tuple(without))
            if set(needed) & set(without) or (passes_first and first):
                return None
            return f"LOG-1: {len(EVERY_KIND) - len(without)} kinds"

        return least(EVERY_KIND, fails)

    def test_what_a_failure_does_not_need_is_left_out(self):
        without, failure = self.needs("crash", "loss")
        self.assertEqual(set(EVERY_KIND) - set(without), {"crash", "loss"})
        self.assertEqual(failure, "LOG-1: 2 kinds")
        self.assertEqual(self.needs()[1], "LOG-1: 0 kinds")

    def test_a_storm_that_needs_all_is_not_made_less(self):
        self.assertIsNone(self.needs(*EVERY_KIND))

    def test_a_storm_that_passes_once_is_tried_again(self):
        self.assertEqual(self.needs("twins", passes_first=True)[1], "LOG-1: 1 kinds")

    def test_the_invariant_of_a_failure_is_found(self):
        self.assertEqual(broken("anna's lot: ORDER-1: a gap"), "ORDER-1")
        self.assertIsNone(broken("a node ended with 101"))


if __name__ == "__main__":
    unittest.main()
