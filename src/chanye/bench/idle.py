"""How light the product is when nothing happens: time to help, memory of all processes, time to drain."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from chanye.bench.figures import Figure, Result, machine
from chanye.bench.product import Product

HELP_S, IDLE_MB = 0.4, 500
HELP_BAR = "`chanye --help` ≤ 0.4 s"
IDLE_BAR = "idle `chanye up` ≤ 500 MB over all processes"


def run(*, quick: bool = False) -> Result:
    """Measure; ``quick`` takes fewer repeats and a shorter rest."""
    helped, bare = measure_help(3 if quick else 7)
    with tempfile.TemporaryDirectory(prefix="chanye-idle-") as folder:
        memory = measure_idle(Path(folder), rest_s=5.0 if quick else 30.0)
    total, shared_once = (sum(column) for column in zip(*memory.values(), strict=True))
    figures = [
        Figure("chanye --help", helped, "s", "python -c pass", bare, helped / bare, HELP_BAR, helped <= HELP_S),
        Figure("idle, all processes, resident", total, "MB", bar=IDLE_BAR, holds=total <= IDLE_MB),
        Figure("idle, all processes, shared pages counted once", shared_once, "MB"),
    ]
    figures += [Figure(f"idle, {name}, resident", resident, "MB") for name, (resident, _) in memory.items()]
    return Result("idle", machine(), tuple(figures))


def measure_help(repeats: int) -> tuple[float, float]:
    """Return the median time of ``chanye --help`` and of a bare interpreter, run in turn. [s]."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for kept, argv in zip(times, (["-m", "chanye", "--help"], ["-c", "pass"]), strict=True):
            begin = time.perf_counter()
            subprocess.run([sys.executable, *argv], check=True, stdout=subprocess.DEVNULL)
            kept.append(time.perf_counter() - begin)
    return median(times[0]), median(times[1])


def measure_idle(data: Path, rest_s: float) -> dict[str, tuple[float, float]]:
    """Start the product with its broker on an empty folder, let it rest, and return memory by process. [MB].

    Resident memory (RSS) counts a page in each process that maps it, the proportional one (PSS) once over all.
    """
    with Product(data) as product:
        _ask(product.status()["url"])
        time.sleep(rest_s)
        names = {pid: name for name, pid in product.status()["children"].items()}
        names[product.pid] = "supervisor"
        memory: dict[str, tuple[float, float]] = {}
        for pid, family in families(product.pid, names).items():
            sizes = [memory_mb(member) for member in family]
            memory[names[pid]] = (sum(rss for rss, _ in sizes), sum(pss for _, pss in sizes))
        return memory


def _ask(url: str) -> None:
    """Ask for a few pages, for a web server that never answered holds less than it will."""
    from urllib.error import URLError
    from urllib.request import urlopen

    for path in ("", "healthz", "sign-in", "en/", "healthz"):
        with contextlib.suppress(URLError, OSError):
            urlopen(url + path, timeout=10).read()


def families(root: int, heads: dict[int, str]) -> dict[int, list[int]]:
    """Return all descendants of ``root``, each under its nearest ancestor among ``heads``."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found: dict[int, list[int]] = {head: [] for head in heads}
    for pid in parents:
        head = pid
        while head not in heads and head in parents:
            head = parents[head]
        if head in heads:
            found[head].append(pid)
    return found


def memory_mb(pid: int) -> tuple[float, float]:
    """Return resident and proportional memory of a process; zeros when it is gone. [MB]."""
    found = {"Rss": 0.0, "Pss": 0.0}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0]) / 1024
    return found["Rss"], found["Pss"]
