"""Picking rows: those of a window, those next to it, those that may be seen."""

from __future__ import annotations

import numpy as np

from chanye.spine.history.columns import Columns, Mask, Order, Slice, newest_versions


def tail_rows(block: Columns, wanted: Mask, window: tuple[int, int] | None, *, around: bool) -> Order:
    """Return the rows of a block that belong to wanted series and lie in the window or, if asked, next to it."""
    at = np.flatnonzero(wanted[np.minimum(block.series, len(wanted) - 1)] & (block.series < len(wanted)))
    if window is None:
        return at
    times, series = block.time[at], block.series[at]
    keep = (times >= window[0]) & (times < window[1])
    if around and not keep.all():
        known = ((block.quality[at] & 0xC000) != 0x8000) & np.isfinite(block.value[at])
        earlier, later = times < window[0], times >= window[1]
        for rows, pick, start in (
            (np.flatnonzero(earlier), np.maximum, -1),
            (np.flatnonzero(earlier & known), np.maximum, -1),
            (np.flatnonzero(later), np.minimum, np.iinfo(np.int64).max),
        ):
            best = np.full(len(wanted), start, np.int64)
            pick.at(best, series[rows], times[rows])
            keep[rows[times[rows] == best[series[rows]]]] = True
    return at[keep]


def visible(item: Slice, last: int | None) -> Slice:
    """Keep what was known up to a batch, then the newest version of each time."""
    if last is not None and len(item.batch) and int(item.batch.max()) > last:
        item = item.pick(item.batch <= last)
    return newest_versions(item)


def nearer(best: Slice, other: Slice, *, before: bool) -> Slice:
    """Return the sample nearest to the edge among both (one row or none); ``other`` ascending, newest versions."""
    if not len(other.time):
        return best
    other = other.pick(slice(-1, None) if before else slice(0, 1))
    if not len(best.time) or other.time[0] == best.time[0]:
        return best if len(best.time) and best.batch[0] > other.batch[0] else other
    return other if (other.time[0] > best.time[0]) == before else best


def known_mask(item: Slice) -> Mask:
    """Tell which samples are not bad and numbers."""
    return np.asarray(((item.quality & 0xC000) != 0x8000) & np.isfinite(item.value))
