"""Difference-in-differences by group and time: each cohort against units that are not upgraded yet.

Callaway and Sant'Anna (2021), J. Econometrics 225:200-230, with the doubly robust estimand for panels of Sant'Anna
and Zhao (2020), J. Econometrics 219:101-122. A two-way fixed effect regression compares early with late cohorts, and
so takes growing effects for a trend; these cells never do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from chanye.engines.effects.panel import F64, I64, NEVER, Mask, Panel

Controls = Literal["not_yet", "never"]
Method = Literal["doubly_robust", "regression", "weighting"]
Base = Literal["varying", "universal"]

#: A propensity above this has no counterpart among the controls.
MOST_LIKELY = 0.999
STEPS, CLOSE = 50, 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Effects by group and period.

    Parameters
    ----------
    group, period
        Shape (cells,): first upgraded period of the cohort, and the period looked at.
    effect
        Shape (cells,): average effect on the upgraded, in units of the outcome.
    influence
        Shape (units, cells): what each unit adds to each effect, times the number of units; mean zero.
    share
        Shape (cells,): share of all units that are in the group.
    member
        Shape (units, cells): 1 where the unit is in the group.
    weight
        Shape (units,).
    """

    group: I64
    period: I64
    effect: F64
    influence: F64
    share: F64
    member: F64
    weight: F64

    @property
    def since(self) -> I64:
        """Periods since the upgrade; negative before it."""
        return self.period - self.group

    @property
    def error(self) -> F64:
        """Standard errors, shape (cells,); 0 where a cell is the base itself."""
        return standard_error(self.influence)


def standard_error(influence: F64) -> F64:
    """Return the standard errors of estimates from their influence functions, shape (units, estimates)."""
    units = len(influence)
    error: F64 = np.sqrt((influence**2).mean(axis=0) / units)
    return error


def group_time(
    panel: Panel,
    *,
    controls: Controls = "not_yet",
    method: Method = "doubly_robust",
    base: Base = "varying",
    anticipation: int = 0,
) -> Cells:
    """Return the effect of each cohort in each period, before its upgrade too.

    Parameters
    ----------
    controls
        Units not upgraded up to then, or those never upgraded alone.
    method
        How covariates are balanced; without any all three are the same.
    base
        What a period before the upgrade is compared with: the period before it, or always the last one before the
        upgrade.
    anticipation
        How many periods before its date an upgrade may already show.

    Raises
    ------
    ValueError
        If nobody is upgraded, there is nobody to compare with, or too few units for the covariates.
    """
    groups = panel.groups
    if not len(groups):
        raise ValueError("No unit is upgraded within the periods looked at.")
    estimate = _ESTIMATES[method]
    rows: list[tuple[int, int, float]] = []
    influences: list[F64] = []
    for group in groups.tolist():
        for period in range(0 if base == "universal" else 1, panel.periods):
            before = group - 1 - anticipation
            reference = before if base == "universal" or period >= group - anticipation else period - 1
            if before < 0:
                continue
            own = panel.first == group
            other = _controls(panel, group, max(period, reference) + anticipation, controls)
            influence = np.zeros(panel.units)
            effect = 0.0
            if reference != period:
                if not other.any():
                    continue
                among = own | other
                change = panel.outcome[among, period] - panel.outcome[among, reference]
                known = np.column_stack([np.ones(int(among.sum())), panel.covariates[among]])
                effect, part = estimate(change, own[among].astype(float), known, panel.weight[among])
                influence[among] = part * panel.units / among.sum()
            rows.append((group, period, effect))
            influences.append(influence)
    if not rows:
        raise ValueError("There is no unit to compare with: all are upgraded at once or from the beginning.")
    group_of, period_of, effects = (np.array(column) for column in zip(*rows, strict=True))
    member = (panel.first[:, None] == group_of[None, :]).astype(float)
    share = (panel.weight[:, None] * member).mean(axis=0)
    return Cells(
        group_of.astype(np.int64),
        period_of.astype(np.int64),
        effects.astype(np.float64),
        np.column_stack(influences),
        share,
        member,
        panel.weight,
    )


def _controls(panel: Panel, group: int, until: int, controls: Controls) -> Mask:
    """Return who may be compared with a group: never upgraded, or not up to a period."""
    never: Mask = panel.first >= panel.periods
    if controls == "never":
        return never
    later: Mask = (panel.first > until) & (panel.first != group)
    return never | later


# --- one cell -----------------------------------------------------------------------------------------------------
# Each takes the change of the outcome, who is upgraded (0 or 1), what is known (with the constant) and weights, and
# returns the effect on the upgraded and the influence of each unit on it.


