"""Quarter-hours of a plant: a level for each time of the week, bent lines by temperature, and what was made.

The time-of-week and temperature model of Mathieu, Price, Kiliccote and Piette (2011), IEEE Trans. Smart Grid
2:507-518, with the occupied and the empty times of the week told apart as in Price (2010, LBNL-3713E). Levels of the
week are taken out group by group, so that a year of quarter-hours costs a small system of equations.

A quarter-hour tells little that the one before has not told. So the shape is learned from quarter-hours, but what a
sum is uncertain by is learned from days: what the shape leaves is summed, fitted there again with errors that
remember the sum before, and carried forward by ``baseline``. Where a part lasts for days and a part fades in hours,
the sum of one day remembers little and forgets late, which one ``rho`` cannot say; sums of two days nearly can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chanye.engines.effects.baseline import Avoided, avoided
from chanye.engines.effects.panel import F64, I64, Mask

#: A time of the week is occupied if it takes more than its weather explains this often.
OCCUPIED = 0.65
#: Where heating ends and cooling begins while occupied times are looked for [°C] (50 and 65 °F, as published).
HEATING, COOLING = 10.0, 18.3
SEGMENTS = 6
#: A day counts if this share of it is known.
DAY_KNOWN = 0.5
#: Directions of the daily design weaker than this, relative to the strongest, say nothing.
WEAK = 1e-4
DAYS = 7
#: Days summed into one where the baseline is long enough: so many sums for each column.
TOGETHER, SUMS = 2, 4


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Equal steps of one meter, in the order of time.

    Parameters
    ----------
    load
        Shape (n,): taken in each step; nan where unknown.
    index
        Shape (n,): number of the step since a Monday's midnight, local time; gaps may be left out.
    temperature
        Shape (n,). [°C]; nan where unknown
    other
        Shape (n, p): what was made and the like, in each step.
    per_day
        How many steps a day has.
    """

    load: F64
    index: I64
    temperature: F64
    other: F64
    per_day: int = 96

    @property
    def known(self) -> Mask:
        """Where everything is known, shape (n,)."""
        found: Mask = np.isfinite(self.load) & np.isfinite(self.temperature) & np.isfinite(self.other).all(axis=1)
        return found

    @property
    def slot(self) -> I64:
        """Time of the week, shape (n,)."""
        found: I64 = self.index % (DAYS * self.per_day)
        return found

    def only(self, kept: Mask) -> Steps:
        """Return some of the steps."""
        return replace(
            self,
            load=self.load[kept],
            index=self.index[kept],
            temperature=self.temperature[kept],
            other=self.other[kept],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Week:
    """A fitted shape.

    Parameters
    ----------
    level
        Shape (slots,): of each time of the week.
    occupied
        Shape (slots,).
    knots
        Shape (k,): temperatures at which the lines bend. [°C]
    slope
        Shape (columns,): of ``columns``.
    """

    level: F64
    occupied: Mask
    knots: F64
    slope: F64

    def columns(self, steps: Steps) -> F64:
        """Return the lines by temperature, occupied then empty, and the other columns; shape (columns, n)."""
        return _rows(steps, self.occupied, self.knots)

    def predict(self, steps: Steps) -> F64:
        """Return what is expected in each step, shape (n,)."""
        found: F64 = self.level[steps.slot] + self.slope @ self.columns(steps)
        return found


def fit(steps: Steps) -> Week:
    """Learn the shape of the week from what is known.

    Raises
    ------
    ValueError
        If fewer than two weeks are known, or a time of the week never is.
    """
    seen = steps.only(steps.known)
    slots = DAYS * steps.per_day
    count = np.bincount(seen.slot, minlength=slots)
    if len(seen.load) < 2 * slots or not count.all():
        raise ValueError("A shape of the week takes two weeks of known steps, and each time of the week once.")
    cold = np.maximum(HEATING - seen.temperature, 0.0)
    warm = np.maximum(seen.temperature - COOLING, 0.0)
    plain = np.column_stack([np.ones(len(cold)), cold, warm, seen.other])
    more = seen.load > plain @ np.linalg.lstsq(plain, seen.load, rcond=None)[0]
    occupied = np.bincount(seen.slot, weights=more, minlength=slots) / count > OCCUPIED
    knots = np.unique(np.quantile(seen.temperature, np.arange(1, SEGMENTS) / SEGMENTS))
    rows = _rows(seen, occupied, knots)
    sums = np.vstack([_by_group(rows, seen.slot, slots), np.bincount(seen.slot, weights=seen.load, minlength=slots)])
    means = sums / count
    k = len(rows)
    # products of what the mean of its time of the week leaves
    gram = rows @ rows.T - sums[:k] @ means[:k].T
    lean = rows @ seen.load - sums[:k] @ means[k]
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    slope = np.linalg.lstsq(gram / np.outer(scale, scale), lean / scale, rcond=1e-9)[0] / scale
    return Week(means[k] - slope @ means[:k], occupied, knots, slope)


def avoided_by_week(before: Steps, after: Steps, *, level: float = 0.9) -> tuple[Avoided, Week]:
    """Carry the shape forward and return what was avoided in the known steps since, by day, and the shape.

    ``prediction``, ``residual`` and ``rho`` of the answer are those of sums of two days, of one day if the baseline
    is short.

    Raises
    ------
    ValueError
        See ``fit``; or if there is no day known since the upgrade, or steps of different length.
    """
    if before.per_day != after.per_day or before.other.shape[1] != after.other.shape[1]:
        raise ValueError("Steps before and after need the same length and the same columns.")
    week = fit(before)
    early, late = _days(before, week), _days(after, week)
    if not len(late.day) or len(early.day) < DAYS + 3:
        raise ValueError("There are too few days known at least by half.")
    if early.day[-1] >= late.day[0]:
        raise ValueError("Days since the upgrade have to come after those before it.")
    together = TOGETHER if len(early.day) >= TOGETHER * SUMS * early.design.shape[1] else 1
    early, late = (one.summed(int(late.day[0]), together) for one in (early, late))
    scale = np.sqrt((early.design**2).mean(axis=0))
    scale[scale == 0] = 1.0
    _, size, turn = np.linalg.svd(early.design / scale, full_matrices=False)
    along = (turn[size > WEAK * size[0]] / scale).T
    steps = [np.diff(early.day, prepend=early.day[0] - 1), np.diff(late.day, prepend=early.day[-1])]
    found = avoided(early.rest, early.design @ along, late.rest, late.design @ along, level=level, steps=steps)
    expected, actual = found.expected + float(late.shape.sum()), found.actual + float(late.shape.sum())
    half = found.saved - found.low
    share = found.saved / expected if expected else np.nan
    wide = half * abs(actual) / expected**2 if expected else np.nan
    return (
        replace(
            found,
            expected=expected,
            actual=actual,
            relative=share,
            relative_low=share - wide,
            relative_high=share + wide,
            prediction=found.prediction + late.shape,
        ),
        week,
    )


def _rows(steps: Steps, occupied: Mask, knots: F64) -> F64:
    """Return the columns of the model as rows, shape (columns, n): each lies together in memory."""
    lines = np.empty((len(knots) + 1, len(steps.load)))
    lines[0] = steps.temperature
    for row, knot in zip(lines[1:], knots.tolist(), strict=True):
        np.maximum(steps.temperature - knot, 0.0, out=row)
    if occupied.all() or not occupied.any():
        return np.concatenate([lines, steps.other.T])
    busy = lines * occupied[steps.slot]
    return np.concatenate([busy, lines - busy, steps.other.T])


def _by_group(rows: F64, group: I64, groups: int) -> F64:
    """Return sums of each row by group, shape (rows, groups)."""
    return np.stack([np.bincount(group, weights=row, minlength=groups) for row in rows])


@dataclass(frozen=True, slots=True, eq=False)
class _Days:
    day: I64
    rest: F64
    shape: F64
    design: F64

    def summed(self, origin: int, together: int) -> _Days:
        """Return sums of days, counted from an origin so that none reaches over it."""
        block = (self.day - origin) // together
        own = block - block[0]
        sums = _by_group(np.column_stack([self.rest, self.shape, self.design]).T, own, int(own[-1]) + 1).T
        some = np.unique(own)
        return _Days(some + block[0], sums[some, 0], sums[some, 1], sums[some, 2:])


def _days(steps: Steps, week: Week) -> _Days:
    """Return by day what the shape leaves, what it expects, and the sums of its columns over the known steps."""
    seen = steps.only(steps.known)
    rows = week.columns(seen)
    shape = week.level[seen.slot] + week.slope @ rows
    day = seen.index // steps.per_day
    first = int(day[0]) if len(day) else 0
    at = day - first
    many = int(at[-1]) + 1 if len(at) else 0
    count = np.bincount(at, minlength=many)
    kept = count >= DAY_KNOWN * steps.per_day
    sums = _by_group(np.vstack([rows, seen.load - shape, shape]), at, many).T[kept]
    weekday = np.eye(DAYS)[(np.flatnonzero(kept) + first) % DAYS] * count[kept, None]
    k = len(rows)
    return _Days(np.flatnonzero(kept) + first, sums[:, k], sums[:, k + 1], np.column_stack([weekday, sums[:, :k]]))
