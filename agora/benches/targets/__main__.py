#!/usr/bin/env python3
"""Agora and its rivals in one run on one machine: fills the table of targets, and tells how the figures grow.

    python3 agora/benches/targets [--quick] [--only ROW …] [--markdown FILE] [--json FILE]

Measurements are made in rounds, Agora and the rivals in turns, so that a machine that slows down slows down all;
figures are medians of the rounds, ratios those of the same round. Progress is told on stderr, the tables on stdout.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import growth
import nodes
import report
import rows
from measurements import EACH_ROUND, ONCE, Plan
from rivals import Rivals

GROUPS = list(dict.fromkeys(row.group for row in rows.ROWS)) + ["saturation"]
GROWTH = ["growth-" + name for name in growth.TABLES]
STARTED = time.monotonic()


def progress(text):
    print(f"[{time.monotonic() - STARTED:6.0f} s] {text}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(
        prog="targets",
        description=__doc__.split("\n\n")[0],
        epilog=f"rows: {' '.join(GROUPS + GROWTH)}; growth: all of the last",
    )
    parser.add_argument("--quick", action="store_true", help="two rounds, and all of it shorter: some minutes")
    parser.add_argument("--full", action="store_true", help="an hour of load for each preset, and 10,000 waiting auctions")
    parser.add_argument("--history", nargs=2, type=int, metavar=("A", "B"), help="A auctions that are over, with B bids")
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=[*GROUPS, *GROWTH, "growth"], help="only these")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds (5; 2 with --quick)")
    parser.add_argument("--seconds", type=int, metavar="N", help="of one measurement (5; 3 with --quick)")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="put the tables between FILE's markers")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--from", type=pathlib.Path, metavar="FILE", dest="earlier", help="only tell an earlier --json")
    parser.add_argument("--agora", type=pathlib.Path, metavar="DIR", help="agora-node and agora-cli (default: build)")
    parser.add_argument("--rivals", type=pathlib.Path, metavar="DIR", help="unpacked packages (default: fetch them)")
    parser.add_argument("--data", type=pathlib.Path, metavar="DIR", help="where all write (the temporary folder)")
    wanted = parser.parse_args()
    if wanted.quick and wanted.full:
        parser.error("--quick or --full")
    if min(wanted.rounds or 1, wanted.seconds or 1) < 1:
        parser.error("at least one round of one second")
    return wanted


def plan_of(wanted, rivals):
    quick, full = wanted.quick, wanted.full
    return Plan(
        rivals=rivals,
        seconds=wanted.seconds or (3 if quick else 5),
        rounds=wanted.rounds or (2 if quick else 5),
        kills=5 if quick else 10,
        rivals_kills=1 if quick else 3,
        pairs=2 if quick else 5,
        history=tuple(wanted.history or ((10_000, 100_000) if quick else (100_000, 1_000_000))),
        waiting=10_000 if full else 1_000 if quick else 3_000,
        large=5_000,
        large_limit=60 if quick else 300,
        saturation=10 if quick else 60,
        alarms=3_600 if full else 10 if quick else 60,
    )


def binaries(folder, target):
    """The folder of Agora's release binaries, built unless it is given."""
    if folder is None:
        progress("building Agora")
        env = os.environ | {"CARGO_TARGET_DIR": str(target)}
        command = ["cargo", "build", "--locked", "--release", "-p", "agora-node", "-p", "agora-cli"]
        if subprocess.run(command, cwd=nodes.ROOT, env=env, stdout=sys.stderr).returncode != 0:
            sys.exit("targets: cargo build failed")
        folder = target / "release"
    for name in ("agora-node", "agora-cli"):
        if not (folder / name).exists():
            sys.exit(f"targets: {folder / name} is missing")
    return folder.resolve()


def attempt(name, measure, *given):
    """The figures, or why there are none: a measurement that fails does not end the run."""
    try:
        entry = measure(*given)
    except (nodes.NotMeasured, nodes.Failed) as why:
        entry = {"not-measured": str(why).splitlines()[0]}
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as fault:
        entry = {"not-measured": f"{type(fault).__name__}: {fault}"}
    progress(f"{name}: {brief(entry)}")
    return entry


def brief(entry):
    if "not-measured" in entry:
        return f"not measured: {entry['not-measured']}"
    shown = ["bids-per-second", "ops-per-second", "p50-us", "failover-ms", "datagrams", "calls", "ratio", "share"]
    shown += ["changes", "bytes-per-bid", "bytes-per-waiting"]
    shown += ["leader-changes"] if entry.get("leader-changes") else []
    return ", ".join(f"{key} {entry[key]}" for key in shown if entry.get(key) is not None)


def in_rounds(plan, names, figures):
    for number in range(plan.rounds):
        # Back and forth, so that none is always the one after another.
        for name in names if number % 2 == 0 else reversed(names):
            entry = attempt(f"round {number + 1}/{plan.rounds}, {name}", EACH_ROUND[name], plan)
            figures.add(name, entry)