def _robust(change: F64, own: F64, known: F64, weight: F64) -> tuple[float, F64]:
    """Sant'Anna and Zhao (2020), eq. 2.5 and 3.1, panel: right if either the regression or the propensity is."""
    likely, lean_likely = _propensity(own, known, weight)
    line, lean_line = _regression(change, own, known, weight)
    rest = change - known @ line
    treated = weight * own
    compared = weight * likely * (1 - own) / (1 - likely)
    gain = float((treated * rest).mean() / treated.mean())
    drift = float((compared * rest).mean() / compared.mean())
    own_part = treated * (rest - gain) - lean_line @ (treated[:, None] * known).mean(axis=0)
    odds = (compared * (rest - drift))[:, None] * known
    other_part = compared * (rest - drift) + lean_likely @ odds.mean(axis=0)
    other_part = other_part - lean_line @ (compared[:, None] * known).mean(axis=0)
    return gain - drift, own_part / treated.mean() - other_part / compared.mean()


def _regress(change: F64, own: F64, known: F64, weight: F64) -> tuple[float, F64]:
    """Heckman, Ichimura and Todd (1997): what controls like them would have changed."""
    line, lean = _regression(change, own, known, weight)
    treated = weight * own
    gain = float((treated * change).mean() / treated.mean())
    drift = float((treated * (known @ line)).mean() / treated.mean())
    own_part = treated * (change - gain)
    other_part = treated * (known @ line - drift) + lean @ (treated[:, None] * known).mean(axis=0)
    return gain - drift, (own_part - other_part) / treated.mean()


def _reweigh(change: F64, own: F64, known: F64, weight: F64) -> tuple[float, F64]:
    """Abadie (2005), with weights that add up to one: controls weighed to look like the upgraded."""
    likely, lean = _propensity(own, known, weight)
    treated = weight * own
    compared = weight * likely * (1 - own) / (1 - likely)
    gain = float((treated * change).mean() / treated.mean())
    drift = float((compared * change).mean() / compared.mean())
    odds = (compared * (change - drift))[:, None] * known
    other_part = compared * (change - drift) + lean @ odds.mean(axis=0)
    return gain - drift, treated * (change - gain) / treated.mean() - other_part / compared.mean()


_ESTIMATES: dict[Method, Callable[[F64, F64, F64, F64], tuple[float, F64]]] = {
    "doubly_robust": _robust,
    "regression": _regress,
    "weighting": _reweigh,
}


def _regression(change: F64, own: F64, known: F64, weight: F64) -> tuple[F64, F64]:
    """Return the coefficients of the change among controls, and the influence of each unit on them."""
    among = weight * (1 - own)
    square = (among[:, None] * known).T @ known / len(known)
    if np.linalg.matrix_rank(square) < known.shape[1]:
        raise ValueError("There are too few units to compare with for so many covariates, or some are copies.")
    inverse = np.linalg.inv(square)
    line = inverse @ (among[:, None] * known).T @ change / len(known)
    lean: F64 = ((among * (change - known @ line))[:, None] * known) @ inverse
    return line, lean


def _propensity(own: F64, known: F64, weight: F64) -> tuple[F64, F64]:
    """Return how likely each unit was to be upgraded (logit, by Newton's steps), and each unit's influence on it."""
    if np.linalg.matrix_rank(known[own == 0]) < known.shape[1]:
        raise ValueError("There are too few units to compare with for so many covariates, or some are copies.")
    slope = np.zeros(known.shape[1])
    slope[0] = np.log((weight * own).mean() / (weight * (1 - own)).mean())
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-known @ slope))
        bend = (weight * likely * (1 - likely))[:, None] * known
        step = np.linalg.solve(bend.T @ known, known.T @ (weight * (own - likely)))
        slope = slope + step
        if np.abs(step).max() < CLOSE:
            break
    likely = 1 / (1 + np.exp(-known @ slope))
    if (likely[own > 0] > MOST_LIKELY).any():
        raise ValueError("Some upgraded units have no counterpart: a covariate alone tells who is upgraded.")
    hessian = np.linalg.inv(((weight * likely * (1 - likely))[:, None] * known).T @ known) * len(known)
    lean: F64 = ((weight * (own - likely))[:, None] * known) @ hessian
    return np.minimum(likely, MOST_LIKELY), lean


