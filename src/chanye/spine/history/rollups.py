"""Roll-ups: one row per (series, hour) that stands for the hour's samples.

A row holds only what happened between the first and the last sample of its hour. The stretches between the last
sample of one hour and the first of the next are computed when read, so a row never depends on its neighbours and late
data make only their own hour dirty. A row knows how it was made (stepped, hold) and is not used for any other spec.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from chanye.spine.history.columns import HOUR, Slice, series_runs
from chanye.spine.history.counters import counter_steps
from chanye.spine.history.parts import day_name, file_digest
from chanye.spine.history.points import Points, pieces_of, points_of
from chanye.spine.history.types import F64, I64, SeriesSpec
from chanye.spine.history.wal import sync_folder

if TYPE_CHECKING:
    import pyarrow as pa

ROW = np.dtype(
    [
        ("series", "<u4"),
        ("hour", "<i8"),
        ("made", "u1"),
        ("hold", "<i8"),
        ("first_time", "<i8"),
        ("last_time", "<i8"),
        ("first_value", "<f8"),
        ("last_value", "<f8"),
        ("first_quality", "<u2"),
        ("last_quality", "<u2"),
        *[(n, "<f8") for n in ("n", "total", "m2", "low", "high", "gain", "enter", "leave", "area", "known", "good")],
    ]
)
#: ``made`` of a row whose series had no spec: it only says that raw samples must be read.
NO_SPEC = 2
SUMS = ("n", "total", "m2", "low", "high", "gain", "enter", "leave", "area", "known", "good")
#: What a sum is for a point that has none.
NOTHING = {"low": np.inf, "high": -np.inf, "enter": np.nan, "leave": np.nan}
Table = npt.NDArray[np.void]


def made_by(spec: SeriesSpec | None) -> tuple[int, int]:
    """Return the mark of a spec: (made, hold)."""
    if spec is None:
        return NO_SPEC, -1
    return int(spec.stepped), -1 if spec.hold is None else spec.hold


def roll_hours(number: int, samples: Slice, spec: SeriesSpec | None) -> Table:
    """Return the rows of one series; ``samples`` are newest versions of whole hours."""
    points = points_of(samples)
    hours, bounds = series_runs(samples.time // HOUR)
    out: Table = np.zeros(len(hours), ROW)
    out["series"], out["hour"] = number, hours * HOUR
    out["made"], out["hold"] = made_by(spec)
    if not len(hours):
        return out
    starts, ends = bounds[:-1], bounds[1:] - 1
    for side, at in (("first", starts), ("last", ends)):
        out[f"{side}_time"], out[f"{side}_value"] = samples.time[at], samples.value[at]
        out[f"{side}_quality"] = samples.quality[at]
    with np.errstate(all="ignore"):
        pieces = pieces_of(points, spec or SeriesSpec(number), int(samples.time[-1]))
        inside = np.ones(len(samples.time))
        inside[ends] = 0.0
        for name, values in (("area", pieces.area), ("known", pieces.known), ("good", pieces.good)):
            out[name] = np.add.reduceat(np.where(inside > 0, values, 0.0), starts)
        out["n"], out["total"] = np.add.reduceat(points.n, starts), np.add.reduceat(points.total, starts)
        out["low"], out["high"] = np.minimum.reduceat(points.low, starts), np.maximum.reduceat(points.high, starts)
        mean = np.divide(out["total"], out["n"], out=np.zeros(len(hours)), where=out["n"] > 0)
        spread = np.where(points.is_known, (samples.value - np.repeat(mean, np.diff(bounds))) ** 2, 0.0)
        out["m2"] = np.add.reduceat(spread, starts)
        out["gain"] = np.add.reduceat(_inner_gain(points), starts)
    out["enter"], out["leave"] = _ends_known(points, bounds)
    return out


def _inner_gain(points: Points) -> F64:
    """Counter gains between known samples of one hour."""
    out = np.zeros(len(points.time))
    at = np.flatnonzero(points.is_known)
    same = points.time[at[1:]] // HOUR == points.time[at[:-1]] // HOUR
    out[at[1:]] = np.where(same, counter_steps(points.value[at[:-1]], points.value[at[1:]])[0], 0.0)
    return out


def _ends_known(points: Points, bounds: npt.NDArray[np.intp]) -> tuple[F64, F64]:
    """First and last known value of each hour, NaN if none."""
    at = np.flatnonzero(points.is_known)
    if not len(at):
        none = np.full(len(bounds) - 1, np.nan)
        return none, none
    lo, hi = np.searchsorted(at, bounds[:-1]), np.searchsorted(at, bounds[1:])
    first = points.value[at[np.minimum(lo, len(at) - 1)]]
    last = points.value[at[np.maximum(hi - 1, 0)]]
    return np.where(hi > lo, first, np.nan), np.where(hi > lo, last, np.nan)


def points_of_hours(rows: Table) -> Points:
    """Return two points per row, its first and last sample; the first one carries the sums."""
    n = len(rows)

    def pair(first: npt.NDArray[np.generic], last: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        out = np.empty(2 * n, first.dtype)
        out[0::2], out[1::2] = first, last
        return out

    sums: dict[str, F64] = {}
    for name in SUMS:
        sums[name] = np.full(2 * n, NOTHING.get(name, 0.0))
        sums[name][0::2] = rows[name]
    inside = np.zeros(2 * n, bool)
    inside[0::2] = True
    return Points(
        np.asarray(pair(rows["first_time"], rows["last_time"]), np.int64),
        np.asarray(pair(rows["first_value"], rows["last_value"]), np.float64),
        np.asarray(pair(rows["first_quality"], rows["last_quality"]), np.uint16),
        inside,
        sums,
    )


def merge_points(blocks: list[Points]) -> Points:
    """Join points of disjoint hours into one list, ascending."""
    blocks = [b for b in blocks if len(b.time)]
    if len(blocks) == 1:
        return blocks[0]
    if not blocks:
        none = np.empty(0, np.int64)
        return Points(none, np.empty(0), np.empty(0, np.uint16))
    time = np.concatenate([b.time for b in blocks])
    # stable: the two points of an hour with one sample have one time
    order = np.argsort(time, kind="stable")
    plain = [np.zeros(len(b.time), bool) if b.inside is None else b.inside for b in blocks]
    sums = {name: np.concatenate([_sum_of(b, name) for b in blocks])[order] for name in SUMS}
    return Points(
        time[order],
        np.concatenate([b.value for b in blocks])[order],
        np.concatenate([b.quality for b in blocks])[order],
        np.concatenate(plain)[order],
        sums,
    )


def _sum_of(block: Points, name: str) -> F64:
    """What a block contributes to a sum; raw points have no inside and no gain of their own."""
    if name in block.sums:
        return block.sums[name]
    if name in {"gain", "area", "known", "good"}:
        return np.zeros(len(block.time))
    values: F64 = getattr(block, name)
    return values


def write_table(folder: Path, day: int, rows: Table) -> tuple[str, str]:
    """Write the rows of a day, sorted by (series, hour); return (file, digest)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(ROW.names or ())
    table = pa.table({n: np.ascontiguousarray(rows[n]) for n in names})
    path = folder / "rollups" / f"{day_name(day)}-{uuid.uuid4().hex[:8]}.parquet"
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        pq.write_table(table, file, compression="zstd", write_page_checksum=True)
        file.flush()
        _sync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)
    return str(path.relative_to(folder)), file_digest(path)


