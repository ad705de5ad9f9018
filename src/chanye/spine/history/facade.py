"""The two classes others use."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chanye.kernel.errors import ConfigError, TransientError
from chanye.spine.history.adopt import Candidate, prepare
from chanye.spine.history.analysis import AnalysisReader
from chanye.spine.history.columns import DAY, HOUR
from chanye.spine.history.compact import GRACE, choose_day, delete_obsolete, merge_parts, retire_days
from chanye.spine.history.latest import LatestRows
from chanye.spine.history.manifest import Manifest, add_audit, add_part, concat_latest, merge_latest, set_meta
from chanye.spine.history.memory import SourceMemory
from chanye.spine.history.parts import concat_contents
from chanye.spine.history.reader import readable_manifest
from chanye.spine.history.rolling import roll_up_day
from chanye.spine.history.types import AuditRow, Maintenance, Receipt, SeriesSpec
from chanye.spine.history.verify import Counts, audit_rows
from chanye.spine.history.writer import Writer

if TYPE_CHECKING:
    import pyarrow as pa

Specs = Callable[[Sequence[int]], Mapping[int, SeriesSpec]]


class History(Writer):
    """The one writer of a folder.

    Parameters
    ----------
    folder
        Made if absent.
    flush_rows, flush_seconds
        Size and age at which the log becomes parts. [rows], [s]
    min_free_bytes
        Below this much free disk nothing is acknowledged.
    clock
        Time of arrival; made strictly increasing. [us UTC]

    Raises
    ------
    ConfigError
        Another process writes this folder, or its manifest is damaged.
    """

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.folder)

    # --- bulk ---------------------------------------------------------------------------------------------------

    def adopt(
        self, source: str, sequence: int, files: Sequence[Path], counts: Mapping[str, int], position: str = ""
    ) -> Receipt:
        """Make files of ``PartWriter`` part of the history: all of them in one instant, or none.

        Parameters
        ----------
        source, sequence, counts, position
            As in ``Batch``; the pair makes a repeated call harmless.
        files
            What ``PartWriter.finish`` returned; gone when this returns.

        Raises
        ------
        ConfigError
            A file is damaged or not of ``PartWriter``; nothing was taken over.
        TransientError
            The disk is full; nothing was taken over.
        """
        if not source or sequence < 1:
            raise ConfigError("A bulk delivery needs the name of its source and a sequence from 1 on.")
        with self._lock:
            known = self._memory.knows(source, sequence)
        candidates: list[Candidate] = []
        receipt: Receipt | None = None
        try:
            if not known:
                candidates.extend(prepare(self.folder, Path(f)) for f in files)
                with self._settled():
                    receipt = self._enter(source, sequence, candidates, counts, position)
        except (OSError, sqlite3.OperationalError) as error:
            raise TransientError(f"The files cannot be taken over ({error}). Free disk space; try again.") from error
        finally:
            if receipt is None:
                for c in candidates:
                    (self.folder / c.part.file).unlink(missing_ok=True)
        for f in files:
            Path(f).unlink(missing_ok=True)
        return receipt or Receipt(self._memory.state(source).last_arrival, 0, duplicate=True)

    def _enter(
        self, source: str, sequence: int, found: Sequence[Candidate], counts: Mapping[str, int], position: str
    ) -> Receipt | None:
        """Commit adopted parts; None if they were there already. The caller holds both locks."""
        if self._memory.knows(source, sequence):
            return None
        arrival, batch = max(self._clock(), self._next_arrival + 1), self._next_batch + 1
        rows = sum(c.part.rows for c in found)
        state = SourceMemory(*self._memory.source(source).row())
        state.accept(sequence, position, arrival)
        reasons = {"stored": rows, **counts}
        audit = {(source, arrival // HOUR * HOUR, r): int(n) for r, n in reasons.items() if n}
        newest = _stamped([c.newest for c in found], arrival)
        if newest is not None:
            self._memory.latest.reserve(int(newest.series.max()))
        with self._manifest.transaction() as db:
            for c in found:
                part = replace(c.part, min_batch=batch, max_batch=batch, min_arrival=arrival, max_arrival=arrival)
                add_part(db, part, c.contents)
                db.executemany("INSERT INTO dirty (hour, series) VALUES (?, ?)", c.hours)
            if newest is not None:
                contents = concat_contents([c.contents for c in found])
                db.execute("INSERT INTO changes VALUES (?, ?, ?)", (arrival, rows, contents.pack()))
                merge_latest(db, newest)
            add_audit(db, audit)
            db.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?)", state.row())
            set_meta(db, "batch", batch)
            set_meta(db, "arrival", arrival)
        self._next_batch, self._next_arrival = batch, arrival
        self._memory.sources[source] = state
        self._memory.batch, self._memory.arrival = batch, arrival
        if newest is not None:
            self._memory.restore(newest)
        self._memory.latest.publish(self._memory.mark(self._segment.synced))
        return Receipt(arrival, rows, duplicate=False)

    # --- maintenance --------------------------------------------------------------------------------------------

    def compact(self, full: bool = False) -> None:
        """Merge the parts of days that have many (``full``: more than one), day by day, until none is left."""
        while self._compact_day(full=full):
            pass

    def _compact_day(self, *, full: bool) -> int:
        """Merge one day; return the number of parts merged. A day with a damaged part is left as it is."""
        from pyarrow import ArrowException

        with self._compact_lock:
            parts = choose_day(self._manifest.parts(), self._clock(), full=full, skip=self._bad_days)
            if not parts:
                return 0
            try:
                merge_parts(self.folder, self._manifest, parts, self._clock())
            except (OSError, ValueError, ArrowException):
                self._bad_days.add(parts[0].day)
                return 1
            return len(parts)

    def maintain(self, specs: Specs, *, retention_days: int = 0) -> Maintenance:
        """Do one bounded step of everything that keeps the history small and quick; call it every few seconds.

        Parameters
        ----------
        specs
            Gives the specs of series numbers; series it does not know get no roll-ups.
        retention_days
            Days of raw samples to keep; 0 keeps all. [d]
        """
        before = self._flushed_rows
        if self._is_due():
            self._rotate()
        compacted = self._compact_day(full=False)
        retired = 0
        if retention_days:
            retired = retire_days(self._manifest, self._clock() // DAY - retention_days, self._clock())
        rolled, more = roll_up_day(self._reader, self.folder, self._manifest, specs, self._clock())
        deleted = delete_obsolete(self.folder, self._manifest, self._clock() - GRACE)
        return Maintenance(self._flushed_rows - before, compacted, rolled, retired, deleted, more or compacted > 0)


class Reader(AnalysisReader):
    """Reads of a folder: any number, any process, thread-safe."""

    def sql(self, query: str, params: Sequence[object] = ()) -> pa.Table:
        """Answer a query in DuckDB's SQL, read only.

        Parameters
        ----------
        query
            May use the views ``samples`` (series, time, value, quality, arrival; newest version of each time) and
            ``versions`` (the same with every version).
        params
            Values for ``?`` in the query.

        Raises
        ------
        ConfigError
            The query is wrong or wants other files.
        """
        from chanye.spine.history.query import run_sql

        return self._retry(lambda view: run_sql(self._store, view, query, params))

    def audit(self, *, source: str | None = None, start: int | None = None, end: int | None = None) -> list[AuditRow]:
        """Return the counts per source and hour of arrival.

        Parameters
        ----------
        source
            Only this one.
        start, end
            Hours of arrival that touch ``[start, end)``. [us UTC]
        """
        manifest = self._store.manifest()
        if manifest is None:
            return []
        with readable_manifest():
            view = self._store.snapshot()
            rows = self._audited(manifest)
            while manifest.version() != view.version:
                view, rows = self._store.snapshot(), self._audited(manifest)
        counts: Counts = {(s, hour, reason): n for s, hour, reason, n in rows}
        for record in view.records:
            s, more, _ = record.meta()
            for reason, n in {"stored": record.rows, **more}.items():
                if n:
                    key = (s, record.arrival // HOUR * HOUR, reason)
                    counts[key] = counts.get(key, 0) + n
        return [
            r
            for r in audit_rows(counts)
            if (source is None or r.source == source)
            and (start is None or r.hour + HOUR > start)
            and (end is None or r.hour < end)
        ]

    @staticmethod
    def _audited(manifest: Manifest) -> list[tuple[str, int, str, int]]:
        with manifest.transaction(write=False) as db:
            return db.execute("SELECT source, hour, reason, n FROM audit").fetchall()


def _stamped(blocks: Sequence[LatestRows], arrival: int) -> LatestRows | None:
    """Join newest samples and give them their time of arrival."""
    if not blocks:
        return None
    out = blocks[0]
    for b in blocks[1:]:
        out = concat_latest(out, b)
    return out._replace(arrival=np.full(len(out.time), arrival, np.int64))
