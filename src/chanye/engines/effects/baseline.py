"""One plant and nobody to compare with: what it would have taken, by what it made and the weather it had.

IPMVP options B and C: a regression of the baseline is carried forward under the conditions met since (production by
product, shifts, start-ups, temperature), and what was really taken is held against it. Errors remember the step
before, see ``autoregression``; the interval counts that coefficients, memory and the sum of all errors to come are
uncertain. Change points follow ASHRAE Guideline 14 and Kissock, Haberl and Claridge (2003), ASHRAE Trans. 109(2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chanye.engines.effects import autoregression
from chanye.engines.effects.panel import F64, I64
from chanye.engines.effects.student import quantile

#: Temperatures tried as change points, as quantiles of those met.
TRIED = np.linspace(0.1, 0.9, 33)
#: Coefficients that a change point counts for in the Bayesian criterion.
PRICE = 2
#: Rows beyond the columns from which on the memory of the errors is estimated; and the most it may be.
LEAST, MOST = 12, 0.95


@dataclass(frozen=True, slots=True)
class Weather:
    """Change points of temperature [°C]; None where there is none."""

    heating: float | None = None
    cooling: float | None = None

    def columns(self, temperature: F64) -> F64:
        """Return degrees below and above the change points, shape (n, 0..2)."""
        parts = []
        if self.heating is not None:
            parts.append(np.maximum(self.heating - temperature, 0.0))
        if self.cooling is not None:
            parts.append(np.maximum(temperature - self.cooling, 0.0))
        return np.column_stack(parts) if parts else np.zeros((len(temperature), 0))


def find_weather(outcome: F64, other: F64, temperature: F64) -> Weather:
    """Return the change points that fit best beside other columns, by the Bayesian criterion; none if none pays.

    Parameters
    ----------
    outcome
        Shape (n,).
    other
        Shape (n, k): the other columns of the baseline, with the constant.
    temperature
        Shape (n,). [°C]
    """
    tried = np.unique(np.quantile(temperature, TRIED))
    found = _find(outcome, other, temperature, tried, 0.0)
    # errors that remember make bends out of chance: look again at what each step brings anew
    columns = np.column_stack([other, found.columns(temperature)])
    if len(outcome) < columns.shape[1] + LEAST:
        return found
    left = outcome - columns @ np.linalg.lstsq(columns, outcome, rcond=None)[0]
    whole = float(left @ left)
    rho = float(left[1:] @ left[:-1]) / whole if whole > 0 else 0.0
    return _find(outcome, other, temperature, tried, min(max(rho + (1 + 4 * rho) / len(left), 0.0), MOST))


def _find(outcome: F64, other: F64, temperature: F64, tried: F64, rho: float) -> Weather:
    """Return the best change points if errors keep a share ``rho`` of the step before."""

    def news(column: F64) -> F64:
        fresh: F64 = column[1:] - rho * column[:-1]
        return fresh

    n = len(outcome)
    q, _ = np.linalg.qr(news(other))

    def rest(column: F64) -> F64:
        fresh = news(column)
        left: F64 = fresh - q @ (q.T @ fresh)
        return left

    y = rest(outcome)
    cold = np.stack([rest(np.maximum(one - temperature, 0.0)) for one in tried])
    warm = np.stack([rest(np.maximum(temperature - one, 0.0)) for one in tried])
    size_c, size_w = (cold**2).sum(axis=1), (warm**2).sum(axis=1)
    lean_c, lean_w = cold @ y, warm @ y
    whole = float(y @ y)

    def score(gain: float, points: int) -> float:
        # each costs a slope and a point
        return float(n * np.log(max(whole - gain, 1e-300)) + PRICE * points * np.log(n))

    best, found = score(0.0, 0), Weather()
    for size, lean, heats in ((size_c, lean_c, True), (size_w, lean_w, False)):
        rises = (lean > 0) & (size > 1e-9)  # only what rises away from the comfortable middle
        gain = np.where(rises, lean**2 / np.maximum(size, 1e-9), 0.0)
        i = int(np.argmax(gain))
        if gain[i] > 0 and score(float(gain[i]), 1) < best:
            point = float(tried[i])
            best, found = score(float(gain[i]), 1), Weather(heating=point) if heats else Weather(cooling=point)
    shared = cold @ warm.T
    area = size_c[:, None] * size_w[None, :] - shared**2
    by_cold = lean_c[:, None] * size_w[None, :] - shared * lean_w[None, :]
    by_warm = lean_w[None, :] * size_c[:, None] - shared * lean_c[:, None]
    apart = (tried[:, None] <= tried[None, :]) & (area > 1e-9) & (by_cold > 0) & (by_warm > 0)
    gains = np.where(apart, (lean_c[:, None] * by_cold + lean_w[None, :] * by_warm) / np.maximum(area, 1e-9), 0.0)
    low, high = divmod(int(np.argmax(gains)), len(tried))
    if score(float(gains[low, high]), 2) < best:
        found = Weather(float(tried[low]), float(tried[high]))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Avoided:
    """What was taken less than without the upgrade.

    Parameters
    ----------
    expected, actual
        Sums over the steps since the upgrade, in units of the outcome.
    saved, low, high
        ``expected - actual`` with its interval.
    relative, relative_low, relative_high
        The same as a share of ``expected``.
    prediction
        Shape (m,): expected step by step.
    residual
        Shape (n,): what the baseline leaves.
    rho
        Correlation of errors one step apart.
    """

    expected: float
    actual: float
    saved: float
    low: float
    high: float
    relative: float
    relative_low: float
    relative_high: float
    prediction: F64
    residual: F64
    rho: float


def avoided(
    before: F64,
    design_before: F64,
    after: F64,
    design_after: F64,
    *,
    level: float = 0.9,
    steps: Sequence[I64] | None = None,
) -> Avoided:
    """Carry the baseline forward and return what was avoided.

    Parameters
    ----------
    before, after
        Outcomes, shapes (n,) and (m,), in the order of time.
    design_before, design_after
        Shapes (n, k) and (m, k), with the constant.
    steps
        How many steps after the row before each row comes, for both; all 1 if not given. The first of ``after``
        counts from the last of ``before``.

    Raises
    ------
    ValueError
        If the baseline cannot be fitted, see ``autoregression.fit``.
    """
    apart = [np.ones(len(before), np.int64), np.ones(len(after), np.int64)] if steps is None else list(steps)
    found = autoregression.fit(before, design_before, apart[0])
    plain = design_after @ found.coefficient
    residual = before - design_before @ found.coefficient
    at = np.cumsum(apart[1])
    prediction = plain + found.rho**at * residual[-1]  # the last error fades, it does not vanish at once
    # coefficients enter by the rows ahead and, through the last error, by the last row of the baseline
    lever = design_after.sum(axis=0) - (found.rho**at).sum() * design_before[-1]
    ahead = _sum_variance(found.rho, found.sigma, at)
    variance = float(lever @ found.covariance @ lever) + ahead
    error = float(np.sqrt(variance))
    freedom = _freedom(found, lever, variance, at)
    half = quantile(0.5 + level / 2, freedom) * error
    expected, actual = float(prediction.sum()), float(np.sum(after))
    saved = expected - actual
    share = saved / expected if expected else np.nan
    # the ratio moves with its denominator too; to first order the interval of actual / expected
    wide = half * abs(actual) / expected**2 if expected else np.nan
    return Avoided(
        expected,
        actual,
        saved,
        saved - half,
        saved + half,
        share,
        share - wide,
        share + wide,
        prediction,
        residual,
        found.rho,
    )


def _freedom(found: autoregression.Fit, lever: F64, variance: float, at: I64) -> float:
    """Return the degrees of freedom of the whole variance, by Satterthwaite: it turns with ``rho`` and the news."""
    h = min(1e-3, (1 - abs(found.rho)) / 4)
    news = found.sigma**2 * (1 - found.rho**2)
    ahead = [_sum_variance(rho, float(np.sqrt(news / (1 - rho**2))), at) for rho in (found.rho + h, found.rho - h)]
    turn = float(lever @ found.slopes[0] @ lever) + (ahead[0] - ahead[1]) / (2 * h)
    slope = np.array([turn, variance])  # by the log of the variance of the news it turns with itself
    spread = float(slope @ found.uncertainty @ slope)
    return min(max(2 * variance**2 / spread, 2.0), float(found.n)) if spread > 0 else float(found.n)


def _sum_variance(rho: float, sigma: float, at: I64) -> float:
    """Return the variance of the sum of errors at some steps ahead, given the last one known."""
    # over all pairs, each the correlation of errors so far apart: what lies behind a step fades with the gap to it
    whole, behind, last = 0.0, 0.0, 0
    for here in at.tolist():
        behind = _power(rho, here - last) * (behind + (1.0 if whole else 0.0))
        whole += 1.0 + 2.0 * behind
        last = here
    fading = sum(_power(rho, one) for one in at.tolist())
    return float(sigma**2 * (whole - fading**2))


def _power(rho: float, apart: int) -> float:
    return abs(rho) ** apart * (-1.0 if rho < 0 and apart % 2 else 1.0)
