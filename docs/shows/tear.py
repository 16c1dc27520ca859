"""Where the end of a node's log may be torn: what a power cut takes was written and not flushed."""

# Length and checksum of a record, and how a mark goes on.
HEADER = 8
MARK = b"\x81\xa1M"


def last_mark(log):
    """Where the last mark begins, 0 if there is none: everything before it was flushed, and may have been
    acknowledged."""
    at = mark = 0
    while at + HEADER <= len(log):
        end = at + HEADER + int.from_bytes(log[at : at + 4], "big")
        if end <= len(log) and log.startswith(MARK, at + HEADER):
            mark = at
        at = end
    return mark
