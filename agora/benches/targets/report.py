"""What the run is told as: tables in markdown, between markers of a page, and what machine they are of."""

import os
import pathlib
import platform
import statistics
import subprocess
import tempfile
import textwrap
import time

from nodes import ROOT


def table(head, lines):
    """A table in markdown."""


    def line(cells):
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, lines)])


def put(page, name, text):
    """`page` with `text` between the markers of a name; at its end with new markers where it has none."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if begin in page and end in page.split(begin, 1)[1]:
        before, rest = page.split(begin, 1)
        after = rest.split(end, 1)[1]
        return f"{before}{begin}\n{text}\n{end}{after}"
    return f"{page.rstrip()}\n\n{begin}\n{text}\n{end}\n".lstrip()


def said(*command, cwd=None):
    """The first line that a command says, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=cwd)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout.strip().splitlines() or [""])[0] if done.returncode == 0 else ""


def field(path, name):
    """The value of the first `name: value` line of a file of /proc."""
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def flush_us(folder, appended, times=200):
    """Median microseconds of an fdatasync after 4 KiB, appended to a file or written over what is there."""
    took = []
    with tempfile.NamedTemporaryFile(dir=folder, buffering=0) as file:
        if not appended:
            file.write(bytes(4096 * times))
            os.fsync(file.fileno())
            file.seek(0)
        for _ in range(times):
            file.write(bytes(4096))
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - started) * 1e6)
    return round(statistics.median(took))


def file_system(folder):
    """The type of the file system that a folder is on."""
    return said("findmnt", "--noheadings", "--output", "FSTYPE", "--target", str(folder)) or "an unknown file system"


def machine(agora_node, built, rivals, data):
    """What somebody needs to know to compare. Binaries that were not `built` here may be of any commit."""
    memory = field("/proc/meminfo", "MemTotal").split()
    return {
        "processors": os.cpu_count(),
        "processor": field("/proc/cpuinfo", "model name") or platform.machine(),
        "virtual": "hypervisor" in field("/proc/cpuinfo", "flags").split(),
        "memory-gib": round(int(memory[0]) / 2**20) if memory else None,
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "rustc": said("rustc", "--version"),
        "agora": said(agora_node, "--version"),
        "commit": said("git", "rev-parse", "--short=12", "HEAD", cwd=ROOT) if built else "",
        "changed": built and bool(said("git", "status", "--porcelain", cwd=ROOT)),
        "rivals": rivals.versions(),
        "load-before": os.getloadavg()[0],
        "data": file_system(data),
        "fdatasync-appended-us": flush_us(data, appended=True),
        "fdatasync-overwritten-us": flush_us(data, appended=False),
    }


def machine_lines(known, settings):
    """The same for people, as a list."""
    rivals = ", ".join(f"{name} {version}" for name, version in known["rivals"].items()) or "none"
    commit = f"commit {known['commit']}" if known["commit"] else "binaries that were there"
    virtual = "; a virtual machine" if known["virtual"] else ""
    changed = ", with changes" if known["changed"] else ""
    told = [
        f"- {known['processors']} processors ({known['processor']}{virtual}),"
        f" {known['memory-gib']} GiB, {known['kernel']}",
        f"- {known['agora']}, {commit}{changed}; {known['rustc']}; Python {known['python']}",
        f"- rivals: {rivals}",
        f"- data on {known['data']}: fdatasync of 4 KiB takes {known['fdatasync-appended-us']} µs (median) where they"
        f" are appended, {known['fdatasync-overwritten-us']} µs where they are written over others",
        f"- load before: {known['load-before']:.2f}. {settings}",
    ]
    return "\n".join(textwrap.fill(line, 118, subsequent_indent="  ", break_on_hyphens=False) for line in told)
