"""How fast samples become durable, in how much memory and on how much disk."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from chanye.bench import peers
from chanye.bench.figures import Figure, Result, machine, peak, reset_peak
from chanye.bench.workload import Rows, fleet, noisy_walk
from chanye.spine.history import History, verify

RATE = (
    "20 M samples, 2,000 series, batches of 10,000, each durable before the next, 1 % late, 1 % duplicate: "
    "≥ 1.5 M samples/s here, and ≥ 1.5 × VictoriaMetrics and ≥ 4 × InfluxDB (Debian packages) run in the same call "
    "if they are installed; ≤ 600 MB of memory beyond the bench's own input."
)
SIZE = (
    "After compaction ≤ 5 bytes a sample on that noisy walk, ≤ 1.6 on a fleet-like set (1,600 tags, 10 s, few "
    "decimals, built by the bench)."
)


def run(*, quick: bool) -> Result:
    """Measure; ``quick`` takes fewer samples and says so in the names."""
    total, peer_rows, seconds = (2_000_000, 300_000, 4 * 3600) if quick else (20_000_000, 2_000_000, 86_400)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="chanye-bench-") as name:
        folder = Path(name)
        walk = noisy_walk(total)
        rate, p50, p99, memory = _append_all(folder / "walk", walk.rows)
        head = walk.rows.cut(0, peer_rows)
        size = _compacted_size(folder / "walk", len(np.unique(walk.rows.series)), walk.distinct)
        del walk
        figures += _rates(folder, head, rate, f"{total // 1_000_000} M samples")
        figures += [
            Figure("batch p50", p50, "ms"),
            Figure("batch p99", p99, "ms"),
            Figure("memory beyond input", memory, "MB", bar=RATE, holds=memory <= 600),
            Figure("noisy walk after compaction", size, "bytes/sample", bar=SIZE, holds=None if quick else size <= 5),
        ]
        rows = fleet(seconds)
        _append_all(folder / "fleet", rows)
        small = _compacted_size(folder / "fleet", 1600, len(rows.time))
        figures.append(Figure("fleet after compaction", small, "bytes/sample", bar=SIZE, holds=small <= 1.6))
    return Result("ingest", machine(), tuple(figures))


def _append_all(folder: Path, rows: Rows) -> tuple[float, float, float, float]:
    """Append batch by batch; return (samples/s, p50 ms, p99 ms, MB beyond the input)."""
    batches = list(rows.batches("bench"))
    before = reset_peak()
    took = []
    with History(folder) as history:
        began = time.perf_counter()
        for batch in batches:
            t = time.perf_counter()
            history.append(batch)
            took.append(time.perf_counter() - t)
        seconds = time.perf_counter() - began
        memory = peak() - before
        history.flush()
        history.compact(full=True)
    p50, p99 = np.percentile(np.array(took) * 1e3, [50, 99])
    return len(rows.time) / seconds, float(p50), float(p99), memory


def _compacted_size(folder: Path, series: int, distinct: int) -> float:
    """Return bytes per distinct sample of the parts and the manifest; the history must prove itself."""
    report = verify(folder)
    if not report.ok or report.rows_in_parts != distinct:
        raise RuntimeError(f"The history of the bench is not right: {report}")
    files = [*(p for p in (folder / "parts").rglob("*.parquet")), folder / "manifest.sqlite3"]
    with_manifest = _named(folder)
    return sum(f.stat().st_size for f in files if f.name in with_manifest) / distinct


def _named(folder: Path) -> set[str]:
    """Return the names of the files that make up the history now; those in their grace time are not counted."""
    from chanye.spine.history.manifest import Manifest

    manifest = Manifest(folder, writable=False)
    names = {Path(p.file).name for p in manifest.parts()} | {"manifest.sqlite3"}
    manifest.close()
    return names


def _rates(folder: Path, head: Rows, rate: float, what: str) -> list[Figure]:
    """Compare with the peers on the first part of the same rows."""
    bodies = peers.lines_of(head)
    out = [Figure(f"durable ingest, {what}", rate / 1e6, "M samples/s", bar=RATE, holds=rate >= 1.5e6)]
    for start, wanted in ((peers.start_victoria, 1.5), (peers.start_influx, 4.0)):
        label = "VictoriaMetrics" if start is peers.start_victoria else "InfluxDB"
        peer = start(folder / label.lower())
        if peer is None:
            out.append(Figure(f"durable ingest against {label}", rate / 1e6, "M samples/s", f"{label} not installed"))
            continue
        try:
            if not peer.wait():
                raise RuntimeError(f"{label} did not start")
            theirs = peer.ingest(bodies, len(head.time))
        finally:
            peer.stop()
        ratio = rate / theirs
        name = f"durable ingest against {label} ({len(head.time) / 1e6:g} M samples)"
        out.append(Figure(name, rate / 1e6, "M samples/s", label, theirs / 1e6, ratio, RATE, ratio >= wanted))
    return out
