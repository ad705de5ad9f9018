"""Finding what went missing without a trace: in SQLite's own log, in the log of samples, among the parts."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from chanye.spine.history.manifest import Part
from chanye.spine.history.parts import open_part
from chanye.spine.history.wal import Record, scan_records, segment_numbers, segment_path

_WAL_HEADER, _FRAME_HEADER = 32, 24
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
ADVICE = (
    "Stop chanye, put back manifest.sqlite3 from a backup and start again; parts that the backup does not know are "
    "kept under 'damaged'."
)


def _sum(data: bytes, order: str, state: tuple[int, int]) -> tuple[int, int]:
    """Return SQLite's running checksum (file format, section 4.2) after ``data``."""
    s0, s1 = state
    words = np.frombuffer(data, f"{order}u4").tolist()
    for i in range(0, len(words), 2):
        s0 = (s0 + words[i] + s1) & 0xFFFFFFFF
        s1 = (s1 + words[i + 1] + s0) & 0xFFFFFFFF
    return s0, s1


def broken_manifest_log(folder: Path) -> str:
    """Return why the manifest's own log is damaged, "" if it is sound or only torn at its end.

    SQLite ends silently at the first frame whose checksum fails, as it must after a crash; transactions after it are
    lost. Each transaction is synced before the next begins, so a crash tears the last one alone: with a complete one
    after the first bad frame's own, it was no crash.
    """
    try:
        data = (folder / "manifest.sqlite3-wal").read_bytes()
    except FileNotFoundError:
        return ""
    if len(data) < _WAL_HEADER:
        return ""
    magic, _, page, _, salt1, salt2, *sums = struct.unpack(">8I", data[:_WAL_HEADER])
    order = _MAGIC.get(magic)
    if order is None or _sum(data[:24], order, (0, 0)) != tuple(sums):
        return "the header of its log is damaged: newer transactions are lost" if any(data) else ""
    state, bad, commits = (sums[0], sums[1]), 0, 0
    for at in range(_WAL_HEADER, len(data) - _FRAME_HEADER - page + 1, _FRAME_HEADER + page):
        _, size, s1, s2, c0, c1 = struct.unpack(">6I", data[at : at + _FRAME_HEADER])
        if (s1, s2) != (salt1, salt2):
            if bad:
                continue
            # a frame of an earlier round ends the log; one bad salt among good ones does not
            bad = at
            continue
        if not bad:
            body = data[at + _FRAME_HEADER : at + _FRAME_HEADER + page]
            state = _sum(body, order, _sum(data[at : at + 8], order, state))
            bad = 0 if state == (c0, c1) else at
        if bad:
            commits += size > 0
    return f"its log is damaged at byte {bad}: newer transactions are lost" if commits > 1 else ""


def missing_segments(folder: Path, flushed: int, newest: int) -> list[int]:
    """Return the numbers of log segments after the last flushed one that are not there."""
    numbers = [n for n in segment_numbers(folder) if n > flushed]
    return sorted(set(range(flushed + 1, max([newest, *numbers], default=0) + 1)).difference(numbers))


def spare_parts(folder: Path, orphans: Iterable[Path], parts: list[Part]) -> set[Path]:
    """Return the parts without a place in the manifest whose rows are all elsewhere: a crash left them behind.

    Their batches are in the log or in the named parts of the same day, or the file still has its second name among
    the incoming ones.
    """
    spare, logged = set(), None
    for path in orphans:
        if path.suffix != ".parquet" or path.stat().st_nlink > 1:
            spare.add(path)
            continue
        if logged is None:
            logged = _logged_batches(folder)
        held = _batches_of(folder, path)
        if held is None or held <= logged:
            spare.add(path)
            continue
        named = [p for p in parts if Path(p.file).parent.name == path.parent.name]
        others = [_batches_of(folder, folder / p.file, p) or set() for p in named]
        if held and held <= logged.union(*others):
            spare.add(path)
    return spare


def _logged_batches(folder: Path) -> set[int]:
    return {
        item.batch
        for number in segment_numbers(folder)
        for item in scan_records(segment_path(folder, number).read_bytes())
        if isinstance(item, Record)
    }


def _batches_of(folder: Path, path: Path, part: Part | None = None) -> set[int] | None:
    """Return the batches of a part, None if it cannot be read; {-1}, never found elsewhere, if it does not say."""
    import pyarrow as pa

    known = part or Part(0, str(path.relative_to(folder)), 0, 0, 0, 0, "", 0, 0, 0, 0, -1, -1, -1, -1)
    try:
        return set(open_part(folder, known).batches.tolist())
    except (OSError, ValueError, pa.ArrowException):
        return None
