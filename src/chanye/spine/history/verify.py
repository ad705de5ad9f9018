"""The proof: counts that match, checksums that hold, a chain without a break."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from chanye.spine.history.damage import ADVICE, broken_manifest_log, missing_segments
from chanye.spine.history.latest import SLOT, LatestRows, LatestView
from chanye.spine.history.manifest import Manifest, Part, link_hash, read_latest
from chanye.spine.history.parts import file_digest
from chanye.spine.history.types import AuditRow, Problem, VerifyReport
from chanye.spine.history.wal import Damage, Record, scan_records, segment_numbers, segment_path

Counts = dict[tuple[str, int, str], int]


def audit_rows(counts: Counts) -> list[AuditRow]:
    """Turn counts per (source, hour, reason) into rows."""
    keys = sorted({(source, hour) for source, hour, _ in counts})
    rows = []
    for source, hour in keys:
        of = {r: n for (s, h, r), n in counts.items() if (s, h) == (source, hour)}
        stored, duplicates = of.pop("stored", 0), of.pop("duplicates", 0)
        rejected = sum(n for r, n in of.items() if r.startswith("rejected:"))
        rows.append(AuditRow(source, hour, stored + duplicates + rejected, stored, duplicates, of))
    return rows


def verify(folder: Path) -> VerifyReport:
    """Check a history without changing it; a writer may run meanwhile.

    Returns
    -------
    VerifyReport
        Names every damaged, missing or miscounted thing; what is not named can be read.
    """
    folder = Path(folder)
    for _ in range(5):
        try:
            return _verify(folder)
        except FileNotFoundError:
            continue
    return _verify(folder)


def _verify(folder: Path) -> VerifyReport:
    if not (folder / "manifest.sqlite3").exists():
        missing = Problem("manifest.sqlite3", -1, f"missing. {ADVICE}")
        return VerifyReport(0, 0, 0, 0, 0, 0, 0, (missing,))
    problems: list[Problem] = []
    # asked twice: a log that begins anew while it is read looks broken once
    if broken_manifest_log(folder) and (why := broken_manifest_log(folder)):
        problems.append(Problem("manifest.sqlite3-wal", -1, f"{why}. {ADVICE}"))
    try:
        manifest = Manifest(folder, writable=False)
        with manifest.transaction(write=False) as db:
            parts = manifest.parts()
            flushed = int(manifest.meta("flushed", 0))
            stored = int(db.execute("SELECT coalesce(sum(n), 0) FROM audit WHERE reason = 'stored'").fetchone()[0])
            balance = dict(db.execute("SELECT what, sum(n) FROM balance GROUP BY what").fetchall())
            ledger = db.execute("SELECT n, action, file, digest, rows, hash FROM ledger ORDER BY n").fetchall()
            rollups = db.execute("SELECT file, digest FROM rollups").fetchall()
            blob = manifest.meta("latest", b"")
            if db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                problems.append(Problem("manifest.sqlite3", -1, "SQLite finds it damaged"))
        manifest.close()
    except sqlite3.DatabaseError as error:
        broken = Problem("manifest.sqlite3", -1, f"cannot be read: {error}. {ADVICE}")
        return VerifyReport(0, 0, 0, 0, 0, 0, 0, (*problems, broken))
    problems += _check_ledger(ledger, parts)
    problems += _check_files(folder, [(p.file, p.digest) for p in parts] + rollups)
    records, log_problems = _check_log(folder, flushed)
    log_rows, log_records = sum(r.rows for r in records), len(records)
    problems += log_problems
    if not log_problems:  # what a damaged record held may stand in the table and nowhere else
        problems += _check_latest(folder, read_latest(blob if isinstance(blob, bytes) else b""), records)
    problems += _kept_aside(folder)
    in_parts, merged, retired = sum(p.rows for p in parts), balance.get("merged", 0), balance.get("retired", 0)
    if stored != in_parts + merged + retired:
        what = f"{stored} samples were stored, but {in_parts} in parts + {merged} merged + {retired} retired differ"
        problems.append(Problem("manifest.sqlite3", -1, what))
    return VerifyReport(
        len(parts), log_records, stored + log_rows, in_parts, log_rows, merged, retired, tuple(problems)
    )


def _check_ledger(ledger: list[tuple[int, str, str, str, int, str]], parts: list[Part]) -> Iterable[Problem]:
    """Follow the chain; what it adds up to must be the parts there are."""
    before, held = "", {}
    for n, action, file, digest, rows, link in ledger:
        if link != link_hash(before, action, file, digest, rows):
            yield Problem("manifest.sqlite3", -1, f"the ledger was changed at line {n} ({file})")
            return
        before = link
        if action == "add":
            held[file] = (digest, rows)
        else:
            held.pop(file, None)
    for part in parts:
        if held.pop(part.file, None) != (part.digest, part.rows):
            yield Problem(part.file, -1, "the manifest and the ledger disagree about this part")
    for file in held:
        yield Problem(file, -1, "the ledger has a part that the manifest lost")


def _check_files(folder: Path, files: list[tuple[str, str]]) -> Iterable[Problem]:
    for file, digest in files:
        path = folder / file
        try:
            if file_digest(path) != digest:
                yield Problem(file, -1, "the content is not what was written; its rows are left out of reads")
        except FileNotFoundError:
            manifest = Manifest(folder, writable=False)
            gone = all(p.file != file for p in manifest.parts())
            manifest.close()
            if gone and file.startswith("parts"):
                raise
            yield Problem(file, -1, "missing")


def _check_log(folder: Path, flushed: int) -> tuple[list[Record], list[Problem]]:
    """Return the records of the segments that are not flushed yet, and what is damaged there."""
    mark = LatestView(folder).mark()
    records: list[Record] = []
    problems: list[Problem] = []
    for number in missing_segments(folder, flushed, mark.segment if mark else 0):
        manifest = Manifest(folder, writable=False)
        moved = int(manifest.meta("flushed", 0)) != flushed
        manifest.close()
        if moved:
            raise FileNotFoundError
        problems.append(Problem(f"wal/{number:010d}.log", -1, "missing: what was acknowledged in it is lost"))
    numbers = [n for n in segment_numbers(folder) if n > flushed]
    for number in numbers:
        path = segment_path(folder, number)
        data = path.read_bytes()
        until = mark.offset if mark is not None and mark.segment == number else None
        items = list(scan_records(data if until is None else data[:until]))
        for item in items:
            if isinstance(item, Record):
                records.append(item)
            elif _is_torn(item, items, until) and number == numbers[-1]:
                continue
            else:
                problems.append(
                    Problem(f"wal/{path.name}", item.offset, f"{item.size} bytes are damaged; the rest is readable")
                )
        if until is not None and len(data) < until:
            problems.append(Problem(f"wal/{path.name}", len(data), f"cut short: {until - len(data)} bytes are gone"))
    return records, problems


def _check_latest(folder: Path, flushed: LatestRows, records: list[Record]) -> Iterable[Problem]:
    """Compare the table of latest values with manifest and log; a running writer may be ahead of both."""
    view = LatestView(folder)
    if not (folder / "latest.bin").exists():
        # it is made anew at every start, and no backup has it
        return
    said = view.mark()
    if said is None:
        yield Problem("latest.bin", -1, "damaged; start chanye again: it is made anew")
        return
    blocks = [flushed]
    for record in records:
        series, time, value, quality = record.columns()
        blocks.append(LatestRows(series, time, value, quality, np.full(len(time), record.arrival, np.int64)))
    rows = blocks[0]
    if len(blocks) > 1:
        rows = LatestRows(*(np.concatenate(columns) for columns in zip(*blocks, strict=True)))
    order = np.lexsort((rows.arrival, rows.time, rows.series))
    sorted_series = rows.series[order]
    last = order[np.append(sorted_series[1:] != sorted_series[:-1], True)[: len(order)]]
    width = max(view.capacity, int(rows.series.max(initial=0)) + 1)
    want = np.zeros(width, SLOT)
    at = rows.series[last]
    for name in ("time", "value", "quality", "arrival"):
        want[name][at] = getattr(rows, name)[last]
    have = view.read(np.arange(width, dtype=np.uint32))
    differs = np.zeros(width, bool)
    for name, plain in (("time", np.int64), ("value", np.int64), ("quality", np.uint16), ("arrival", np.int64)):
        differs |= np.ascontiguousarray(want[name]).view(plain) != np.ascontiguousarray(have[name]).view(plain)
    after = view.mark()
    newest = after.arrival if after else said.arrival
    ahead = (have["arrival"] > rows.arrival.max(initial=0)) & (have["arrival"] <= newest)
    wrong = np.flatnonzero(differs & ~ahead)
    if len(wrong):
        what = f"the latest value of series {wrong[0]} is not what was stored; start chanye again: it is made anew"
        yield Problem("latest.bin", -1, what)


def _is_torn(item: Damage, items: list[Record | Damage], until: int | None) -> bool:
    """Tell whether a damaged end may be a write that was never acknowledged."""
    return item is items[-1] and until is None and not item.whole


def _kept_aside(folder: Path) -> Iterable[Problem]:
    """Name what a start or a flush found damaged earlier and kept."""
    for path in sorted((folder / "damaged").glob("*.parquet")):
        yield Problem(f"damaged/{path.name}", -1, f"the manifest has lost this part. {ADVICE}")
    for path in sorted((folder / "damaged").glob("*.log")):
        note = path.with_suffix(".json")
        if note.exists():
            yield _noted(path.name, note)
            continue
        for item in scan_records(path.read_bytes()):
            if isinstance(item, Damage):
                yield Problem(f"damaged/{path.name}", item.offset, f"{item.size} bytes were lost in the log")


def _noted(name: str, note: Path) -> Problem:
    """Return what a note beside kept bytes says; it may be damaged itself."""
    try:
        said = json.loads(note.read_text())
        offset = int(said["offset"])
    except (ValueError, KeyError, TypeError):
        return Problem(f"damaged/{name}", -1, "its note cannot be read")
    what = "this segment of the log was missing" if said.get("missing") else "a damaged record was cut from the log"
    return Problem(f"damaged/{name}", offset, what)
