"""The one writer of a history folder."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from chanye.kernel.errors import ConfigError, PeerError, TransientError
from chanye.kernel.time import now_us
from chanye.spine.history.columns import MAX_SERIES, MAX_TIME, MIN_TIME, empty_columns
from chanye.spine.history.damage import ADVICE, broken_manifest_log
from chanye.spine.history.flush import Flusher, FlushJob, SegmentData, flush_segment
from chanye.spine.history.manifest import Manifest
from chanye.spine.history.memory import Memory
from chanye.spine.history.recovery import recover
from chanye.spine.history.types import F64, I64, U16, U32, Batch, Receipt, SourceState
from chanye.spine.history.wal import Record, Segment, encode_record, segment_path, sync_folder

#: A segment is closed after this many records too, so that a restart replays it in time.
SEGMENT_RECORDS = 50_000


class _Ticket:
    """A record written and not yet durable."""

    __slots__ = ("counts", "done", "error", "position", "record", "source")

    def __init__(self, record: Record, source: str, counts: dict[str, int], position: str) -> None:
        self.record, self.source, self.counts, self.position = record, source, counts, position
        self.done, self.error = False, ""


class Writer:
    """Appends: log first, then memory, then the acknowledgement.

    ``_lock`` guards memory and the end of the log; ``_sync_lock`` is held by the one thread that syncs for all
    (group commit) and is always taken first.
    """

    def __init__(
        self,
        folder: Path,
        *,
        flush_rows: int = 1_000_000,
        flush_seconds: float = 600.0,
        min_free_bytes: int = 200 << 20,
        clock: Callable[[], int] = now_us,
    ) -> None:
        self.folder = Path(folder)
        self._flush_rows, self._flush_seconds = flush_rows, flush_seconds
        self._min_free, self._clock = min_free_bytes, clock
        self._lock, self._sync_lock, self._flush_lock = threading.Lock(), threading.Lock(), threading.Lock()
        self._owner = self._take_ownership()
        try:
            self._open()
        except (OSError, sqlite3.OperationalError) as error:
            os.close(self._owner)
            raise TransientError(
                f"The history cannot be opened ({error}). Free disk space; then try again."
            ) from error
        except sqlite3.DatabaseError as error:
            os.close(self._owner)
            raise ConfigError(f"The manifest of the history cannot be read: {error}. {ADVICE}") from error
        except BaseException:
            os.close(self._owner)
            raise

    def _open(self) -> None:
        why = broken_manifest_log(self.folder)
        if why:
            raise ConfigError(f"The manifest of the history cannot be trusted: {why}. {ADVICE}")
        self._manifest = Manifest(self.folder, writable=True)
        self._memory = Memory(self.folder)
        self._pending: list[_Ticket] = []
        self._in_flight: dict[tuple[str, int], _Ticket] = {}
        self._free_checked, self._free = -1.0, 0
        self._texts: dict[int, dict[str, int]] = {}
        self._flusher = Flusher(self._run_flush)
        self._compact_lock, self._bad_days = threading.Lock(), set[int]()
        self._flushed_rows = 0
        self._closed = False
        self._segment = recover(self.folder, self._manifest, self._memory, self._flusher.put)
        self._opened = time.monotonic()
        self._next_batch, self._next_arrival = self._memory.batch, self._memory.arrival
        self._memory.latest.publish(self._memory.mark(self._segment.synced))

    def _take_ownership(self) -> int:
        for name in ("wal", "parts", "rollups", "incoming", "damaged"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        fd = os.open(self.folder / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            raise ConfigError(
                f"Another process already writes the history in {self.folder}. Stop it first, or use another folder."
            ) from error
        return fd

    # --- append -------------------------------------------------------------------------------------------------

    def append(self, batch: Batch) -> Receipt:
        """Store a batch; durable when this returns.

        Parameters
        ----------
        batch
            See ``Batch``. A pair (source, sequence) that was stored before is counted and not stored again.

        Returns
        -------
        Receipt
            ``arrival`` is the time given to the batch. [us UTC]

        Raises
        ------
        PeerError
            Columns do not fit together, or a time or series number is out of range; nothing was stored.
        TransientError
            The disk is full or failing; nothing was acknowledged, the log is as before.
        """
        columns = checked_columns(batch)
        self._flusher.wait_room()
        key = (batch.source, batch.sequence)
        with self._lock:
            ticket = self._in_flight.get(key)
            duplicate = ticket is not None or self._memory.knows(*key)
            if ticket is None:
                ticket = self._write_duplicate(batch) if duplicate else self._write(batch, columns)
        self._commit(ticket)
        if self._is_due():
            self._rotate()
        if duplicate:
            return Receipt(self._memory.state(batch.source).last_arrival, 0, duplicate=True)
        return Receipt(ticket.record.arrival, ticket.record.rows, duplicate=False)

    def _write_duplicate(self, batch: Batch) -> _Ticket:
        """Count a repeated delivery: a record without rows and without a sequence."""
        none = empty_columns()
        note = Batch(batch.source, 0, none.series, none.time, none.value, none.quality)
        return self._write(note, none[:4], {"duplicates": len(batch.time)})

    def _write(
        self, batch: Batch, columns: tuple[U32, I64, F64, U16], counts: dict[str, int] | None = None
    ) -> _Ticket:
        """Write a record at the end of the log; not durable yet. The caller holds ``_lock``."""
        if self._closed:
            raise ConfigError("This history is closed. Open it again.")
        counts = {k: int(n) for k, n in batch.counts.items()} if counts is None else counts
        arrival = max(self._clock(), self._next_arrival + 1)
        record = encode_record(
            offset=self._segment.written,
            sequence=batch.sequence,
            arrival=arrival,
            batch=self._next_batch + 1,
            columns=columns,
            source=batch.source,
            counts=counts,
            position=batch.position,
        )
        try:
            self._check_disk(record.size)
            if len(columns[0]):
                self._memory.latest.reserve(int(columns[0].max()))
            self._segment.write(record)
        except OSError as error:
            raise TransientError(
                f"The history cannot be written ({error}). Free disk space; then try again."
            ) from error
        self._next_batch, self._next_arrival = record.batch, arrival
        ticket = _Ticket(record, batch.source, counts, batch.position)
        self._pending.append(ticket)
        if batch.sequence:
            self._in_flight[batch.source, batch.sequence] = ticket
        return ticket

    def _check_disk(self, size: int) -> None:
        now = time.monotonic()
        if now - self._free_checked > 1.0 or self._free < self._min_free:
            stat = os.statvfs(self.folder)
            self._free, self._free_checked = stat.f_bavail * stat.f_frsize, now
        self._free -= size
        if self._free < self._min_free:
            raise TransientError(
                f"Less than {self._min_free >> 20} MB are free where the history is kept. Free disk space; "
                "nothing is acknowledged until then."
            )

    def _commit(self, ticket: _Ticket) -> None:
        """Wait until a record is durable; whoever comes first syncs for all who wait."""
        with self._sync_lock:
            if not ticket.done:
                self._sync_pending()
        if ticket.error:
            raise TransientError(ticket.error)

    def _sync_pending(self) -> None:
        """Sync what is written and take it in; the caller holds ``_sync_lock``."""
        with self._lock:
            todo, self._pending = self._pending, []
        if not todo:
            return
        try:
            self._segment.sync()
        except OSError as error:
            with self._lock:
                self._roll_back(todo + self._pending, error)
            return
        with self._lock:
            for ticket in todo:
                self._in_flight.pop((ticket.source, ticket.record.sequence), None)
                self._memory.take_in(ticket.record, ticket.source, ticket.counts, ticket.position)
                ticket.done = True

    def _roll_back(self, tickets: list[_Ticket], error: OSError) -> None:
        self._pending = []
        for ticket in tickets:
            self._in_flight.pop((ticket.source, ticket.record.sequence), None)
            ticket.done = True
            ticket.error = f"The history could not be made durable ({error}). Check the disk; then try again."
        self._segment.truncate(self._segment.synced)

    # --- rotation and flush -------------------------------------------------------------------------------------

    def _is_due(self) -> bool:
        data = self._memory.data
        return (
            data.rows >= self._flush_rows
            or len(data.records) >= SEGMENT_RECORDS
            or (bool(data.records) and time.monotonic() - self._opened > self._flush_seconds)
        )

    def _rotate(self, *, force: bool = False) -> None:
        """Close the segment, hand it to the flusher and go on in a new one."""
        with self._settled():
            if not self._memory.data.records or not (force or self._is_due()):
                return
            try:
                fresh = Segment(segment_path(self.folder, self._segment.number + 1))
                sync_folder(self.folder / "wal")
            except OSError:
                # no room for a new file: go on in this one, appends report the full disk themselves
                return
            job = self._memory.flush_job()
            self._segment.close()
            self._segment, self._memory.data = fresh, SegmentData(fresh.number)
            self._opened = time.monotonic()
            self._memory.latest.publish(self._memory.mark(0))
            self._flusher.put(job)

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """Hold both locks at a moment when everything written is durable and taken in.

        A record that is written while others are synced must not be left behind in a segment that closes, nor be
        overtaken by a later arrival.
        """
        with self._sync_lock:
            while True:
                self._sync_pending()
                with self._lock:
                    if not self._pending:
                        yield
                        return

    def _run_flush(self, job: FlushJob) -> None:
        with self._flush_lock:
            self._flushed_rows += flush_segment(self.folder, self._manifest, job, self._clock())

    def flush(self) -> None:
        """Turn everything in the log into parts and wait for it. Raises TransientError on a full disk."""
        self._rotate(force=True)
        self._flusher.drain()

    # --- what is known ------------------------------------------------------------------------------------------

    def source(self, name: str) -> SourceState:
        """Return what is known of a source, so that it can go on where it stopped."""
        with self._lock:
            return self._memory.state(name)

    def encode(self, series: int, texts: Sequence[str]) -> list[int]:
        """Return the codes of texts in the dictionary of a series, making new ones; durable when this returns."""
        with self._lock:
            known = self._texts.get(series)
            if known is None:
                rows = self._manifest.db.execute(
                    "SELECT text, code FROM texts WHERE series = ?", (series,)
                ).fetchall()
                known = self._texts[series] = dict(rows)
            fresh = [t for t in dict.fromkeys(texts) if t not in known]
            if fresh:
                rows = [(series, len(known) + i, t) for i, t in enumerate(fresh)]
                with self._manifest.transaction() as db:
                    db.executemany("INSERT INTO texts VALUES (?, ?, ?)", rows)
                known.update((t, code) for _, code, t in rows)
            return [known[t] for t in texts]

    # --- end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Finish the flush in work and let go of the folder; the log keeps what is not flushed."""
        if self._closed:
            return
        with self._settled():
            self._closed = True
        self._flusher.stop()
        self._segment.close()
        self._memory.latest.close()
        self._manifest.close()
        os.close(self._owner)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def checked_columns(batch: Batch) -> tuple[U32, I64, F64, U16]:
    """Return the columns of a batch in their types. Raises PeerError if they do not fit."""
    if not batch.source or batch.sequence < 1:
        raise PeerError("bad_batch", "a batch needs the name of its source and a sequence from 1 on")
    try:
        series = np.ascontiguousarray(batch.series, np.uint32)
        times = np.ascontiguousarray(batch.time, np.int64)
        value = np.ascontiguousarray(batch.value, np.float64)
        quality = np.ascontiguousarray(batch.quality, np.uint16)
    except (ValueError, TypeError, OverflowError) as error:
        raise PeerError("bad_batch", str(error)) from error
    n = len(times)
    if not len(series) == len(value) == len(quality) == n:
        raise PeerError("bad_batch", "the columns of a batch must have one length")
    if n and (int(times.min()) < MIN_TIME or int(times.max()) > MAX_TIME):
        raise PeerError("time_out_of_range", "sample times must lie between 1970 and 2200")
    if n and int(series.max()) >= MAX_SERIES:
        raise PeerError("series_out_of_range", f"series numbers must be below {MAX_SERIES}")
    return series, times, value, quality
