"""How fast questions are answered: alone, and by another process while samples come in."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from chanye.bench.figures import Figure, Result, machine
from chanye.bench.workload import DAY, T0, Rows, Walk, noisy_walk
from chanye.spine.history import History, PartWriter, Reader, SeriesSpec

BARS = {
    "buckets": "a day of one series in 500 min/max/mean buckets ≤ 15 ms warm",
    "latest": "latest of 2,000 series ≤ 10 ms",
    "hourly": "hourly time-weighted mean of 50 series over one day ≤ 200 ms",
    "hourly from raw": "hourly time-weighted mean of 50 series over one day ≤ 200 ms",
}
LIMITS = {"buckets": 15.0, "latest": 10.0, "hourly": 200.0, "hourly from raw": 200.0}
BESIDE = "readers in another process keep these while ingest runs (≤ 2 ×)."


def questions(reader: Reader, one: int, fifty: list[int]) -> dict[str, Callable[[], object]]:
    """Return the three questions, ready to be asked."""
    day, hour, end = 86_400_000_000, 3_600_000_000, T0 + DAY
    specs = [SeriesSpec(s) for s in fifty]
    every = list(range(2000))
    return {
        "buckets": lambda: reader.buckets(SeriesSpec(one), T0, T0 + day, 500),
        "latest": lambda: reader.latest(every),
        "hourly": lambda: reader.aggregate(specs, T0, end, hour, ["TimeAverage"], known_until=end),
        "hourly from raw": lambda: reader.aggregate(
            specs, T0, end, hour, ["TimeAverage"], known_until=end, known_at=1 << 62
        ),
    }


def measure(ask: Callable[[], object], seconds: float, least: int = 5) -> float:
    """Return the median time of a warm question. [ms]."""
    ask()
    took: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(took) < least:
        t = time.perf_counter()
        ask()
        took.append(time.perf_counter() - t)
    return float(np.median(took) * 1e3)


def run(*, quick: bool) -> Result:
    """Measure; ``quick`` takes a tenth of the samples and shorter turns."""
    total, seconds = (2_000_000, 0.5) if quick else (20_000_000, 2.0)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="chanye-bench-") as name:
        folder = Path(name)
        walk = noisy_walk(total)
        one, fifty = int(np.sort(walk.fast)[7]), _fifty(walk)
        with History(folder) as history:
            _fill(history, folder, walk.rows)
            asked = questions(Reader(folder), one, fifty)
            for key, ask in asked.items():
                value = measure(ask, seconds)
                peer = _duckdb(folder, key, one, fifty, seconds)
                ratio = peer / value if peer else None
                figures.append(
                    Figure(key, value, "ms", "DuckDB" if peer else "", peer, ratio, BARS[key], value <= LIMITS[key])
                )
            figures += _beside(history, folder, walk, (one, fifty), seconds)
    return Result("query", machine(), tuple(figures))


def _fifty(walk: Walk) -> list[int]:
    return [*np.sort(walk.fast)[:25].tolist(), *np.sort(walk.slow[:50])[:25].tolist()]


def _fill(history: History, folder: Path, rows: Rows) -> None:
    """Bring the day in by the bulk path, merge it, roll it up."""
    writer = PartWriter(folder)
    for at in range(0, len(rows.time), 1_000_000):
        part = rows.cut(at, at + 1_000_000)
        writer.write(part.series, part.time, part.value, part.quality)
    history.adopt("bulk", 1, writer.finish(), {})
    history.compact(full=True)
    while history.maintain(lambda ids: {i: SeriesSpec(i) for i in ids}).more:
        pass


def _duckdb(folder: Path, key: str, one: int, fifty: list[int], seconds: float) -> float | None:
    """Ask DuckDB the same over the same files; None if it has no such question. [ms]."""
    try:
        import duckdb
    except ImportError:
        return None
    source = f"read_parquet('{folder}/parts/*/*.parquet')"
    ids = ", ".join(map(str, fifty))
    step = DAY // 500
    queries = {
        "buckets": f"select (time - {T0}) // {step} b, min(value), max(value), avg(value), count(*) from {source} "
        f"where series = {one} group by b",
        "latest": f"select series, max(time), arg_max(value, time) from {source} group by series",
        "hourly": "with x as (select series, time, value, (time // 3600000000) h, lead(time) over "
        f"(partition by series order by time) nx from {source} where series in ({ids})) select series, h, "
        "sum(value * (least(nx, (h + 1) * 3600000000) - time)) / sum(least(nx, (h + 1) * 3600000000) - time) from x "
        "where nx is not null group by all",
    }
    if key not in queries:
        return None
    connection = duckdb.connect()
    try:
        return measure(lambda: connection.execute(queries[key]).fetchall(), seconds / 2, 3)
    finally:
        connection.close()


def _beside(history: History, folder: Path, walk: Walk, asked: tuple[int, list[int]], seconds: float) -> list[Figure]:
    """Let another process ask while this one stands still, then while it takes in samples as fast as it can."""
    command = [sys.executable, "-m", "chanye.bench.query", str(folder), json.dumps([*asked, seconds])]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        alone = _turn(child)
        stop, counted = threading.Event(), [0, 0.0]
        thread = threading.Thread(target=_pour, args=(history, walk.rows, stop, counted))
        thread.start()
        time.sleep(0.2)
        busy = _turn(child)
        stop.set()
        thread.join()
    finally:
        child.stdin.close()  # type: ignore[union-attr]  # opened as a pipe above
        child.wait(30)
        child.stdout.close()  # type: ignore[union-attr]  # opened as a pipe above
    out = [Figure("ingest meanwhile", counted[0] / max(counted[1], 1e-9) / 1e6, "M samples/s")]
    for key, value in busy.items():
        limit = 2 * LIMITS[key]
        out.append(
            Figure(
                f"{key}, other process, while ingest runs",
                value,
                "ms",
                "the same without ingest",
                alone[key],
                value / alone[key],
                BESIDE,
                value <= limit,
            )
        )
    return out


def _turn(child: subprocess.Popen[str]) -> dict[str, float]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("go\n")
    child.stdin.flush()
    found: dict[str, float] = json.loads(child.stdout.readline())
    return found


def _pour(history: History, rows: Rows, stop: threading.Event, counted: list[float]) -> None:
    """Append the next days until told to stop."""
    began, day = time.perf_counter(), 0
    while not stop.is_set():
        day += 1
        for batch in rows.shifted(day * DAY).batches(f"next{day}"):
            if stop.is_set():
                break
            counted[0] += len(batch.time)
            history.append(batch)
    counted[1] = time.perf_counter() - began


def answer(folder: Path, one: int, fifty: list[int], seconds: float) -> None:
    """Serve as the other process: for each line read, ask everything and print the medians."""
    asked = questions(Reader(folder), one, fifty)
    for _ in sys.stdin:
        print(json.dumps({key: measure(ask, seconds) for key, ask in asked.items()}), flush=True)  # noqa: T201 - a pipe


if __name__ == "__main__":
    answer(Path(sys.argv[1]), *json.loads(sys.argv[2]))