def grow(plan, names, results):
    for name in names:
        table, found = growth.TABLES[name], results.setdefault(name, {})
        for number in range(min(plan.rounds, 3)):
            for point in table.points if number % 2 == 0 else reversed(table.points):
                found.setdefault(point, []).append(attempt(f"{name} {point}", table.measure, plan, point))


def needs(wanted):
    """The measurements that the wanted rows are made of."""
    return {name for row in rows.ROWS if not wanted or row.group in wanted for name in row.needs()}


def rounds_of(wanted):
    """Those of them that are made in every round, in their order."""
    return [name for name in EACH_ROUND if name in needs(wanted)]


def measure(plan, wanted, figures, grown):
    """Everything that the wanted rows need."""
    in_rounds(plan, rounds_of(wanted), figures)
    peaks = figures.values("agora 8", "bids-per-second")
    plan.peak = statistics.median(peaks) if peaks else 0.0
    needed = needs(wanted) | ({"saturation"} if not wanted or "saturation" in wanted else set())
    for name in ONCE:
        if name in needed:
            figures.add(name, attempt(name, ONCE[name], plan))
    everything = not wanted or "growth" in wanted
    grow(plan, [name for name in growth.TABLES if everything or "growth-" + name in wanted], grown)


def sections(plan, wanted, figures, grown):
    """(marker, title, table) of all that there is."""
    chosen = [row for row in rows.ROWS if not wanted or row.group in wanted]
    if chosen:
        yield "targets", "", rows.targets(figures, chosen, plan)
    if limits := rows.limits(figures):
        yield "limits", "", limits
    if counted := rows.counted(figures):
        yield "counted", "", counted
    if overload := rows.saturation(figures):
        yield "overload", "Overload: twice the peak is asked for", overload
    for name, results in grown.items():
        yield f"growth-{name}", growth.TABLES[name].title, growth.lines(growth.TABLES[name], results)
    if aged := growth.history(figures):
        yield "growth-history", "History (64 auctions of 8 bidders, 256 in flight)", aged


def tell(wanted, made, machine):
    """Prints the tables, and puts them into the page. Of a run of some rows, those that are whole."""
    texts = {"machine": machine}
    for place, title, (head, lines) in made:
        texts[place] = (f"**{title}**\n\n" if title else "") + report.table(head, lines)
    print("\n\n".join(texts.values()))
    if wanted.markdown is None:
        return
    page = wanted.markdown.read_text() if wanted.markdown.exists() else ""
    for place, text in texts.items():
        if wanted.only and place in ("machine", "targets", "limits", "counted"):
            progress(f"{place}: not put into the page, for it would be of {' '.join(wanted.only)} alone")
        else:
            page = report.put(page, place, text)
    wanted.markdown.write_text(page)


def again(wanted):
    """Tells an earlier run's figures. Of a run of some rows, no others: they would empty the page's tables."""
    whole = json.loads(wanted.earlier.read_text())
    wanted.only = wanted.only or whole.get("only")
    figures = rows.Figures()
    figures.all = whole["measured"]
    grown = {name: {int(point): found for point, found in table.items()} for name, table in whole["growth"].items()}
    plan = Plan(rivals=None, **whole["plan"])
    plan.history = tuple(plan.history)
    made = list(sections(plan, wanted.only, figures, grown))
    tell(wanted, made, report.machine_lines(whole["machine"], whole["settings"]))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    wanted = arguments()
    if wanted.earlier:
        again(wanted)
        return
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", nodes.ROOT / "target")).resolve()
    if wanted.data:
        wanted.data.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = os.environ["TMPDIR"] = str(wanted.data.resolve())
    folder = binaries(wanted.agora, target)
    os.environ["AGORA_BIN"] = str(folder)
    with tempfile.TemporaryDirectory(prefix="agora-rivals-") as data:
        rivals = Rivals(wanted.rivals, target, data)
        if any(not name.startswith("agora") for name in rounds_of(wanted.only)):
            rivals.prepare(progress)
        plan = plan_of(wanted, rivals)
        machine = report.machine(str(folder / "agora-node"), wanted.agora is None, rivals, data)
        figures, grown, status = rows.Figures(), {}, 0
        try:
            measure(plan, wanted.only, figures, grown)
        except KeyboardInterrupt:
            progress("interrupted: what was measured so far")
            status = 130
    kind = "quick " if wanted.quick else "full " if wanted.full else ""
    settings = f"A {kind}run of {plan.rounds} rounds of {plan.seconds} s, {time.strftime('%Y-%m-%d', time.gmtime())}"
    if wanted.json:
        known = {name: value for name, value in vars(plan).items() if name != "rivals"}
        whole = {"settings": settings, "machine": machine, "only": wanted.only, "plan": known}
        whole |= {"measured": figures.all, "growth": grown}
        wanted.json.write_text(json.dumps(whole, indent=1) + "\n")
    made = list(sections(plan, wanted.only, figures, grown))
    if status:
        wanted.markdown = None
    tell(wanted, made, report.machine_lines(machine, settings))
    sys.exit(status)


main()
