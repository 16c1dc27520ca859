"""The nodes' log files after the end, read without a node: what is committed is the same in all of them (LOG-2)."""

from storm.packing import Unpacker
from tear import HEADER


class Log:
    """What a file amounts to: its entries, each as its bytes say, and how many of them were known to be committed."""

    def __init__(self, name, data):
        self.name, self.entries, self.commit = name, [], 0
        at = 0
        while at + HEADER <= len(data):
            end = at + HEADER + int.from_bytes(data[at : at + 4], "big")
            if end > len(data):
                break  # Torn; `--check-data` looks at checksums.
            unpacker = Unpacker()
            unpacker.feed(data[at + HEADER : end])
            for kind, what in next(iter(unpacker)).items():
                self._take(kind, what)
            at = end

    def _take(self, kind, what):
        if kind == "A":
            self.entries.append(what)
        elif kind == "C":
            # The first index that goes.
            (first,) = what if isinstance(what, list) else (what,)
            del self.entries[first - 1 :]
        elif kind == "M":
            self.commit = what[1]


def differences(logs):
    """What is wrong between logs, with the invariant."""
    for log in logs:
        indexes = [entry[0][1] for entry in log.entries]
        if indexes != list(range(1, len(indexes) + 1)):
            yield f"LOG-2: {log.name} has entries {indexes[:3]} … {indexes[-3:]}"
        if log.commit > len(log.entries):
            yield f"LOG-2: {log.name} knows {log.commit} entries to be committed and holds {len(log.entries)}"
    if not logs:
        return
    longest = max(logs, key=lambda log: log.commit)
    for log in logs:
        for at, (mine, other) in enumerate(zip(log.entries[: log.commit], longest.entries)):
            if mine != other:
                yield f"LOG-2: committed entry {at + 1} is {mine} on {log.name} and {other} on {longest.name}"
                break
