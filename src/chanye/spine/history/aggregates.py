"""Aggregates after OPC UA Part 13, as arithmetic on arrays: no loop over samples or intervals.

A series is a list of *points*. Between a point and the next lies a *piece*, whose known part is ``[time, stop)``:

* stepped: the value holds until the next point; sloped: a straight line to the next point if that one is known too,
  else the value holds; never longer than ``hold``; after the last point never longer than ``known_until``;
* a bad (or not finite) value starts an unknown piece; an uncertain one is known but not good.

This is the simple bounding of Part 13 (5.4.3.4) with uncertain values used and reported (``percent_good``
falls): bad stretches are left out of an average and are never bridged, the rest is weighted by time. An
interval is ``[start, end)``; a sum over it is the whole pieces that start in it, plus what reaches in from the
left, minus what reaches out on the right. Hence one pass of ``reduceat`` serves any number of intervals, and a
summarised hour can stand in for its points (see ``rollups``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from chanye.kernel.errors import ConfigError
from chanye.spine.history.columns import Mask, Order
from chanye.spine.history.points import Pieces, Points, pieces_of
from chanye.spine.history.types import F64, I64, SeriesSpec


class Summary:
    """Sums of one series over intervals with common edges (k+1 ascending times)."""

    def __init__(self, pieces: Pieces, edges: I64) -> None:
        self.pieces, self.points, self.edges = pieces, pieces.points, edges
        self.at: Order = np.searchsorted(self.points.time, edges)
        self.empty: Mask = self.at[1:] == self.at[:-1]

    def _reduce(self, ufunc: np.ufunc, values: F64, nothing: float) -> F64:
        out = ufunc.reduceat(np.append(values, nothing), self.at)[:-1]
        return np.asarray(np.where(self.empty, nothing, out))

    def reduce_sum(self, values: F64) -> F64:
        """Sum per interval over the points in it."""
        return self._reduce(np.add, values, 0.0)

    @cached_property
    def _reach(self) -> tuple[F64, F64, F64]:
        """(area, known, good) right of each edge, of the piece that began before it."""
        p, t = self.pieces, self.points.time
        if not len(t):
            none = np.zeros(len(self.edges))
            return none, none, none
        before = np.maximum(self.at - 1, 0)
        length = np.maximum(p.stop[before] - self.edges, 0).astype(np.float64)
        length[self.at == 0] = 0.0
        there = self.points.value[before] + p.slope[before] * (self.edges - t[before])
        area = np.where(length > 0, (there + p.slope[before] * length / 2) * length, 0.0)
        return area, length, length * p.goodness[before]

    def _sum(self, whole: F64, which: int) -> F64:
        reach = self._reach[which]
        return np.asarray(self.reduce_sum(whole) + reach[:-1] - reach[1:])

    @cached_property
    def length(self) -> F64:
        """Length of the intervals. [us]."""
        return np.diff(self.edges).astype(np.float64)

    @cached_property
    def area(self) -> F64:
        """Time integral of the known value. [value us]."""
        return self._sum(self.pieces.area, 0)

    @cached_property
    def known(self) -> F64:
        """Time the value was known. [us]."""
        return self._sum(self.pieces.known, 1)

    @cached_property
    def good(self) -> F64:
        """Time the value was good. [us]."""
        return self._sum(self.pieces.good, 2)

    @cached_property
    def n(self) -> F64:
        """Known samples in the interval."""
        return self.reduce_sum(self.points.n)

    @cached_property
    def m2(self) -> F64:
        """Sum of squared deviations from the interval's mean; two passes, so that nothing cancels."""
        p = self.points
        mean = np.divide(self.reduce_sum(p.total), self.n, out=np.zeros(len(self.n)), where=self.n > 0)
        own = np.divide(p.total, p.n, out=np.zeros(len(p.n)), where=p.n > 0)
        group = np.clip(np.searchsorted(self.edges, p.time, side="right") - 1, 0, len(mean) - 1)
        return self.reduce_sum(p.m2 + p.n * (own - mean[group]) ** 2)

    @cached_property
    def low(self) -> F64:
        """Least known sample, NaN if none."""
        return _finite(self._reduce(np.minimum, self.points.low, np.inf))

    @cached_property
    def high(self) -> F64:
        """Greatest known sample, NaN if none."""
        return _finite(self._reduce(np.maximum, self.points.high, -np.inf))

    @cached_property
    def at_edges(self) -> F64:
        """Value at each edge, NaN where unknown."""
        p, t = self.pieces, self.points.time
        if not len(t):
            return np.full(len(self.edges), np.nan)
        # the last point at or before the edge
        last = np.searchsorted(t, self.edges, side="right") - 1
        at = np.maximum(last, 0)
        value = self.points.value[at] + p.slope[at] * (self.edges - t[at])
        exact = (t[at] == self.edges) & self.points.is_known[at]
        return np.where((last >= 0) & ((self.edges < p.stop[at]) | exact), value, np.nan)

    @cached_property
    def before_end(self) -> F64:
        """Value just before the end of each interval, NaN where unknown."""
        p, t = self.pieces, self.points.time
        if not len(t):
            return np.full(len(self.empty), np.nan)
        at = np.maximum(self.at[1:] - 1, 0)
        ends = self.edges[1:]
        value = self.points.value[at] + p.slope[at] * (ends - t[at])
        return np.where((self.at[1:] > 0) & (ends <= p.stop[at]) & (p.stop[at] > t[at]), value, np.nan)

    def first_known(self) -> F64:
        """First known sample of each interval, NaN if none."""
        return self._pick(self.points.enter, first=True)

    def last_known(self) -> F64:
        """Last known sample of each interval, NaN if none."""
        return self._pick(self.points.leave, first=False)

    def _pick(self, values: F64, *, first: bool) -> F64:
        at = np.flatnonzero(~np.isnan(values))
        times = self.points.time[at]
        lo, hi = np.searchsorted(times, self.edges[:-1]), np.searchsorted(times, self.edges[1:])
        if not len(at):
            return np.full(len(lo), np.nan)
        index = np.minimum(lo, len(at) - 1) if first else np.maximum(hi - 1, 0)
        return np.where(hi > lo, values[at[index]], np.nan)


