"""What a reader sees at one moment: the parts of the manifest and the durable tail of the log.

The manifest is read in one transaction and names the last flushed segment; every later segment is the tail. A segment
that vanishes while it is being read was flushed meanwhile: the reader takes a fresh manifest and starts over. The
tail is read incrementally, up to the mark that the writer publishes beside the latest values.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

import numpy as np

from chanye.kernel.errors import TransientError
from chanye.spine.history.columns import Columns, Slice, concat_columns, empty_columns
from chanye.spine.history.latest import LatestView, Mark
from chanye.spine.history.manifest import Contents, Manifest, Part
from chanye.spine.history.parts import OpenPart, SliceCache, open_part, read_groups, read_series
from chanye.spine.history.rollups import RolledDay, read_table
from chanye.spine.history.types import I64, U32
from chanye.spine.history.wal import Damage, Record, columns_of, scan_records, segment_numbers, segment_path

T = TypeVar("T")


class _TailSegment:
    """The records of one segment read so far."""

    def __init__(self, number: int) -> None:
        self.number, self.offset = number, 0
        self.records: list[Record] = []
        self._blocks: list[Columns] = []
        self._joined = 0

    def advance(self, path: Path, until: int | None) -> None:
        """Read on to the durable end. Raises FileNotFoundError if the segment was flushed."""
        if until is not None and until <= self.offset:
            return
        with path.open("rb") as file:
            file.seek(self.offset)
            data = file.read() if until is None else file.read(until - self.offset)
        items = list(scan_records(data, self.offset))
        if until is None and items and isinstance(items[-1], Damage):
            items.pop()
        for item in items:
            self.offset = item.offset + item.size
            if isinstance(item, Record):
                self.records.append(item)

    def blocks(self) -> list[Columns]:
        """Return the rows read so far as a few blocks, in order of arrival."""
        if self._joined < len(self.records):
            self._blocks.append(columns_of(self.records[self._joined :]))
            self._joined = len(self.records)
            # join in doubling steps: every row is copied a logarithmic number of times
            while len(self._blocks) > 1 and self._blocks[-2].rows <= 2 * self._blocks[-1].rows:
                last = self._blocks.pop()
                self._blocks[-1] = concat_columns([self._blocks[-1], last])
        return list(self._blocks)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent view."""

    parts: Sequence[Part]
    tail: Sequence[Columns]
    records: Sequence[Record]
    mark: Mark | None
    version: int
    dirty: dict[int, list[bytes]] = field(default_factory=dict)
    rollups: dict[int, str] = field(default_factory=dict)


