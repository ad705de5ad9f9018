"""Compaction: the small parts of a day become one, sorted, without exact repeats.

Versions of one (series, time) that differ stay, so that the past can still be asked. Memory is bounded by the rows of
a range of series, not by the day. Inputs stay on disk for a grace time, because readers may be in the middle of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from chanye.spine.history.columns import Columns, concat_columns, drop_repeats, sort_columns
from chanye.spine.history.manifest import Contents, Manifest, Part, add_balance, add_part, remove_part
from chanye.spine.history.parts import (
    OpenPart,
    PartFile,
    describe_part,
    new_part_path,
    open_part,
    read_groups,
)
from chanye.spine.history.types import I64, U32
from chanye.spine.history.wal import sync_folder

#: Rows of one range of series while merging.
RANGE_ROWS = 1_000_000
#: Times a day's part count may grow before it is merged.
MANY_PARTS = 8
GRACE = 60_000_000


def choose_day(parts: list[Part], now: int, *, full: bool, skip: set[int]) -> list[Part]:
    """Return the parts of the day most worth merging, [] if none is.

    A day with many parts is merged at once; one with few when nothing came for an hour (or if ``full``).
    """
    days: dict[int, list[Part]] = {}
    for part in parts:
        days.setdefault(part.day, []).append(part)
    best: list[Part] = []
    for day, of_day in days.items():
        quiet = now - max(p.max_arrival for p in of_day) > 3_600_000_000
        due = len(of_day) >= MANY_PARTS or (len(of_day) > 1 and (full or quiet))
        if due and day not in skip and len(of_day) > len(best):
            best = of_day
    return best if full else _lean(best)


def _lean(parts: list[Part]) -> list[Part]:
    """Leave out parts far larger than the rest together: merging those again costs more than it saves."""
    chosen = sorted(parts, key=lambda p: p.rows)
    while len(chosen) > MANY_PARTS and chosen[-1].rows > 4 * sum(p.rows for p in chosen[:-1]):
        chosen.pop()
    return chosen


def merge_parts(folder: Path, manifest: Manifest, parts: list[Part], now: int) -> int:
    """Merge parts of one day into one; return the repeats dropped.

    Raises
    ------
    OSError, ValueError
        A part is damaged or the disk is full; nothing changed.
    """
    inputs = [(p, open_part(folder, p), manifest.contents(p.id)) for p in parts]
    held = [(p, o, c) for p, o, c in inputs if c is not None]
    batches, arrivals = _all_arrivals([o for _, o, _ in held])
    path = new_part_path(folder, parts[0].day)
    out = PartFile(path.with_suffix(".tmp"), batches=batches, arrivals=arrivals)
    try:
        for low, high in _ranges([c for _, _, c in held]):
            rows = concat_columns([_read_range(o, p, c, low, high) for p, o, c in held])
            out.write(drop_repeats(sort_columns(rows)))
        contents, span = out.finish()
    except BaseException:
        out.discard()
        raise
    out.path.replace(path)
    sync_folder(path.parent)
    ends = (int(arrivals[np.searchsorted(batches, span[0])]), int(arrivals[np.searchsorted(batches, span[1])]))
    made = describe_part(folder, path, contents, max(p.level for p in parts) + 1, span, ends)
    repeats = sum(p.rows for p in parts) - made.rows
    with manifest.transaction() as db:
        if not all(remove_part(db, p, now) for p in parts):
            raise ValueError("a part left the manifest while it was merged")
        add_part(db, made, contents)
        add_balance(db, made.day, "merged", repeats)
    return repeats


def _all_arrivals(opened: list[OpenPart]) -> tuple[I64, I64]:
    batches = np.concatenate([o.batches for o in opened])
    arrivals = np.concatenate([o.arrivals for o in opened])
    numbers, first = np.unique(batches, return_index=True)
    return numbers, arrivals[first]


def _ranges(contents: list[Contents]) -> list[tuple[int, int]]:
    """Return closed ranges of series numbers that hold about ``RANGE_ROWS`` rows each."""
    series, at = np.unique(np.concatenate([c.series for c in contents]), return_inverse=True)
    rows = np.bincount(at, np.concatenate([c.rows for c in contents]))
    group = (np.cumsum(rows) - rows) // RANGE_ROWS
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    ends = np.append(starts[1:] - 1, len(series) - 1)
    return [(int(series[a]), int(series[b])) for a, b in zip(starts, ends, strict=True)]


def _read_range(opened: OpenPart, part: Part, contents: Contents, low: int, high: int) -> Columns:
    """Return the rows of a closed range of series."""
    a, b = np.searchsorted(contents.series, [low, high + 1])
    ends: U32 | I64 = np.concatenate(([0], np.cumsum(contents.rows)))
    first, last = int(ends[a]), int(ends[b])
    if first == last:
        return concat_columns([])
    g0 = int(np.searchsorted(opened.groups, first, side="right")) - 1
    g1 = int(np.searchsorted(opened.groups, last, side="left"))
    block = read_groups(opened, part, range(g0, g1))
    skip = int(opened.groups[g0])
    return block.pick(slice(first - skip, last - skip))


def retire_days(manifest: Manifest, before_day: int, now: int) -> int:
    """Take whole days before ``before_day`` out of the history; return the rows."""
    old = manifest.parts("day < ?", (before_day,))
    if not old:
        return 0
    with manifest.transaction() as db:
        for part in old:
            if remove_part(db, part, now, action="retire"):
                add_balance(db, part.day, "retired", part.rows)
        db.execute("DELETE FROM dirty WHERE hour < ?", (before_day * 86_400_000_000,))
        for (file,) in db.execute("SELECT file FROM rollups WHERE day < ?", (before_day,)).fetchall():
            db.execute("INSERT OR REPLACE INTO obsolete VALUES (?, ?)", (file, now))
        db.execute("DELETE FROM rollups WHERE day < ?", (before_day,))
    return sum(p.rows for p in old)


def delete_obsolete(folder: Path, manifest: Manifest, before: int) -> int:
    """Delete files that left the manifest before a time; return how many."""
    with manifest.transaction(write=False) as db:
        files = [r[0] for r in db.execute("SELECT file FROM obsolete WHERE since <= ?", (before,))]
    for file in files:
        (folder / file).unlink(missing_ok=True)
    if files:
        with manifest.transaction() as db:
            db.executemany("DELETE FROM obsolete WHERE file = ?", [(f,) for f in files])
    return len(files)