def _finite(values: F64) -> F64:
    return np.asarray(np.where(np.isfinite(values), values, np.nan))


def _ratio(a: F64, b: F64) -> F64:
    return np.asarray(np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0))


def _spread(s: Summary, minus: int) -> F64:
    """Variance of the known samples; one value has none against itself."""
    return np.divide(s.m2, s.n - minus, out=np.where(s.n > 0, 0.0, np.nan), where=s.n > minus)


def _increase(s: Summary) -> F64:
    return np.asarray(np.where((s.n > 0) | (s.known > 0), s.reduce_sum(s.points.gain), np.nan))


def _state(s: Summary, *, zero: bool) -> F64:
    """Time in or out of state zero, in us."""
    p = s.pieces
    match = ((s.points.value == 0) if zero else (s.points.value != 0)).astype(np.float64)
    reach = s._reach[1] * (match[np.maximum(s.at - 1, 0)] if len(match) else 0.0)  # noqa: SLF001 - same module
    return np.asarray(s.reduce_sum(p.known * match) + reach[:-1] - reach[1:])


def _transitions(s: Summary) -> F64:
    """Changes between known values, at the time of the later one."""
    p, change = s.points, np.zeros(len(s.points.time))
    at = np.flatnonzero(p.is_known)
    change[at[1:]] = p.value[at[1:]] != p.value[at[:-1]]
    return np.where((s.n > 0) | (s.known > 0), s.reduce_sum(change), np.nan)


