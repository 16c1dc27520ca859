#!/usr/bin/env python3
"""Real processes in bad weather. Each seed is a cluster of release binaries behind a relay that loses, repeats,
delays and damages datagrams; nodes are killed, stopped, paused, cut off and run out of disk, members change,
clients come twice. Then all of that ends, and there must be one leader within 10 s; every request must have its
answer, every auction its end. What clients were told is held against `show`. Mode and faults are the seed's;
docs/testing.md says which."""

import argparse
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from cluster import Failed, main, say
from storm.disks import may_mount
from storm.schedule import EVERY_KIND, plan
from storm.shrink import broken, least
from storm.tally import Tally
from storm.trial import Trial


def in_a_namespace():
    """Starts itself again where it may mount: then disks can be full. The mounts end with the processes."""
    if os.geteuid() != 0 or "AGORA_STORM_NAMESPACE" in os.environ or not shutil.which("unshare"):
        return
    unshare = ["unshare", "--mount", "--propagation", "private"]
    if subprocess.run([*unshare, "mount", "-t", "tmpfs", "agora-storm", "/mnt"], capture_output=True).returncode == 0:
        os.environ["AGORA_STORM_NAMESPACE"] = "own"
        os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8, help="how many [default: 8, which has every mode]")
    parser.add_argument("--from", type=int, default=0, dest="first", metavar="SEED", help="the first of them")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--seconds", type=float, default=12, help="how long a storm lasts [default: 12]")
    parser.add_argument(
        "--without", default="", metavar="LIST", help=f"kinds to leave out, of {', '.join(EVERY_KIND)}"
    )
    parser.add_argument(
        "--append", type=pathlib.Path, metavar="FILE", help="add the run to this file, a JSON object a line"
    )
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="where the files of a failure are kept")
    parser.add_argument(
        "--retention",
        metavar="DURATION",
        help="auctions leave so long after their end, and more are played: in a long storm, logs are compacted",
    )
    parser.add_argument("--keep-going", action="store_true", help="go on after a failure")
    parser.add_argument(
        "--shrink", action="store_true", help="of a seed that fails, look for the least that does: some minutes each"
    )
    chosen = parser.parse_args()
    chosen.left_out = [kind.strip() for kind in chosen.without.split(",") if kind.strip()]
    unknown = set(chosen.left_out) - set(EVERY_KIND)
    if unknown:
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    return chosen


def again(chosen, seed, left_out):
    command = f"python3 docs/shows/storm.py --seed {seed} --seconds {chosen.seconds:g}"
    if left_out:
        command += f" --without '{','.join(left_out)}'"
    return command + (f" --retention {chosen.retention}" if chosen.retention else "")


def shrink(chosen, seed, failure, keep):
    """Tells the least of a seed that breaks the same. Each try that fails has its files in a folder of its own."""
    tries = itertools.count(1)

    def fails(without):
        folder = keep / f"seed-{seed}-try-{next(tries)}"
        try:
            Trial(seed, chosen.seconds, chosen.left_out + without, folder, chosen.retention).run()
        except Failed as less:
            same = broken(less) == broken(failure)
            say(f"    without {', '.join(without)}: {'the same' if same else 'another failure'}")
            return less if same else None
        say(f"    without {', '.join(without)}: passes")
        return None

    found = least(sorted(plan(seed, chosen.seconds, chosen.left_out).kinds), fails)
    if found is None:
        say("all of its kinds are needed, as far as two tries of each tell")
        return
    without, less = found
    say(f"the least that FAILED: {less}")
    say(f"again: {again(chosen, seed, chosen.left_out + without)}")


def show():
    chosen = options()
    seeds = [chosen.seed] if chosen.seed is not None else range(chosen.first, chosen.first + chosen.seeds)
    if may_mount():
        say(f"left out: full disks, for there is {may_mount()}")
    # Made only if something is put there.
    keep = chosen.keep or pathlib.Path(tempfile.gettempdir()) / f"agora-storm-{os.getpid()}"
    tally = Tally(chosen.seconds)
    try:
        for seed in seeds:
            started = time.monotonic()
            try:
                trial = Trial(seed, chosen.seconds, chosen.left_out, keep / f"seed-{seed}", chosen.retention)
                tally.add(trial.run())
            except Failed as failure:
                tally.failed(seed, str(failure), time.monotonic() - started)
                say(f"seed {seed} FAILED: {failure}")
                say(f"again: {again(chosen, seed, chosen.left_out)}")
                if chosen.shrink:
                    shrink(chosen, seed, failure, keep)
                if not chosen.keep_going:
                    break
    finally:
        # Of a run that is ended early, too.
        tally.tell(chosen.append)
    if tally.failures:
        raise Failed("seeds " + ", ".join(str(seed) for seed, _ in tally.failures))


if __name__ == "__main__":
    in_a_namespace()
    main(show)