class Store:
    """Shared by the readers of one folder in one process: manifest, open parts, decoded slices, tail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.view = LatestView(folder)
        self.damaged: set[str] = set()
        self._lock = threading.RLock()
        self._manifest: Manifest | None = None
        self._seen_version = -1
        self._parts: list[Part] = []
        self._flushed = 0
        self._dirty: dict[int, list[bytes]] = {}
        self._rollups: dict[int, str] = {}
        self._tail: dict[int, _TailSegment] = {}
        self._lost: tuple[int, set[int]] = (-1, set())
        self._open: OrderedDict[str, OpenPart] = OrderedDict()
        self._contents: OrderedDict[int, Contents] = OrderedDict()
        self._slices = SliceCache()
        self._tables: OrderedDict[str, RolledDay] = OrderedDict()

    def manifest(self) -> Manifest | None:
        """Return the manifest, None while no writer ever ran here."""
        if self._manifest is None:
            try:
                self._manifest = Manifest(self.folder, writable=False)
                self._manifest.meta("began", "")
            except sqlite3.OperationalError:
                self._manifest = None
        return self._manifest

    def _refresh(self) -> None:
        manifest = self.manifest()
        if manifest is None:
            return
        version = manifest.version()
        if version == self._seen_version:
            return
        with manifest.transaction(write=False) as db:
            self._parts = manifest.parts()
            self._flushed = int(manifest.meta("flushed", 0))
            self._rollups = dict(db.execute("SELECT day, file FROM rollups"))
            dirty: dict[int, list[bytes]] = {}
            for hour, blob in db.execute("SELECT hour, series FROM dirty"):
                dirty.setdefault(hour, []).append(blob)
            self._dirty = dirty
        self._seen_version = version
        for number in [n for n in self._tail if n <= self._flushed]:
            del self._tail[number]
        alive = {p.file for p in self._parts}
        for file in [f for f in self._open if f not in alive]:
            del self._open[file]

    def snapshot(self) -> Snapshot:
        """Take a consistent view."""
        for _ in range(100):
            with self._lock:
                self._refresh()
                # after the manifest, so that the mark is never older than what the manifest shows
                mark = self.view.mark()
                try:
                    tail = self._read_tail(mark)
                except FileNotFoundError:
                    self._seen_version = -1
                    continue
                return Snapshot(
                    self._parts,
                    [b for s in tail for b in s.blocks()],
                    [r for s in tail for r in s.records],
                    mark,
                    self._seen_version,
                    self._dirty,
                    self._rollups,
                )
        raise TransientError("The history changes faster than it can be read. Try again.")

    def _read_tail(self, mark: Mark | None) -> list[_TailSegment]:
        numbers = [n for n in segment_numbers(self.folder) if n > self._flushed]
        if mark is not None:
            numbers = [n for n in numbers if n <= mark.segment]
            missing = set(range(self._flushed + 1, mark.segment + 1)).difference(numbers)
            if missing and (self._flushed, missing) != self._lost:
                # flushed since the manifest was read; if a fresh manifest says the same, it is really gone
                self._lost = (self._flushed, missing)
                raise FileNotFoundError
        out = []
        for number in numbers:
            segment = self._tail.setdefault(number, _TailSegment(number))
            until = mark.offset if mark is not None and number == mark.segment else None
            segment.advance(segment_path(self.folder, number), until)
            out.append(segment)
        return out

    # --- parts --------------------------------------------------------------------------------------------------

    def _opened(self, part: Part) -> OpenPart:
        with self._lock:
            opened = self._open.get(part.file)
            if opened is None:
                opened = self._open[part.file] = open_part(self.folder, part)
                while len(self._open) > 512:
                    self._open.popitem(last=False)
            else:
                self._open.move_to_end(part.file)
            return opened

    def contents(self, part: Part) -> Contents | None:
        """Return which series a part holds; None if the part is gone."""
        with self._lock:
            found = self._contents.get(part.id)
            if found is None:
                manifest = self.manifest()
                found = manifest.contents(part.id) if manifest else None
                if found is None:
                    return None
                self._contents[part.id] = found
                while len(self._contents) > 512:
                    self._contents.popitem(last=False)
            return found

    def _guarded(self, part: Part, read: Callable[[OpenPart], T], nothing: T) -> T:
        """Run a read; a damaged part is left out from then on, a vanished one raises FileNotFoundError."""
        import pyarrow as pa

        if part.file in self.damaged:
            return nothing
        try:
            return read(self._opened(part))
        except FileNotFoundError:
            manifest = self.manifest()
            if manifest is not None and manifest.contents(part.id) is None:
                raise
            self.damaged.add(part.file)
        except (OSError, ValueError, KeyError, pa.ArrowException):
            self.damaged.add(part.file)
        return nothing

    def slices(self, part: Part, series: U32) -> dict[int, Slice]:
        """Return the slices of some series (ascending) of a part. Raises FileNotFoundError if it is gone."""
        out: dict[int, Slice] = {}
        missing = []
        for number in series.tolist():
            found = self._slices.get((part.id, number))
            if found is None:
                missing.append(number)
            else:
                out[number] = found
        if missing:
            contents = self.contents(part)
            if contents is None:
                raise FileNotFoundError(part.file)
            wanted = np.array(missing, np.uint32)
            nothing: dict[int, Slice] = {}
            fresh = self._guarded(part, lambda o: read_series(o, part, contents, wanted), nothing)
            for number, item in fresh.items():
                self._slices.put((part.id, number), item)
            out.update(fresh)
        return out

    def whole(self, part: Part) -> Columns:
        """Return all rows of a part; for scans over everything."""
        return self._guarded(part, lambda o: read_groups(o, part, range(len(o.groups) - 1)), empty_columns())

    def rollup(self, file: str) -> RolledDay | None:
        """Return the rolled-up hours of a day, None if damaged. Raises FileNotFoundError if it is gone."""
        import pyarrow as pa

        with self._lock:
            if file in self.damaged:
                return None
            table = self._tables.get(file)
            if table is None:
                try:
                    table = self._tables[file] = RolledDay(read_table(self.folder / file))
                except FileNotFoundError:
                    manifest = self.manifest()
                    with manifest.transaction(write=False) if manifest else contextlib.nullcontext() as db:
                        if db and not db.execute("SELECT 1 FROM rollups WHERE file = ?", (file,)).fetchone():
                            raise
                    self.damaged.add(file)
                    return None
                except (OSError, ValueError, KeyError, pa.ArrowException):
                    self.damaged.add(file)
                    return None
                while len(self._tables) > 64:
                    self._tables.popitem(last=False)
            return table

    def is_adopted(self, part: Part) -> bool:
        """Tell whether a part has no batch column: all its rows came in one delivery."""
        return self._guarded(part, lambda o: o.file.metadata.num_columns == 4, nothing=False)

    def arrivals(self, part: Part) -> tuple[I64, I64]:
        """Return the (batch, arrival) pairs of a part."""
        none = (np.empty(0, np.int64), np.empty(0, np.int64))
        return self._guarded(part, lambda o: (o.batches, o.arrivals), none)


#: Weak: when the last reader of a folder goes, what its store holds open and in memory goes too.
_stores: WeakValueDictionary[tuple[str, int], Store] = WeakValueDictionary()
_stores_lock = threading.Lock()


def shared_store(folder: Path) -> Store:
    """Return the store of a folder in this process (a forked child gets its own)."""
    key = (str(folder.resolve()), os.getpid())
    with _stores_lock:
        found = _stores.get(key)
        if found is None:
            found = _stores[key] = Store(folder)
        return found
