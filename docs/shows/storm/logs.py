"""The nodes' log files after the end, read without a node: what is committed is the same in all of them (LOG-2)."""

from storm.packing import Unpacker
from tear import HEADER


class Log:
    """What a file amounts to: its entries by index, and how far they were known to be committed. Up to its base
    entries that matter no more are left out."""

    def __init__(self, name, data):
        self.name, self.entries, self.base, self.commit = name, {}, 0, 0
        at = 0
        while at + HEADER <= len(data):
            end = at + HEADER + int.from_bytes(data[at : at + HEADER // 2], "big")
            if end > len(data):
                break  # Torn; `--check-data` looks at checksums.
            unpacker = Unpacker()
            unpacker.feed(data[at + HEADER : end])
            for kind, what in next(iter(unpacker)).items():
                self._take(kind, what)
            at = end

    def _take(self, kind, what):
        if kind == "B":
            self.base = self.commit = what[1]
        elif kind == "A":
            self.entries[what[0][1]] = what
        elif kind == "C":
            self.entries = {index: entry for index, entry in self.entries.items() if index < what}
        elif kind == "M":
            self.commit = what[1]

    def gap(self):
        """The first index behind the base that has no entry, though a later one has."""
        return next(
            (index for index in range(self.base + 1, max(self.entries, default=0)) if index not in self.entries), 0
        )


def differences(logs):
    """What is wrong between logs, with the invariant."""
    for log in logs:
        if log.gap():
            yield f"LOG-2: {log.name} has no entry {log.gap()}"
        last = max(log.entries, default=0)
        if log.commit > last:
            yield f"LOG-2: {log.name} knows {log.commit} entries to be committed and holds {last}"
    if not logs:
        return
    longest = max(logs, key=lambda log: log.commit)
    for log in logs:
        committed = sorted(index for index in log.entries if index <= log.commit and index in longest.entries)
        differing = [index for index in committed if log.entries[index] != longest.entries[index]]
        if differing:
            mine, other = log.entries[differing[0]], longest.entries[differing[0]]
            yield f"LOG-2: committed entry {differing[0]} is {mine} on {log.name} and {other} on {longest.name}"
