"""What could be shown at all: the least effect that a design can tell from chance, before any money is spent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chanye.engines.effects.panel import F64
from chanye.engines.effects.student import quantile


@dataclass(frozen=True, slots=True)
class Detectable:
    """The least effect that is found with the power asked for.

    Parameters
    ----------
    effect, relative
        In units of the outcome, and as a share of its mean.
    error
        Standard error the effect will have.
    freedom
        Independent observations the series is worth, less two.
    """

    effect: float
    relative: float
    error: float
    freedom: float


def least_effect(
    *, sigma: float, rho: float, before: int, after: int, mean: float, level: float = 0.9, power: float = 0.8
) -> Detectable:
    """Return the least detectable step in a series that is measured before and after an upgrade.

    Parameters
    ----------
    sigma
        Standard deviation of what the baseline model leaves unexplained, in units of the outcome.
    rho
        Its correlation one step apart, -1..1 exclusive.
    before, after
        Steps measured before and after, at least two each.
    mean
        Mean outcome, for the share.
    level
        Confidence of the two-sided interval that has to leave out zero.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    if not (sigma >= 0 and -1 < rho < 1 and before >= 2 and after >= 2 and 0 < level < 1 and 0.5 <= power < 1):
        raise ValueError("It takes a spread, a correlation below one, and two steps before and after at least.")
    error = sigma * float(np.sqrt(_mean_variance(rho, before) + _mean_variance(rho, after)))
    worth = (before + after) * (1 - max(rho, 0.0)) / (1 + max(rho, 0.0))
    freedom = max(worth - 2, 1.0)
    effect = (quantile(0.5 + level / 2, freedom) + quantile(power, freedom)) * error
    return Detectable(effect, effect / abs(mean) if mean else np.inf, error, freedom)


def _mean_variance(rho: float, n: int) -> float:
    """Return the variance of the mean of ``n`` steps of an AR(1) of variance one."""
    lag = np.arange(1, n)
    return float((1 + 2 * ((1 - lag / n) * rho**lag).sum()) / n)


def steps_needed(
    *, sigma: float, rho: float, before: int, effect: float, level: float = 0.9, power: float = 0.8, most: int = 3650
) -> int | None:
    """Return how many steps after the upgrade show an effect of a size; None if ``most`` do not."""
    found: F64 = np.unique(np.geomspace(2, most, 120).astype(np.int64)).astype(np.float64)
    for after in found.astype(int).tolist():
        least = least_effect(sigma=sigma, rho=rho, before=before, after=after, mean=1.0, level=level, power=power)
        if least.effect <= abs(effect):
            return int(after)
    return None
