"""One effect out of many: random effects over sites, with an interval that counts how much sites differ.

Between-site variance by Paule and Mandel (1982), the interval by Hartung and Knapp (2001) and Sidik and Jonkman
(2002), never narrower than the plain one (Röver, Knapp and Friede 2015, BMC Med. Res. Methodol. 15:99). Adding the
claims of sites in quadrature would take what sites have in common for chance.

What a further site may see is drawn from all variances between sites that fit, each as often as the squares say
(Viechtbauer 2007, Stat. Med. 26:37-52; Nagashima, Noma and Furukawa 2019, Stat. Methods Med. Res. 28:1689-1702). The
usual interval takes the estimated variance for the true one, and with eight sites covers 83 % where it promises 90.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from chanye.engines.effects.panel import F64
from chanye.engines.effects.student import chi_square_above, quantile

#: Variances between sites that are tried, in units of that of the effects.
TRIED = np.concatenate([[0.0], np.geomspace(1e-4, 1e6, 240)])


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
        Interval for the effect at a further site of the kind; infinite with fewer than three sites.
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
    ahead = _next(y, s**2, level) if count > 2 else (-np.inf, np.inf)
    fixed = 1 / s**2
    q = float(fixed @ (y - fixed @ y / fixed.sum()) ** 2)
    same = max(0.0, 1 - (count - 1) / q) if q > 0 else 0.0
    return Pooled(
        middle,
        float(sure),
        middle - float(half),
        middle + float(half),
        *ahead,
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


def _next(y: F64, within: F64, level: float) -> tuple[float, float]:
    """Return the interval for a further site: over all variances between sites, how likely each makes an effect."""
    tried = TRIED * (float(y.var(ddof=1)) + float(within.mean()))
    weight = 1 / (within[None, :] + tried[:, None])
    whole = weight.sum(axis=1)
    middle = weight @ y / whole
    squares = (weight * (y[None, :] - middle[:, None]) ** 2).sum(axis=1)
    # the squares follow a chi-square at the true variance: as often as that is above, the true one is below
    share = np.diff(chi_square_above(squares, len(y) - 1), prepend=0.0, append=1.0)
    share[-2] += share[-1]
    spread = np.sqrt(tried + 1 / whole)
    normal = NormalDist()
    kept = share[:-1] > 1e-7
    parts = list(
        zip(
            (share[:-1][kept] / share[:-1][kept].sum()).tolist(),
            middle[kept].tolist(),
            spread[kept].tolist(),
            strict=True,
        )
    )

    def point(p: float) -> float:
        far = float(spread[kept].max()) * 8
        low, high = float(y.min()) - far, float(y.max()) + far
        for _ in range(60):
            x = (low + high) / 2
            below = sum(w * normal.cdf((x - m) / s) for w, m, s in parts)
            low, high = (x, high) if below < p else (low, x)
        return (low + high) / 2

    return point((1 - level) / 2), point((1 + level) / 2)
