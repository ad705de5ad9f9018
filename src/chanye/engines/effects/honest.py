"""How far an effect survives if trends were not quite parallel: honest bounds for an event study.

Rambachan and Roth (2023), Rev. Econ. Stud. 90:2555-2591. What the upgraded would have drifted away anyway is bounded
by what was seen before the upgrade: its steps are at most ``m`` times the largest step before (``relative``), or its
slope bends by at most ``m`` from one period to the next (``smooth``). Both answer with the effects that fit the
estimates exactly, and with an interval that covers under sampling error too.

The programs of the paper are small enough here to be solved in closed form: given the drift before, a weighted sum of
drifts after is largest where every step, or every bend, is at its bound with the sign of its weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from chanye.engines.effects.did import Summary
from chanye.engines.effects.panel import F64, Mask

#: Share of the error rate spent on the first stage of the hybrid test (Rambachan and Roth 2023, section 3).
FIRST_STAGE = 0.1
#: The end of a set is looked for on a grid, then on finer ones between two of its points; a length by halving.
GRID, SPLIT, FINER, HALVINGS = 201, 41, 3, 40
#: Press et al., Numerical Recipes, 6.2: complementary error function, Chebyshev fit, highest power first.
_ERFC = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196]
_ERFC += [1.00002368, -1.26551223]


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """An event study against one period of reference.

    Parameters
    ----------
    before
        Shape (b,): estimates before the period of reference, oldest first.
    after
        Shape (a,): estimates after it.
    covariance
        Shape (b + a, b + a).
    """

    before: F64
    after: F64
    covariance: F64

    @staticmethod
    def of(summary: Summary, *, reference: int = -1) -> Study:
        """Return the study of an event study with one base for all (``group_time(..., base="universal")``).

        Raises
        ------
        ValueError
            If event times have gaps, or the period of reference is not the base of all.
        """
        at = np.flatnonzero(summary.label == reference)
        if len(at) != 1 or abs(float(summary.effect[at[0]])) > 1e-12 or np.any(np.diff(summary.label) != 1):
            raise ValueError("Take an event study without gaps, all of it against one universal base.")
        others = np.arange(len(summary.label)) != at[0]
        influence = summary.influence[:, others]
        covariance = influence.T @ influence / len(influence) ** 2
        middle = int(at[0])
        return Study(summary.effect[:middle], summary.effect[middle + 1 :], covariance)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Effects that are compatible with a drift of a size.

    Parameters
    ----------
    m
        The size of the drift.
    low, high
        What fits the estimates as they are; nan if the drift before is already larger than allowed.
    interval_low, interval_high
        Interval that covers every compatible effect at the level asked for.
    """

    m: float
    low: float
    high: float
    interval_low: float
    interval_high: float

    @property
    def shows(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.interval_low > 0 or self.interval_high < 0


def relative(study: Study, m: float, *, weight: F64 | None = None, level: float = 0.9) -> Bounds:
    """Bound the drift after the upgrade by ``m`` times the largest step from period to period before it.

    Parameters
    ----------
    m
        0 for parallel trends; 1 if it may move as much after as before. ≥ 0
    weight
        Shape (a,): the effect looked at is this sum of the effects after; their mean if not given.

    Raises
    ------
    ValueError
        If there is no period before that of reference, or ``m`` or the shapes are no good.

    Notes
    -----
    The set of drifts is a union over which step before is the largest and its sign. Within one of them the nuisance
    drops out and two linear inequalities stay, on which the hybrid of a conditional and a least favourable test is
    run (Andrews, Roth and Pakes 2023, Rev. Econ. Stud. 90:2763-2791); the critical value of its first stage is
    Bonferroni's. The interval is the hull of the union, and so somewhat wide where steps before are alike.
    """
    shape = _checked(study, m, weight)
    reach = m * float(np.abs(np.cumsum(shape[::-1])).sum())  # a step carries on into all later periods
    path = np.append(study.before, 0.0)
    steps = np.diff(path)
    b = len(study.before)
    turn = np.zeros((b, b + len(study.after)))  # steps as sums of the estimates
    turn[np.arange(b), np.arange(b)] = -1.0
    turn[np.arange(b - 1), np.arange(1, b)] = 1.0
    effect = float(shape @ study.after)
    across = np.append(np.zeros(b), shape)
    own = float(across @ study.covariance @ across)
    parts = [
        _Part(
            effect,
            sign * float(steps[i]),
            reach,
            own,
            float(turn[i] @ study.covariance @ turn[i]),
            sign * float(across @ study.covariance @ turn[i]),
        )
        for i in range(b)
        for sign in (1.0, -1.0)
    ]
    half = reach * float(np.abs(steps).max())
    ends = _hull(parts, level, half + 6 * max(math.sqrt(one.widest) for one in parts))
    return Bounds(m, effect - half, effect + half, *ends)


def smooth(study: Study, m: float, *, weight: F64 | None = None, level: float = 0.9) -> Bounds:
    """Bound how much the slope of the drift bends from one period to the next, before and after.

    Parameters
    ----------
    m
        0 for a straight trend, which is then taken out. ≥ 0, in units of the outcome a period
    weight
        Shape (a,): the effect looked at is this sum of the effects after; their mean if not given.

    Raises
    ------
    ValueError
        As ``relative``.

    Notes
    -----
    The interval has fixed length: of all sums of the estimates that a straight trend leaves alone, the one whose
    worst bias and error together make the shortest (Rambachan and Roth, section 4; Armstrong and Kolesár 2018,
    Econometrica 86:655-683). By the weights that bends carry, it is the path of a lasso.
    """
    shape = _checked(study, m, weight)
    b, a = len(study.before), len(study.after)
    ahead = np.maximum(np.arange(1, a + 1)[None, :] - np.arange(a)[:, None], 0)
    bends = ahead @ shape  # weight of the bend at the reference, and of those after it
    pull = float(bends[0])
    effect = float(shape @ study.after)
    known = np.append(study.before, 0.0)
    drift = -float(study.before[-1]) * pull
    room = m * float(np.abs(bends).sum())
    straight = len(known) < 3 or float(np.abs(np.diff(known, 2)).max()) <= m * (1 + 1e-12) + 1e-15
    low, high = (effect - drift - room, effect - drift + room) if straight else (math.nan, math.nan)

    back = np.maximum(np.arange(1, b + 1)[None, :] - np.arange(b)[:, None], 0).astype(float)
    turn = np.linalg.inv(back)  # from the weights of bends to those of estimates, newest first
    lead = np.concatenate([(turn[:, 0] * pull)[::-1], shape])
    free = np.concatenate([turn[:, 1:][::-1], np.zeros((a, b - 1))])
    problem = _Shortest(
        float(lead @ study.covariance @ lead),
        free.T @ study.covariance @ lead,
        free.T @ study.covariance @ free,
        m,
        float(np.abs(bends).sum()),
        level,
    )
    best, half = problem.solve()
    estimate = effect + float((lead + free @ best)[:b] @ study.before)
    return Bounds(m, low, high, estimate - half, estimate + half)


def breakdown(bound: Callable[[float], Bounds], *, most: float = 1024.0) -> float:
    """Return the largest drift at which the interval still leaves out zero; 0 if none, ``most`` if all do.

    Parameters
    ----------
    bound
        From a size of the drift to the bounds, e.g. ``lambda m: relative(study, m)``.
    """
    if not bound(0.0).shows:
        return 0.0
    if bound(most).shows:
        return most
    low, high = 0.0, most
    while high - low > 1e-4 * max(high, 1e-9):
        middle = (low + high) / 2
        low, high = (middle, high) if bound(middle).shows else (low, middle)
    return low


def _checked(study: Study, m: float, weight: F64 | None) -> F64:
    b, a = len(study.before), len(study.after)
    shape = np.full(a, 1 / a) if weight is None and a else np.asarray(weight, np.float64)
    if not b or not a or shape.shape != (a,) or not (math.isfinite(m) and m >= 0) or not shape.any():
        raise ValueError("Bounds take a period before that of reference, one after it, and a drift of zero or more.")
    if study.covariance.shape != (a + b, a + b) or not np.isfinite(study.covariance).all():
        raise ValueError("The covariance needs a row and a column for each estimate.")
    return shape


# --- relative magnitudes ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """One piece of the union: |effect - theta| ≤ reach times step."""

    effect: float
    step: float
    reach: float
    var_effect: float
    var_step: float
    joint: float

    @property
    def widest(self) -> float:
        """The largest variance of an end of the piece."""
        return self.var_effect + self.reach**2 * self.var_step + 2 * self.reach * abs(self.joint)

    def accepts(self, theta: F64, level: float) -> Mask:
        """Return which effects the hybrid test does not refuse, shape (n,)."""
        rows = np.array([[1.0, -self.reach], [-1.0, -self.reach]])
        inside = np.array([[self.var_effect, self.joint], [self.joint, self.var_step]])
        covariance = rows @ inside @ rows.T
        size = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
        moment = rows @ np.stack([self.effect - theta, np.full(len(theta), self.step)])
        score = moment / size[:, None]
        alike = covariance / np.outer(size, size)
        alpha = 1 - level
        first = FIRST_STAGE * alpha
        most = NormalDist().inv_cdf(1 - first / len(rows))
        j = score.argmax(axis=0)
        top = score.max(axis=0)
        apart = 1 - alike[:, j]  # (moments, n)
        rest = score - alike[:, j] * top
        above = np.where(apart > 1e-9, rest / np.maximum(apart, 1e-9), -np.inf).max(axis=0)
        tail_above, tail_top, tail_most = (_tail(x) for x in (above, top, np.array([most])))
        share = (tail_above - tail_top) / np.maximum(tail_above - tail_most, 1e-300)
        kept: Mask = (top <= most) & (share <= 1 - (alpha - first) / (1 - first))
        return kept


def _tail(x: F64) -> F64:
    """Return how often a standard normal lies above; relative error below 2e-7 (Press et al., erfc by Chebyshev)."""
    z = np.abs(x) / math.sqrt(2)
    t = 1 / (1 + 0.5 * np.minimum(z, 1e9))
    power = np.zeros_like(t)
    for factor in _ERFC:
        power = power * t + factor
    above = 0.5 * t * np.exp(np.maximum(-z * z + power, -700.0))
    found: F64 = np.where(x > 0, above, 1 - above)
    return found


def _hull(parts: list[_Part], level: float, half: float) -> tuple[float, float]:
    """Return the least and the largest effect that some piece does not refuse."""

    def kept(theta: F64) -> Mask:
        found: Mask = np.any([one.accepts(theta, level) for one in parts], axis=0)
        return found

    middle = parts[0].effect
    grid = np.linspace(middle - half, middle + half, GRID)
    which = np.flatnonzero(kept(grid))
    if not len(which):
        return middle, middle
    ends = []
    for inner, outer in ((which[0], which[0] - 1), (which[-1], which[-1] + 1)):
        good, bad = float(grid[inner]), float(grid[min(max(outer, 0), GRID - 1)])
        for _ in range(FINER if good != bad else 0):
            between = np.linspace(bad, good, SPLIT)
            first = int(np.argmax(kept(between)))
            good, bad = float(between[first]), float(between[max(first - 1, 0)])
        ends.append(good)
    return ends[0], ends[1]


# --- smoothness ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Shortest:
    """Weights ``w`` of bends before: variance ``base + 2 lean·w + w·square·w``, bias ``m (fixed + |w|₁)``."""

    base: float
    lean: F64
    square: F64
    m: float
    fixed: float
    level: float

    def half(self, w: F64) -> float:
        """Return half the length of the interval that these weights give."""
        error = math.sqrt(max(self.base + 2 * float(self.lean @ w) + float(w @ self.square @ w), 1e-300))
        return error * folded_quantile(self.m * (self.fixed + float(np.abs(w).sum())) / error, self.level)

    def solve(self) -> tuple[F64, float]:
        """Return the best weights and half the length: the best corner of the path, then between its neighbours."""
        corners = self.path()
        found = [self.half(w) for w in corners]
        i = int(np.argmin(found))
        best, half = corners[i], found[i]
        for other in corners[max(i - 1, 0) : i + 2]:
            low, high = 0.0, 1.0
            for _ in range(HALVINGS):
                left, right = low + (high - low) * 0.382, low + (high - low) * 0.618
                here, there = (self.half(corners[i] + x * (other - corners[i])) for x in (left, right))
                low, high = (low, right) if here < there else (left, high)
            w = corners[i] + low * (other - corners[i])
            if (length := self.half(w)) < half:
                best, half = w, length
        return best, half

    def path(self) -> list[F64]:
        """Return the corners of the lasso's path, from all weights zero to the least variance.

        Between corners weights are straight in the price of their size; a corner is where one comes in or goes out
        (Efron, Hastie, Johnstone and Tibshirani 2004, Ann. Statist. 32:407-499).
        """
        k = len(self.lean)
        w = np.zeros(k)
        corners = [w]
        if not k:
            return corners
        square = self.square + 1e-13 * np.trace(self.square) * np.eye(k)
        price = float(np.abs(self.lean).max())
        active = np.abs(self.lean) >= price * (1 - 1e-12)
        for _ in range(8 * k + 8):
            if price <= 0:
                break
            sign = np.where(w != 0, np.sign(w), -np.sign(self.lean + square @ w)) * active
            fit, turn = np.zeros(k), np.zeros(k)  # on the active set: w = fit + price * turn
            inverse = np.linalg.inv(square[np.ix_(active, active)])
            fit[active], turn[active] = -inverse @ self.lean[active], -inverse @ sign[active]
            price, leaves, j = self._next(square, active, fit, turn, w, price)
            w = fit + price * turn
            if leaves:
                w[j] = 0.0
            if j >= 0:
                active[j] = not leaves
            corners.append(w.copy())
        return corners

    def _next(self, square: F64, active: Mask, fit: F64, turn: F64, w: F64, price: float) -> tuple[float, bool, int]:
        """Return the next lower price at which a weight goes out (with True) or comes in, and which; 0 at the end."""
        best, leaves, at = 0.0, False, -1
        below = price * (1 - 1e-10)
        slope, bend = self.lean + square @ fit, square @ turn
        for j in range(len(fit)):
            if active[j]:
                when = -fit[j] / turn[j] if turn[j] and w[j] else 0.0
                if best < when < below:
                    best, leaves, at = float(when), True, j
                continue
            for side in (1.0, -1.0):
                when = side * slope[j] / (1 - side * bend[j]) if side * bend[j] != 1 else 0.0
                if best < when < below:
                    best, leaves, at = float(when), False, j
        return best, leaves, at


def folded_quantile(shift: float, level: float) -> float:
    """Return the value that ``|N(shift, 1)|`` stays below with a probability ``level``."""
    normal = NormalDist()
    low, high = 0.0, abs(shift) + 10.0
    for _ in range(60):
        middle = (low + high) / 2
        if normal.cdf(middle - shift) - normal.cdf(-middle - shift) < level:
            low = middle
        else:
            high = middle
    return (low + high) / 2
