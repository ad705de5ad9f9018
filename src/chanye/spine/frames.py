"""From samples to intervals: pure functions over columns of one series.

A sample of a state series holds until the next sample (or until its ``hold`` runs out). A run is a maximal stretch
of one value with good quality. Where quality is not good, or the hold has run out, nothing is known and there is
no run. The last run stays open: it ends when a later sample says so, and a reader cuts it at the moment up to
which anything is known of the device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chanye.spine.history.counters import counter_steps
from chanye.spine.history.types import F64, I64, U16, Quality

#: End of a run that no later sample has ended yet. [us]
OPEN = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs in time order: columns of equal length k.

    ``start``, ``end``: us UTC, ``[start, end)``, ``end == OPEN`` while open. ``code``: value of the run.
    ``until``: last moment the run can be trusted without a new sample (``OPEN`` without a hold); it is the end of
    a closed run. ``dropped``: how many runs of no length were left out.
    """

    start: I64
    end: I64
    until: I64
    code: I64
    dropped: int = 0

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self.start)


def state_runs(time: I64, value: F64, quality: U16, *, hold: int | None = None) -> Runs:
    """Return the runs of one state series.

    Parameters
    ----------
    time, value, quality
        Columns of one series, sorted by time, one row per time. Times in us UTC, values are state codes.
    hold
        Longest time a sample is trusted without a new one [us]; None: until the next sample.

    Returns
    -------
    Runs
        The last one open when the last sample is good.
    """
    n = len(time)
    good = Quality.is_good(quality) & ~np.isnan(value)
    following = np.append(time[1:], OPEN).astype(np.int64) if n else np.empty(0, np.int64)
    limit = np.full(n, OPEN, np.int64) if hold is None else time + np.int64(hold)
    end = np.minimum(following, limit)
    dropped = int(np.count_nonzero(good & (end <= time)))
    keep = good & (end > time)
    begin, stop, code = time[keep], end[keep], value[keep].astype(np.int64)
    if len(begin) == 0:
        none = np.empty(0, np.int64)
        return Runs(none, none, none, none, dropped)
    fresh = np.ones(len(begin), bool)
    fresh[1:] = (begin[1:] != stop[:-1]) | (code[1:] != code[:-1])
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(begin)) - 1
    until = stop[last]
    is_open = np.zeros(len(first), bool)
    is_open[-1] = bool(keep[-1])  # nothing after it has been seen
    closed = np.where(is_open, OPEN, until)
    return Runs(begin[first], closed, until, code[first], dropped)


@dataclass(frozen=True, slots=True)
class Increments:
    """What a counter added, one row per rise: columns of equal length k.

    ``time``: us UTC, the sample that showed the rise. ``since``: the good sample before it. ``count``: how much was
    added. ``across_gap``: between the two nothing was known for some time. ``reset``: the counter restarted.
    """

    time: I64
    since: I64
    count: F64
    across_gap: npt.NDArray[np.bool_]
    reset: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of rises."""
        return len(self.time)


def increments(time: I64, value: F64, quality: U16, *, hold: int | None = None) -> Increments:
    """Return the rises of one counter, safe against restarts.

    The first good reading is the baseline and adds nothing. A rise that was seen only after a gap is kept, booked
    at the reading that showed it, and marked.

    Parameters
    ----------
    time, value, quality
        Columns of one series, sorted by time, one row per time. Times in us UTC, values as the device counts.
    hold
        Longest time a reading is trusted without a new one [us]; None: until the next one.
    """
    good = Quality.is_good(quality) & ~np.isnan(value)
    at = np.flatnonzero(good)
    if len(at) < 2:
        none, flags = np.empty(0, np.int64), np.empty(0, bool)
        return Increments(none, none, np.empty(0, np.float64), flags, flags)
    seen, shown = time[at], value[at]
    added, reset = counter_steps(shown[:-1], shown[1:])
    gap = np.diff(at) > 1
    if hold is not None:
        gap |= np.diff(seen) > hold
    rise = added > 0
    return Increments(seen[1:][rise], seen[:-1][rise], added[rise], gap[rise], reset[rise])


@dataclass(frozen=True, slots=True)
class Pieces:
    """A window cut into pieces that tile it exactly: ``edge`` has k + 1 entries, ``which`` has k.

    Piece i is ``[edge[i], edge[i+1])`` us UTC and shows run ``which[i]``; -1 where nothing is known.
    """

    edge: I64
    which: I64


def tile(start: I64, end: I64, window: tuple[int, int], *, known_until: int | None = None) -> Pieces:
    """Cut a window at the edges of runs; what no run covers is unknown.

    Parameters
    ----------
    start, end
        Runs in time order, not overlapping, us UTC; ``end == OPEN`` while open.
    window
        ``[start, end)`` us UTC.
    known_until
        Nothing after this moment is known [us UTC]; None: the window's end.

    Returns
    -------
    Pieces
        No piece is empty; an empty window gives none.
    """
    low, high = window
    if high <= low:
        return Pieces(np.empty(0, np.int64), np.empty(0, np.int64))
    limit = high if known_until is None else min(high, known_until)
    begin = np.clip(start, low, None)
    stop = np.minimum(end, limit)
    index = np.flatnonzero(stop > begin)
    begin, stop = begin[index], stop[index]
    edges = np.empty(2 * len(index) + 2, np.int64)
    edges[0], edges[-1] = low, high
    edges[1:-1:2], edges[2:-1:2] = begin, stop
    which = np.full(2 * len(index) + 1, -1, np.int64)
    which[1::2] = index
    filled = np.diff(edges) > 0
    return Pieces(np.append(edges[:-1][filled], high), which[filled])