def _sync(fd: int) -> None:
    import os

    os.fsync(fd)


def read_table(path: Path) -> Table:
    """Read the rows of a day. Raises OSError, ValueError or pyarrow errors on damage."""
    import pyarrow.parquet as pq

    table: pa.Table = pq.read_table(path, page_checksum_verification=True)
    out: Table = np.empty(table.num_rows, ROW)
    for name in ROW.names or ():
        out[name] = table.column(name).to_numpy()
    return out


class RolledDay:
    """The rows of a day, found by series."""

    def __init__(self, rows: Table) -> None:
        self._rows = rows
        self._series, self._bounds = series_runs(np.ascontiguousarray(rows["series"]))

    def rows_between(self, number: int, start: int, end: int) -> Table:
        """Return the rows of a series whose hours lie in ``[start, end)``."""
        i = int(np.searchsorted(self._series, number))
        if i == len(self._series) or self._series[i] != number:
            return self._rows[:0]
        part = self._rows[self._bounds[i] : self._bounds[i + 1]]
        a, b = np.searchsorted(part["hour"], (start, end)).tolist()
        return np.asarray(part[a:b])


def hours_in(times: I64) -> set[int]:
    """Return the hours that some times touch."""
    return set((np.unique(times // HOUR) * HOUR).tolist())
