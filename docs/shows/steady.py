#!/usr/bin/env python3
"""Millions of bids in auctions that finish: the memory of the nodes, and with --disk their files, stop growing. `agora-cli
bench` bids as fast as goes, a slice at a time; what the nodes hold is looked at after each. Answers are kept for a minute
or up to a million, so nothing can be flat before that: what is seen in the first minute does not count."""

import argparse

from cluster import Cluster, check, main, say

# So many auctions may be there, and for so long once they are over: the bench looks at some at the end of its slice.
AUCTIONS, RETENTION = 3_000, 10
# What the second half may be above the first: the log is compacted once half of it is obsolete.
ROOM = 1.3
# Seconds of bidding until answers begin to leave, and looks after that: three in each half.
WARM_UP, LOOKS = 60, 6


def files(cluster, number):
    folder = cluster.folder / f"data-{number}"
    return sum(path.stat().st_size for path in (folder / "log", folder / "log.draft") if path.exists())


def show():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bids", type=int, default=5_000_000, help="at least so many (5,000,000)")
    parser.add_argument("--slice", type=int, default=20, help="seconds of bidding between two looks (20)")
    parser.add_argument("--disk", action="store_true", help="with data directories")
    arguments = parser.parse_args()
    with Cluster(3) as cluster:
        for number in (1, 2, 3):
            disk = ["--data-dir", cluster.folder / f"data-{number}"] if arguments.disk else []
            kept = ["--max-auctions", str(AUCTIONS), "--auction-retention", f"{arguments.slice + RETENTION}s"]
            cluster.node(number, *kept, *disk)
        leader = cluster.agree()
        bids, memory, disk = 0, [], []
        warm = -(-WARM_UP // arguments.slice) - 1
        while bids < arguments.bids or len(memory) < warm + LOOKS:
            flags = ["--auctions", 64, "--bidders", 8, "--rounds", 100, "--duration", f"{arguments.slice}s"]
            done = cluster.run("bench", *flags, patience=arguments.slice + 180)
            check(done.status == 0, f"bench ended with {done.status}: {done.error}")
            bids += done.line["bids"]
            memory.append(max(node.resident_kib() for node in cluster.nodes) / 1024)
            disk.append(max(files(cluster, number) for number in (1, 2, 3)) / 1024**2)
            on_disk = f", largest log {disk[-1]:.0f} MiB" if arguments.disk else ""
            say(f"{bids:>9} bids, {done.line['bids-per-second']:.0f} a second: {memory[-1]:.0f} MiB resident{on_disk}")
        check(cluster.agree() is leader, "the leader changed")
        for what, samples in (("MiB resident", memory[warm:]), ("MiB of log", disk[warm:])):
            half = len(samples) // 2
            before, after = max(samples[:half], default=0), max(samples[half:])
            check(after <= before * ROOM, f"{what}: {after:.0f} in the second half, {before:.0f} in the first")
        say(f"flat: {max(memory):.0f} MiB at most; {memory[-1] * 1024**2 / bids:.0f} bytes for each bid that there was")


main(show)
