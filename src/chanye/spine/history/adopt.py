"""The bulk path: parts are written beside the history by any process and become visible all at once."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chanye.kernel.errors import ConfigError
from chanye.spine.history.columns import (
    DAY,
    MAX_SERIES,
    Columns,
    concat_columns,
    drop_repeats,
    series_runs,
    sort_columns,
)
from chanye.spine.history.flush import dirty_hours, split_days, whole_contents
from chanye.spine.history.latest import LatestRows
from chanye.spine.history.manifest import Contents, Part, concat_latest
from chanye.spine.history.parts import (
    PartFile,
    concat_contents,
    describe_part,
    file_digest,
    new_part_path,
    open_part,
    read_groups,
)
from chanye.spine.history.types import F64, I64, U16, U32, Batch
from chanye.spine.history.wal import sync_folder
from chanye.spine.history.writer import checked_columns

SPILL_ROWS = 2_000_000


class PartWriter:
    """Writes sorted parts under ``incoming`` for ``History.adopt``; any process, no lock.

    Parameters
    ----------
    folder
        Folder of the history.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder) / "incoming"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._blocks: list[Columns] = []
        self._waiting = 0
        self._files: list[Path] = []
        self.rows = 0
        self.repeats = 0

    def write(self, series: U32, time: I64, value: F64, quality: U16) -> None:
        """Take in columns of equal length, in any order. Raises PeerError if they do not fit."""
        s, t, v, q = checked_columns(Batch("import", 1, series, time, value, quality))
        # copies: the caller may use its arrays again
        self._blocks.append(Columns(s.copy(), t.copy(), v.copy(), q.copy(), np.zeros(len(t), np.int64)))
        self._waiting += len(t)
        if self._waiting >= SPILL_ROWS:
            self._spill()

    def _spill(self) -> None:
        rows = concat_columns(self._blocks)
        self._blocks, self._waiting = [], 0
        for _, of_day in split_days(rows):
            kept = drop_repeats(sort_columns(of_day))
            self.repeats += of_day.rows - kept.rows
            file = PartFile(self._folder / f"{uuid.uuid4().hex}.tmp", batches=None, arrivals=None)
            file.write(kept)
            file.finish()
            # the name proves the content until the manifest does
            path = file.path.with_name(f"{file_digest(file.path)}-{uuid.uuid4().hex[:8]}.parquet")
            file.path.replace(path)
            self._files.append(path)
            self.rows += kept.rows

    def finish(self) -> list[Path]:
        """Write the rest and return the files, durable."""
        self._spill()
        sync_folder(self._folder)
        return self._files

    def discard(self) -> None:
        """Delete everything written."""
        for path in self._files:
            path.unlink(missing_ok=True)
        self._files, self._blocks, self._waiting = [], [], 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A checked file, linked into the parts, not yet in the manifest."""

    source: Path
    part: Part
    contents: Contents
    newest: LatestRows
    hours: list[tuple[int, bytes]]


def prepare(folder: Path, path: Path) -> Candidate:
    """Check a file of ``PartWriter`` from end to end and link it into the folder of its day.

    Raises
    ------
    ConfigError
        The file is damaged or was not written by ``PartWriter``.
    """
    import pyarrow as pa

    blank = Part(0, str(path.absolute()), 0, 0, 0, 0, "", 0, 0, 0, 0, 0, 0, 0, 0)
    try:
        if not path.name.startswith(file_digest(path)):
            raise ValueError("its content was changed")
        opened = open_part(folder, blank)
        blocks = [_examine(read_groups(opened, blank, [g])) for g in range(len(opened.groups) - 1)]
        if not blocks:
            raise ValueError("it is empty")
        contents = _join_contents([b[0] for b in blocks])
        first, last = int(contents.first.min()), int(contents.last.max())
        if first // DAY != last // DAY or int(contents.series[-1]) >= MAX_SERIES or first <= 0:
            raise ValueError("it holds more than one day or numbers out of range")
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ConfigError(f"The file {path.name} cannot be taken over: {error}. Import it again.") from error
    target = new_part_path(folder, first // DAY)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(path, target)
    sync_folder(target.parent)
    newest = blocks[0][1]
    for _, rows, _ in blocks[1:]:
        newest = concat_latest(newest, rows)
    part = describe_part(folder, target, contents, 0, (0, 0), (0, 0))
    return Candidate(path, part, contents, newest, [h for b in blocks for h in b[2]])


def _examine(rows: Columns) -> tuple[Contents, LatestRows, list[tuple[int, bytes]]]:
    """Return what one sorted row group holds. Raises ValueError if it is not sorted."""
    later = (rows.series[1:] > rows.series[:-1]) | (
        (rows.series[1:] == rows.series[:-1]) & (rows.time[1:] >= rows.time[:-1])
    )
    if not later.all():
        raise ValueError("its rows are not sorted")
    series, runs = series_runs(rows.series)
    ends = runs[1:] - 1
    none = np.zeros(len(series), np.int64)
    newest = LatestRows(series, rows.time[ends], rows.value[ends], rows.quality[ends], none)
    return whole_contents(rows), newest, dirty_hours(rows)


def _join_contents(blocks: Sequence[Contents]) -> Contents:
    """Join the contents of neighbouring row groups; a series may lie across them. Raises ValueError if unsorted."""
    c = concat_contents(blocks)
    if (c.series[1:] < c.series[:-1]).any():
        raise ValueError("its series are not sorted")
    series, runs = series_runs(c.series)
    starts = runs[:-1]
    return Contents(
        series,
        np.add.reduceat(c.rows, starts),
        np.minimum.reduceat(c.first, starts),
        np.maximum.reduceat(c.last, starts),
    )
