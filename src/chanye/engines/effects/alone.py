"""One plant alone, from its days: which columns its baseline has, and what is carried forward (IPMVP options B, C).

A measure per piece is modelled as what it is made of: energy by pieces, weekdays and weather, not energy per piece.
So what a plant takes without making anything is not mistaken for an effect when it makes more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chanye.engines.effects import autoregression
from chanye.engines.effects.baseline import Avoided, Weather, avoided, find_weather
from chanye.engines.effects.days import Days, Found
from chanye.engines.effects.detectable import Detectable, least_effect
from chanye.engines.effects.gates import Gate, Limits, model_gates
from chanye.engines.effects.growth import Growth, growth
from chanye.engines.effects.panel import F64, I64, Mask
from chanye.engines.effects.student import quantile

#: Days that one point of the chart stands for.
BLOCK = 7


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Rows of the regression: outcome, columns, and how many days after the row before each comes."""

    outcome: F64
    columns: F64
    step: I64
    seen: F64


def carried_forward(
    days: Days, before: Mask, after: Mask, limits: Limits, *, level: float, least_level: float
) -> Found:
    """Return the change since the upgrade against the baseline carried forward.

    Parameters
    ----------
    before, after
        Days that count, shape (n,).
    level, least_level
        Of the two-sided interval, and of the one whose lower end is the one-sided bound.
    """
    one, two = days.usable & before, days.usable & after
    known, met = designs(days, one, two)
    try:
        found = _wider(known, met, level)
        least = _wider(known, met, least_level)
    except ValueError:
        return Found(reasons=["model"])
    gates = model_gates(found.residual, known.outcome, known.seen, met.seen, limits)
    if not found.expected > 0:
        return Found(gates=gates, reasons=["model"])
    detail: dict[str, float] = {}
    if days.ratio:
        size = growth(days.weight[one], days.ordinal[one], days.weight[two])
        gates.append(Gate("size", size.beyond, limits.grown, size.beyond <= limits.grown))
        shift = _idle_grown(found, known, size, int(two.sum())) if size.moved else 0.0
        found, least = _holding(found, shift), _holding(least, shift)
        detail = {"production": size.change, "idle_shift": shift}
    half = quantile(0.5 + level / 2, 1e9)
    return Found(
        -found.relative,
        -found.relative_high,
        -found.relative_low,
        -least.relative_high,
        -least.relative_low,
        (found.relative_high - found.relative_low) / 2 / half,
        gates,
        [],
        _series(days, one, two, known, met, found.prediction, found.residual, half),
        {"rho": found.rho, "expected": found.expected, "actual": found.actual, "columns": known.columns.shape[1]}
        | detail,
    )


def _idle_grown(found: Avoided, known: Design, size: Growth, rows: int) -> float:
    """Return by how much the share saved would be another one if what runs idle had changed as production did."""
    line = autoregression.fit(known.outcome, known.columns, known.step).coefficient
    # production comes right after the constant, see ``designs``
    idle = float(known.outcome.mean() - line[1] * known.columns[:, 1].mean()) if len(line) > 1 else 0.0
    expected = found.expected + max(idle, 0.0) * size.change * rows
    return 1 - found.actual / expected - found.relative if expected > 0 else 0.0


def _holding(found: Avoided, shift: float) -> Avoided:
    """Return the same with an interval that holds another answer too."""
    low, high = found.relative_low + min(shift, 0.0), found.relative_high + max(shift, 0.0)
    return replace(found, relative_low=low, relative_high=high)


def _wider(known: Design, met: Design, level: float) -> Avoided:
    """Return what was avoided by days, with the interval by days or by weeks, whichever is wider.

    Errors are often the sum of two kinds: news of the day, and what lasts for weeks, e.g. which products are made.
    One memory for both is taken from the larger, and the slow kind, which does not average out, is lost.
    """
    found = avoided(known.outcome, known.columns, met.outcome, met.columns, level=level, steps=_steps(known, met))
    one, two = _weeks(known), _weeks(met)
    try:
        slow = avoided(one.outcome, one.columns, two.outcome, two.columns, level=level, steps=_steps(one, two))
    except ValueError:  # too few weeks to tell
        return found
    half = max(found.relative_high - found.relative_low, slow.relative_high - slow.relative_low) / 2
    return replace(found, relative_low=found.relative - half, relative_high=found.relative + half)


