"""Parts: sorted Parquet files of one day, written once, read by slices of a series.

Columns: series, time and batch delta-packed, value and quality dictionary-coded where that is smaller, all under
zstd, with page checksums. Rows are sorted by (series, time, batch). The arrival of a batch is not repeated per row:
the file's metadata lists (batch, arrival) pairs. A part without a batch column belongs to one batch, that of its
manifest row.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import uuid
import zlib
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chanye.spine.history.columns import (
    DAY,
    Columns,
    Slice,
    concat_columns,
    concat_slices,
    empty_columns,
    series_runs,
)
from chanye.spine.history.manifest import Contents, Part
from chanye.spine.history.types import I64, U32
from chanye.spine.history.wal import sync_folder

if TYPE_CHECKING:
    import pyarrow.parquet as pq

GROUP_ROWS = 122_880
_NAMES = ("series", "time", "value", "quality", "batch")


def day_name(day: int) -> str:
    """Return the folder of a day number since 1970, e.g. ``2026-06-01``."""
    return str(np.datetime64(day, "D"))


def contents_of(columns: Columns) -> Contents:
    """Return per series the rows, first and last time; ``columns`` sorted by (series, time)."""
    series, bounds = series_runs(columns.series)
    return Contents(series, np.diff(bounds).astype(np.int64), columns.time[bounds[:-1]], columns.time[bounds[1:] - 1])


def concat_contents(blocks: Sequence[Contents]) -> Contents:
    """Join the contents of blocks that hold different series."""
    return Contents(
        np.concatenate([b.series for b in blocks]),
        np.concatenate([b.rows for b in blocks]),
        np.concatenate([b.first for b in blocks]),
        np.concatenate([b.last for b in blocks]),
    )


class PartFile:
    """A part being written under a temporary name, row group by row group."""

    def __init__(self, path: Path, *, batches: I64 | None, arrivals: I64 | None) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = [pa.uint32(), pa.int64(), pa.float64(), pa.uint16(), pa.int64()]
        names = _NAMES if batches is not None else _NAMES[:-1]
        self.path = path
        self._schema = pa.schema(list(zip(names, types, strict=False)))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._contents: list[Contents] = []
        self._batches = (0, 0)
        self._carry = empty_columns()
        self.rows = 0
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            compression_level=3,
            data_page_version="2.0",
            use_dictionary=["value", "quality"],
            column_encoding={n: "DELTA_BINARY_PACKED" for n in names if n in {"series", "time", "batch"}},
            write_page_checksum=True,
            store_schema=False,
        )
        if batches is not None and arrivals is not None:
            packed = b64encode(zlib.compress(batches.tobytes() + arrivals.tobytes(), 6)).decode()
            self._writer.add_key_value_metadata({"arrivals": packed})

    def write(self, columns: Columns) -> None:
        """Write rows that sort after all rows before; whole series at a time, in full row groups."""
        if not columns.rows:
            return
        self._contents.append(contents_of(columns))
        low, high = int(columns.batch.min()), int(columns.batch.max())
        self._batches = (min(low, self._batches[0]) if self.rows else low, max(high, self._batches[1]))
        self.rows += columns.rows
        columns = concat_columns([self._carry, columns]) if self._carry.rows else columns
        full = columns.rows // GROUP_ROWS * GROUP_ROWS
        self._carry = columns.pick(slice(full, None))
        self._write_rows(columns.pick(slice(0, full)))

    def _write_rows(self, columns: Columns) -> None:
        if not columns.rows:
            return
        import pyarrow as pa

        arrays = [pa.array(c) for c in columns[: len(self._schema)]]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=GROUP_ROWS)

    def finish(self) -> tuple[Contents, tuple[int, int]]:
        """Make the file durable; return its contents and (first, last) batch."""
        self._write_rows(self._carry)
        self._writer.close()
        fd = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        if not self._contents:
            return contents_of(empty_columns()), (0, 0)
        return concat_contents(self._contents), self._batches

    def discard(self) -> None:
        """Drop the unfinished file."""
        # closing writes the footer, which fails again on a full disk
        with contextlib.suppress(OSError):
            self._writer.close()
        self.path.unlink(missing_ok=True)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_part(
    folder: Path, path: Path, contents: Contents, level: int, batches: tuple[int, int], arrivals: tuple[int, int]
) -> Part:
    """Return the manifest row of a finished file that stands (or will stand) in its day's folder."""
    first, last = int(contents.first.min()), int(contents.last.max())
    return Part(
        0,
        str(path.relative_to(folder)),
        first // DAY,
        level,
        int(contents.rows.sum()),
        path.stat().st_size,
        file_digest(path),
        int(contents.series[0]),
        int(contents.series[-1]),
        first,
        last,
        *batches,
        *arrivals,
    )


def new_part_path(folder: Path, day: int) -> Path:
    """Return a fresh name in the folder of a day."""
    return folder / "parts" / day_name(day) / f"{uuid.uuid4().hex}.parquet"


