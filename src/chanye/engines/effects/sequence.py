"""A dashboard that may be watched every day: intervals that hold at all times at once.

The t-test martingale: a normal mixture over effects in units of the spread, which holds whatever that spread is.
Pérez-Ortiz, Lardy, de Heide and Grünwald (2024), Ann. Statist. 52:1410-1432; for linear models Lindon, Ham, Tingley
and Bojinov (2022), arXiv:2210.08589. Whoever stops when a plain interval first leaves out zero is wrong sooner or
later almost surely; whoever watches this one with the promised probability at most.
"""

from __future__ import annotations

import math

import numpy as np

from chanye.engines.effects.panel import F64


def sequence(value: F64, *, level: float = 0.9, tight: int = 50, block: int = 1) -> tuple[F64, F64, F64]:
    """Return mean, lower and upper ends after each block; shape (blocks,) each.

    Parameters
    ----------
    value
        Shape (n,): observations in the order they came, e.g. an upgraded line less its prediction.
    tight
        After about how many blocks it shall be narrowest.
    block
        Observations averaged into one, so that blocks are nearly independent and normal where days are not.

    Notes
    -----
    Exact for independent normal blocks. The first ends are infinite: a spread takes some blocks.
    """
    y = np.asarray(value, np.float64)
    blocks = y[: len(y) // block * block].reshape(-1, block).mean(axis=1)
    n = np.arange(1, len(blocks) + 1)
    mean = np.cumsum(blocks) / n
    squares = np.maximum(np.cumsum((blocks - blocks[:1].mean()) ** 2) / n - (mean - blocks[:1].mean()) ** 2, 0.0)
    free = np.maximum(n - 1, 1)
    error = np.sqrt(squares / free)
    alpha = 1 - level
    mixture = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / tight
    grown = 1 + n * mixture
    bar = (alpha**2 / grown) ** (1 / (free + 1))
    beyond = np.where(bar > 1 / grown, (1 - bar) / np.maximum(bar - 1 / grown, 1e-300), np.inf)
    half = np.full(len(n), np.inf)
    known = np.isfinite(beyond) & (n > 1)
    half[known] = error[known] * np.sqrt(free[known] * beyond[known])
    return mean, mean - half, mean + half
