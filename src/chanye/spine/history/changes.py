"""What changed after a cursor: which intervals of which series, in the order in which samples arrived."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter

import numpy as np

from chanye.spine.history.manifest import unpack_contents
from chanye.spine.history.snapshot import Snapshot, Store
from chanye.spine.history.types import I64, U32, Changes

#: Series with the first and last time that changed in each. [us]
Touched = tuple[U32, I64, I64]
#: Arrival [us], samples, and how to read what they touched.
Change = tuple[int, int, Callable[[], Touched]]


def changes_since(store: Store, view: Snapshot, cursor: int, series: Sequence[int] | None, limit: int) -> Changes:
    """Return what a view holds that came after a cursor; see ``Reader.since``."""
    wanted = None if series is None else np.asarray(series, np.uint32)
    found: list[tuple[U32, I64, I64]] = []
    rows, more, place = 0, False, cursor
    # in order of arrival, for where the limit cuts is where the next call goes on
    until = view.mark.arrival if view.mark is not None else None
    both = heapq.merge(_flushed_changes(store, cursor, until), _tail_changes(view, cursor), key=itemgetter(0))
    for arrival, n, read in both:
        if rows and rows + n > limit:
            more = True
            break
        rows, place = rows + n, max(place, arrival)
        s, first, last = read()
        if wanted is not None:
            keep = np.isin(s, wanted)
            s, first, last = s[keep], first[keep], last[keep]
        found.append((s, first, last))
    if not found:
        none = np.empty(0, np.int64)
        return Changes(np.empty(0, np.uint32), none, none, place, more)
    s, first, last = (np.concatenate([f[i] for f in found]) for i in range(3))
    numbers, at = np.unique(s, return_inverse=True)
    low, high = np.full(len(numbers), np.iinfo(np.int64).max), np.zeros(len(numbers), np.int64)
    np.minimum.at(low, at, first)
    np.maximum.at(high, at, last)
    return Changes(numbers, low, high, place, more)


def _flushed_changes(store: Store, cursor: int, until: int | None) -> Iterable[Change]:
    """Yield what left the log; nothing newer than the view, which may lack older records that are still in it."""
    manifest = store.manifest()
    if manifest is None:
        return
    with manifest.transaction(write=False) as db:
        rows = db.execute(
            "SELECT arrival, rows FROM changes WHERE arrival > ? AND arrival <= ? ORDER BY arrival",
            (cursor, (1 << 62) if until is None else until),
        ).fetchall()
    for arrival, n in rows:

        def read(arrival: int = arrival) -> Touched:
            with manifest.transaction(write=False) as db:
                blob = db.execute("SELECT contents FROM changes WHERE arrival = ?", (arrival,)).fetchone()[0]
            c = unpack_contents(blob)
            return c.series, c.first, c.last

        yield arrival, n, read


def _tail_changes(view: Snapshot, cursor: int) -> Iterable[Change]:
    for record in view.records:
        if record.arrival > cursor and record.rows:

            def read() -> Touched:
                s, t, _, _ = record.columns()  # noqa: B023 - read before the loop goes on
                return s, t, t

            yield record.arrival, record.rows, read
