"""Student's t and chi-square without a library; t by the continued fraction of the incomplete beta function."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from chanye.engines.effects.panel import F64

STEPS, CLOSE = 300, 1e-15


def cumulative(t: float, freedom: float) -> float:
    """Return the probability of a value up to ``t`` with some degrees of freedom (> 0)."""
    if math.isinf(freedom) or freedom > 1e7:
        return NormalDist().cdf(t)
    tail = 0.5 * _beta(freedom / (freedom + t * t), freedom / 2, 0.5)
    return 1 - tail if t > 0 else tail


@lru_cache(maxsize=4096)
def quantile(p: float, freedom: float) -> float:
    """Return the value below which a share ``p`` (between 0 and 1) lies."""
    if not 0 < p < 1:
        raise ValueError("A quantile is asked for between 0 and 1.")
    if p < 0.5:
        return -quantile(1 - p, freedom)
    low, high = 0.0, 2.0
    while cumulative(high, freedom) < p:
        low, high = high, high * 2
    while high - low > 1e-12 * max(1.0, high):
        middle = (low + high) / 2
        if cumulative(middle, freedom) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def chi_square_above(x: F64, freedom: int) -> F64:
    """Return how often a chi-square with some degrees of freedom (≥ 1) is above values ≥ 0, shape (n,).

    Abramowitz and Stegun 26.4.4 and 26.4.5: a sum of as many terms as half the degrees of freedom.
    """
    half = np.asarray(x, np.float64) / 2
    if freedom % 2:
        found = np.array([math.erfc(math.sqrt(one)) for one in half.tolist()])
        power = 0.5
    else:
        found = np.exp(-half)
        power = 1.0
    log_half = np.log(np.maximum(half, 1e-300))
    while power < freedom / 2:
        found = found + np.exp(power * log_half - half - math.lgamma(power + 1))
        power += 1
    return found


def _beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function (Abramowitz and Stegun 26.5.8, Lentz's way)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    total = d
    for m in range(1, STEPS):
        for part in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + part * d
            c = 1 + part / c
            d = 1 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            total *= d * c
        if abs(d * c - 1) < CLOSE:
            break
    return front * total / a
