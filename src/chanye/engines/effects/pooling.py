"""One effect out of many: random effects over sites, with an interval that counts how much sites differ.

Between-site variance by Paule and Mandel (1982), the interval by Hartung and Knapp (2001) and Sidik and Jonkman
(2002), never narrower than the plain one (Röver, Knapp and Friede 2015, BMC Med. Res. Methodol. 15:99). Adding the
claims of sites in quadrature would take what sites have in common for chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chanye.engines.effects.panel import F64
from chanye.engines.effects.student import quantile


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """The mean effect over sites.

    Parameters
    ----------
    effect, error
        The mean and its standard error, in units of the effects.
    low, high
        Interval of the mean at the level asked for.
    next_low, next_high
        Interval for the effect at a further site of the kind; infinite with fewer than three sites. With fewer than
        ten it is somewhat short (Partlett and Riley 2017, Stat. Med. 36:301-317).
    between
        Standard deviation of true effects between sites.
    inconsistency
        I²: share of the differences that is not chance, 0..1.
    weight
        Shape (sites,): adds up to one.
    """

    effect: float
    error: float
    low: float
    high: float
    next_low: float
    next_high: float
    between: float
    inconsistency: float
    weight: F64


def pool(effect: F64, error: F64, *, level: float = 0.9) -> Pooled:
    """Pool the effects of sites with their standard errors, shapes (sites,).

    Raises
    ------
    ValueError
        If there is no site, or an error is not positive.
    """
    y, s = np.asarray(effect, np.float64), np.asarray(error, np.float64)
    if not len(y) or y.shape != s.shape or not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise ValueError("Pooling takes at least one site, each with an effect and a standard error above zero.")
    count = len(y)
    variance = _between(y, s**2)
    weight = 1 / (s**2 + variance)
    share = weight / weight.sum()
    middle = float(share @ y)
    plain = float(1 / weight.sum())
    if count == 1:
        half = quantile(0.5 + level / 2, 1e9) * np.sqrt(plain)
        return Pooled(middle, float(np.sqrt(plain)), middle - half, middle + half, -np.inf, np.inf, 0.0, 0.0, share)
    spread = float(weight @ (y - middle) ** 2 / (count - 1))
    sure = np.sqrt(plain * max(1.0, spread))
    half = quantile(0.5 + level / 2, count - 1) * sure
    reach = np.inf
    if count > 2:
        reach = quantile(0.5 + level / 2, count - 2) * float(np.sqrt(variance + sure**2))
    fixed = 1 / s**2
    q = float(fixed @ (y - fixed @ y / fixed.sum()) ** 2)
    same = max(0.0, 1 - (count - 1) / q) if q > 0 else 0.0
    return Pooled(
        middle,
        float(sure),
        middle - float(half),
        middle + float(half),
        middle - reach,
        middle + reach,
        float(np.sqrt(variance)),
        same,
        share,
    )


def _between(y: F64, within: F64) -> float:
    """Return the variance between sites at which the weighed squares are what chance alone would make them."""
    free = len(y) - 1

    def excess(variance: float) -> float:
        weight = 1 / (within + variance)
        return float(weight @ (y - weight @ y / weight.sum()) ** 2) - free

    if free < 1 or excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(within.mean() + y.var() + 1e-300)
    while excess(high) > 0:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
