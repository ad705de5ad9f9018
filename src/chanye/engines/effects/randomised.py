"""Order decided by lot: a difference in means, sharpened by what was known before.

CUPED: Deng, Xu, Kohavi and Walker (2013), WSDM. With a slope of its own in each arm and an error that does not assume
equal spread it is the estimator of Lin (2013), Ann. Appl. Stat. 7:295-318.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chanye.engines.effects.panel import F64
from chanye.engines.effects.student import quantile


@dataclass(frozen=True, slots=True)
class Difference:
    """An effect with its interval; ``sharpened``: share of the plain variance that the baseline took away, ≤ 1."""

    effect: float
    error: float
    low: float
    high: float
    freedom: float
    sharpened: float


def difference(outcome: F64, upgraded: F64, baseline: F64 | None = None, *, level: float = 0.9) -> Difference:
    """Return the mean effect of an upgrade whose order was decided by lot.

    Parameters
    ----------
    outcome
        Shape (units,).
    upgraded
        Shape (units,), 0 or 1.
    baseline
        Shape (units,) or (units, k): known before the lot was drawn.

    Raises
    ------
    ValueError
        If an arm has fewer than two units more than there are baseline columns.
    """
    y, arm = np.asarray(outcome, np.float64), np.asarray(upgraded, bool)
    known = np.zeros((len(y), 0)) if baseline is None else np.asarray(baseline, np.float64).reshape(len(y), -1)
    known = known - known.mean(axis=0)
    columns = known.shape[1]
    if min(arm.sum(), (~arm).sum()) < columns + 2:
        raise ValueError(f"Each arm needs at least {columns + 2} units.")
    level_of, variances, frees, plain = [], [], [], 0.0
    for one in (arm, ~arm):
        design = np.column_stack([np.ones(int(one.sum())), known[one]])
        inverse = np.linalg.pinv(design.T @ design)
        line = inverse @ design.T @ y[one]
        rest = y[one] - design @ line
        hat = np.einsum("ij,jk,ik->i", design, inverse, design)
        bread = inverse @ (design.T * (rest**2 / np.maximum(1 - hat, 1e-9))) @ design @ inverse  # HC2
        level_of.append(float(line[0]))
        variances.append(float(bread[0, 0]))
        frees.append(len(rest) - columns - 1)
        plain += float(y[one].var(ddof=1) / len(rest))
    # that the mean of the baseline is itself drawn adds the spread of the slopes' difference
    effect, variance = level_of[0] - level_of[1], sum(variances)
    freedom = variance**2 / sum(v**2 / free for v, free in zip(variances, frees, strict=True)) if variance else 1e9
    half = quantile(0.5 + level / 2, freedom) * np.sqrt(variance)
    gained = 1 - variance / plain if plain else 0.0
    return Difference(
        effect, float(np.sqrt(variance)), effect - float(half), effect + float(half), float(freedom), gained
    )
