"""The least of a storm that still fails."""

import re

# The machine has its part in a storm: one that fails may pass the next time.
TRIES = 2


def broken(failure):
    """The invariant that a failure names; none, if it names none."""
    named = re.search(r"\b[A-Z]+-\d+\b", str(failure))
    return named and named.group()


def least(kinds, fails):
    """Leaves out as many kinds as it can, and returns which, and how what is left fails; nothing, if it fails with all
    of them only. `fails` runs the storm without some and returns its failure, if it is of the sort that is looked for.

    Half of them are left out at a time, then fewer, for as long as it still fails (delta debugging: Zeller and
    Hildebrandt, 2002)."""
    left, out, seen = list(kinds), [], None
    size = (len(left) + 1) // 2
    while size:
        place, before = 0, len(left)
        while place < len(left):
            some = left[place : place + size]
            failure = next(filter(None, (fails(out + some) for _ in range(TRIES))), None)
            if failure:
                out, seen = out + some, failure
                del left[place : place + size]
            else:
                place += size
        # What is left alone now may go once something else has gone.
        size = 1 if size == 1 and len(left) < before else size // 2
    return (out, seen) if seen else None
