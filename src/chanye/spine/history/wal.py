"""The write-ahead log: records that prove themselves.

A record is a 64-byte header, the columns (time i64, value f64, series u32, quality u16, each contiguous,
little-endian) and a JSON tail ``[source, counts, position]``. The header has its own CRC, so that a flipped bit in
a payload costs that record alone: the scan knows where the next one starts. After a damaged header it looks for
the next header whose CRC holds.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chanye.spine.history.columns import Columns
from chanye.spine.history.types import F64, I64, U16, U32

MAGIC = b"chW1"
#: magic, header CRC, payload bytes, payload CRC, sequence, arrival, batch, rows, bytes of the JSON tail
HEADER = struct.Struct("<4sIIIqqqII16x")
ROW_BYTES = 22


@dataclass(frozen=True, slots=True)
class Record:
    """One record in memory; ``buffer`` starts with its header."""

    offset: int
    buffer: bytearray | bytes
    sequence: int
    arrival: int
    batch: int
    rows: int

    @property
    def size(self) -> int:
        """Return the length in the log, in bytes."""
        return len(self.buffer)

    def columns(self) -> tuple[U32, I64, F64, U16]:
        """Return views of (series, time, value, quality)."""
        n, at, buffer = self.rows, HEADER.size, self.buffer
        return (
            np.frombuffer(buffer, np.uint32, n, at + 16 * n),
            np.frombuffer(buffer, np.int64, n, at),
            np.frombuffer(buffer, np.float64, n, at + 8 * n),
            np.frombuffer(buffer, np.uint16, n, at + 20 * n),
        )

    def meta(self) -> tuple[str, dict[str, int], str]:
        """Return (source, counts, position)."""
        source, counts, position = json.loads(bytes(self.buffer[HEADER.size + ROW_BYTES * self.rows :]))
        return source, counts, position


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch of a segment that is no valid record.

    ``whole`` says that header and length are right and only the payload is not what was written.
    """

    offset: int
    size: int
    whole: bool


def encode_record(
    *,
    offset: int,
    sequence: int,
    arrival: int,
    batch: int,
    columns: tuple[U32, I64, F64, U16],
    source: str,
    counts: Mapping[str, int],
    position: str,
) -> Record:
    """Build the bytes of one record, ready to be written."""
    series, time, value, quality = columns
    n, at = len(time), HEADER.size
    meta = json.dumps([source, dict(counts), position], ensure_ascii=False, separators=(",", ":")).encode()
    buffer = bytearray(at + ROW_BYTES * n + len(meta))
    np.frombuffer(buffer, np.int64, n, at)[:] = time
    np.frombuffer(buffer, np.float64, n, at + 8 * n)[:] = value
    np.frombuffer(buffer, np.uint32, n, at + 16 * n)[:] = series
    np.frombuffer(buffer, np.uint16, n, at + 20 * n)[:] = quality
    buffer[at + ROW_BYTES * n :] = meta
    payload_crc = zlib.crc32(memoryview(buffer)[at:])
    HEADER.pack_into(buffer, 0, MAGIC, 0, len(buffer) - at, payload_crc, sequence, arrival, batch, n, len(meta))
    struct.pack_into("<I", buffer, 4, zlib.crc32(memoryview(buffer)[8:at]))
    return Record(offset, buffer, sequence, arrival, batch, n)


def scan_records(data: bytes, base: int = 0) -> Iterator[Record | Damage]:
    """Yield the records and the damaged stretches of a segment, in order.

    Parameters
    ----------
    data
        Bytes of the segment from offset ``base``, which is the start of a record.
    base
        Offset of ``data`` in its file. [bytes]
    """
    view, at, end = memoryview(data), 0, len(data)
    while at < end:
        head = _header(view, at)
        if head is None:
            after = _next_header(data, view, at + 1)
            yield Damage(base + at, after - at, whole=False)
            at = after
            continue
        size, crc, sequence, arrival, batch, rows = head
        stop = at + HEADER.size + size
        if stop > end:
            # cut short, or a neighbour overwrote it: whatever is valid after it still counts
            after = _next_header(data, view, at + 1)
            yield Damage(base + at, after - at, whole=False)
            at = after
        elif zlib.crc32(view[at + HEADER.size : stop]) != crc:
            yield Damage(base + at, stop - at, whole=True)
            at = stop
        else:
            yield Record(base + at, bytes(view[at:stop]), sequence, arrival, batch, rows)
            at = stop


def _header(view: memoryview, at: int) -> tuple[int, int, int, int, int, int] | None:
    """Return (payload size, payload CRC, sequence, arrival, batch, rows) if a valid header stands at ``at``."""
    if len(view) - at < HEADER.size or view[at : at + 4] != MAGIC:
        return None
    _, head_crc, size, crc, sequence, arrival, batch, rows, meta = HEADER.unpack_from(view, at)
    if zlib.crc32(view[at + 8 : at + HEADER.size]) != head_crc or size != ROW_BYTES * rows + meta:
        return None
    return size, crc, sequence, arrival, batch, rows


def _next_header(data: bytes, view: memoryview, at: int) -> int:
    """Return the place of the next valid header, or the end."""
    while (at := data.find(MAGIC, at)) >= 0:
        if _header(view, at) is not None:
            return at
        at += 1
    return len(view)


def columns_of(records: list[Record]) -> Columns:
    """Join the rows of records in their order."""
    full = [r for r in records if r.rows]
    parts = [r.columns() for r in full]
    if not parts:
        parts = [(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.uint16))]
    series, time, value, quality = (np.concatenate(c) for c in zip(*parts, strict=True))
    batch = np.repeat(np.array([r.batch for r in full], np.int64), [r.rows for r in full])
    return Columns(series, time, value, quality, batch)


class Segment:
    """One open log file, written at its end only."""

    def __init__(self, path: Path, size: int = 0) -> None:
        self.path = path
        self.number = int(path.stem)
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self.written = size
        self.synced = size

    def write(self, record: Record) -> None:
        """Write a record at the end; on failure the file is as before. Raises OSError."""
        view, at = memoryview(record.buffer), self.written
        try:
            while view:
                n = os.pwrite(self.fd, view, at)
                view, at = view[n:], at + n
        except OSError:
            self.truncate(self.written)
            raise
        self.written = at

    def sync(self) -> None:
        """Make everything written so far durable. Raises OSError."""
        target = self.written
        os.fdatasync(self.fd)
        self.synced = max(self.synced, target)

    def truncate(self, size: int) -> None:
        """Cut the file back to the last good record."""
        os.ftruncate(self.fd, size)
        self.written = size

    def close(self) -> None:
        """Close the file; it stays."""
        os.close(self.fd)


def segment_path(folder: Path, number: int) -> Path:
    """Return the path of a segment."""
    return folder / "wal" / f"{number:010d}.log"


def segment_numbers(folder: Path) -> list[int]:
    """Return the numbers of the segments present, ascending."""
    try:
        names = [p.stem for p in (folder / "wal").iterdir() if p.suffix == ".log"]
    except FileNotFoundError:
        return []
    return sorted(int(n) for n in names if n.isdigit())


def sync_folder(folder: Path) -> None:
    """Make created and renamed names of a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