Formula = Callable[[Summary], F64]
#: Aggregates by their Part 13 name, from sums that a summarised hour carries too.
FORMULAS: dict[str, Formula] = {
    "Interpolative": lambda s: s.at_edges[:-1],
    "TimeAverage": lambda s: _ratio(s.area, s.known),
    "TimeAverage2": lambda s: _ratio(s.area, s.known),
    "Total": lambda s: np.where(s.known > 0, s.area / 1e6, np.nan),
    "Total2": lambda s: np.where(s.known > 0, s.area / 1e6, np.nan),
    "Average": lambda s: _ratio(s.reduce_sum(s.points.total), s.n),
    "Minimum": lambda s: s.low,
    "Maximum": lambda s: s.high,
    "Range": lambda s: s.high - s.low,
    "Minimum2": lambda s: np.fmin(s.low, np.fmin(s.at_edges[:-1], s.before_end)),
    "Maximum2": lambda s: np.fmax(s.high, np.fmax(s.at_edges[:-1], s.before_end)),
    "Range2": lambda s: FORMULAS["Maximum2"](s) - FORMULAS["Minimum2"](s),
    "Count": lambda s: s.n,
    "Start": lambda s: s.first_known(),
    "End": lambda s: s.last_known(),
    "Delta": lambda s: s.last_known() - s.first_known(),
    "StartBound": lambda s: s.at_edges[:-1],
    "EndBound": lambda s: s.at_edges[1:],
    "DeltaBounds": lambda s: np.diff(s.at_edges),
    "Increase": _increase,
    "DurationGood": lambda s: s.good,
    "DurationBad": lambda s: s.length - s.known,
    "PercentGood": lambda s: 100.0 * s.good / s.length,
    "PercentBad": lambda s: 100.0 * (s.length - s.known) / s.length,
    "StandardDeviation": lambda s: np.sqrt(_spread(s, 1)),
    "StandardDeviationSample": lambda s: np.sqrt(_spread(s, 1)),
    "StandardDeviationPopulation": lambda s: np.sqrt(_spread(s, 0)),
    "VarianceSample": lambda s: _spread(s, 1),
    "VariancePopulation": lambda s: _spread(s, 0),
}
#: Aggregates that need every sample.
RAW_FORMULAS: dict[str, Formula] = {
    "DurationInStateZero": lambda s: _state(s, zero=True),
    "DurationInStateNonZero": lambda s: _state(s, zero=False),
    "NumberOfTransitions": _transitions,
}


def check_names(names: Sequence[str]) -> bool:
    """Return whether summarised hours can serve all names. Raises ConfigError for an unknown one."""
    unknown = [n for n in names if n not in FORMULAS and n not in RAW_FORMULAS]
    if unknown:
        raise ConfigError(f"Unknown aggregate {unknown[0]!r}. Use one of: {', '.join([*FORMULAS, *RAW_FORMULAS])}.")
    return all(n in FORMULAS for n in names)


def summarise(points: Points, spec: SeriesSpec, edges: I64, names: Sequence[str], known_until: int) -> dict[str, F64]:
    """Return aggregates of one series.

    Parameters
    ----------
    points
        All points in ``[edges[0], edges[-1])``, the last one before and the first one after.
    edges
        k+1 ascending times. [us]
    names
        Part 13 names; see ``FORMULAS`` and ``RAW_FORMULAS``.
    known_until
        After the last point its value is known at most until here. [us]

    Returns
    -------
    dict
        name -> array of k values, NaN where unknown; ``percent_known`` and ``percent_good`` always.
    """
    with np.errstate(all="ignore"):
        s = Summary(pieces_of(points, spec, known_until), edges)
        out = {n: (FORMULAS.get(n) or RAW_FORMULAS[n])(s) for n in names}
        out["percent_known"] = np.clip(100.0 * s.known / s.length, 0.0, 100.0)
        out["percent_good"] = np.clip(100.0 * s.good / s.length, 0.0, 100.0)
    return out


def durations_of(points: Points, spec: SeriesSpec, start: int, end: int, known_until: int) -> dict[int, int]:
    """Return the time in each state in ``[start, end)``, and under -1 the time not known. [us]."""
    stepped = SeriesSpec(spec.id, stepped=True, hold=spec.hold)
    pieces = pieces_of(points, stepped, known_until)
    length = np.minimum(pieces.stop, end) - np.maximum(points.time, start)
    held = length > 0
    codes, at = np.unique(points.value[held].astype(np.int64), return_inverse=True)
    sums = np.zeros(len(codes), np.int64)
    np.add.at(sums, at, length[held])
    out = {int(c): int(n) for c, n in zip(codes, sums, strict=True)}
    out[-1] = out.get(-1, 0) + (end - start) - int(sums.sum())
    return out


def edges_of(start: int, end: int, step: int) -> I64:
    """Return the edges of the intervals; the last one may be shorter. Raises ConfigError if they make no sense."""
    if not start < end or step <= 0:
        raise ConfigError("An aggregate needs start < end and a step above zero.")
    if (end - start) // step > 1_000_000:
        raise ConfigError("That are more than a million intervals. Ask for a longer step.")
    return np.append(np.arange(start, end, step, dtype=np.int64), end)
