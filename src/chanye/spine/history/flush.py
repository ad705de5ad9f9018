"""From log segments to parts: sort, write, commit in one manifest transaction, delete the segment."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from chanye.kernel.errors import TransientError
from chanye.spine.history.columns import DAY, HOUR, Columns, drop_repeats, series_runs, sort_columns
from chanye.spine.history.latest import LatestRows
from chanye.spine.history.manifest import (
    Contents,
    Manifest,
    Part,
    add_audit,
    add_balance,
    add_part,
    merge_latest,
    pack_series,
    set_meta,
)
from chanye.spine.history.parts import contents_of, write_part
from chanye.spine.history.wal import Record, columns_of, segment_path

#: (name, seen intervals, position, last arrival)
SourceRow = tuple[str, str, str, int]


@dataclass(slots=True)
class SegmentData:
    """What one log segment holds, in memory until it is flushed."""

    number: int
    records: list[Record] = field(default_factory=list)
    rows: int = 0
    size: int = 0
    counts: dict[tuple[str, int, str], int] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    damaged: bool = False

    def add(self, record: Record, source: str, counts: dict[str, int]) -> None:
        """Take in a durable record and what it counts."""
        self.records.append(record)
        self.rows += record.rows
        self.size += record.size
        self.sources.add(source)
        hour = record.arrival // HOUR * HOUR
        for reason, n in (("stored", record.rows), *counts.items()):
            if n:
                key = (source, hour, reason)
                self.counts[key] = self.counts.get(key, 0) + n


@dataclass(frozen=True, slots=True)
class FlushJob:
    """A closed segment with the states that go with it."""

    data: SegmentData
    latest: LatestRows
    sources: list[SourceRow]
    last_batch: int
    last_arrival: int


def split_days(columns: Columns) -> list[tuple[int, Columns]]:
    """Split rows by UTC day of event time, keeping their order."""
    days = columns.time // DAY
    if not columns.rows:
        return []
    if int(days.min()) == int(days.max()):
        return [(int(days[0]), columns)]
    order = np.argsort(days, kind="stable")
    numbers, bounds = series_runs(days[order])
    return [(int(d), columns.pick(order[a:b])) for d, (a, b) in zip(numbers, itertools.pairwise(bounds), strict=True)]


def dirty_hours(columns: Columns) -> list[tuple[int, bytes]]:
    """Return (hour start, packed set of series) for every hour touched."""
    hours = columns.time // HOUR
    width = 1 << 24
    touched = np.unique(hours * width + columns.series)
    numbers, bounds = series_runs(touched // width)
    return [
        (int(h) * HOUR, pack_series((touched[a:b] % width).astype(np.uint32)))
        for h, (a, b) in zip(numbers, itertools.pairwise(bounds), strict=True)
    ]


def whole_contents(columns: Columns) -> Contents:
    """Return per series rows, first and last time over all days; any order of rows."""
    order = np.argsort(columns.series, kind="stable")
    series, bounds = series_runs(columns.series[order])
    if not len(series):
        return contents_of(columns)
    t = columns.time[order]
    return Contents(
        series,
        np.diff(bounds).astype(np.int64),
        np.minimum.reduceat(t, bounds[:-1]),
        np.maximum.reduceat(t, bounds[:-1]),
    )


def flush_segment(folder: Path, manifest: Manifest, job: FlushJob, now: int) -> int:
    """Turn a closed segment into parts; all or nothing. Return the rows stored.

    A crash before the commit leaves files that no manifest names (swept at the next start) and the segment, which is
    flushed again; a crash after it leaves a segment that the manifest knows as flushed (deleted at the next start).
    """
    columns = columns_of(job.data.records)
    batches = np.array([r.batch for r in job.data.records], np.int64)
    arrivals = np.array([r.arrival for r in job.data.records], np.int64)
    made: list[tuple[Part, Contents]] = []
    merged: list[tuple[int, int]] = []
    try:
        for day, rows in split_days(columns):
            kept = drop_repeats(sort_columns(rows))
            merged.append((day, rows.rows - kept.rows))
            made.append(write_part(folder, kept, batches, arrivals, 0))
        with manifest.transaction() as db:
            for part, contents in made:
                add_part(db, part, contents)
            for day, n in merged:
                add_balance(db, day, "merged", n)
            _enter_segment(db, job, columns)
    except BaseException:
        for part, _ in made:
            (folder / part.file).unlink(missing_ok=True)
        raise
    retire_segment(folder, job.data.number, keep=job.data.damaged)
    return columns.rows


def _enter_segment(db: sqlite3.Connection, job: FlushJob, columns: Columns) -> None:
    """Enter everything about a segment but its parts."""
    if columns.rows:
        db.executemany("INSERT INTO dirty (hour, series) VALUES (?, ?)", dirty_hours(columns))
        last = job.data.records[-1].arrival
        db.execute("INSERT INTO changes VALUES (?, ?, ?)", (last, columns.rows, whole_contents(columns).pack()))
    add_audit(db, job.data.counts)
    db.executemany("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?)", job.sources)
    merge_latest(db, job.latest)
    set_meta(db, "flushed", job.data.number)
    for key, value in (("batch", job.last_batch), ("arrival", job.last_arrival)):
        db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
            (key, value),
        )


def retire_segment(folder: Path, number: int, *, keep: bool) -> None:
    """Delete a flushed segment, or keep it for a person if it was damaged."""
    path = segment_path(folder, number)
    if keep:
        (folder / "damaged").mkdir(exist_ok=True)
        path.replace(folder / "damaged" / path.name)
    else:
        path.unlink(missing_ok=True)


class Flusher:
    """A background thread that flushes closed segments in order, while appends go on in the next one."""

    def __init__(self, run: Callable[[FlushJob], None], *, waiting: int = 2) -> None:
        self._run = run
        self._limit = waiting
        self._jobs: deque[FlushJob] = deque()
        self._changed = threading.Condition()
        self._error: Exception | None = None
        self._stop = False
        self._thread: threading.Thread | None = None

    def put(self, job: FlushJob) -> None:
        """Queue a closed segment."""
        with self._changed:
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="history-flush", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait_room(self, timeout: float = 60.0) -> None:
        """Wait until fewer than the allowed number of segments wait. Raises TransientError if they do not move."""
        if len(self._jobs) < self._limit:
            return
        with self._changed:
            ok = self._changed.wait_for(lambda: len(self._jobs) < self._limit or self._error is not None, timeout)
            if len(self._jobs) >= self._limit:
                why = str(self._error) if self._error else ("" if ok else "the disk is too slow")
                raise TransientError(f"The history cannot write its parts ({why}). Free disk space; then try again.")

    def drain(self, timeout: float = 600.0) -> None:
        """Wait until everything queued is flushed. Raises TransientError if that fails."""
        with self._changed:
            self._error = None
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._jobs or self._error is not None, timeout)
            if self._jobs:
                raise TransientError(
                    f"The history cannot write its parts ({self._error}). Free disk space; then try again."
                )

    @property
    def waiting(self) -> int:
        """Return the number of segments not flushed yet."""
        return len(self._jobs)

    def stop(self) -> None:
        """End the thread after the segment in work; what is left stays in the log."""
        with self._changed:
            self._stop = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        # On Linux the priority is the thread's own: whoever waits for an answer goes before a flush nobody waits for.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stop or self._jobs)
                if self._stop:
                    return
                job = self._jobs[0]
            try:
                self._run(job)
            except Exception as error:
                with self._changed:
                    self._error = error
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._stop or self._error is None, 2.0)
                continue
            with self._changed:
                self._error = None
                self._jobs.popleft()
                self._changed.notify_all()
