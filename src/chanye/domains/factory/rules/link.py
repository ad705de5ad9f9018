"""Which operation the pieces of a counter belong to, and what of them is still to be booked. Pure.

A piece belongs to the work that was on the machine when it was counted; where several overlap, to the one that began
last. A piece that is counted shortly after the work ended still belongs to it, for counters lag behind hands. All
other pieces were made with no order.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chanye.kernel.intervals import I64
from chanye.spine.frames import OPEN
from chanye.spine.history.types import F64

#: Longest time after the end of work in which a piece still belongs to it. [us]
GRACE = 120_000_000
#: A pause without a piece this long divides what was made with no order. [us]
PAUSE = 1_800_000_000


@dataclass(frozen=True, slots=True)
class Work:
    """An operation was on the machine in ``[start, end)`` us UTC (``OPEN``: still); ``cycle``: us for a piece."""

    operation: int
    start: int
    end: int
    cycle: int


@dataclass(frozen=True, slots=True)
class Turns:
    """Who has the machine when: columns of equal length, in time order, not overlapping; us UTC."""

    start: I64
    end: I64
    operation: I64

    def of(self, time: I64) -> I64:
        """Return the operation that pieces counted at ``time`` belong to, -1 for none."""
        if not len(self.start):
            return np.full(len(time), -1, np.int64)
        at = np.searchsorted(self.start, time, side="right") - 1
        inside = (at >= 0) & (time < self.end[at])
        return np.where(inside, self.operation[at], -1)


def turns(work: Sequence[Work]) -> Turns:
    """Return who has the machine when."""
    rows = sorted(work, key=lambda one: (one.start, one.end, one.operation))
    cuts = sorted({one.start for one in rows} | {one.end for one in rows})
    found: list[tuple[int, int, int]] = []
    active: list[Work] = []
    begin = 0
    for low, high in itertools.pairwise(cuts):
        while begin < len(rows) and rows[begin].start <= low:
            active.append(rows[begin])
            begin += 1
        active = [one for one in active if one.end > low]
        if active:
            latest = max(active, key=lambda one: (one.start, one.end, one.operation))
            found.append((low, high, latest.operation))
    cycle = {one.operation: one.cycle for one in rows}
    late: list[tuple[int, int, int]] = []
    for i, (low, high, operation) in enumerate(found):
        following = found[i + 1][0] if i + 1 < len(found) else OPEN
        stop = high if high == OPEN else min(following, high + min(GRACE, cycle[operation] + 5_000_000))
        late.append((low, max(high, stop), operation))
    table = np.array(late, np.int64).reshape(-1, 3)
    return Turns(table[:, 0], table[:, 1], table[:, 2])


@dataclass(frozen=True, slots=True)
class Counts:
    """Pieces of a machine in time order: columns of equal length; ``scrap`` counts the bad ones among ``all``."""

    time: I64
    all: F64
    scrap: F64
    across_gap: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sum:
    """Pieces counted: whole numbers; ``first`` and ``last``: when [us UTC], 0 where there is none."""

    all: int
    scrap: int
    across_gap: int
    first: int
    last: int


def sum_of(counts: Counts, which: npt.NDArray[np.bool_]) -> Sum:
    """Return the sum of some rows."""
    time = counts.time[which]
    return Sum(
        round(float(counts.all[which].sum())),
        round(float(counts.scrap[which].sum())),
        round(float(counts.all[which & counts.across_gap].sum())),
        int(time[0]) if len(time) else 0,
        int(time[-1]) if len(time) else 0,
    )


def beyond(counted: int, counted_scrap: int, booked: int, booked_scrap: int) -> tuple[int, int]:
    """Return the good and scrap pieces to propose: never more than was counted beyond what was booked."""
    left = max(0, counted - booked)
    scrap = min(left, max(0, counted_scrap - booked_scrap))
    return left - scrap, scrap


def groups(time: I64, cuts: Sequence[int]) -> list[tuple[int, int]]:
    """Return where pieces made with no order fall into groups, as ``[low, high)`` rows.

    A group ends at a long pause and at each of ``cuts`` (us UTC): where work began, and where people settled before.
    """
    if not len(time):
        return []
    edges = np.searchsorted(np.array(sorted(cuts), np.int64), time, side="right")
    fresh = (np.diff(time) > PAUSE) | (np.diff(edges) > 0)
    starts = [0, *(np.flatnonzero(fresh) + 1).tolist()]
    return list(zip(starts, [*starts[1:], len(time)], strict=True))