# --- cells together -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Effects put together, with one number over all.

    Parameters
    ----------
    label
        Shape (n,): what each stands for: a group, a period, periods since the upgrade.
    effect, influence
        Shapes (n,) and (units, n).
    overall, overall_influence
        The mean of them, and its influence, shape (units,).
    """

    label: I64
    effect: F64
    influence: F64
    overall: float
    overall_influence: F64

    @property
    def error(self) -> F64:
        """Standard errors, shape (n,)."""
        return standard_error(self.influence)

    @property
    def overall_error(self) -> float:
        """Standard error of the number over all."""
        return float(standard_error(self.overall_influence[:, None])[0])


def simple(cells: Cells) -> Summary:
    """Return the mean of all cells after the upgrade, each by the size of its group."""
    after = cells.since >= 0
    effect, influence = _mean_by_size(cells, after)
    return Summary(np.zeros(1, np.int64), np.array([effect]), influence[:, None], effect, influence)


def by_event_time(cells: Cells, *, at_least: int | None = None, at_most: int | None = None) -> Summary:
    """Return the event study: effects by periods since the upgrade; over all, those from it on, each alike."""
    since = np.unique(cells.since)
    since = since[(since >= (since.min() if at_least is None else at_least))]
    since = since[(since <= (since.max() if at_most is None else at_most))]
    found = [_mean_by_size(cells, cells.since == one) for one in since.tolist()]
    effect, influence = np.array([one for one, _ in found]), np.column_stack([part for _, part in found])
    after = since >= 0
    return Summary(since, effect, influence, float(effect[after].mean()), influence[:, after].mean(axis=1))


def by_group(cells: Cells) -> Summary:
    """Return the mean effect of each cohort over the periods since its upgrade; over all by size of the cohorts."""
    groups = np.unique(cells.group)
    effects, parts = [], []
    for group in groups.tolist():
        mine = (cells.group == group) & (cells.since >= 0)
        effects.append(cells.effect[mine].mean())
        parts.append(cells.influence[:, mine].mean(axis=1))
    effect, influence = np.array(effects), np.column_stack(parts)
    first = [int(np.flatnonzero(cells.group == group)[0]) for group in groups.tolist()]
    overall, whole = _weighed(cells, effect, influence, np.array(first))
    return Summary(groups, effect, influence, overall, whole)


def by_period(cells: Cells) -> Summary:
    """Return the mean effect in each period, over the cohorts upgraded by then; over all each period alike."""
    after = cells.since >= 0
    periods = np.unique(cells.period[after])
    found = [_mean_by_size(cells, after & (cells.period == one)) for one in periods.tolist()]
    effect, influence = np.array([one for one, _ in found]), np.column_stack([part for _, part in found])
    return Summary(periods, effect, influence, float(effect.mean()), influence.mean(axis=1))


def _mean_by_size(cells: Cells, chosen: Mask) -> tuple[float, F64]:
    which = np.flatnonzero(chosen)
    return _weighed(cells, cells.effect[which], cells.influence[:, which], which)


def _weighed(cells: Cells, effect: F64, influence: F64, which: I64) -> tuple[float, F64]:
    """Return the mean of effects by the size of their groups; that sizes are estimated adds to its influence."""
    size = cells.share[which]
    whole = size.sum()
    by = size / whole
    drawn = cells.weight[:, None] * cells.member[:, which] - size
    sizes = drawn / whole - drawn.sum(axis=1)[:, None] * (size / whole**2)
    return float(by @ effect), influence @ by + sizes @ effect


# --- bands ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Errors by bootstrap, shape (n,), and how many of them a band for all estimates together is wide."""

    error: F64
    critical: float


def bootstrap(influence: F64, *, draws: int = 999, level: float = 0.95, seed: int = 0) -> Bands:
    """Return errors and the simultaneous critical value by the multiplier bootstrap (Callaway-Sant'Anna, alg. 1).

    Parameters
    ----------
    influence
        Shape (units, estimates).
    level
        How often all estimates together lie in their bands.

    Notes
    -----
    Signs are drawn (Rademacher). The spread is taken from the quartiles, so that a wild draw does no harm.
    """
    rng = np.random.default_rng(seed)
    units = len(influence)
    moved = np.empty((draws, influence.shape[1]))
    for low in range(0, draws, 128):  # a few at a time: the signs of all would take more room than they are worth
        high = min(draws, low + 128)
        signs = rng.integers(0, 2, (high - low, units), dtype=np.int8) * 2.0 - 1.0
        moved[low:high] = signs @ influence / np.sqrt(units)
    low_q, high_q = np.quantile(moved, [0.25, 0.75], axis=0)
    spread = (high_q - low_q) / 1.3489795003921634  # between the quartiles of a normal distribution
    some = spread > 1e-12
    if not some.any():
        return Bands(np.zeros(influence.shape[1]), np.nan)
    farthest = np.abs(moved[:, some] / spread[some]).max(axis=1)
    return Bands(spread / np.sqrt(units), float(np.quantile(farthest, level)))


__all__ = ["NEVER", "Bands", "Cells", "Panel", "Summary", "bootstrap", "by_event_time", "by_group", "by_period"]
__all__ += ["group_time", "simple", "standard_error"]