def write_part(folder: Path, columns: Columns, batches: I64, arrivals: I64, level: int) -> tuple[Part, Contents]:
    """Write sorted rows of one day as a durable part."""
    path = new_part_path(folder, int(columns.time[0]) // DAY)
    used = np.unique(columns.batch)
    at = np.searchsorted(batches, used)
    file = PartFile(path.with_suffix(".tmp"), batches=used, arrivals=arrivals[at])
    try:
        file.write(columns)
        contents, span = file.finish()
        file.path.replace(path)
        sync_folder(path.parent)
    except BaseException:
        file.discard()
        raise
    ends = (int(arrivals[at[0]]), int(arrivals[at[-1]]))
    return describe_part(folder, path, contents, level, span, ends), contents


@dataclass(slots=True)
class OpenPart:
    """An open part: footer parsed once, one read at a time."""

    file: pq.ParquetFile
    lock: threading.Lock
    groups: I64
    batches: I64
    arrivals: I64


def open_part(folder: Path, part: Part) -> OpenPart:
    """Open a part and read its footer. Raises OSError or pyarrow errors on damage."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(folder / part.file, page_checksum_verification=True)
    meta = file.metadata
    rows = np.array([meta.row_group(i).num_rows for i in range(meta.num_row_groups)], np.int64)
    packed = (meta.metadata or {}).get(b"arrivals")
    if packed is None:
        pairs = np.array([[part.min_batch], [part.min_arrival]], np.int64)
    else:
        pairs = np.frombuffer(zlib.decompress(b64decode(packed)), np.int64).reshape(2, -1)
    return OpenPart(file, threading.Lock(), np.concatenate(([0], np.cumsum(rows))), pairs[0], pairs[1])


def read_groups(opened: OpenPart, part: Part, groups: Sequence[int]) -> Columns:
    """Read whole row groups."""
    with opened.lock:
        table = opened.file.read_row_groups(list(groups), use_threads=len(groups) > 1)
    columns = [table.column(i).to_numpy() for i in range(table.num_columns)]
    if len(columns) == 4:
        columns.append(np.full(table.num_rows, part.min_batch, np.int64))
    return Columns(*columns)


def read_series(opened: OpenPart, part: Part, contents: Contents, series: U32) -> dict[int, Slice]:
    """Read the slices of some series (ascending); only the row groups that hold them are touched."""
    at = np.searchsorted(contents.series, series)
    at = at[(at < len(contents.series)) & (contents.series[np.minimum(at, len(contents.series) - 1)] == series)]
    ends = np.cumsum(contents.rows)
    starts = ends - contents.rows
    first = np.searchsorted(opened.groups, starts[at], side="right") - 1
    last = np.searchsorted(opened.groups, ends[at], side="left") - 1
    wanted = sorted({g for a, b in zip(first.tolist(), last.tolist(), strict=True) for g in range(a, b + 1)})
    out: dict[int, Slice] = {}
    # neighbouring row groups are read together, at most 16 at a time, so that memory stays bounded
    for run in _runs(wanted):
        block = read_groups(opened, part, run)
        low, high = int(opened.groups[run[0]]), int(opened.groups[run[-1] + 1])
        for i in at[(starts[at] < high) & (ends[at] > low)].tolist():
            a, b = max(int(starts[i]), low) - low, min(int(ends[i]), high) - low
            # a copy, so that a cached slice does not keep its whole row group alive
            piece = Slice(
                block.time[a:b].copy(), block.value[a:b].copy(), block.quality[a:b].copy(), block.batch[a:b].copy()
            )
            number = int(contents.series[i])
            before = out.get(number)
            out[number] = piece if before is None else concat_slices([before, piece])
    return out


def _runs(groups: list[int], longest: int = 16) -> list[list[int]]:
    runs: list[list[int]] = []
    for g in groups:
        if runs and runs[-1][-1] == g - 1 and len(runs[-1]) < longest:
            runs[-1].append(g)
        else:
            runs.append([g])
    return runs


class SliceCache:
    """Decoded slices by (part, series), least recently used out first."""

    def __init__(self, limit: int = 96 << 20) -> None:
        self._items: OrderedDict[tuple[int, int], Slice] = OrderedDict()
        self._lock = threading.Lock()
        self._limit, self._bytes = limit, 0

    def get(self, key: tuple[int, int]) -> Slice | None:
        """Return a slice if it is there."""
        with self._lock:
            found = self._items.get(key)
            if found is not None:
                self._items.move_to_end(key)
        return found

    def put(self, key: tuple[int, int], item: Slice) -> None:
        """Keep a slice; the oldest go."""
        size = 26 * len(item.time) + 400
        with self._lock:
            if key in self._items or size > self._limit // 4:
                return
            self._items[key] = item
            self._bytes += size
            while self._bytes > self._limit:
                _, old = self._items.popitem(last=False)
                self._bytes -= 26 * len(old.time) + 400
