"""A series as points and the pieces between them: the ground on which aggregates stand (see ``aggregates``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from chanye.spine.history.columns import Mask, Slice
from chanye.spine.history.counters import counter_steps
from chanye.spine.history.types import F64, I64, U16, SeriesSpec

FAR = np.iinfo(np.int64).max // 4
#: Per-point sums that a summarised hour carries: values known, their sum, squared deviation, extremes, counter gain.
STATS = ("n", "total", "m2", "low", "high", "gain")


@dataclass
class Points:
    """Points of one series, ascending in time.

    ``inside`` marks the first point of a summarised hour: its piece up to the next point has the sums ``area``
    [value us], ``known`` and ``good`` [us] of ``sums``, and its ``STATS`` stand for the whole hour. ``enter``
    and ``leave`` are the first and last known value of what a point stands for (NaN if none), for counters and
    Start/End.
    """

    time: I64
    value: F64
    quality: U16
    inside: Mask | None = None
    sums: Mapping[str, F64] = field(default_factory=dict)

    @cached_property
    def is_known(self) -> Mask:
        """Not bad and a number."""
        return np.asarray(((self.quality & 0xC000) != 0x8000) & np.isfinite(self.value))

    @cached_property
    def is_good(self) -> Mask:
        """Severity good and a number."""
        return np.asarray(((self.quality & 0xC000) == 0) & self.is_known)

    def _own(self, name: str, plain: Callable[[], F64]) -> F64:
        return self.sums[name] if name in self.sums else plain()

    @cached_property
    def n(self) -> F64:
        """Known values."""
        return self._own("n", lambda: self.is_known.astype(np.float64))

    @cached_property
    def total(self) -> F64:
        """Sum of known values."""
        return self._own("total", lambda: np.where(self.is_known, self.value, 0.0))

    @cached_property
    def m2(self) -> F64:
        """Sum of squared deviations from the point's own mean."""
        return self._own("m2", lambda: np.zeros(len(self.time)))

    @cached_property
    def low(self) -> F64:
        """Least known value, else +inf."""
        return self._own("low", lambda: np.where(self.is_known, self.value, np.inf))

    @cached_property
    def high(self) -> F64:
        """Greatest known value, else -inf."""
        return self._own("high", lambda: np.where(self.is_known, self.value, -np.inf))

    @cached_property
    def enter(self) -> F64:
        """First known value of the point, else NaN."""
        return self._own("enter", lambda: np.where(self.is_known, self.value, np.nan))

    @cached_property
    def leave(self) -> F64:
        """Last known value of the point, else NaN."""
        return self._own("leave", lambda: np.where(self.is_known, self.value, np.nan))

    @cached_property
    def gain(self) -> F64:
        """What a counter added since the known value before; see ``counter_steps``."""
        out = self._own("gain", lambda: np.zeros(len(self.time))).copy()
        at = np.flatnonzero(~np.isnan(self.enter))
        out[at[1:]] += counter_steps(self.leave[at[:-1]], self.enter[at[1:]])[0]
        return out


def points_of(samples: Slice) -> Points:
    """Return the points of raw samples, newest version of each time."""
    return Points(samples.time, samples.value, samples.quality)


@dataclass(frozen=True)
class Pieces:
    """What lies between the points: known stretch, straight line, area [value us] and durations [us]."""

    points: Points
    stop: I64
    slope: F64
    goodness: F64
    area: F64
    known: F64
    good: F64


def pieces_of(points: Points, spec: SeriesSpec, known_until: int) -> Pieces:
    """Connect the points as the series' spec says."""
    p, n = points, len(points.time)
    after = np.append(p.time[1:], known_until) if n else p.time
    limit = after if spec.hold is None else np.minimum(after, p.time + spec.hold)
    stop = np.where(p.is_known, np.maximum(limit, p.time), p.time)
    slope = np.zeros(n)
    goodness = p.is_good.astype(np.float64)
    length = (stop - p.time).astype(np.float64)
    if spec.stepped or n < 2:
        area = np.where(p.is_known, p.value, 0.0) * length
    else:
        # a line needs both ends known and the gap within the hold; points of one time have none
        line = p.is_known & np.append(p.is_known[1:], False) & (stop == after) & (length > 0)
        line[-1] = False
        rise = np.where(line, np.append(p.value[1:], 0.0) - p.value, 0.0)
        slope = rise / np.maximum(length, 1.0)
        goodness[:-1][line[:-1]] *= p.is_good[1:][line[:-1]]
        area = (np.where(p.is_known, p.value, 0.0) + rise / 2) * length
    known, good = length, length * goodness
    if p.inside is not None:
        at = p.inside
        area, known, good = area.copy(), known.copy(), good.copy()
        for target, name in ((area, "area"), (known, "known"), (good, "good")):
            target[at] = p.sums[name][at]
    return Pieces(points, stop, slope, goodness, area, known, good)