def _weeks(rows: Design) -> Design:
    """Return sums over weeks of the rows there are; what only tells weekdays apart is left out."""
    at = np.cumsum(rows.step)
    week, index = np.unique((at - at[0]) // BLOCK, return_inverse=True)
    told = [i for i, column in enumerate(rows.columns.T) if i == 0 or not np.isin(column, (0.0, 1.0)).all()]
    sums = [np.bincount(index, one).astype(np.float64) for one in (rows.outcome, *rows.columns[:, told].T)]
    return Design(sums[0], np.column_stack(sums[1:]), np.diff(week, prepend=week[0] - 1), rows.seen)


def _steps(known: Design, met: Design) -> tuple[I64, I64]:
    return known.step, met.step


def designs(days: Days, before: Mask, after: Mask) -> tuple[Design, Design]:
    """Return the rows of the baseline and since the upgrade, with the columns that the baseline can tell apart."""
    weather = {name: _weather(days, before, i) for i, (name, unit) in enumerate(days.names) if unit == "Cel"}
    wide = np.column_stack([np.ones(len(days.day)), *_columns(days, weather, before)])
    kept: list[int] = []
    for i in range(wide.shape[1]):
        column = wide[before, i]
        if i == 0 or (np.ptp(column) > 0 and np.linalg.matrix_rank(wide[before][:, [*kept, i]]) > len(kept)):
            kept.append(i)
    outcome = days.value * days.weight if days.ratio else days.value
    seen = np.column_stack([days.normaliser, days.weight]) if days.ratio else days.normaliser
    ordinal = days.ordinal
    parts, last = [], None
    for rows in (before, after):
        at = ordinal[rows]
        step = np.diff(at, prepend=at[:1] - 1 if last is None else last)
        last = at[-1] if len(at) else last
        parts.append(Design(outcome[rows], wide[rows][:, kept], np.maximum(step, 1), seen[rows]))
    return parts[0], parts[1]


def _columns(days: Days, weather: dict[str, Weather], before: Mask) -> list[F64]:
    columns: list[F64] = [days.weight] if days.ratio else []
    for i, (name, _unit) in enumerate(days.names):
        column = days.normaliser[:, i]
        columns += list(weather[name].columns(column).T) if name in weather else [column]
    weekday = days.ordinal % 7
    common = np.bincount(weekday[before], minlength=7).argmax() if before.any() else 0
    return [*columns, *((weekday == one).astype(np.float64) for one in range(7) if one != common)]


def _weather(days: Days, before: Mask, i: int) -> Weather:
    outcome = days.value * days.weight if days.ratio else days.value
    other = np.column_stack([np.ones(len(days.day)), days.weight]) if days.ratio else np.ones((len(days.day), 1))
    if before.sum() < 20 or np.linalg.matrix_rank(other[before]) < other.shape[1]:
        return Weather()
    return find_weather(outcome[before], other[before], days.normaliser[before, i])


def _series(
    days: Days, one: Mask, two: Mask, known: Design, met: Design, ahead: F64, residual: F64, half: float
) -> dict[str, list[float | int | None]]:
    """Return weekly means of what was and what was expected, per weight, with the band of ordinary weeks."""
    day = np.concatenate([days.day[one], days.day[two]])
    actual = np.concatenate([known.outcome, met.outcome])
    expected = np.concatenate([known.outcome - residual, ahead])
    weight = np.concatenate([days.weight[one], days.weight[two]]) if days.ratio else np.ones(len(day))
    # weeks are counted from the first day since the upgrade, so that none holds days of both
    origin = days.ordinal[two][0]
    week = np.concatenate([(days.ordinal[one] - origin) // BLOCK, (days.ordinal[two] - origin) // BLOCK])
    _, first, index = np.unique(week, return_index=True, return_inverse=True)
    total = np.bincount(index, weight)
    sums = [np.bincount(index, one_) / np.maximum(total, 1e-300) for one_ in (actual, expected)]
    left = np.concatenate([residual, np.full(len(met.outcome), np.nan)])
    spread = np.array([np.nansum(left[index == i]) / total[i] for i in np.unique(index[: len(residual)])])
    band = half * float(spread.std()) if len(spread) > 2 else 0.0
    return {
        "time": day[first].astype(int).tolist(),
        "actual": sums[0].tolist(),
        "expected": sums[1].tolist(),
        "low": (sums[1] - band).tolist(),
        "high": (sums[1] + band).tolist(),
    }


def detectable(
    days: Days, before: Mask, *, after: int, level: float, power: float = 0.8
) -> tuple[Detectable, float, float] | None:
    """Return what could be shown after so many days, the correlation of errors and their spread as a share.

    None if the baseline cannot be fitted.
    """
    rows = days.usable & before
    known, _none = designs(days, rows, np.zeros(len(rows), bool))
    try:
        found = autoregression.fit(known.outcome, known.columns, known.step)
    except ValueError:
        return None
    mean = float(np.mean(known.outcome))
    if not mean > 0 or not int(rows.sum()) > 2:
        return None
    least = least_effect(
        sigma=found.sigma,
        rho=found.rho,
        before=int(rows.sum()),
        after=max(after, 2),
        mean=mean,
        level=level,
        power=power,
    )
    return least, found.rho, found.sigma / mean
